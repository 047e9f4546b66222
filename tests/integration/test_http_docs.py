"""docs/http.md has an example of each call of the API, and of no other. That they do what it says, test_docs.py tells."""

from __future__ import annotations

import re
from collections.abc import Iterator

from documents.markdown import ROOT, Document
from pointsman.http.app import openapi_document

PAGES = re.compile(r"/api/(docs|openapi\.json|asyncapi\.json)")
VARIABLES = {"$api": "/node/api", "$v1": "/api/v1", "http://127.0.0.1:8080": ""}
_LOOP = re.compile(r"^for owner in (.*?); do\n(.*?)^done$", re.MULTILINE | re.DOTALL)
_URL = re.compile(r"(\$api|\$v1|http://127\.0\.0\.1:8080)(/[^\s\"')?;]*)")


def test_there_is_an_example_of_each_call_and_every_example_is_a_call() -> None:
    calls = {
        (method.upper(), path)
        for path, item in openapi_document()["paths"].items()
        for method in item
        if not PAGES.fullmatch(path)
    }
    shown = [_call(method, path, calls) for method, path in _asked()]
    assert len(shown) > len(calls)
    assert calls - set(shown) == set()


def _asked() -> Iterator[tuple[str, str]]:
    """What curl asks for: method, and path."""
    for block in Document(ROOT / "docs" / "http.md").blocks:
        if block.language == "sh":
            text = _LOOP.sub(_unrolled, block.text.replace("\\\n", " "))
            for command in re.findall(r"\bcurl (?:[^\n|]|\n +\")*", text):
                url = _URL.search(command)
                assert url is not None, f"{block}: {command}"
                given = re.search(r"-X (\w+)", command)
                method = given[1] if given else "POST" if "--json" in command else "GET"
                yield method, VARIABLES[url[1]] + url[2]


def _unrolled(loop: re.Match[str]) -> str:
    return "".join(loop[2].replace("$owner", owner) for owner in loop[1].split())


def _call(method: str, path: str, calls: set[tuple[str, str]]) -> tuple[str, str]:
    """The call that it is, one without parameters before others. Fails when there is none."""
    found = [each for each in calls if each[0] == method and re.fullmatch(re.sub(r"{\w+}", "[^/]+", each[1]), path)]
    assert found, f"docs/http.md asks {method} {path}, which is no call"
    return min(found, key=lambda each: each[1].count("{"))
