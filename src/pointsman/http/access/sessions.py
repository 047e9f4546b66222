"""Keys given out and taken back: sessions of browsers, tokens of programs."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import Request
from pydantic import SecretStr

from pointsman.http.access.door import door_of, is_https, unknown
from pointsman.http.access.keys import digest_of, new_key
from pointsman.http.access.offer import cookie_of
from pointsman.http.guard import caller_of, visit_of
from pointsman.http.problems import Refusal
from pointsman.http.services import services_of
from pointsman.model.access import AccessKey, KeyKind
from pointsman.model.command import GrantKey, Reply, RevokeKeys
from pointsman.model.ids import UserId
from pointsman.store.reads import access
from pointsman.store.reads.access import Known

MOST_TOKENS = 100
"""So many tokens a user may have."""


@dataclass(frozen=True, slots=True)
class Given:
    """A key that was just given out."""

    key: AccessKey
    text: str
    """The key itself: shown once."""


async def log_in(request: Request, login: str, password: SecretStr) -> tuple[Known, Given]:
    """A session of the user with that login and password. Raises Refusal: 401, 429."""
    services = services_of(request)
    known = await door_of(request).known(request, login, password.get_secret_value())
    expires = services.clock.now() + services.options.session_ms
    given = await _give(request, known.user.id, KeyKind.SESSION, expires=expires, by=known.user.id)
    now = await services.look(access.by_id, services.reader, known.user.id)
    if now is None or now.digest != known.digest:
        # The password was changed between our look at it and the session, which the change has not ended then.
        await _take(request, known.user.id, (given.key.id,), by=known.user.id)
        raise unknown(request, "InvalidCredentials", "expected a login and its password, found others")
    return known, given


async def log_out(request: Request) -> None:
    """End the session that the request came with, if it came with one."""
    key = visit_of(request).key
    if key is not None and key.kind is KeyKind.SESSION:
        await _take(request, key.user, (key.id,), by=key.user)


def cookie(request: Request, given: Given | None) -> dict[str, str]:
    """The header that gives a browser the session's key; None takes it away."""
    seconds = services_of(request).options.session_ms // 1000
    text = "" if given is None else given.text
    return {"Set-Cookie": cookie_of(text, seconds=seconds, secure=is_https(request))}


async def make_token(request: Request, user: UserId, name: str, expires: int | None) -> Given:
    """A token of that user. Raises Refusal: 400 for one that has expired already, 409 when there are too many."""
    services = services_of(request)
    if expires is not None and expires <= services.clock.now():
        raise Refusal.content("expires: expected a time to come, in ms since the Unix epoch, found one that has passed")
    if len(await tokens(request, user)) >= MOST_TOKENS:
        raise Refusal(409, "Conflict", f"expected at most {MOST_TOKENS} tokens of a user: withdraw some first")
    return await _give(request, user, KeyKind.TOKEN, name=name, expires=expires, by=caller_of(request).user)


async def tokens(request: Request, user: UserId) -> list[AccessKey]:
    """The user's tokens that have not expired."""
    services = services_of(request)
    now = services.clock.now()
    found = await services.look(access.keys_of, services.reader, user, KeyKind.TOKEN)
    return [key for key in found if key.expires is None or key.expires > now]


async def withdraw(request: Request, user: UserId, token: str) -> None:
    """Void a token. Raises Refusal: 404."""
    if token not in [key.id for key in await tokens(request, user)]:
        raise Refusal.not_found(f"token {token!r}")
    await _take(request, user, (token,), by=caller_of(request).user)


async def _give(
    request: Request, user: UserId, kind: KeyKind, *, by: UserId, name: str = "", expires: int | None = None
) -> Given:
    services, text = services_of(request), new_key(kind)
    now = services.clock.now()
    key = AccessKey(
        id=services.new_id(now), digest=digest_of(text), user=user, kind=kind, name=name, created=now, expires=expires
    )

    def grant(reply: Reply) -> GrantKey:
        return GrantKey(key=key, by=by, reply=reply)

    await services.ask(grant)
    return Given(key, text)


async def _take(request: Request, user: UserId, ids: tuple[str, ...], *, by: UserId) -> None:
    def revoke(reply: Reply) -> RevokeKeys:
        return RevokeKeys(user=user, ids=ids, by=by, reply=reply)

    await services_of(request).ask(revoke)
