"""What becomes of a job once its operation was carried out, or not: it ends, waits for device or effect, or is tried again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from hashlib import blake2b

from pointsman.core.admit import call_off, others_open, record
from pointsman.core.context import context_of
from pointsman.core.fire import PUNCTUAL
from pointsman.core.lifecycle import advance
from pointsman.core.plan import plan
from pointsman.core.world import NOTHING, Decision, NewId, World, joined
from pointsman.model.command import Finish
from pointsman.model.conduct import Conduct, Confirm, OnInterrupted
from pointsman.model.effect import Announce, Effect, Resume, WakeAt
from pointsman.model.ids import SYSTEM_USER, EntityRef, JobId, StateId, TimerId
from pointsman.model.job import RECORDED, Job, JobStatus, Ladder, Waits
from pointsman.model.json import Json
from pointsman.model.lineage import Lineage
from pointsman.model.timer import Timer, TimerKind
from pointsman.model.write import Climb, DropTimer, Release, SaveTimer, UpdateJob, Write

RERUNS = 3
"""How often an interrupted program is run again at most, where its operation does not say how often it may be tried again."""


@dataclass(slots=True)
class _Turn:
    """A decision about one job, while it is made."""

    world: World
    job: Job
    at: int
    new_id: NewId
    writes: list[Write] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)

    @property
    def conduct(self) -> Conduct:
        return self.world.catalog.conduct(self.job.owner, self.job.operation_id)

    @property
    def begun(self) -> int:
        """How often it was begun, this time included."""
        return max(1, self.job.attempts + (self.job.status is JobStatus.QUEUED))

    def move(self, status: JobStatus, error: str | None = None, waits: Waits | None = None) -> None:
        moved = advance(self.job, status, self.at, error=error, waits=waits)
        if moved is not None:
            self.job = moved
            self.writes.append(UpdateJob(moved))
            self.effects.append(Announce(moved))

    def wake(self, kind: TimerKind, after_ms: int) -> None:
        timer = Timer(
            id=_timer_id(self.job.id, kind, self.begun),
            due=self.at + after_ms,
            kind=kind,
            entity=self.job.owner,
            subject=self.job.id,
            detail=str(self.begun),
        )
        self.writes.append(SaveTimer(timer))
        self.effects.append(WakeAt(timer.id, timer.due))

    def decision(self) -> Decision:
        return Decision(tuple(self.writes), tuple(self.effects))


def finished(world: World, job: Job, command: Finish, at: int, new_id: NewId) -> Decision:
    """What an outcome means. A late or repeated one, for a job that has ended or is past it, means nothing."""
    if job.status.final or job.waits is not None:
        return NOTHING
    if command.reason_code is not None:
        job = replace(job, ladder=replace(job.ladder, acknowledged=at, reason_code=command.reason_code))
    if command.description is not None:
        job = replace(job, description=command.description)
    turn = _Turn(world, job, at, new_id)
    if command.status is JobStatus.SUCCEEDED:
        _carried_out(turn)
    elif command.status is JobStatus.INTERRUPTED:
        _interrupted(turn, command.error)
    elif command.status is JobStatus.CANCELLED:
        _end(turn, JobStatus.CANCELLED, job.error or command.error)  # who called it off, and why, is known since then
    else:
        _failed(turn, command.status, command.error)
    return turn.decision()


def cancelled(world: World, job: Job, reason: str, at: int, new_id: NewId) -> Decision:
    """Somebody calls an open job off."""
    turn = _Turn(world, job, at, new_id)
    turn.job = call_off(job, at, reason, turn.writes, turn.effects)
    if turn.job.status.final:
        _make_way(turn)
    return turn.decision()


def answered(world: World, job: Job, at: int, new_id: NewId) -> Decision:
    """The device has answered. After the job's end that is a rung of its ladder, and changes nothing else."""
    if job.ladder.answered is not None:
        return NOTHING
    return _climbed(_Turn(world, job, at, new_id), replace(job.ladder, answered=at))


def seen(world: World, entity: EntityRef, state: StateId, at: int, new_id: NewId) -> Decision:
    """A live report says that the entity is in a state, changed or not: that confirms the jobs that were to bring it there."""
    return _confirmed(world, entity, at, new_id, lambda confirm: confirm.state == state)


