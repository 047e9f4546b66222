"""An answer that goes on: until its reader leaves, what is said ends, or the worker stops."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress

from fastapi import Response
from starlette.types import Receive, Scope, Send

from pointsman.http.live.pulse import Pulse

PATIENCE = 60.0
"""For how many seconds a reader may take nothing at all before it is given up."""
GOODBYE = 0.2
"""Seconds for the end of the answer to be taken."""


class EventStream(Response):
    """Server-sent events (WHATWG HTML §9.2). What is not taken yet is not made yet: a slow reader holds up nobody else."""

    media_type = "text/event-stream"

    def __init__(self, parts: AsyncIterator[bytes], pulse: Pulse, left: Callable[[], None]) -> None:
        """`left` is called once, however it ends."""
        super().__init__(headers={"X-Accel-Buffering": "no"})  # for proxies that would gather it
        del self.headers["content-length"]
        self._parts, self._pulse, self._left = parts, pulse, left

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            sending = asyncio.create_task(self._send(send))
            tasks = (sending, asyncio.create_task(_gone(receive)), asyncio.create_task(self._pulse.until_end()))
            try:
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            finally:
                await _end(tasks)
            with suppress(OSError, TimeoutError):
                async with asyncio.timeout(GOODBYE):
                    await send({"type": "http.response.body", "body": b"", "more_body": False})
            if not sending.cancelled() and isinstance(fault := sending.exception(), Exception):
                raise fault
        finally:
            self._left()

    async def _send(self, send: Send) -> None:
        async for part in self._parts:
            try:
                async with asyncio.timeout(PATIENCE):
                    await send({"type": "http.response.body", "body": part, "more_body": True})
            except TimeoutError:
                return


async def _end(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Cancel them, more than once when something that they wait in has passed over it."""
    while left := [task for task in tasks if not task.done()]:
        for task in left:
            task.cancel()
        await asyncio.wait(left, timeout=1.0)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
