"""Users, groups, sessions and tokens under /api/v1."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request, Response

from pointsman.http.access import people, sessions
from pointsman.http.access.bodies import (
    GroupChange,
    GroupPage,
    GroupView,
    LogIn,
    NewGroup,
    NewToken,
    NewUser,
    PasswordChange,
    PathId,
    SessionView,
    TokenList,
    TokenMade,
    UserChange,
    UserPage,
    UserView,
    document_of,
)
from pointsman.http.access.documented import GONE, GUESSED, TAKEN
from pointsman.http.access.door import door_of
from pointsman.http.encode import JsonAnswer
from pointsman.http.guard import OWN, Guarded, caller_of
from pointsman.http.problems import Refusal
from pointsman.model.access import AccessKey
from pointsman.model.definition import Definition, Kind
from pointsman.model.ids import UserId

router = APIRouter(prefix="/api/v1", route_class=Guarded, tags=["access"])

EDITED: dict[int | str, dict[str, Any]] = {412: {"description": "It does not have the version that `If-Match` expects."}}
IfMatch = Annotated[str | None, Header(description="The `ETag` that was read: the edit is made only if it is still that one.")]
Limit = Annotated[int, Query(ge=1, le=1_000, description="How many at most.")]
Cursor = Annotated[str | None, Query(description="`next` of the page before.")]


@router.post("/session", status_code=201, response_model=SessionView, responses=GUESSED)
async def log_in(request: Request, body: LogIn) -> Response:
    """Log in: the answer has a session cookie."""
    known, given = await sessions.log_in(request, body.login, body.password)
    user = people.shown(await people.named(request, Kind.USER, known.user.id))
    return JsonAnswer({"user": user, "expires": given.key.expires}, 201, headers=sessions.cookie(request, given))


@router.delete("/session", status_code=204)
async def log_out(request: Request) -> Response:
    """End the session that the cookie stands for."""
    await sessions.log_out(request)
    return Response(status_code=204, headers=sessions.cookie(request, None))


@router.get("/users", response_model=UserPage)
async def list_users(request: Request, limit: Limit = 100, cursor: Cursor = None) -> Response:
    """All users, in the order of their ids."""
    return _page(await people.every(request, Kind.USER), limit, cursor)


@router.post("/users", status_code=201, response_model=UserView, responses=TAKEN)
async def make_user(request: Request, body: NewUser) -> Response:
    """A new user. Without a password it cannot log in."""
    made = await people.make(request, Kind.USER, document_of(body), body.id, body.password)
    return _one(made, 201, Location=f"/api/v1/users/{made.id}")


@router.get("/users/{id}", response_model=UserView, responses=GONE)
async def get_user(request: Request, id_: PathId) -> Response:
    """A user. `me` is whoever asks."""
    return _one(await people.named(request, Kind.USER, id_))


@router.patch("/users/{id}", response_model=UserView, responses=GONE | TAKEN | EDITED)
async def change_user(request: Request, id_: PathId, body: UserChange, if_match: IfMatch = None) -> Response:
    """Change a user. A new password ends all sessions and voids all tokens."""
    given = document_of(body)
    return _one(await people.change(request, Kind.USER, id_, given, body.password, version_of(if_match)))


@router.delete("/users/{id}", status_code=204, responses=GONE | TAKEN | EDITED)
async def remove_user(request: Request, id_: PathId, if_match: IfMatch = None) -> Response:
    """Remove a user, with all sessions and tokens."""
    await people.remove(request, Kind.USER, id_, version_of(if_match))
    return Response(status_code=204)


@router.put("/users/me/password", status_code=204, responses=GUESSED)
async def change_password(request: Request, body: PasswordChange) -> Response:
    """Change one's own password, which ends all sessions and voids all tokens."""
    await door_of(request).known(request, caller_of(request).login, body.old.get_secret_value())
    await people.change(request, Kind.USER, OWN, {}, body.new)
    return Response(status_code=204, headers=sessions.cookie(request, None))


@router.get("/users/{id}/tokens", response_model=TokenList, responses=GONE)
async def list_tokens(request: Request, id_: PathId) -> Response:
    """A user's tokens, without the tokens themselves."""
    user = await people.named(request, Kind.USER, id_)
    return JsonAnswer({"items": [_token(key) for key in await sessions.tokens(request, UserId(user.id))]})


@router.post("/users/{id}/tokens", status_code=201, response_model=TokenMade, responses=GONE | TAKEN)
async def make_token(request: Request, id_: PathId, body: NewToken) -> Response:
    """A new token, which may what its user may. It is shown this once."""
    user = await people.named(request, Kind.USER, id_)
    given = await sessions.make_token(request, UserId(user.id), body.name, body.expires)
    return JsonAnswer({**_token(given.key), "token": given.text}, 201)


@router.delete("/users/{id}/tokens/{token}", status_code=204, responses=GONE)
async def withdraw_token(request: Request, id_: PathId, token: str) -> Response:
    """Void a token."""
    user = await people.named(request, Kind.USER, id_)
    await sessions.withdraw(request, UserId(user.id), token)
    return Response(status_code=204)


@router.get("/groups", response_model=GroupPage)
async def list_groups(request: Request, limit: Limit = 100, cursor: Cursor = None) -> Response:
    """All groups, in the order of their ids."""
    return _page(await people.every(request, Kind.GROUP), limit, cursor)


@router.post("/groups", status_code=201, response_model=GroupView, responses=TAKEN)
async def make_group(request: Request, body: NewGroup) -> Response:
    """A new group."""
    made = await people.make(request, Kind.GROUP, document_of(body), body.id)
    return _one(made, 201, Location=f"/api/v1/groups/{made.id}")


@router.get("/groups/{id}", response_model=GroupView, responses=GONE)
async def get_group(request: Request, id_: PathId) -> Response:
    """A group."""
    return _one(await people.named(request, Kind.GROUP, id_))


@router.patch("/groups/{id}", response_model=GroupView, responses=GONE | TAKEN | EDITED)
async def change_group(request: Request, id_: PathId, body: GroupChange, if_match: IfMatch = None) -> Response:
    """Change a group."""
    return _one(await people.change(request, Kind.GROUP, id_, document_of(body), expected=version_of(if_match)))


@router.delete("/groups/{id}", status_code=204, responses=GONE | TAKEN | EDITED)
async def remove_group(request: Request, id_: PathId, if_match: IfMatch = None) -> Response:
    """Remove a group. Its users lose what it allowed."""
    await people.remove(request, Kind.GROUP, id_, version_of(if_match))
    return Response(status_code=204)


def version_of(if_match: str | None) -> int | None:
    """The version that `If-Match` (RFC 9110 §13.1.1) expects; None: any. Raises Refusal (412) for what no version of ours is."""
    if if_match is None or if_match.strip() == "*":
        return None
    text = if_match.strip().removeprefix("W/").strip('"')
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise Refusal(412, "PreconditionFailed", "expected an ETag as it was answered, found another one: read it again")
    return int(text)


def _one(definition: Definition, status: int = 200, **headers: str) -> Response:
    return JsonAnswer(people.shown(definition), status, headers={**headers, "ETag": f'"{definition.version}"'})


def _page(every: list[Definition], limit: int, cursor: str | None) -> Response:
    """There are few enough of them to be read whole."""
    rest = [each for each in every if cursor is None or each.id > cursor]
    following = rest[limit - 1].id if len(rest) > limit else None
    return JsonAnswer({"items": [people.shown(each) for each in rest[:limit]], "next": following})


def _token(key: AccessKey) -> dict[str, Any]:
    return {"id": key.id, "name": key.name, "created": key.created, "expires": key.expires}
