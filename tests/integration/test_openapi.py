"""The OpenAPI document: as OpenAPI 3.1 wants it, of every route, and each call whole: tag, summary, answers, errors, examples."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from documents.markdown import ROOT
from documents.published import compare, faults, references, resolve
from pointsman.cli.main import root
from pointsman.http.app import openapi_document
from pointsman.http.rights import RULES

DOCUMENT: dict[str, Any] = json.loads(json.dumps(openapi_document()))
CALLS = {
    operation["operationId"]: (path, method, operation)
    for path, item in DOCUMENT["paths"].items()
    for method, operation in item.items()
    if method != "parameters"
}
UNLISTED = re.compile(r"/api/docs/\w+\.\w+|/")
"""Routes that are no calls: what pages are made of."""


def test_the_openapi_document_in_docs_is_what_the_program_makes(capsys: pytest.CaptureFixture[str]) -> None:
    compare("openapi.json", openapi_document())
    root().main(["schema", "openapi"], standalone_mode=False)
    assert capsys.readouterr().out == (ROOT / "docs" / "openapi.json").read_text()


def test_it_is_as_openapi_3_1_wants_it() -> None:
    assert [each.message for each in OpenAPIV31SpecValidator(DOCUMENT).iter_errors()] == []


def test_every_route_that_there_is_a_rule_for_is_a_call() -> None:
    listed = {(method.upper(), path) for path, method, _ in CALLS.values()}
    assert listed == {(method, path) for method, path in RULES if not UNLISTED.fullmatch(path)}
    assert len(CALLS) == len(listed), "two calls have one id"


def test_every_reference_leads_somewhere_and_every_schema_is_used() -> None:
    found = set(references(DOCUMENT))
    for each in found:
        resolve(DOCUMENT, each)
    used = {each.rsplit("/", 1)[1] for each in found}
    assert set(DOCUMENT["components"]["schemas"]) - used == set()


@pytest.mark.parametrize("name", CALLS)
def test_a_call_is_whole(name: str) -> None:
    path, method, call = CALLS[name]
    told = {tag["name"] for tag in DOCUMENT["tags"]}
    assert re.fullmatch(r"[a-z][a-z0-9_]*", name)
    assert set(call["tags"]) <= told
    assert len(call["tags"]) == 1
    assert call["summary"]
    assert len(call["summary"]) <= 110
    named = {each["name"] for each in call.get("parameters", ()) if each["in"] == "path"}
    assert named == set(re.findall(r"{(\w+)}", path))
    assert any(status.startswith("2") for status in call["responses"])
    assert ("401" in call["responses"]) != RULES[method.upper(), path].public or "session" in path
    for status, answer in call["responses"].items():
        assert answer["description"]
        if int(status) >= 400 and path.startswith(("/node/api", "/api/v1")):
            form = "application/json" if path.startswith("/node/api") else "application/problem+json"
            assert set(answer["content"]) == {form}


@pytest.mark.parametrize("name", CALLS)
def test_a_call_has_examples_and_they_are_as_their_schemas_say(name: str) -> None:
    for where, content in _contents(CALLS[name][2]):
        schema = content.get("schema")
        assert schema is not None, f"{where} has no schema"
        shown = list(_examples(content))
        assert shown or not _names_fields(schema), f"{where} has no example"
        assert [fault for each in shown for fault in faults(DOCUMENT, schema, each)] == [], where


def _contents(call: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each JSON content of a call: of its body, and of its answers."""
    parts = {"the body": call.get("requestBody", {}), **call["responses"]}
    for where, part in parts.items():
        for kind, content in part.get("content", {}).items():
            if kind.endswith("json"):
                yield f"{where} ({kind})", content


def _examples(content: Mapping[str, Any]) -> Iterator[Any]:
    """Those of the content itself, else of its schema, or of what a list is of."""
    if "example" in content:
        yield content["example"]
    yield from (
        resolve(DOCUMENT, each["$ref"])["value"] if "$ref" in each else each["value"]
        for each in content.get("examples", {}).values()
    )
    yield from _of_schema(content.get("schema", {}))


def _of_schema(schema: Mapping[str, Any]) -> Iterator[Any]:
    found = resolve(DOCUMENT, schema["$ref"]) if "$ref" in schema else schema
    yield from found.get("examples", ())
    for arm in found.get("anyOf", ()):
        yield from _of_schema(arm)
    if found.get("type") == "array":
        yield from ([each] for each in _of_schema(found["items"]))


def _names_fields(schema: Mapping[str, Any]) -> bool:
    """Whether there is anything that an example would show."""
    found = resolve(DOCUMENT, schema["$ref"]) if "$ref" in schema else schema
    return bool(found.get("type") == "array" or any("const" not in each for each in found.get("properties", {}).values()))
