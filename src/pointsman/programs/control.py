"""What other threads tell the thread that has a job in hand: the engine's answer to Begin, that the job shall end, or be left.

Knows: model's Json, outcome. Must not know: processes.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import NamedTuple

from pointsman.model.json import Json
from pointsman.programs.outcome import Ending


class Bell:
    """Wakes a thread that waits on file descriptors: it turns readable when another thread rings. One for each thread."""

    def __init__(self) -> None:
        self._descriptor = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._lock = threading.Lock()
        self._open = True

    def fileno(self) -> int:
        """What to wait on."""
        return self._descriptor

    def ring(self) -> None:
        """Wake it. Safe from any thread, also once it is closed: an answer may come when nobody waits for it any more."""
        with self._lock:
            if self._open:
                os.eventfd_write(self._descriptor, 1)

    def hush(self) -> None:
        """The thread has woken."""
        with suppress(BlockingIOError):
            os.eventfd_read(self._descriptor)

    def close(self) -> None:
        """The thread ends. Under the lock: a late ring must not write to what the number stands for by then."""
        with self._lock:
            self._open = False
            os.close(self._descriptor)


class End(NamedTuple):
    """A job shall end."""

    at: float
    """When, on the monotonic clock, in seconds; until then it may end by itself."""
    ending: Ending


class Control:
    """One job's line to its thread. Every method is safe from any thread and blocks nobody but `wait_for_answer`'s caller."""

    def __init__(self, bell: Bell) -> None:
        self.bell = bell
        self.end: End | None = None
        self.leave_at: float | None = None
        """The worker stops, and what runs goes on without it: when to give up waiting for the engine, on the monotonic clock."""
        self._go: bool | None = None
        self._changed = threading.Condition()

    def answer(self, body: Mapping[str, Json]) -> None:
        """The engine's answer to Begin."""
        with self._changed:
            self._go = body.get("go") is True
            self._changed.notify_all()

    def request_end(self, end: End) -> None:
        """End the job. The earliest request holds."""
        with self._changed:
            if self.end is None or end.at < self.end.at:
                self.end = end
            self._changed.notify_all()
        self.bell.ring()

    def leave(self, at: float) -> None:
        """Leave the job: a program that runs is not waited for any longer."""
        with self._changed:
            self.leave_at = at
            self._changed.notify_all()
        self.bell.ring()

    def wait_for_answer(self) -> bool | None:
        """Whether the program may start. None when the job shall end, or be left, before the engine has answered."""
        with self._changed:
            while self._go is None:
                times = [self.end.at] if self.end is not None else []
                times += [self.leave_at] if self.leave_at is not None else []
                left = min(times) - time.monotonic() if times else None
                if left is not None and left <= 0:
                    return None
                self._changed.wait(left)
            return self._go
