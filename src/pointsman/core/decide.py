"""The decision: what is known × a command → rows to write and effects to let out. Pure; all that Pointsman does is decided here.

The same function serves the daemon and everything that explains it, so that no explanation can drift from the decision.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from pointsman.core.change import Baseline, NoChange, change_of
from pointsman.core.lifecycle import advance
from pointsman.core.match import Verdict, verdicts
from pointsman.core.plan import Plan, plan
from pointsman.core.render import Context
from pointsman.model.catalog import Catalog, Resolved
from pointsman.model.command import AddResult, Begin, Command, Execute, Finish, Reject, RejectReason, Reply, ReportState
from pointsman.model.effect import Announce, Answer, Effect
from pointsman.model.ids import SYSTEM_USER, EntityRef, JobId, StateId
from pointsman.model.job import CustomResult, Job, JobStatus
from pointsman.model.json import Json
from pointsman.model.state import EntityState, State, StateChange
from pointsman.model.trigger import StateTrigger
from pointsman.model.write import AddAudit, AddChange, AddJob, AppendResult, CountReject, SaveState, UpdateJob, Write

EXCERPT = 1024
"""How much of a rejected payload is kept, in bytes."""

NewId: TypeAlias = Callable[[int], str]
"""Gives a new id for a time in ms, greater than all before."""


@dataclass(slots=True)
class World:
    """What is known when a batch is decided. Each decision is folded in before the next is made."""

    catalog: Catalog
    states: dict[EntityRef, EntityState] = field(default_factory=dict)
    jobs: dict[JobId, Job] = field(default_factory=dict)
    """The jobs that the batch's commands name, as far as they exist."""

    def fold(self, decision: Decision) -> None:
        """Take in what was decided."""
        for write in decision.writes:
            match write:
                case SaveState(state):
                    self.states[state.entity] = state
                case AddJob(job, _) | UpdateJob(job):
                    self.jobs[job.id] = job
                case AppendResult(_, job_id, result):
                    job = self.jobs[job_id]
                    self.jobs[job_id] = replace(job, results=(*job.results, result))


@dataclass(frozen=True, slots=True)
class Decision:
    """What shall be written, what shall be done once it is, and what was considered on the way."""

    writes: tuple[Write, ...] = ()
    effects: tuple[Effect, ...] = ()
    verdicts: tuple[Verdict, ...] = ()


NOTHING = Decision()


def decide(world: World, command: Command, at: int, new_id: NewId) -> Decision:
    """Decide one command. `at` is the time in ms; `new_id` is called for each new change, job and row."""
    match command:
        case ReportState():
            return _report(world, command, at, new_id)
        case Finish():
            return _finish(world, command, at)
        case Begin():
            return _begin(world, command, at)
        case Execute():
            return _execute(world, command, at, new_id)
        case AddResult():
            return _add_result(world, command, at, new_id)
        case Reject():
            return _reject(command, at)


def _report(world: World, report: ReportState, at: int, new_id: NewId) -> Decision:
    resolved = world.catalog.entity(report.entity)
    if resolved is None:
        detail = f"there is no {report.entity}"
        return _reject(Reject(reason=RejectReason.UNKNOWN_ENTITY, topic=report.topic, detail=detail, payload=report.payload), at)
    known = world.states.get(report.entity)
    reading = change_of(report, known, at, new_id)
    if isinstance(reading, NoChange):
        return NOTHING
    if isinstance(reading, Baseline):
        return Decision((SaveState(reading.state),))
    state = EntityState(entity=report.entity, state=reading.current, previous=reading.previous, since=at, change=reading.id)
    writes: list[Write] = [SaveState(state), AddChange(reading)]
    effects: list[Effect] = []
    considered = verdicts(reading, resolved.triggers)
    for verdict in considered:
        if verdict.fires:
            _record(_fire(world, resolved, verdict.trigger, reading, report.payload, new_id), writes, effects)
    return Decision(tuple(writes), tuple(effects), considered)


def _fire(world: World, resolved: Resolved, trigger: StateTrigger, change: StateChange, payload: bytes, new_id: NewId) -> Plan:
    context = Context(
        entity=change.entity,
        name=resolved.entity.name,
        properties=resolved.properties,
        user=SYSTEM_USER,
        login=SYSTEM_USER,
        args={},
        job=JobId(new_id(change.at)),
        state=_state(world.catalog, change.current),
        previous=_state(world.catalog, change.previous),
        timestamp=change.at,
        payload=payload,
    )
    operation = resolved.operations[trigger.operation]
    return plan(operation, context, world.catalog, trigger_states=trigger.states, change_id=change.id)


