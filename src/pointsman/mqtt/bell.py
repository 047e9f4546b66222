"""Waits for the broker's socket and for other threads at once. Knows sockets; knows no MQTT."""

from __future__ import annotations

import contextlib
import os
import select
from typing import Protocol


class Pollable(Protocol):
    """A socket, as far as it can be waited for."""

    def fileno(self) -> int:
        """Its descriptor."""


class Bell:
    """One thread listens, any may ring. However often it is rung before `hear`, one byte is written."""

    def __init__(self) -> None:
        self._end, self._rope = os.pipe()
        os.set_blocking(self._rope, False)
        self._rung = False
        self._poll = select.poll()
        self._poll.register(self._end, select.POLLIN)
        self._watched: tuple[int, int] | None = None

    def ring(self) -> None:
        """Make `wait` return. Safe from any thread, and after `close`."""
        if not self._rung:
            self._rung = True
            with contextlib.suppress(BlockingIOError, OSError):
                os.write(self._rope, b"!")

    def hear(self) -> None:
        """Whatever is rung for from here on rings again; to be called before looking at what it was rung for."""
        self._rung = False

    def wait(self, sock: Pollable | None, seconds: float, *, reading: bool, writing: bool) -> bool:
        """Until the socket can be read (when `reading`) or written (when `writing`), it rings, or the time is over.

        True when the socket can be read, which is also so when it is broken.
        """
        events = (select.POLLIN if reading else 0) | (select.POLLOUT if writing else 0)
        self._watch(None if sock is None else (sock.fileno(), events))
        ready = dict(self._poll.poll(seconds * 1000))
        if ready.pop(self._end, 0):
            os.read(self._end, 64)
        return reading and any(found != select.POLLOUT for found in ready.values())

    def close(self) -> None:
        """Nobody listens any more."""
        self._rung = True  # whoever rings now must not write to what the number stands for by then
        os.close(self._rope)
        os.close(self._end)

    def _watch(self, watched: tuple[int, int] | None) -> None:
        if watched == self._watched:
            return
        if self._watched is not None:
            with contextlib.suppress(KeyError):
                self._poll.unregister(self._watched[0])
        if watched is not None:
            self._poll.register(*watched)
        self._watched = watched