def seen_property(world: World, entity: EntityRef, name: str, value: Json, at: int, new_id: NewId) -> Decision:
    """A property of the entity was reported: that confirms the jobs that were to bring it to this value."""
    return _confirmed(world, entity, at, new_id, lambda confirm: confirm.property == name and confirm.value == value)


def on_job_timer(world: World, timer: Timer, at: int, new_id: NewId) -> Decision:
    """The time of a job's next try has come, or of its answer, or of its effect. It may be past all that by then."""
    job = world.jobs.get(JobId(timer.subject))
    gone = DropTimer(timer.id)
    if job is None or job.status.final or job.waits is None or timer.detail != str(job.attempts):
        return Decision((gone,))
    turn = _Turn(world, job, at, new_id, [gone])
    if timer.kind is TimerKind.RETRY:
        if job.waits is Waits.RETRY:
            turn.writes.append(Release(job.id))
            turn.effects.append(Resume(job.id))
    elif job.waits in (Waits.ANSWER, Waits.CONFIRMATION) and not _is_past(job, timer.kind):
        if at - timer.due > PUNCTUAL:  # nobody listened meanwhile: what the broker has kept comes first
            turn.wake(timer.kind, _within(turn.conduct, timer.kind))
        else:
            _failed(turn, JobStatus.TIMED_OUT, _what_was_missed(turn.conduct, timer.kind))
    return turn.decision()


def take_up(world: World) -> Decision:
    """At a start: whatever waits for its turn behind nobody, since the configuration has changed meanwhile, has its turn."""
    writes: list[Write] = []
    effects: list[Effect] = []
    for job in world.standing.underway.stranded(world.catalog):
        writes.append(Release(job))
        effects.append(Resume(job))
    return Decision(tuple(writes), tuple(effects))


# What an outcome leads to


def _carried_out(turn: _Turn) -> None:
    conduct = turn.conduct
    waits = _what_is_missing(turn.job.ladder, conduct)
    if waits is None:
        _end(turn, JobStatus.SUCCEEDED, None)
        return
    if conduct.expect is not None and turn.job.ladder.answered is None:
        turn.wake(TimerKind.ANSWER, conduct.expect.within_ms)
    if conduct.confirm is not None and turn.job.ladder.confirmed is None:
        turn.wake(TimerKind.CONFIRMATION, conduct.confirm.within_ms)
    turn.move(JobStatus.RUNNING, waits=waits)


def _interrupted(turn: _Turn, error: str | None) -> None:
    conduct = turn.conduct
    match conduct.on_interrupted:
        case OnInterrupted.RERUN if turn.begun <= (conduct.retries or RERUNS):
            turn.move(JobStatus.QUEUED, error=error)
            turn.effects.append(Resume(turn.job.id))
        case OnInterrupted.FAIL:
            _failed(turn, JobStatus.FAILED, error)
        case _:
            _end(turn, JobStatus.INTERRUPTED, error)


def _failed(turn: _Turn, status: JobStatus, error: str | None) -> None:
    """Try it again, where the operation says so and it may be; else it has ended so."""
    conduct, begun = turn.conduct, turn.begun
    if status in (JobStatus.FAILED, JobStatus.TIMED_OUT) and begun <= conduct.retries:
        turn.wake(TimerKind.RETRY, _pause(conduct, turn.job.id, begun))
        turn.job = replace(turn.job, ladder=RECORDED)
        turn.move(JobStatus.QUEUED, error=error, waits=Waits.RETRY)
        return
    _end(turn, status, error)
    if status is JobStatus.TIMED_OUT:
        _escalate(turn)


def _end(turn: _Turn, status: JobStatus, error: str | None) -> None:
    turn.move(status, error=error)
    _make_way(turn)


def _make_way(turn: _Turn) -> None:
    """The next of those that wait for their turn has it."""
    others = others_open(turn.world, turn.job, turn.writes)
    if others and others[0].waits is Waits.TURN:
        turn.writes.append(Release(others[0].id))
        turn.effects.append(Resume(others[0].id))


