"""Wakes those who follow: the engine's thread beats, coroutines of the API's wait. What happened they read in the store."""

from __future__ import annotations

import asyncio
import threading


class Pulse:
    """`engine.ports.Followers`. Note the count, read, then wait for more beats than that: so none is missed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._count = 0
        self._ended = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: set[asyncio.Event] = set()
        self._until_end: set[asyncio.Event] = set()

    @property
    def count(self) -> int:
        """How many beats there have been."""
        return self._count

    @property
    def ended(self) -> bool:
        """Whether there is nothing more to follow: the worker stops."""
        return self._ended

    def moved(self) -> None:
        """One beat. Safe from any thread, never blocks."""
        with self._lock:
            self._count += 1
            loop = self._loop if self._waiting else None
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._wake)

    def end(self) -> None:
        """The last beat: the worker stops. Safe from any thread, never blocks."""
        with self._lock:
            self._ended = True
            loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._wake)

    async def after(self, count: int, timeout: float) -> None:
        """Until there have been more beats than `count`, it has ended, or `timeout` seconds have passed."""
        event = self._register(self._waiting, count)
        try:
            # Not `wait_for`: until Python 3.12 it passes over being cancelled when what it waits for has just come.
            async with asyncio.timeout(timeout):
                await event.wait()
        except TimeoutError:
            return
        finally:
            self._leave(self._waiting, event)

    async def until_end(self) -> None:
        """Until it has ended."""
        event = self._register(self._until_end)
        try:
            await event.wait()
        finally:
            self._leave(self._until_end, event)

    def _register(self, among: set[asyncio.Event], count: int | None = None) -> asyncio.Event:
        """What is set when it is time: at once, when it is already."""
        event = asyncio.Event()
        with self._lock:
            self._loop = asyncio.get_running_loop()
            among.add(event)
            if self._ended or (count is not None and self._count > count):
                event.set()
        return event

    def _leave(self, among: set[asyncio.Event], event: asyncio.Event) -> None:
        with self._lock:
            among.discard(event)

    def _wake(self) -> None:
        with self._lock:
            waiting = (*self._waiting, *(self._until_end if self._ended else ()))
        for event in waiting:
            event.set()
