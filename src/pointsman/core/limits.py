"""How often an operation may be triggered for one entity: a token bucket for each pair. Pure: the clock's reading is an argument.

It ends loops that no one meant: an operation whose message sets the state that triggers it runs dry here, and with it the loop.
What a user asks for is not limited.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True, slots=True)
class Limit:
    """So many at once, and then one more after each `refill_ms`."""

    burst: int
    refill_ms: int


@dataclass(frozen=True, slots=True)
class Bucket:
    """What is left for one operation of one entity."""

    tokens: float
    at: int
    """When that was so, in ms."""
    told: bool = False
    """Whether a job says already that it is empty."""

    def is_full(self, limit: Limit, at: int) -> bool:
        """Whether it is as good as new."""
        return self.tokens + max(0, at - self.at) / limit.refill_ms >= limit.burst


class Drawn(Enum):
    """What came of asking a bucket for one more."""

    YES = "yes"
    RAN_DRY = "ran dry"
    """There was none, for the first time since there was one: somebody should be told."""
    DRY = "dry"
    """There was none again."""


def draw(bucket: Bucket | None, limit: Limit, at: int) -> tuple[Bucket, Drawn]:
    """The bucket after one more was asked for, and what came of it. A clock that was set back refills nothing."""
    if bucket is None:
        return Bucket(limit.burst - 1.0, at), Drawn.YES
    tokens = min(float(limit.burst), bucket.tokens + max(0, at - bucket.at) / limit.refill_ms)
    if tokens >= 1:
        return Bucket(tokens - 1, at), Drawn.YES
    return Bucket(tokens, at, told=True), Drawn.DRY if bucket.told else Drawn.RAN_DRY
