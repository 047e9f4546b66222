"""What a decision is made on, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from pointsman.core.limits import Bucket, BucketKey
from pointsman.core.match import Verdict
from pointsman.core.standing import Standing
from pointsman.model.catalog import Catalog
from pointsman.model.definition import Definition, DefinitionKey
from pointsman.model.edit import ForgetEntity, RememberRequest, RemoveDefinition, SaveDefinition
from pointsman.model.effect import Effect
from pointsman.model.ids import EntityRef, JobId, TimerId, TriggerId, UserId
from pointsman.model.job import Job
from pointsman.model.remembered import OpenJob
from pointsman.model.state import EntityState
from pointsman.model.timer import OF_CHANGES, Timer
from pointsman.model.write import (
    AddJob,
    AppendResult,
    Climb,
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


RequestKey: TypeAlias = tuple[UserId, str]
"""A user, and the user's own name for a request."""


@dataclass(slots=True)
class World:
    """What is known when a batch is decided. Each decision is folded in before the next is made."""

    catalog: Catalog
    states: dict[EntityRef, EntityState] = field(default_factory=dict)
    jobs: dict[JobId, Job] = field(default_factory=dict)
    """The jobs that the batch's commands name, as far as they exist."""
    timers: dict[TimerId, Timer] = field(default_factory=dict)
    """The timers that the batch's commands name, as far as they exist."""
    waiting: dict[EntityRef, dict[TimerId, Timer]] = field(default_factory=dict)
    """What a change of an entity's state would void, of the entities that the batch's commands name."""
    fired: dict[EntityRef, dict[TriggerId, int]] = field(default_factory=dict)
    """When those triggers fired last that rest after it, in ms."""
    definitions: dict[DefinitionKey, Definition] = field(default_factory=dict)
    """Those that the batch's edits concern, as far as they exist."""
    requests: dict[RequestKey, tuple[bytes, JobId]] = field(default_factory=dict)
    """Those that were made under the keys that the batch's requests have: a digest of what was asked for, and the job."""
    open: Sequence[OpenJob] = ()
    """All open jobs there are, where an edit may make them heed each other."""
    standing: Standing = field(default_factory=Standing)
    """What is kept in mind from batch to batch."""

    def expect(self, timers: Iterable[Timer]) -> None:
        """Take in timers that changes of state void."""
        for timer in timers:
            self.waiting.setdefault(timer.entity, {})[timer.id] = timer

    def fold(self, decision: Decision) -> None:
        """Take in what was decided."""
        standing = self.standing
        if standing.buckets is not None:
            standing.buckets.put(decision.spent)
        for write in decision.writes:
            match write:
                case SaveState(state):
                    self.states[state.entity] = state
                case AddJob() | UpdateJob() | AppendResult() | Climb() | Release():
                    self._fold_job(write)
                case MarkFired(entity, trigger, at):
                    self.fired.setdefault(entity, {})[trigger] = at
                case SaveTimer() | DropTimer() | DropTimers():
                    self._keep_time(write)
                case SaveManual() | SaveProperty() | SaveQuarantine():
                    standing.keep(write)
                case SaveDefinition() | RemoveDefinition() | ForgetEntity():
                    self._fold_edit(write)
                case RememberRequest():
                    self.requests[write.user, write.key] = write.digest, write.job
        if decision.catalog is not None:
            self._heed(decision.catalog)

    def _fold_edit(self, write: SaveDefinition | RemoveDefinition | ForgetEntity) -> None:
        match write:
            case SaveDefinition(definition):
                self.definitions[definition.key] = definition
            case RemoveDefinition(key):
                self.definitions.pop(key, None)
            case ForgetEntity(entity):
                self.states.pop(entity, None)
                self.fired.pop(entity, None)
                self.waiting.pop(entity, None)
                self.timers = {id_: timer for id_, timer in self.timers.items() if timer.entity != entity}
                self.standing.forget(entity)

    def _heed(self, catalog: Catalog) -> None:
        """The catalog is now this one: open jobs of operations that are plain no more are under way from now on."""
        self.catalog = catalog
        known = {job.id: job for job in self.open}
        for job in self.jobs.values():
            known.pop(job.id, None)
            if not job.status.final:
                known[job.id] = OpenJob(job.id, job.owner, job.operation_id, job.waits)
        under_way = self.standing.underway
        new = [known[id_] for id_ in sorted(known) if id_ not in under_way]
        under_way.take_in(each for each in new if not catalog.conduct(each.entity, each.operation).is_plain)

    def _fold_job(self, write: AddJob | UpdateJob | AppendResult | Climb | Release) -> None:
        if isinstance(write, AddJob | UpdateJob):
            job, under_way = write.job, self.standing.underway
            self.jobs[job.id] = job
            if isinstance(write, AddJob) and write.dispatch is not None:
                self.standing.recent.put(job)
            if job.id in under_way or not self.catalog.conduct(job.owner, job.operation_id).is_plain:
                under_way.put(job)
            return
        known = self.jobs.get(write.job)
        match write:
            case AppendResult(_, job_id, result) if known is not None:
                self.jobs[job_id] = replace(known, results=(*known.results, result))
            case Climb(job_id, ladder) if known is not None:
                self.jobs[job_id] = replace(known, ladder=ladder)
            case Release(job_id):
                self.standing.underway.release(job_id)
                if known is not None:
                    self.jobs[job_id] = replace(known, waits=None)

    def _keep_time(self, write: SaveTimer | DropTimer | DropTimers) -> None:
        match write:
            case SaveTimer(timer):
                self.timers[timer.id] = timer
                if timer.kind in OF_CHANGES:
                    self.expect((timer,))
            case DropTimer(timer_id):
                if (dropped := self.timers.pop(timer_id, None)) is not None:
                    self.waiting.get(dropped.entity, {}).pop(timer_id, None)
            case DropTimers(entity, kinds):
                if kinds & OF_CHANGES:
                    self.waiting.pop(entity, None)
                void = [id_ for id_, each in self.timers.items() if each.entity == entity and each.kind in kinds]
                for id_ in void:
                    del self.timers[id_]


@dataclass(frozen=True, slots=True)
class Decision:
    """What shall be written, what shall be done once it is, and what was considered on the way."""

    writes: tuple[Write, ...] = ()
    effects: tuple[Effect, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    spent: tuple[tuple[BucketKey, Bucket], ...] = ()
    """What became of the buckets that it took from."""
    catalog: Catalog | None = None
    """What the catalog is from now on; None: what it was."""


NOTHING = Decision()


def joined(*decisions: Decision) -> Decision:
    """All of them as one, in this order."""
    return Decision(
        tuple([write for each in decisions for write in each.writes]),
        tuple([effect for each in decisions for effect in each.effects]),
        tuple([verdict for each in decisions for verdict in each.verdicts]),
        tuple([bucket for each in decisions for bucket in each.spent]),
        next((each.catalog for each in reversed(decisions) if each.catalog is not None), None),
    )
