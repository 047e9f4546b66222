"""The time of this machine, and ids that sort by it."""

from __future__ import annotations

import time
from random import Random, SystemRandom

COUNTER_BITS = 26


class SystemClock:
    """The machine's clocks."""

    def now(self) -> int:
        """Milliseconds since the Unix epoch."""
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        """Seconds on a clock that never goes back."""
        return time.monotonic()


class Uuid7:
    """Makes UUIDv7s (RFC 9562 §5.7), each greater than every one before, even when the clock stands still or goes back.

    48 bits of time in ms, a counter of 26 bits that begins anew with each ms, 48 bits of chance.
    """

    def __init__(self, after: str | None = None) -> None:
        """`after`: an id of ours that all new ones are to be greater than. Raises ValueError when it is not a UUID."""
        self._random = Random(SystemRandom().getrandbits(256))  # noqa: S311 unique, not secret
        self._ms = 0
        self._counter = 0
        if after is not None:
            number = int(after.replace("-", ""), 16)
            self._ms = number >> 80
            self._counter = (1 << COUNTER_BITS) - 1

    def __call__(self, at: int) -> str:
        """A new id for the time `at`, in ms."""
        if at > self._ms:
            self._ms, self._counter = at, 0
        else:
            self._counter += 1
            if self._counter >> COUNTER_BITS:
                self._ms, self._counter = self._ms + 1, 0
        high, low = self._counter >> 14, self._counter & 0x3FFF
        number = (
            (self._ms & 0xFFFF_FFFF_FFFF) << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low << 48 | self._random.getrandbits(48)
        )
        text = f"{number:032x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
