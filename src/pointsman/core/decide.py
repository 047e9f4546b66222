"""The decision: what is known × a command → rows to write and effects to let out. Pure; all that Pointsman does is decided here.

The same function serves the daemon and everything that explains it, so that no explanation can drift from the decision.
"""

from __future__ import annotations

import json
from dataclasses import replace

from pointsman.core.admit import record
from pointsman.core.answer import answers, rejected
from pointsman.core.chain import CAUSED, traced
from pointsman.core.context import context_of
from pointsman.core.edit import edit
from pointsman.core.fire import on_timer
from pointsman.core.guard import Halt, Ledger, halted, heed
from pointsman.core.keys import grant, revoke
from pointsman.core.lifecycle import advance
from pointsman.core.manual import on_manual, set_manual
from pointsman.core.outcome import answered, cancelled, finished, on_job_timer, take_up
from pointsman.core.plan import plan
from pointsman.core.property import set_property
from pointsman.core.repeated import digest_of, known_by_key
from pointsman.core.report import on_report, on_values
from pointsman.core.schedule import arm_schedules, on_schedule
from pointsman.core.silence import arm, on_silence
from pointsman.core.world import NOTHING, Decision, NewId, World, joined
from pointsman.model.catalog import Resolved
from pointsman.model.command import (
    AddResult,
    Arm,
    Begin,
    Cancel,
    Command,
    EditCatalog,
    Execute,
    Finish,
    GrantKey,
    Reject,
    RejectReason,
    ReportState,
    ReportValues,
    RevokeKeys,
    SetManual,
    SetProperty,
    TimerDue,
)
from pointsman.model.edit import RememberRequest
from pointsman.model.effect import Announce, Answer, Effect
from pointsman.model.ids import JobId, TimerId
from pointsman.model.job import CustomResult, JobStatus
from pointsman.model.timer import TimerKind
from pointsman.model.write import AddAudit, AppendResult, UpdateJob, Write


def decide(world: World, command: Command, at: int, new_id: NewId) -> Decision:
    """Decide one command. `at` is the time in ms; `new_id` is called for each new change, job and row."""
    if isinstance(command, CAUSED) and command.echoes:
        command = traced(command, world.standing.recent)
    match command:
        case ReportState():
            return on_report(world, command, at, new_id)
        case ReportValues():
            return on_values(world, command, at, new_id)
        case SetManual():
            return set_manual(world, command, at, new_id)
        case Finish():
            return _finish(world, command, at, new_id)
        case Cancel():
            return _cancel(world, command, at, new_id)
        case Begin():
            return _begin(world, command, at)
        case Execute():
            return _execute(world, command, at, new_id)
        case AddResult():
            return _add_result(world, command, at, new_id)
        case SetProperty():
            return _set_property(world, command, at, new_id)
        case EditCatalog():
            return edit(world, command, at, new_id)
        case GrantKey():
            return grant(command, at, new_id)
        case RevokeKeys():
            return revoke(command, at, new_id)
        case TimerDue():
            return _timer_due(world, command.timer, at, new_id)
        case Arm():
            return joined(take_up(world), arm(world, at, new_id), arm_schedules(world, at, new_id))
        case Reject():
            return rejected(command, at)


def _execute(world: World, request: Execute, at: int, new_id: NewId) -> Decision:
    digest = b"" if request.key is None else digest_of(request)
    if (again := known_by_key(world, request, digest)) is not None:
        return rejected(again, at) if isinstance(again, Reject) else Decision((), answers(request.reply, {"job": again}))
    resolved = world.catalog.entity(request.entity)
    operation = resolved.operations.get(request.operation) if resolved else None
    if resolved is None or operation is None:
        return rejected(_unknown(request, resolved), at)
    ledger = Ledger()
    halt = halted(world.standing, ledger, (request.entity, operation.id), request.lineage, at) if request.lineage else None
    if halt is not None and halt.begins is None:
        return rejected(_quarantined(request, halt), at)
    job = JobId(new_id(at))
    context = context_of(world, resolved, user=request.user, login=request.login, args=request.args, job=job, at=at)
    subject = f"{request.entity}: {operation.id}"
    writes: list[Write] = [
        AddAudit(
            id=new_id(at), at=at, actor=request.user, action="execute", subject=subject, after=json.dumps({"job": context.job})
        )
    ]
    if request.key is not None:
        writes.append(RememberRequest(user=request.user, key=request.key, digest=digest, job=job, at=at))
    effects: list[Effect] = list(answers(request.reply, {"job": context.job}))
    planned = plan(operation, context, world.catalog, lineage=request.lineage)
    record(world, heed(halt, planned, writes, at), writes, effects)
    return Decision(tuple(writes), tuple(effects), spent=tuple(ledger.spent.items()))


