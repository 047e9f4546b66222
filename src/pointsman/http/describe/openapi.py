"""The OpenAPI 3.1 document: what FastAPI makes of the routes, and what all have in common: who may, what a "no" looks like.

It adds to what a route says of itself, and never takes its place.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from typing import Any, TypeAlias

from fastapi import FastAPI
from fastapi.routing import APIRoute

from pointsman.http.access.offer import COOKIE
from pointsman.http.describe.examples import EXAMPLES
from pointsman.http.describe.words import DESCRIPTION, PARAMETERS, TAGS
from pointsman.http.problems import DOCUMENTED, PROBLEM
from pointsman.http.rights import RULES, Reached, Rule
from pointsman.model.shapes import DELIVERY, PROCESS_META, RESULT, job_shape, listed_job_shape, page_shape

Part: TypeAlias = dict[str, Any]

APIS = {DOCUMENTED: "node", "/api/v1": "v1"}
MODERN = " (v1)"
"""Behind the name of a group of calls, when they are the modern API's."""
LONGEST = 90
"""So many characters a summary has, if it can be helped."""
_IN_PATH = re.compile(r"{(\w+)}")
METHODS = ("get", "put", "post", "delete", "patch")
SCHEMES: Mapping[str, Part] = {
    "basic": {"type": "http", "scheme": "basic", "description": "Login and password."},
    "session": {"type": "apiKey", "in": "cookie", "name": COOKIE, "description": "The cookie that a log-in gives."},
    "bearer": {"type": "http", "scheme": "bearer", "description": "A token made for a program."},
}
ERROR: Part = {
    "title": "Error",
    "type": "object",
    "description": "Why not, as the documented API tells it.",
    "properties": {
        "code": {"type": "string", "description": "A word for programs."},
        "message": {"type": "string", "description": "What was expected, what was found and what to do."},
    },
    "required": ["code", "message"],
    "additionalProperties": False,
    "examples": [{"code": "ResourceNotFound", "message": "there is no object pump-9"}],
}
PROBLEM_DOCUMENT: Part = {
    "title": "Problem",
    "type": "object",
    "description": "Why not, as RFC 9457 has it, and `code`, the word that the documented API has for it.",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What was expected, what was found and what to do."},
        "code": {"type": "string", "description": "A word for programs."},
    },
    "required": ["type", "title", "status", "detail", "code"],
    "additionalProperties": True,
    "examples": [
        {"type": "about:blank", "title": "Not Found", "status": 404, "detail": "there is no job 1", "code": "ResourceNotFound"}
    ],
}


JOBS: Mapping[str, Part] = {
    "Job": dict(job_shape()),
    "JobPage": dict(page_shape("Job")),
    "ListedJob": dict(listed_job_shape()),
    "CustomResult": dict(RESULT),
    "Delivery": dict(DELIVERY),
    "ProcessMeta": dict(PROCESS_META),
}


class DescribedApp(FastAPI):
    """An app whose `openapi()` is the whole document."""

    def openapi(self) -> Part:
        """The document; made once."""
        if self.openapi_schema is None:
            made = super().openapi()
            _describe(made)
            self.openapi_schema = made
        return self.openapi_schema


def operation_id(route: APIRoute) -> str:
    """The API and the route's name: `node_create_object`, `v1_list_users`. Within an API names are unique."""
    api = next((name for prefix, name in APIS.items() if route.path_format.startswith(f"{prefix}/")), None)
    return route.name if api is None else f"{api}_{route.name}"


def _describe(document: Part) -> None:
    document["info"] |= {
        "description": DESCRIPTION,
        "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
    }
    document["servers"] = [{"url": "/"}]
    document["security"] = [{name: []} for name in SCHEMES]
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    schemas |= {"Error": ERROR, "Problem": PROBLEM_DOCUMENT, **JOBS}
    components["securitySchemes"] = dict(SCHEMES)
    for part in (*document["paths"].values(), *[schema.get("properties", {}) for schema in schemas.values()]):
        _drop_titles(part)
    for path, method, operation in _operations(document):
        _describe_operation(path, method, operation)
    tags = {operation["tags"][0] for _, _, operation in _operations(document)}
    document["tags"] = [{"name": name, "description": TAGS.get(name.removesuffix(MODERN), name)} for name in _ordered(tags)]
    components["schemas"] = {name: schemas[name] for name in sorted(_reached(document, schemas))}
    for name, examples in EXAMPLES.items():
        if name in components["schemas"]:
            schemas[name].setdefault("examples", list(examples))


def _drop_titles(part: Any) -> None:
    """Those that are only made of a name that stands beside them."""
    if isinstance(part, dict):
        if isinstance(part.get("title"), str):
            del part["title"]
        for name, inner in part.items():
            if name not in ("example", "examples"):
                _drop_titles(inner)
    elif isinstance(part, list):
        for inner in part:
            _drop_titles(inner)


