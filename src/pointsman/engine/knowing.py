"""What a batch of commands speaks of, read before it is decided: deciding needs no store, and the store decides nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set

from pointsman.core.silence import listened_for
from pointsman.core.world import RequestKey, World
from pointsman.engine.edits import concerned_by, know_edits
from pointsman.engine.ports import Unit
from pointsman.model.command import (
    AddResult,
    Arm,
    Begin,
    Cancel,
    Command,
    EditCatalog,
    Execute,
    Finish,
    ReportState,
    ReportValues,
    SetManual,
    SetProperty,
    TimerDue,
)
from pointsman.model.definition import Kind
from pointsman.model.ids import EntityRef, JobId, TimerId
from pointsman.model.job import Job
from pointsman.model.timer import ARMED, OF_JOBS

PAGE = 1_000
"""So many entities are asked for at once where all of them are wanted."""


def know(world: World, commands: Sequence[Command], unit: Unit, in_hand: Mapping[JobId, Job]) -> None:
    """Put into `world` what the commands speak of. Jobs that are `in_hand` need not be read. Raises StoreUnavailable."""
    entities: set[EntityRef] = set()
    jobs: set[JobId] = set()
    timers: set[TimerId] = set()
    keys: set[RequestKey] = set()
    know_edits(world, [command for command in commands if isinstance(command, EditCatalog)], unit)
    for command in commands:
        match command:
            case EditCatalog(kind=Kind.OBJECT | Kind.LINK):
                entities.update(concerned_by(world.catalog, command))
            case Finish(job=job) | Begin(job=job) if (known := in_hand.get(job)) is not None:
                world.jobs[job] = known
            case Finish(job=job) | Begin(job=job) | AddResult(job=job) | Cancel(job=job):
                jobs.add(job)
            case ReportState(entity=entity) | ReportValues(entity=entity) | SetManual(entity=entity):
                entities.add(entity)
            case Execute(entity=entity) | SetProperty(entity=entity):
                entities.add(entity)
                if isinstance(command, Execute) and command.key is not None:
                    keys.add((command.user, command.key))
            case Arm():
                _know_all(world, unit)
            case TimerDue(timer):
                timers.add(timer)
    if keys:
        world.requests.update(unit.requested(keys))
    if timers:
        due = unit.timers(timers)
        world.timers.update(due)
        entities.update(timer.entity for timer in due.values())
        jobs.update(JobId(timer.subject) for timer in due.values() if timer.kind in OF_JOBS)
    if jobs:
        world.jobs.update(unit.jobs(jobs))
    # Something may run on the entity of a job that has timed out.
    owners = {job.owner for job in world.jobs.values() if world.catalog.conduct(job.owner, job.operation_id).on_timeout}
    _know_entities(world, entities | owners, unit)


def _know_all(world: World, unit: Unit) -> None:
    """What keeps time by itself, and the states of the entities that are to be heard of."""
    world.timers.update({id_: timer for id_, timer in unit.timers().items() if timer.kind in ARMED})
    all_ = listened_for(world.catalog)
    for start in range(0, len(all_), PAGE):
        world.states.update(unit.states(all_[start : start + PAGE]))


def _know_entities(world: World, entities: Set[EntityRef], unit: Unit) -> None:
    """Their states, when their triggers fired last, and the jobs that a report may confirm, or a new one replace."""
    if not entities:
        return
    world.states.update(unit.states(entities))
    known = [resolved for ref in entities if (resolved := world.catalog.entity(ref)) is not None]
    if rest := [resolved.entity.ref for resolved in known if resolved.rests]:
        world.fired.update({ref: dict(fired) for ref, fired in unit.fired(rest).items()})
    if wait := [resolved.entity.ref for resolved in known if resolved.waits]:
        world.expect(unit.waiting(wait))
    under_way = world.standing.underway
    open_there = {job.id for ref in entities for job in under_way.of_entity(ref) if job.id not in world.jobs}
    if open_there:
        world.jobs.update(unit.jobs(open_there))
