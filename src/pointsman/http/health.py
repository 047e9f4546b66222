"""How the worker stands, for whatever watches it."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from pointsman.http.encode import JsonAnswer
from pointsman.http.guard import Guarded
from pointsman.http.services import services_of

router = APIRouter(route_class=Guarded, tags=["health"])


@router.get("/livez", responses={503: {"description": "It does not: restart it."}})
async def livez(request: Request) -> Response:
    """Whether everything makes progress."""
    return _told(request, "alive")


@router.get("/readyz", responses={503: {"description": "It is not, or not yet."}})
async def readyz(request: Request) -> Response:
    """Whether messages are taken and operations carried out: the broker and the store are in reach."""
    return _told(request, "ready")


def _told(request: Request, key: str) -> Response:
    health = services_of(request).health()
    return JsonAnswer({key: health[key]}, 200 if health[key] else 503)
