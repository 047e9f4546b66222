"""How the worker stands, for whatever watches it."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from pointsman.http.encode import JsonAnswer
from pointsman.http.guard import Guarded
from pointsman.http.services import services_of

router = APIRouter(route_class=Guarded, tags=["health"])


def _answers(key: str, otherwise: str) -> dict[int | str, dict[str, Any]]:
    """Both answers, as OpenAPI describes them."""

    def answer(meaning: str, *, well: bool) -> dict[str, Any]:
        shape = {"type": "object", "properties": {key: {"const": well}}, "required": [key], "additionalProperties": False}
        return {"description": meaning, "content": {"application/json": {"schema": shape}}}

    return {200: answer("It does.", well=True), 503: answer(otherwise, well=False)}


@router.get("/livez", responses=_answers("alive", "It does not: restart it."))
async def livez(request: Request) -> Response:
    """Whether everything makes progress."""
    return _told(request, "alive")


@router.get("/readyz", responses=_answers("ready", "It is not, or not yet."))
async def readyz(request: Request) -> Response:
    """Whether messages are taken and operations carried out: the broker and the store are in reach."""
    return _told(request, "ready")


def _told(request: Request, key: str) -> Response:
    health = services_of(request).health()
    return JsonAnswer({key: health[key]}, 200 if health[key] else 503)