def _quarantined(request: Execute, halt: Halt) -> Reject:
    detail = f"a message of ours led to it, and the operation is quarantined for {request.entity}: {halt.detail}"
    return Reject(reason=RejectReason.QUARANTINED, topic=request.topic, detail=detail, reply=request.reply)


def _set_property(world: World, command: SetProperty, at: int, new_id: NewId) -> Decision:
    decided = set_property(world, command, at, new_id)
    return rejected(decided, at) if isinstance(decided, Reject) else decided


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


def _finish(world: World, command: Finish, at: int, new_id: NewId) -> Decision:
    job = world.jobs.get(command.job)
    return NOTHING if job is None else finished(world, job, command, at, new_id)


def _cancel(world: World, command: Cancel, at: int, new_id: NewId) -> Decision:
    job = world.jobs.get(command.job)
    if job is None or job.status.final:
        reason = RejectReason.UNKNOWN_JOB if job is None else RejectReason.NOT_OPEN
        detail = f"there is no job {command.job}" if job is None else f"the job {job.id} has ended already: {job.status}"
        return rejected(Reject(reason=reason, topic=command.topic, detail=detail, reply=command.reply), at)
    why = f"cancelled by {command.user}" + (f": {command.reason}" if command.reason else "")
    decision = cancelled(world, job, why, at, new_id)
    ended = any(isinstance(write, UpdateJob) and write.job.id == job.id and write.job.status.final for write in decision.writes)
    answer = answers(command.reply, {"job": job.id, "status": JobStatus.CANCELLED if ended else "ending"})
    audit = AddAudit(id=new_id(at), at=at, actor=command.user, action="cancel", subject=f"job {job.id}")
    return Decision((*decision.writes, audit), (*decision.effects, *answer))


def _timer_due(world: World, id_: TimerId, at: int, new_id: NewId) -> Decision:
    timer = world.timers.get(id_)
    if timer is None:
        return NOTHING
    match timer.kind:
        case TimerKind.HOLD | TimerKind.REPEAT:
            return on_timer(world, timer, at, new_id)
        case TimerKind.RETRY | TimerKind.ANSWER | TimerKind.CONFIRMATION:
            return on_job_timer(world, timer, at, new_id)
        case TimerKind.SILENCE:
            return on_silence(world, timer, at, new_id)
        case TimerKind.MANUAL:
            return on_manual(world, timer, at, new_id)
        case TimerKind.SCHEDULE:
            return on_schedule(world, timer, at, new_id)


def _add_result(world: World, command: AddResult, at: int, new_id: NewId) -> Decision:
    job = world.jobs.get(command.job)
    if job is None:
        detail = f"there is no job {command.job}"
        reject = Reject(reason=RejectReason.UNKNOWN_JOB, topic=command.topic, detail=detail, reply=command.reply)
        return rejected(reject, at)
    result = CustomResult(payload=command.payload, by=command.by, timestamp=at)
    with_result = replace(job, results=(*job.results, result))
    audit = AddAudit(id=new_id(at), at=at, actor=command.by, action="result.add", subject=f"job {job.id}")
    answer = answered(world, with_result, at, new_id) if command.answer else NOTHING
    said = answer.effects or (Announce(with_result),)
    return Decision(
        (AppendResult(new_id(at), job.id, result), audit, *answer.writes),
        (*said, *answers(command.reply, {"job": job.id, "results": len(with_result.results)})),
    )
