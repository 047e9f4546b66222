"""How often an operation may be triggered for one entity: a token bucket for each pair. Pure: the clock's reading is an argument.

What becomes of an operation whose bucket runs dry is `core/guard.py`'s.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from pointsman.model.ids import EntityRef, OperationId

BucketKey: TypeAlias = tuple[EntityRef, OperationId]
CROWD = 10_000
"""So many buckets are worth a look at which of them are full again."""


@dataclass(frozen=True, slots=True)
class Limit:
    """So many at once, and then one more after each `refill_ms`."""

    burst: int
    refill_ms: int


@dataclass(frozen=True, slots=True)
class Bounds:
    """What ends loops and storms; without any of it nothing is ended."""

    rate: Limit | None = None
    """How often triggers may run one operation for one entity; None: as often as they like."""
    max_hops: int = 0
    """How many jobs a chain of causes may have after its first; 0: as many as it likes."""
    pause_ms: int = 60_000
    """How long an operation is quarantined for an entity the first time, in ms."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """What is left for one operation of one entity."""

    tokens: float
    at: int
    """When that was so, in ms."""


def draw(bucket: Bucket | None, limit: Limit, at: int) -> Bucket | None:
    """The bucket after one was taken from it; None: it is dry. A clock that was set back refills nothing."""
    if bucket is None:
        return Bucket(limit.burst - 1.0, at)
    tokens = min(float(limit.burst), bucket.tokens + max(0, at - bucket.at) / limit.refill_ms)
    return Bucket(tokens - 1, at) if tokens >= 1 else None


class Buckets:
    """The buckets that were drawn from. One that has filled up again is as good as none, and is forgotten in time."""

    def __init__(self, limit: Limit) -> None:
        self.limit = limit
        self._buckets: dict[BucketKey, Bucket] = {}
        self._crowd = CROWD

    def get(self, key: BucketKey) -> Bucket | None:
        """The bucket of this pair; None: full."""
        return self._buckets.get(key)

    def put(self, spent: Iterable[tuple[BucketKey, Bucket]]) -> None:
        """Take in what became of some."""
        for key, bucket in spent:
            self._buckets[key] = bucket
            if len(self._buckets) > self._crowd:
                self._forget_full(bucket.at)

    def _forget_full(self, at: int) -> None:
        limit = self.limit
        self._buckets = {
            key: bucket
            for key, bucket in self._buckets.items()
            if bucket.tokens + max(0, at - bucket.at) / limit.refill_ms < limit.burst
        }
        self._crowd = max(CROWD, 2 * len(self._buckets))

    def __len__(self) -> int:
        return len(self._buckets)
