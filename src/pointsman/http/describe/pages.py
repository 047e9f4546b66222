"""Serves the documents, and a page that shows them: from this package alone, so that it works where there is no Internet.

The documents are public: they say what can be asked, never what there is. Only the MQTT side's names topics of this worker, and
is for those who are logged in.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from typing import Any

from fastapi import APIRouter, Request, Response

from pointsman.http.encode import JsonAnswer
from pointsman.http.guard import Guarded
from pointsman.http.services import services_of

router = APIRouter(route_class=Guarded, tags=["documents"])

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
"""Content-Security-Policy of the page: nothing but itself, from here."""
_TYPES: Mapping[str, str] = {"html": "text/html", "js": "text/javascript", "css": "text/css"}


def _document(kind: str) -> dict[int | str, dict[str, Any]]:
    schema = {"type": "object", "required": [kind], "additionalProperties": True}
    return {200: {"description": "The document.", "content": {"application/json": {"schema": schema}}}}


def _page(name: str) -> Response:
    text = resources.files("pointsman.http.describe").joinpath("viewer", name).read_bytes()
    headers = {"Content-Security-Policy": POLICY, "Cache-Control": "no-cache"}
    return Response(text, media_type=f"{_TYPES[name.rsplit('.', 1)[1]]}; charset=utf-8", headers=headers)


@router.get("/api/openapi.json", response_class=JsonAnswer, responses=_document("openapi"))
async def openapi(request: Request) -> Response:
    """The OpenAPI 3.1 document of this API."""
    return JsonAnswer(request.app.openapi())


@router.get("/api/asyncapi.json", response_class=JsonAnswer, responses=_document("asyncapi"))
async def asyncapi(request: Request) -> Response:
    """The AsyncAPI 3.0 document of the MQTT side of this worker."""
    return JsonAnswer(services_of(request).messages())


@router.get("/api/docs", response_class=Response, responses={200: {"content": {"text/html": {}}}})
async def docs() -> Response:
    """A page that shows both documents."""
    return _page("viewer.html")


@router.get("/api/docs/viewer.js", include_in_schema=False)
@router.get("/api/docs/forms.js", include_in_schema=False)
@router.get("/api/docs/trying.js", include_in_schema=False)
@router.get("/api/docs/viewer.css", include_in_schema=False)
async def part(request: Request) -> Response:
    """A part of that page."""
    return _page(request.url.path.rsplit("/", 1)[1])
