"""What a decision is made on, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from pointsman.core.limits import Bucket, BucketKey
from pointsman.core.match import Verdict
from pointsman.core.standing import Standing
from pointsman.model.catalog import Catalog
from pointsman.model.effect import Effect
from pointsman.model.ids import EntityRef, JobId, TimerId, TriggerId
from pointsman.model.job import Job
from pointsman.model.remembered import Quarantine
from pointsman.model.state import EntityState
from pointsman.model.timer import OF_CHANGES, Timer
from pointsman.model.write import (
    AddJob,
    AppendResult,
    DropTimer,
    DropTimers,
    MarkFired,
    Release,
    SaveManual,
    SaveProperty,
    SaveQuarantine,
    SaveState,
    SaveTimer,
    UpdateJob,
    Write,
)

NewId: TypeAlias = Callable[[int], str]
"""Gives a new id for a time in ms, greater than all before."""


@dataclass(slots=True)
class World:
    """What is known when a batch is decided. Each decision is folded in before the next is made."""

    catalog: Catalog
    states: dict[EntityRef, EntityState] = field(default_factory=dict)
    jobs: dict[JobId, Job] = field(default_factory=dict)
    """The jobs that the batch's commands name, as far as they exist."""
    timers: dict[TimerId, Timer] = field(default_factory=dict)
    """The timers that the batch's commands name, as far as they exist."""
    fired: dict[EntityRef, dict[TriggerId, int]] = field(default_factory=dict)
    """When those triggers fired last that rest after it, in ms."""
    standing: Standing = field(default_factory=Standing)
    """What is kept in mind from batch to batch."""

    def fold(self, decision: Decision) -> None:
        """Take in what was decided."""
        standing = self.standing
        if standing.buckets is not None:
            standing.buckets.put(decision.spent)
        for write in decision.writes:
            match write:
                case SaveState(state):
                    self.states[state.entity] = state
                case AddJob(job, _) | UpdateJob(job):
                    self.jobs[job.id] = job
                    if isinstance(write, AddJob) and write.dispatch is not None:
                        standing.recent.put(job)
                    if not self.catalog.conduct(job.owner, job.operation_id).is_plain:
                        standing.underway.put(job)
                case Release(job_id):
                    standing.underway.release(job_id)
                    if (known := self.jobs.get(job_id)) is not None:
                        self.jobs[job_id] = replace(known, waits=None)
                case AppendResult(_, job_id, result):
                    job = self.jobs[job_id]
                    self.jobs[job_id] = replace(job, results=(*job.results, result))
                case MarkFired(entity, trigger, at):
                    self.fired.setdefault(entity, {})[trigger] = at
                case SaveTimer(timer):
                    self.timers[timer.id] = timer
                case DropTimer(timer_id):
                    self.timers.pop(timer_id, None)
                case DropTimers(entity):
                    void = [id_ for id_, each in self.timers.items() if each.entity == entity and each.kind in OF_CHANGES]
                    for id_ in void:
                        del self.timers[id_]
                case SaveManual(entity, None):
                    standing.manual.pop(entity, None)
                case SaveManual(entity, manual) if manual is not None:
                    standing.manual[entity] = manual
                case SaveProperty():
                    standing.properties.setdefault(write.entity, {})[write.name] = write.value
                case SaveQuarantine():
                    standing.quarantines[write.entity, write.operation] = Quarantine(write.until, write.times)


@dataclass(frozen=True, slots=True)
class Decision:
    """What shall be written, what shall be done once it is, and what was considered on the way."""

    writes: tuple[Write, ...] = ()
    effects: tuple[Effect, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    spent: tuple[tuple[BucketKey, Bucket], ...] = ()
    """What became of the buckets that it took from."""


NOTHING = Decision()