def _escalate(turn: _Turn) -> None:
    """Run what is to be run when a job has timed out for good."""
    job, world, at = turn.job, turn.world, turn.at
    resolved = world.catalog.entity(job.owner)
    wanted = turn.conduct.on_timeout
    operation = None if resolved is None or wanted is None else resolved.operations.get(wanted)
    if resolved is None or operation is None:
        return
    before = job.lineage
    context = context_of(
        world,
        resolved,
        user=SYSTEM_USER,
        login=SYSTEM_USER,
        args={"job": job.id, "operation": job.operation_id, "error": job.error},
        job=JobId(turn.new_id(at)),
        at=at,
    )
    lineage = Lineage(root=before.root if before else job.id, by=job.id, hop=(before.hop if before else 0) + 1)
    record(world, plan(operation, context, world.catalog, lineage=lineage), turn.writes, turn.effects)


# Answers and effects


def _confirmed(world: World, entity: EntityRef, at: int, new_id: NewId, fits: Callable[[Confirm], bool]) -> Decision:
    decisions: list[Decision] = []
    for brief in world.standing.underway.of_entity(entity):
        confirm = world.catalog.conduct(entity, brief.operation).confirm
        job = world.jobs.get(brief.id)
        if confirm is None or job is None or not fits(confirm) or job.ladder.confirmed is not None:
            continue
        if job.waits not in (Waits.TURN, Waits.RETRY):
            decisions.append(_climbed(_Turn(world, job, at, new_id), replace(job.ladder, confirmed=at)))
    return joined(*decisions)


def _climbed(turn: _Turn, ladder: Ladder) -> Decision:
    """A rung was reached. A job that waited for it waits for the next, or has succeeded."""
    turn.job = replace(turn.job, ladder=ladder)
    if turn.job.waits in (Waits.ANSWER, Waits.CONFIRMATION):
        missing = _what_is_missing(ladder, turn.conduct)
        if missing is None:
            deadlines = (TimerKind.ANSWER, TimerKind.CONFIRMATION)
            turn.writes += [DropTimer(_timer_id(turn.job.id, kind, turn.job.attempts)) for kind in deadlines]
            _end(turn, JobStatus.SUCCEEDED, None)
        else:
            turn.move(JobStatus.RUNNING, waits=missing)
    else:
        turn.writes.append(Climb(turn.job.id, ladder))
        turn.effects.append(Announce(turn.job))
    return turn.decision()


def _what_is_missing(ladder: Ladder, conduct: Conduct) -> Waits | None:
    if conduct.expect is not None and ladder.answered is None:
        return Waits.ANSWER
    return Waits.CONFIRMATION if conduct.confirm is not None and ladder.confirmed is None else None


def _timer_id(job: JobId, kind: TimerKind, begun: int) -> TimerId:
    """Each try of a job has its own, so that what was set for one is never taken for another's."""
    return TimerId(f"{kind}:{job}:{begun}")


def _is_past(job: Job, kind: TimerKind) -> bool:
    return (job.ladder.answered if kind is TimerKind.ANSWER else job.ladder.confirmed) is not None


def _within(conduct: Conduct, kind: TimerKind) -> int:
    rule = conduct.expect if kind is TimerKind.ANSWER else conduct.confirm
    return 0 if rule is None else rule.within_ms


def _what_was_missed(conduct: Conduct, kind: TimerKind) -> str:
    within = _within(conduct, kind)
    if kind is TimerKind.ANSWER:
        return f"expected an answer from the device within {within} ms, none came"
    confirm = conduct.confirm
    what = "the effect" if confirm is None else f"state {confirm.state}" if confirm.state else f"property {confirm.property}"
    return f"expected to see {what} within {within} ms, it was not reported"


def _pause(conduct: Conduct, job: JobId, begun: int) -> int:
    """How long to wait before the next try, in ms. A quarter more or less, by the job's id: no fleet comes back in step."""
    pause = min(conduct.backoff_ms * 2 ** (begun - 1), conduct.backoff_most_ms)
    chance: float = int.from_bytes(blake2b(f"{job}/{begun}".encode(), digest_size=4).digest()) / 2**32
    return int(pause * (0.75 + chance / 2))