def _ordered(tags: Iterable[str]) -> list[str]:
    """The documented API's first, then the modern one's; both in the order in which they are described."""
    known = list(TAGS)

    def place(tag: str) -> tuple[bool, int, str]:
        name = tag.removesuffix(MODERN)
        return tag.endswith(MODERN), known.index(name) if name in known else len(known), tag

    return sorted(tags, key=place)


def _reached(document: Part, schemas: Part) -> set[str]:
    """The schemas that a call uses, directly or by another one."""
    found: set[str] = set()
    waiting = list(_references(document["paths"]))
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += _references(schemas[name])
    return found


def _references(part: Any) -> Iterator[str]:
    """The names of the schemas that a part of the document refers to."""
    if isinstance(part, dict):
        if isinstance(reference := part.get("$ref"), str):
            yield reference.rsplit("/", 1)[1]
        for inner in part.values():
            yield from _references(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from _references(inner)


def _operations(document: Part) -> Iterator[tuple[str, str, Part]]:
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield path, method, item[method]


def _describe_operation(path: str, method: str, operation: Part) -> None:
    rule = RULES[method.upper(), path]
    if path.startswith("/api/v"):
        operation["tags"] = [f"{tag}{MODERN}" for tag in operation["tags"]]
    _add_parameters(path, operation)
    operation["summary"], rest = _summary(operation.get("description") or operation["summary"])
    operation["description"] = "\n\n".join(part for part in (rest, _allowed(rule)) if part)
    if not operation["description"]:
        del operation["description"]
    if rule.public:
        operation["security"] = []
    answers = operation["responses"]
    answers.pop("422", None) if _is_of_fastapi(answers.get("422")) else None
    for status, meaning in _refusals(rule, method, operation):
        answers.setdefault(status, {"description": meaning})
    form = _form(path)
    for status, answer in answers.items():
        if int(status) >= 400:
            answer["content"] = form if path.startswith(tuple(APIS)) else answer.get("content", form)
            answer["description"] = answer.get("description") or HTTPStatus(int(status)).phrase
    operation["responses"] = dict(sorted(answers.items()))


def _summary(told: str) -> tuple[str, str]:
    """The first sentence, and the rest; of a long one what stands before its colon, and then all of it."""
    first, *rest = re.split(r"\.\s+", told, maxsplit=1)
    if len(first) > LONGEST and ": " in first:
        return first.partition(": ")[0], told
    return first.removesuffix("."), "".join(rest)


def _add_parameters(path: str, operation: Part) -> None:
    """Those of the path that the route's function does not take itself, because the guard does."""
    there = operation.setdefault("parameters", [])
    told = {each["name"] for each in there if each["in"] == "path"}
    missing = [name for name in _IN_PATH.findall(path) if name not in told]
    there[:0] = [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in missing]
    for each in there:
        if each["in"] == "path" and each["name"] in PARAMETERS:
            each.setdefault("description", PARAMETERS[each["name"]])
    if not there:
        del operation["parameters"]


def _is_of_fastapi(answer: Part | None) -> bool:
    return answer is not None and answer.get("description") == "Validation Error"


def _form(path: str) -> Part:
    if path.startswith(DOCUMENTED):
        return {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    return {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}}


def _allowed(rule: Rule) -> str:
    """Who may, in words."""
    words = []
    if rule.verb is not None:
        kinds = {Reached.OBJECT: ("objects",), Reached.LINK: ("links",)}.get(rule.reach, ("objects", "links"))
        words.append(" or ".join(f"`{rule.verb}-{kind}`" for kind in kinds) + ", of what it is about")
    if rule.any_of:
        words.append(" or ".join(f"`{each}`" for each in rule.any_of))
    return f"Permission: {'; and '.join(words)}." if words else ""


def _refusals(rule: Rule, method: str, operation: Part) -> Iterator[tuple[str, str]]:
    """What is answered when it is no, and why that can be."""
    takes_body = "requestBody" in operation
    if takes_body or operation.get("parameters"):
        yield "400", "What was sent is not what it should be."
    if takes_body:
        yield "413", "The body is too large (`http.max_body`)."
    if rule.public:
        return
    yield "401", "It is not known who asks."
    yield "429", "Too many log-ins failed; `Retry-After` says how long to wait."
    if rule.any_of or rule.verb is not None or method != "get":
        yield "403", "A permission is missing, which the answer names; or a page of another site asks."
    if rule.reach is not Reached.NOTHING:
        yield "404", "There is no such thing, or it is out of the caller's reach."
    yield "503", "The worker or its store does not answer, for now."
