"""When to look again: due times, soonest first. What is due is the store's to say; here are only the times.

Most times are kept on the monotonic clock, so that a wall clock that jumps makes nothing come up early or late while the worker
runs; after a restart the wall clock is all there is. Those that go by the wall clock follow it when it is set. When it is set
back they all come up once, so that whoever set them can see what that means for them.
"""

from __future__ import annotations

from collections import deque
from heapq import heappop, heappush

from pointsman.engine.ports import Clock
from pointsman.model.ids import TimerId

SET_BACK = 60.0
"""A wall clock that loses more than this, in seconds, was set: nobody is disturbed by one that is only corrected."""


class Timers:
    """Heaps of due times. One that is void is found out when it comes up: its row is gone."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._heap: list[tuple[float, TimerId]] = []
        self._by_clock: list[tuple[int, TimerId]] = []
        self._doubtful: deque[TimerId] = deque()
        self._ahead = self._lead()
        """How far the wall clock was ahead of the monotonic one when that was looked at last, in seconds."""

    def set(self, timer: TimerId, due: int, *, by_clock: bool = False) -> None:
        """Remember a timer for the wall-clock time `due`, in ms; with `by_clock`, for whenever the clock says so."""
        if by_clock:
            heappush(self._by_clock, (due, timer))
        else:
            heappush(self._heap, (self._clock.monotonic() + (due - self._clock.now()) / 1000, timer))

    def wait(self, most: float) -> float:
        """How long until the next is due, in seconds, and at most `most`."""
        self._look_at_the_clock()
        if self._doubtful:
            return 0.0
        if self._heap:
            most = min(most, self._heap[0][0] - self._clock.monotonic())
        if self._by_clock:
            most = min(most, (self._by_clock[0][0] - self._clock.now()) / 1000)
        return max(0.0, most)

    def due(self, limit: int) -> list[TimerId]:
        """Take those whose time has come, soonest first, at most `limit`."""
        self._look_at_the_clock()
        monotonic, now = self._clock.monotonic(), self._clock.now()
        found: list[TimerId] = []
        while self._heap and len(found) < limit and self._heap[0][0] <= monotonic:
            found.append(heappop(self._heap)[1])
        while self._by_clock and len(found) < limit and self._by_clock[0][0] <= now:
            found.append(heappop(self._by_clock)[1])
        while self._doubtful and len(found) < limit:
            found.append(self._doubtful.popleft())
        return found

    def _lead(self) -> float:
        return self._clock.now() / 1000 - self._clock.monotonic()

    def _look_at_the_clock(self) -> None:
        lead = self._lead()
        if lead < self._ahead - SET_BACK:
            self._doubtful.extend([timer for _, timer in sorted(self._by_clock)])
            self._by_clock.clear()
            self._ahead = lead
        else:
            self._ahead = max(self._ahead, lead)

    def __len__(self) -> int:
        return len(self._heap) + len(self._by_clock) + len(self._doubtful)
