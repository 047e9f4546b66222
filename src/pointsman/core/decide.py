"""The decision: what is known × a command → rows to write and effects to let out. Pure; all that Pointsman does is decided here.

The same function serves the daemon and everything that explains it, so that no explanation can drift from the decision.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace

from pointsman.core.chain import CAUSED, traced
from pointsman.core.change import Baseline, NoChange, change_of
from pointsman.core.fire import on_change, on_timer, record, state_of
from pointsman.core.guard import Halt, Ledger, halted, heed
from pointsman.core.lifecycle import advance
from pointsman.core.plan import plan
from pointsman.core.render import Context
from pointsman.core.world import NOTHING, Decision, NewId, World
from pointsman.model.catalog import Resolved
from pointsman.model.command import (
    AddResult,
    Begin,
    Command,
    Execute,
    Finish,
    Reject,
    RejectReason,
    Reply,
    ReportState,
    TimerDue,
)
from pointsman.model.effect import Announce, Answer, Effect
from pointsman.model.ids import JobId
from pointsman.model.job import CustomResult, JobStatus
from pointsman.model.json import Json
from pointsman.model.write import AddAudit, AppendResult, CountReject, DropTimers, SaveState, UpdateJob, Write

EXCERPT = 1024
"""How much of a rejected payload is kept, in bytes."""


def decide(world: World, command: Command, at: int, new_id: NewId) -> Decision:
    """Decide one command. `at` is the time in ms; `new_id` is called for each new change, job and row."""
    if isinstance(command, CAUSED) and command.echoes:
        command = traced(command, world.standing.recent)
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
        case TimerDue():
            return on_timer(world, command.timer, at, new_id)
        case Reject():
            return _reject(command, at)
        case _:
            return NOTHING


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
        void: tuple[Write, ...] = (DropTimers(report.entity),) if resolved.waits else ()
        return Decision((SaveState(reading.state), *void))
    return on_change(world, resolved, reading, report.payload, known, new_id)


def _execute(world: World, request: Execute, at: int, new_id: NewId) -> Decision:
    resolved = world.catalog.entity(request.entity)
    operation = resolved.operations.get(request.operation) if resolved else None
    if resolved is None or operation is None:
        return _reject(_unknown(request, resolved), at)
    ledger = Ledger()
    halt = halted(world.standing, ledger, (request.entity, operation.id), request.lineage, at) if request.lineage else None
    if halt is not None and halt.begins is None:
        return _reject(_quarantined(request, halt), at)
    state = world.states.get(request.entity)
    context = Context(
        entity=request.entity,
        name=resolved.entity.name,
        properties=world.standing.properties_of(resolved),
        user=request.user,
        login=request.login,
        args=request.args,
        job=JobId(new_id(at)),
        state=state_of(world.catalog, state.state if state else None),
        previous=state_of(world.catalog, state.previous if state else None),
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
    planned = plan(operation, context, world.catalog, lineage=request.lineage)
    record(heed(halt, planned, writes, at), writes, effects)
    return Decision(tuple(writes), tuple(effects), spent=tuple(ledger.spent.items()))


def _quarantined(request: Execute, halt: Halt) -> Reject:
    detail = f"a message of ours led to it, and the operation is quarantined for {request.entity}: {halt.detail}"
    return Reject(reason=RejectReason.QUARANTINED, topic=request.topic, detail=detail, reply=request.reply)


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


def _begin(world: World, command: Begin, at: int) -> Decision:
    job = world.jobs.get(command.job)
    waits = job is None or job.status is not JobStatus.QUEUED or job.waits is not None
    begun = None if job is None or waits else advance(job, JobStatus.RUNNING, at)
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
