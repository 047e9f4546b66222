"""Checks passwords, slowly on purpose: two at once, each asked for once, and what was right is remembered for a while."""

from __future__ import annotations

import asyncio
import hmac
import secrets
from collections import OrderedDict
from collections.abc import Callable

import anyio
import anyio.to_thread

from pointsman.http.access.passwords import digest_of, fits

AT_ONCE = 2
"""Each takes 16 MiB and all of a processor."""
KEPT = 300.0
"""For how many seconds a password that was right is taken without a look."""
MOST = 1_000


class Verified:
    """One for each worker. What it remembers is a code made with a key of this process: of no use outside it, and another one as
    soon as the password is changed."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._secret = secrets.token_bytes(32)
        self._limit = anyio.CapacityLimiter(AT_ONCE)
        self._right: OrderedDict[bytes, float] = OrderedDict()
        self._under_way: dict[bytes, asyncio.Task[bool]] = {}

    def knows(self, code: bytes) -> bool:
        """Whether that was right a short while ago."""
        return self._right.get(code, 0.0) > self._monotonic()

    def is_under_way(self, code: bytes) -> bool:
        """Whether that is just being checked."""
        return code in self._under_way

    def code_of(self, login: str, password: str, digest: str | None) -> bytes:
        """What a login with a password, and what is kept of it, are remembered by."""
        parts = [part.encode("utf-8", "surrogatepass") for part in (login, password, digest or "")]
        return hmac.digest(self._secret, b"".join(b"%d:" % len(part) + part for part in parts), "sha256")

    async def check(self, code: bytes, password: str, digest: str | None) -> bool:
        """Whether the password is right. Without a digest, which is a user whom there is not, it takes as long to say no."""
        task = self._under_way.get(code)
        if task is None:
            task = self._under_way[code] = asyncio.ensure_future(self._check(code, password, digest))
            task.add_done_callback(lambda _: self._under_way.pop(code, None))
        # One request that is given up must not take the others with it.
        return await asyncio.shield(task)

    async def _check(self, code: bytes, password: str, digest: str | None) -> bool:
        right = await anyio.to_thread.run_sync(fits, password, digest, limiter=self._limit)
        if right:
            self._right[code] = self._monotonic() + KEPT
            if len(self._right) > MOST:
                self._right.popitem(last=False)
        return right

    async def digest_of(self, password: str) -> str:
        """What is kept of a new password. It waits for its turn as checks do."""
        return await anyio.to_thread.run_sync(digest_of, password, limiter=self._limit)
