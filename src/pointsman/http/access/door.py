"""Who it is that asks. It believes nothing but a password that fits, or a key whose digest the store has; and says neither on."""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass

from fastapi import Request

from pointsman.http.access.keys import digest_of
from pointsman.http.access.offer import Key, Password, Unreadable, offer_of
from pointsman.http.access.throttle import OF_ADDRESS, OF_LOGIN, Throttle, address_key
from pointsman.http.access.verified import Verified
from pointsman.http.decision import caller_for
from pointsman.http.problems import Refusal
from pointsman.http.services import Services, services_of
from pointsman.model.access import LONGEST_LOGIN, AccessKey, Caller, KeyKind
from pointsman.store.reads import access
from pointsman.store.reads.access import Known


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody who is known."""

    caller: Caller
    key: AccessKey | None = None
    """By which it is known; None: by their password."""

    @property
    def is_by_cookie(self) -> bool:
        """Whether a browser may have said it without being asked."""
        return self.key is not None and self.key.kind is KeyKind.SESSION


class Door:
    """One for each app, in `app.state.door`: it remembers who failed, and for a while who did not."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self.verified = Verified(services.clock.monotonic)
        self._addresses, self._logins = Throttle(OF_ADDRESS), Throttle(OF_LOGIN)
        self.editing = asyncio.Lock()
        """Held while users and groups are changed: that somebody is left who may manage them is looked up, then decided on."""

    async def visit(self, request: Request) -> Visit:
        """Who asks. Raises Refusal: 401, or 429 for one who guesses."""
        match offer_of(request.headers, request.query_params):
            case None:
                raise unknown(request, "Unauthorized", "expected a login, a session or a token, found none")
            case Unreadable(expected):
                raise unknown(request, "InvalidCredentials", expected)
            case Password(login, password):
                known = await self.known(request, login, password)
                return Visit(caller_for(known.user, known.groups))
            case Key(text, kind):
                return await self._by_key(request, text, kind)

    async def known(self, request: Request, login: str, password: str) -> Known:
        """The user of that login and password. Raises Refusal: 401, or 429 for one who guesses."""
        known = await self._services.look(access.by_login, self._services.reader, login)
        digest = None if known is None else known.digest
        code = self.verified.code_of(login, password, digest)
        if not self.verified.knows(code):
            await self._check(request, login, password, digest, code)
        if known is None:
            raise unknown(request, "InvalidCredentials", "expected a login and its password, found others")
        return known

    async def _check(self, request: Request, login: str, password: str, digest: str | None, code: bytes) -> None:
        now = self._services.clock.monotonic()
        address = address_key(request.client.host if request.client is not None else None)
        counted = login[:LONGEST_LOGIN]  # what is remembered is bounded, whatever is sent
        first = not self.verified.is_under_way(code)
        if first:
            wait = max(self._addresses.wait(address, now), self._logins.wait(counted, now))
            if wait > 0:
                seconds = math.ceil(wait)
                message = f"too many log-ins failed: wait {seconds} s before the next one"
                raise Refusal(429, "TooManyRequests", message, headers={"Retry-After": str(seconds)})
            self._addresses.take(address, now)
            self._logins.take(counted, now)
        if await self.verified.check(code, password, digest):
            if first:
                # Its own try only: whoever has a login does not get to guess at others' with each time that they use it.
                self._addresses.give_back(address)
            self._logins.forgive(counted)
            return
        # Not the login: people type their password there by mistake.
        self._services.log.warning("a log-in failed", address=address)
        raise unknown(request, "InvalidCredentials", "expected a login and its password, found others")

    async def _by_key(self, request: Request, text: str, kind: KeyKind) -> Visit:
        found = await self._services.look(access.by_key, self._services.reader, digest_of(text))
        now = self._services.clock.now()
        if found is None or found[0].kind is not kind or (found[0].expires is not None and found[0].expires <= now):
            if kind is KeyKind.SESSION:
                raise unknown(request, "Unauthorized", "the session has ended: log in again")
            raise unknown(request, "InvalidCredentials", "expected a token that is valid, found one that is not, or not any more")
        key, known = found
        return Visit(caller_for(known.user, known.groups), key)


def door_of(request: Request) -> Door:
    """That of the app that the request came to."""
    door: Door = request.app.state.door
    return door


def is_https(request: Request) -> bool:
    """Whether the way to us is safe from listeners, as far as we or a proxy that we believe can tell."""
    return services_of(request).options.https or request.scope.get("scheme") == "https"


def unknown(request: Request, code: str, message: str) -> Refusal:
    """401, with how to say who one is. A page's own script is not told of Basic: the browser would ask over its head."""
    by_script = request.headers.get("sec-fetch-dest") == "empty"
    basic = "" if by_script else 'Basic realm="Pointsman", charset="UTF-8", '
    return Refusal(401, code, message, headers={"WWW-Authenticate": f'{basic}Bearer realm="Pointsman"'})
