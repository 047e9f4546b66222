"""Wakes those who follow: the engine's thread beats, coroutines of the API's wait. What happened they read in the store."""

from __future__ import annotations

import asyncio
import threading


class Pulse:
    """`engine.ports.Followers`. Note the count, read, then wait for more beats than that: so none is missed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._count = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: set[asyncio.Event] = set()

    @property
    def count(self) -> int:
        """How many beats there have been."""
        return self._count

    def moved(self) -> None:
        """One beat. Safe from any thread, never blocks."""
        with self._lock:
            self._count += 1
            loop = self._loop if self._waiting else None
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._wake)

    async def after(self, count: int, timeout: float) -> None:
        """Until there have been more beats than `count`, or `timeout` seconds have passed."""
        event = asyncio.Event()
        with self._lock:
            if self._count > count:
                return
            self._loop = asyncio.get_running_loop()
            self._waiting.add(event)
        try:
            await asyncio.wait_for(event.wait(), timeout)
        except TimeoutError:
            return
        finally:
            with self._lock:
                self._waiting.discard(event)

    def _wake(self) -> None:
        with self._lock:
            waiting = tuple(self._waiting)
        for event in waiting:
            event.set()