def _execute(world: World, request: Execute, at: int, new_id: NewId) -> Decision:
    resolved = world.catalog.entity(request.entity)
    operation = resolved.operations.get(request.operation) if resolved else None
    if resolved is None or operation is None:
        return _reject(_unknown(request, resolved), at)
    state = world.states.get(request.entity)
    context = Context(
        entity=request.entity,
        name=resolved.entity.name,
        properties=resolved.properties,
        user=request.user,
        login=request.login,
        args=request.args,
        job=JobId(new_id(at)),
        state=_state(world.catalog, state.state if state else None),
        previous=_state(world.catalog, state.previous if state else None),
        timestamp=at,
        payload=None,
    )
    subject = f"{request.entity}: {operation.id}"
    writes: list[Write] = [
        AddAudit(
            id=new_id(at), at=at, actor=request.user, action="execute", subject=subject, after=json.dumps({"job": context.job})
        )
    ]
    effects: list[Effect] = list(_answers(request.reply, {"job": context.job}))
    _record(plan(operation, context, world.catalog), writes, effects)
    return Decision(tuple(writes), tuple(effects))


def _unknown(request: Execute, resolved: Resolved | None) -> Reject:
    if resolved is None:
        reason, detail = RejectReason.UNKNOWN_ENTITY, f"there is no {request.entity}"
    else:
        known = ", ".join(resolved.operations) or "none"
        reason, detail = (
            RejectReason.UNKNOWN_OPERATION,
            f"{request.entity} has no operation {request.operation!r}; it has {known}",
        )
    return Reject(reason=reason, topic=request.topic, detail=detail, reply=request.reply)


def _state(catalog: Catalog, id_: StateId | None) -> State | None:
    """The state; one that was declared when it was entered and is no more keeps its id for a name."""
    if id_ is None:
        return None
    return catalog.states.get(id_) or State(id=id_, name=id_, declared=id_)


def _record(planned: Plan, writes: list[Write], effects: list[Effect]) -> None:
    writes.append(AddJob(planned.job, planned.dispatch))
    effects.append(Announce(planned.job))
    if planned.dispatch is not None:
        effects.append(planned.dispatch)


def _begin(world: World, command: Begin, at: int) -> Decision:
    job = world.jobs.get(command.job)
    begun = advance(job, JobStatus.RUNNING, at) if job else None
    if begun is None:
        return Decision(effects=(Answer(to=command.reply, body={"go": False}),))
    return Decision((UpdateJob(begun),), (Answer(to=command.reply, body={"go": True}), Announce(begun)))


def _finish(world: World, command: Finish, at: int) -> Decision:
    job = world.jobs.get(command.job)
    finished = advance(job, command.status, at, error=command.error, description=command.description) if job else None
    if finished is None:
        return NOTHING
    return Decision((UpdateJob(finished),), (Announce(finished),))


def _add_result(world: World, command: AddResult, at: int, new_id: NewId) -> Decision:
    job = world.jobs.get(command.job)
    if job is None:
        detail = f"there is no job {command.job}"
        reject = Reject(reason=RejectReason.UNKNOWN_JOB, topic=command.topic, detail=detail, reply=command.reply)
        return _reject(reject, at)
    result = CustomResult(payload=command.payload, by=command.by, timestamp=at)
    with_result = replace(job, results=(*job.results, result))
    audit = AddAudit(id=new_id(at), at=at, actor=command.by, action="result.add", subject=f"job {job.id}")
    return Decision(
        (AppendResult(new_id(at), job.id, result), audit),
        (Announce(with_result), *_answers(command.reply, {"job": job.id, "results": len(with_result.results)})),
    )


def _reject(command: Reject, at: int) -> Decision:
    row = CountReject(reason=command.reason, topic=command.topic, detail=command.detail, payload=command.payload[:EXCERPT], at=at)
    return Decision((row,), _answers(command.reply, {"error": command.detail}))


def _answers(reply: Reply, body: Mapping[str, Json]) -> tuple[Answer, ...]:
    return () if reply is None else (Answer(to=reply, body=body),)
