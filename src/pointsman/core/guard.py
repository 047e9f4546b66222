"""Ends what runs in circles: whether triggers may run an operation for an entity now, or why not. Pure.

One breaker for each operation of each entity. Two things open it: a chain of causes that is longer than `max_hops`, and a token
bucket that runs dry. Then that one operation is quarantined: one suppressed job says why and until when, what follows makes none.
After the pause one run is let through, and as many more as refill the bucket; what opens it again before it behaved for as long
as the pause was doubles the pause.

What a user asks for does not come here, unless a message of ours led to it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from pointsman.core.limits import Bounds, Bucket, BucketKey, Limit, draw
from pointsman.core.match import SkipReason
from pointsman.core.plan import Plan
from pointsman.core.standing import Standing
from pointsman.model.job import JobStatus
from pointsman.model.lineage import Lineage
from pointsman.model.remembered import Quarantine
from pointsman.model.write import SaveQuarantine, Write

LONGEST_MS = 3_600_000
"""How long a pause becomes at most, unless the first is longer already."""


@dataclass(slots=True)
class Ledger:
    """What one decision has used up so far."""

    spent: dict[BucketKey, Bucket] = field(default_factory=dict)
    quarantined: dict[BucketKey, Quarantine] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Halt:
    """Why an operation may not be run."""

    reason: SkipReason
    detail: str
    error: str = ""
    """What the suppressed job says."""
    begins: SaveQuarantine | None = None
    """The quarantine that begins with it; None: there is one already, and a job that says so."""


def halted(standing: Standing, ledger: Ledger, key: BucketKey, lineage: Lineage | None, at: int) -> Halt | None:
    """Why an operation may not be run for an entity once more now; None: it may, and the ledger keeps what that took."""
    bounds, buckets = standing.bounds, standing.buckets
    known = ledger.quarantined.get(key) or standing.quarantines.get(key)
    if known is not None:
        rest = known.until - at
        if 0 < rest <= 2 * pause(bounds, known.times):
            return Halt(SkipReason.QUARANTINED, f"{rest} ms left")
        if rest > 0:
            known = None  # a clock that was set back by more than the pause does not make it last
    if lineage is not None and 0 < bounds.max_hops < lineage.hop:
        return _begin(ledger, bounds, key, known, at, SkipReason.LOOP, _too_long(lineage, bounds))
    if buckets is not None:
        bucket = ledger.spent.get(key) or buckets.get(key)
        if known is not None and (bucket is None or bucket.at < known.until):
            bucket = Bucket(1.0, known.until)
        left = draw(bucket, buckets.limit, at)
        if left is None:
            return _begin(ledger, bounds, key, known, at, SkipReason.LIMIT, _too_often(buckets.limit))
        ledger.spent[key] = left
    return None


def heed(halt: Halt | None, planned: Plan, writes: list[Write], at: int) -> Plan:
    """What becomes of a plan: when a quarantine begins, its job stands for all that is not run until that is over."""
    if halt is None or halt.begins is None:
        return planned
    writes.append(halt.begins)
    return Plan(replace(planned.job, status=JobStatus.SUPPRESSED, finished=at, error=halt.error), None)


def pause(bounds: Bounds, times: int) -> int:
    """How long the quarantine lasts that is so many in a row, in ms."""
    return min(bounds.pause_ms << min(times - 1, 40), max(bounds.pause_ms, LONGEST_MS))


def _begin(
    ledger: Ledger, bounds: Bounds, key: BucketKey, known: Quarantine | None, at: int, reason: SkipReason, why: str
) -> Halt:
    behaved = known is None or at - known.until >= pause(bounds, known.times)
    times = 1 if behaved or known is None else known.times + 1
    lasts = pause(bounds, times)
    until = at + lasts
    ledger.quarantined[key] = Quarantine(until, times)
    row = f", the {times}. in a row" if times > 1 else ""
    error = (
        f"{why}; quarantined until {_clock(until)} ({lasts} ms{row}): what triggers it until then makes no job "
        "(`pointsman explain` shows each change)"
    )
    entity, operation = key
    save = SaveQuarantine(entity=entity, operation=operation, until=until, times=times)
    return Halt(reason, f"quarantined until {_clock(until)}", error, save)


def _too_long(lineage: Lineage, bounds: Bounds) -> str:
    return (
        f"a loop: the chain of causes that began with job {lineage.root} came here after {lineage.hop} jobs, the last of them "
        f"{lineage.by}, and engine.max_hops is {bounds.max_hops}"
    )


def _too_often(limit: Limit) -> str:
    return (
        f"triggered too often for this entity: more than {limit.burst} times at once, and then once in {limit.refill_ms} ms "
        "(engine.burst, engine.refill; after a quarantine it begins with one)"
    )


def _clock(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds")
