"""The OpenAPI 3.1 document: what FastAPI makes of the routes, and what all have in common: who may, what a "no" looks like.

It adds to what a route says of itself, and never takes its place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any, TypeAlias

from fastapi import FastAPI
from fastapi.routing import APIRoute

from pointsman.http.access.offer import COOKIE
from pointsman.http.describe.examples import EXAMPLES
from pointsman.http.describe.words import DESCRIPTION, TAGS
from pointsman.http.problems import DOCUMENTED, PROBLEM
from pointsman.http.rights import RULES, Reached, Rule
from pointsman.model.shapes import DELIVERY, PROCESS_META, RESULT, job_shape

Part: TypeAlias = dict[str, Any]

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
    """Its function's name, with the API that it belongs to: `node_get_object`, `v1_list_jobs`."""
    parts = route.path_format.split("/")
    if parts[1] == "node":
        return f"node_{route.name}"
    return f"{parts[2]}_{route.name}" if parts[1:2] == ["api"] and parts[2].startswith("v") else route.name


def _describe(document: Part) -> None:
    document["info"] |= {
        "description": DESCRIPTION,
        "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
    }
    document["servers"] = [{"url": "/"}]
    document["security"] = [{name: []} for name in SCHEMES]
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    schemas |= {"Error": ERROR, "Problem": PROBLEM_DOCUMENT, **JOBS}
    components["securitySchemes"] = dict(SCHEMES)
    used: set[str] = set()
    for path, method, operation in _operations(document):
        _describe_operation(path, method, operation)
        used.update(operation.get("tags", ()))
    document["tags"] = [{"name": name, "description": meaning} for name, meaning in TAGS.items() if name in used]
    for name, examples in EXAMPLES.items():
        if name in schemas:
            schemas[name].setdefault("examples", list(examples))


def _operations(document: Part) -> Iterator[tuple[str, str, Part]]:
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield path, method, item[method]


def _describe_operation(path: str, method: str, operation: Part) -> None:
    rule = RULES[method.upper(), path]
    summary, _, rest = str(operation.get("description") or operation["summary"]).partition(". ")
    operation["summary"] = summary.removesuffix(".")
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
        if status.isdecimal() and int(status) >= 400:
            answer.setdefault("content", form)
            answer["description"] = answer.get("description") or HTTPStatus(int(status)).phrase
    operation["responses"] = dict(sorted(answers.items()))


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
