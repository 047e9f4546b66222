"""When to look again: due times, soonest first. What is due is the store's to say; here are only the times.

Times are kept on the monotonic clock, so that a wall clock that jumps makes nothing fire early or late while the worker runs.
After a restart the wall clock is all there is.
"""

from __future__ import annotations

from heapq import heappop, heappush

from pointsman.engine.ports import Clock
from pointsman.model.ids import TimerId


class Timers:
    """A heap of due times. One that is void is found out when it comes up: its row is gone."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._heap: list[tuple[float, TimerId]] = []

    def set(self, timer: TimerId, due: int) -> None:
        """Remember a timer for the wall-clock time `due`, in ms."""
        heappush(self._heap, (self._clock.monotonic() + (due - self._clock.now()) / 1000, timer))

    def wait(self, most: float) -> float:
        """How long until the next is due, in seconds, and at most `most`."""
        return min(most, max(0.0, self._heap[0][0] - self._clock.monotonic())) if self._heap else most

    def due(self, limit: int) -> list[TimerId]:
        """Take those whose time has come, soonest first, at most `limit`."""
        now = self._clock.monotonic()
        found: list[TimerId] = []
        while self._heap and len(found) < limit and self._heap[0][0] <= now:
            found.append(heappop(self._heap)[1])
        return found

    def __len__(self) -> int:
        return len(self._heap)
