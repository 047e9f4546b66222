"""Users, groups and sessions under /node/api, as the documented API has them."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from pointsman.http.access import people, sessions
from pointsman.http.access.bodies import (
    GroupChange,
    GroupView,
    LogIn,
    NewGroup,
    NewUser,
    PathId,
    UserChange,
    UserView,
    document_of,
)
from pointsman.http.encode import JsonAnswer
from pointsman.http.guard import OWN, Guarded
from pointsman.http.problems import DOCUMENTED
from pointsman.model.definition import Kind

router = APIRouter(prefix=DOCUMENTED, route_class=Guarded, tags=["access"])

TAKEN: dict[int | str, dict[str, Any]] = {409: {"description": "It exists already, or is needed as it is."}}
GONE: dict[int | str, dict[str, Any]] = {404: {"description": "There is no such user or group."}}
GUESSED: dict[int | str, dict[str, Any]] = {
    401: {"description": "That is not a login and its password."},
    403: {"description": "A page of another site asked."},
    429: {"description": "Too many log-ins failed: `Retry-After` says when to try again."},
    503: {"description": "The worker or its store does not answer, for now."},
}


@router.post("/users/session", response_model=UserView, responses=GUESSED)
async def log_in(request: Request, body: LogIn) -> Response:
    """Log in: the answer has a session cookie."""
    known, given = await sessions.log_in(request, body.login, body.password)
    user = await people.named(request, Kind.USER, known.user.id)
    return JsonAnswer(people.shown(user), headers=sessions.cookie(request, given))


@router.delete("/users/session", status_code=204)
async def log_out(request: Request) -> Response:
    """End the session that the cookie stands for."""
    await sessions.log_out(request)
    return Response(status_code=204, headers=sessions.cookie(request, None))


@router.get("/users/current", response_model=UserView)
async def current_user(request: Request) -> Response:
    """Whoever asks."""
    return JsonAnswer(people.shown(await people.named(request, Kind.USER, OWN)))


@router.get("/users", response_model=list[UserView])
async def list_users(request: Request) -> Response:
    """All users."""
    return JsonAnswer([people.shown(each) for each in await people.every(request, Kind.USER)])


@router.post("/users", response_model=UserView, responses=TAKEN)
async def make_user(request: Request, body: NewUser) -> Response:
    """A new user. Without a password it cannot log in."""
    return JsonAnswer(people.shown(await people.make(request, Kind.USER, document_of(body), body.id, body.password)))


@router.get("/users/{id}", response_model=UserView, responses=GONE)
async def get_user(request: Request, id_: PathId) -> Response:
    """A user."""
    return JsonAnswer(people.shown(await people.named(request, Kind.USER, id_)))


@router.patch("/users/{id}", response_model=UserView, responses=GONE | TAKEN)
async def change_user(request: Request, id_: PathId, body: UserChange) -> Response:
    """Change a user. A new password ends all sessions and voids all tokens."""
    return JsonAnswer(people.shown(await people.change(request, Kind.USER, id_, document_of(body), body.password)))


@router.delete("/users/{id}", status_code=204, responses=GONE | TAKEN)
async def remove_user(request: Request, id_: PathId) -> Response:
    """Remove a user, with all sessions and tokens."""
    await people.remove(request, Kind.USER, id_)
    return Response(status_code=204)


@router.get("/user-groups", response_model=list[GroupView])
async def list_groups(request: Request) -> Response:
    """All groups."""
    return JsonAnswer([people.shown(each) for each in await people.every(request, Kind.GROUP)])


@router.post("/user-groups", response_model=GroupView, responses=TAKEN)
async def make_group(request: Request, body: NewGroup) -> Response:
    """A new group."""
    return JsonAnswer(people.shown(await people.make(request, Kind.GROUP, document_of(body), body.id)))


@router.get("/user-groups/{id}", response_model=GroupView, responses=GONE)
async def get_group(request: Request, id_: PathId) -> Response:
    """A group."""
    return JsonAnswer(people.shown(await people.named(request, Kind.GROUP, id_)))


@router.patch("/user-groups/{id}", response_model=GroupView, responses=GONE | TAKEN)
async def change_group(request: Request, id_: PathId, body: GroupChange) -> Response:
    """Change a group."""
    return JsonAnswer(people.shown(await people.change(request, Kind.GROUP, id_, document_of(body))))


@router.delete("/user-groups/{id}", status_code=204, responses=GONE | TAKEN)
async def remove_group(request: Request, id_: PathId) -> Response:
    """Remove a group. Its users lose what it allowed."""
    await people.remove(request, Kind.GROUP, id_)
    return Response(status_code=204)
