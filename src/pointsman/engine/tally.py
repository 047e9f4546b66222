"""Counts what went through, so that nothing vanishes unseen."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from pointsman.core.world import Decision
from pointsman.engine.verdicts import VerdictCounts
from pointsman.model.command import Command, ReportState, ReportValues
from pointsman.model.write import AddChange, AddJob, AddVerdict, CountReject, SaveState, UpdateJob

REMEMBERED = 10_000
"""How many pairs of reason and topic are remembered as logged already."""


@dataclass(slots=True)
class Tally:
    """Counters since the start. Only the engine's thread writes them."""

    received: int = 0
    redelivered: int = 0
    changes: int = 0
    baselines: int = 0
    unchanged: int = 0
    jobs: int = 0
    finished: Counter[str] = field(default_factory=Counter)
    """By status."""
    rejected: Counter[str] = field(default_factory=Counter)
    """By reason."""
    verdicts: VerdictCounts = field(default_factory=VerdictCounts)
    """What became of triggers."""
    _logged: dict[tuple[str, str], None] = field(default_factory=dict)

    def count(self, command: Command, decision: Decision) -> list[CountReject]:
        """Count what was decided. Gives the rejects that are the first of their reason and topic, as far as is remembered."""
        news: list[CountReject] = []
        changed = rejected = False
        for write in decision.writes:
            match write:
                case AddChange():
                    changed = True
                    self.verdicts.at_change(write.change, write.trace)
                case AddVerdict():
                    self.verdicts.later(write)
                case AddJob(job, _) | UpdateJob(job):
                    self.jobs += isinstance(write, AddJob)
                    if job.status.final:
                        self.finished[job.status.value] += 1
                case CountReject():
                    rejected = True
                    self.rejected[write.reason.value] += 1
                    if self._is_new(write):
                        news.append(write)
        self.changes += changed
        if isinstance(command, ReportState | ReportValues) and not changed and not rejected:
            # A live report that changes nothing may note that the entity was heard; only a snapshot sets a baseline.
            baseline = command.retained is not None and any(isinstance(write, SaveState) for write in decision.writes)
            self.baselines += baseline
            self.unchanged += not baseline
        return news

    def _is_new(self, reject: CountReject) -> bool:
        key = (reject.reason.value, reject.topic)
        if key in self._logged:
            return False
        self._logged[key] = None
        if len(self._logged) > REMEMBERED:
            del self._logged[next(iter(self._logged))]
        return True

    def as_json(self) -> dict[str, int | dict[str, int]]:
        """The counters by name."""
        return {
            "received": self.received,
            "redelivered": self.redelivered,
            "changes": self.changes,
            "baselines": self.baselines,
            "unchanged": self.unchanged,
            "jobs": self.jobs,
            "finished": dict(self.finished),
            "rejected": dict(self.rejected),
            "verdicts": dict(self.verdicts.total),
        }
