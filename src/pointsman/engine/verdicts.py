"""Counts what became of triggers, by reason, with the last examples of each; now and then it is written.

It is fed with what decisions write, so what is counted is what stands in the traces: every trigger that was considered, once at
the change and once more each time that its time has come. Each reason has examples of its own, and each of those is of another
trigger or another entity, so that what happens all the time pushes out nothing that happened once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from pointsman.core.match import SkipReason
from pointsman.model.ids import ChangeId, EntityRef, JobId, TriggerId
from pointsman.model.state import StateChange
from pointsman.model.write import AddVerdict, Considered, CountVerdicts, Example

EVERY = 1.0
"""How long what was counted may wait to be written, in seconds: a process that is killed loses no more."""
KEPT = 20
"""How many examples of a reason are kept until they are written."""
FIRED = "fired"
"""Stands for the reason where there was none."""

_DULL = SkipReason.OTHER_STATE.value
"""Most triggers are not concerned by most changes: nobody wants an example."""

_Fields: TypeAlias = tuple[EntityRef, TriggerId, ChangeId, int, str, JobId | None]


@dataclass(slots=True)
class VerdictCounts:
    """Counters since the start. Only the engine's thread writes them."""

    total: Counter[str] = field(default_factory=Counter)
    """By reason."""
    _written: Counter[str] = field(default_factory=Counter)
    _examples: dict[str, dict[tuple[EntityRef, TriggerId], _Fields]] = field(default_factory=dict)
    _news: bool = False
    """Whether there is something that has not been written."""
    _waits_since: float | None = field(default=None, compare=False)

    def at_change(self, change: StateChange, trace: Sequence[Considered]) -> None:
        """Count what was considered at a change."""
        dull = 0
        for each in trace:
            if each.skipped == _DULL:
                dull += 1
            else:
                self._count(change.entity, change.id, change.at, each)
        if dull:
            self.total[_DULL] += dull
            self._news = True

    def later(self, verdict: AddVerdict) -> None:
        """Count what became later of a trigger that waited."""
        considered = verdict.considered
        self._count(verdict.entity, verdict.change, considered.at or 0, considered)

    def due(self, now: float) -> bool:
        """Whether it is time to write. `now` is on the monotonic clock, in seconds."""
        if not self._news:
            return False
        if self._waits_since is None:
            self._waits_since = now
        return now - self._waits_since >= EVERY

    def take(self) -> list[CountVerdicts]:
        """What has not been written yet."""
        news = self.total - self._written
        examples, self._examples = self._examples, {}
        self._written, self._news, self._waits_since = self.total.copy(), False, None
        return [
            CountVerdicts(reason, count, tuple([Example(*fields) for fields in examples.get(reason, {}).values()]))
            for reason, count in sorted(news.items())
        ]

    def _count(self, entity: EntityRef, change: ChangeId, at: int, considered: Considered) -> None:
        reason = considered.skipped or FIRED
        self.total[reason] += 1
        self._news = True
        kept = self._examples.setdefault(reason, {})
        key = (entity, considered.trigger)
        kept.pop(key, None)
        kept[key] = (entity, considered.trigger, change, at, considered.detail, considered.job)
        if len(kept) > KEPT:
            del kept[next(iter(kept))]
