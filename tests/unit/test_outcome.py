"""What becomes of jobs beside each other and after each other: turns, further tries, answers, effects, the end.

Everything goes through `decide`, as in the worker, and what it writes is folded in before the next command.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.core.decide import decide
from pointsman.core.fire import PUNCTUAL
from pointsman.core.limits import Bounds
from pointsman.core.match import SkipReason
from pointsman.core.outcome import RERUNS
from pointsman.core.standing import standing_of
from pointsman.core.world import Decision, World
from pointsman.model.command import AddResult, Arm, Begin, Cancel, Command, Execute, Finish, TimerDue
from pointsman.model.conduct import Conduct, Confirm, Expect, Mode, OnInterrupted
from pointsman.model.effect import CallOff, Publish, Resume, StartProgram, WakeAt
from pointsman.model.ids import JobId, OperationId, TimerId, UserId
from pointsman.model.job import Job, JobStatus, Waits
from pointsman.model.remembered import OpenJob, Remembered
from pointsman.model.state import Retained
from pointsman.model.write import AddJob, CountReject
from unit.world import ALARM, FAULT, NOW, OK, PUMP, PUMPS, counting, mqtt, plant, program, report, trigger

ESCALATION = OperationId("alarm-operator")
ARGS = {"error": "none"}


class Track:
    """One pump with an operation `act` of some conduct; commands one after the other."""

    def __init__(self, conduct: Conduct, *, of: Any = mqtt, triggers: Any = ()) -> None:
        operations = (of("act", conduct=conduct), mqtt(ESCALATION, topic="operator/{{id}}", message="{{args.error}}"))
        self.world = World(plant(operations=operations, triggers=triggers))
        self.at = NOW
        self.effects: list[Any] = []
        self.due: dict[TimerId, int] = {}
        self._ids = counting()

    def tell(self, command: Command, at: int | None = None) -> Decision:
        self.at = self.at if at is None else at
        decision = decide(self.world, command, self.at, self._ids)
        self.world.fold(decision)
        self.effects = list(decision.effects)
        self.due.update({effect.timer: effect.due for effect in decision.effects if isinstance(effect, WakeAt)})
        return decision

    def ask(self, operation: str = "act", entity: Any = PUMP) -> Job:
        user = UserId("ann")
        decision = self.tell(
            Execute(entity=entity, operation=OperationId(operation), user=user, login="ann", args={"error": "none"})
        )
        [made] = [write.job for write in decision.writes if isinstance(write, AddJob)]
        return made

    def end(self, job: Job, status: JobStatus = JobStatus.SUCCEEDED, at: int | None = None, **more: Any) -> Job:
        self.tell(Finish(job=job.id, status=status, **more), at)
        return self.now(job)

    def begin(self, job: Job) -> bool:
        told: list[Any] = []
        self.tell(Begin(job=job.id, reply=told.append))
        [answer] = [effect for effect in self.effects if hasattr(effect, "body")]
        return bool(answer.body["go"])

    def wake(self, *, late: int = 0) -> Decision:
        """Let the soonest timer be due."""
        timer = min(self.due, key=lambda each: self.due[each])
        return self.tell(TimerDue(timer), self.due.pop(timer) + late)

    def now(self, job: Job) -> Job:
        return self.world.jobs[job.id]

    def begun(self) -> list[JobId]:
        """The jobs that the last decision began."""
        return [effect.job for effect in self.effects if isinstance(effect, Publish | StartProgram | Resume)]

    def made(self, operation: str) -> list[Job]:
        return [job for job in self.world.jobs.values() if job.operation_id == operation]


def standing(job: Job) -> tuple[JobStatus, Waits | None]:
    return job.status, job.waits


# How executions go along


def test_without_a_mode_executions_run_side_by_side() -> None:
    track = Track(Conduct(retries=1))
    first, second = track.ask(), track.ask()
    assert standing(first) == standing(second) == (JobStatus.QUEUED, None)


@pytest.mark.parametrize(
    ("conduct", "expected"),
    [
        (Conduct(mode=Mode.PARALLEL, max=2), [(JobStatus.QUEUED, None)] * 2 + [(JobStatus.SUPPRESSED, None)]),
        (Conduct(mode=Mode.SINGLE), [(JobStatus.QUEUED, None)] + [(JobStatus.SUPPRESSED, None)] * 2),
        (Conduct(mode=Mode.QUEUED), [(JobStatus.QUEUED, None)] + [(JobStatus.QUEUED, Waits.TURN)] * 2),
        (
            Conduct(mode=Mode.QUEUED, max=2),
            [(JobStatus.QUEUED, None), (JobStatus.QUEUED, Waits.TURN), (JobStatus.SUPPRESSED, None)],
        ),
        (Conduct(mode=Mode.RESTART), [(JobStatus.CANCELLED, None)] * 2 + [(JobStatus.QUEUED, None)]),
    ],
    ids=["parallel, max 2", "single", "queued", "queued, max 2", "restart"],
)
def test_a_mode_says_what_becomes_of_three_executions_at_once(conduct: Conduct, expected: list[Any]) -> None:
    track = Track(conduct)
    jobs = [track.ask() for _ in range(3)]
    assert [standing(track.now(job)) for job in jobs] == expected
    for job in map(track.now, jobs):
        assert (job.error is not None) == (job.status in (JobStatus.SUPPRESSED, JobStatus.CANCELLED))


@pytest.mark.parametrize("mode", [Mode.SINGLE, Mode.QUEUED, Mode.RESTART])
def test_other_entities_and_other_operations_are_not_concerned(mode: Mode) -> None:
    track = Track(Conduct(mode=mode))
    track.ask()
    assert standing(track.ask(entity=PUMPS[1])) == (JobStatus.QUEUED, None)
    assert standing(track.ask(ESCALATION)) == (JobStatus.QUEUED, None)


@pytest.mark.parametrize("mode", Mode)
def test_when_all_have_ended_the_next_begins_at_once(mode: Mode) -> None:
    track = Track(Conduct(mode=mode, max=1 if mode is Mode.PARALLEL else 0))
    track.end(track.ask())
    assert track.begun() == []
    second = track.ask()
    assert standing(second) == (JobStatus.QUEUED, None)
    assert track.begun() == [second.id]


@pytest.mark.parametrize("end", [JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.TIMED_OUT, JobStatus.INTERRUPTED])
def test_queued_executions_have_their_turn_in_order_however_the_one_before_ended(end: JobStatus) -> None:
    track = Track(Conduct(mode=Mode.QUEUED), of=program)
    first, second, third = (track.ask() for _ in range(3))
    assert not track.begin(second), "it began out of turn"
    track.end(first, end)
    assert track.begun() == [second.id]
    assert standing(track.now(second)) == (JobStatus.QUEUED, None)
    assert standing(track.now(third)) == (JobStatus.QUEUED, Waits.TURN)
    assert track.begin(second)
    track.end(second)
    assert track.begun() == [third.id]


def test_one_that_is_cancelled_while_it_waits_for_its_turn_never_has_it() -> None:
    track = Track(Conduct(mode=Mode.QUEUED))
    first, second, third = (track.ask() for _ in range(3))
    track.tell(Cancel(job=second.id, user=UserId("ann")))
    assert track.begun() == []
    assert track.now(second).status is JobStatus.CANCELLED
    track.end(first)
    assert track.begun() == [third.id]


def test_restart_waits_for_a_running_program_to_end_before_it_begins() -> None:
    track = Track(Conduct(mode=Mode.RESTART), of=program)
    first = track.ask()
    assert track.begin(first)
    second = track.ask()
    assert [effect.job for effect in track.effects if isinstance(effect, CallOff)] == [first.id]
    assert standing(track.now(first)) == (JobStatus.RUNNING, None)
    assert standing(second) == (JobStatus.QUEUED, Waits.TURN)
    third = track.ask()
    assert track.now(second).status is JobStatus.CANCELLED
    track.end(first, JobStatus.CANCELLED)
    assert track.begun() == [third.id]


def test_a_trigger_whose_operation_is_busy_says_so_and_names_the_suppressed_job() -> None:
    track = Track(Conduct(mode=Mode.SINGLE), triggers=(trigger("act", ALARM), trigger("act", FAULT)))
    track.tell(report(ALARM))
    decision = track.tell(report(FAULT))
    assert [verdict.skipped for verdict in decision.verdicts] == [SkipReason.OTHER_STATE, SkipReason.BUSY]
    assert [job.status for job in track.made("act")] == [JobStatus.QUEUED, JobStatus.SUPPRESSED]


def test_two_triggers_of_one_change_heed_each_other() -> None:
    track = Track(
        Conduct(mode=Mode.SINGLE), triggers=(trigger("act", ALARM), trigger("act", ALARM, not_from=frozenset({FAULT.id})))
    )
    track.tell(report(ALARM))
    assert [job.status for job in track.made("act")] == [JobStatus.QUEUED, JobStatus.SUPPRESSED]


def test_at_a_start_whoever_waits_behind_nobody_has_its_turn() -> None:
    """The configuration may have changed meanwhile: the operation is not queued any more, or is not there at all."""
    waiting = [OpenJob(JobId(f"job-{n}"), PUMP, OperationId("act"), Waits.TURN) for n in (1, 2)]
    for conduct, expected in ((Conduct(), ["job-1", "job-2"]), (Conduct(mode=Mode.QUEUED), ["job-1"])):
        track = Track(conduct)
        track.world.standing = standing_of(Remembered(open=waiting), track.world.catalog, Bounds())
        track.tell(Arm())
        assert track.begun() == expected


# Trying again


def test_a_job_that_failed_is_tried_again_as_often_as_it_may_be_and_then_has_failed() -> None:
    track = Track(Conduct(retries=2))
    job = track.ask()
    for tries in (1, 2):
        assert standing(track.end(job, JobStatus.FAILED, error="refused")) == (JobStatus.QUEUED, Waits.RETRY)
        assert (track.now(job).attempts, track.now(job).error) == (tries, "refused")
        track.wake()
        assert track.begun() == [job.id]
        assert standing(track.now(job)) == (JobStatus.QUEUED, None)
    ended = track.end(job, JobStatus.FAILED, error="refused again")
    assert (ended.status, ended.attempts, ended.error) == (JobStatus.FAILED, 3, "refused again")
    assert len(track.made("act")) == 1


@pytest.mark.parametrize("status", [JobStatus.CANCELLED, JobStatus.INTERRUPTED, JobStatus.SUCCEEDED])
def test_only_what_failed_or_timed_out_is_tried_again(status: JobStatus) -> None:
    track = Track(Conduct(retries=3))
    assert track.end(track.ask(), status).status is status


@given(st.integers(1, 8), st.integers(100, 10_000), st.integers(100, 60_000))
def test_pauses_double_up_to_the_longest_a_quarter_more_or_less(retries: int, first: int, most: int) -> None:
    track = Track(Conduct(retries=retries, backoff_ms=first, backoff_most_ms=most))
    job = track.ask()
    for tries in range(retries):
        track.end(job, JobStatus.FAILED)
        [due] = track.due.values()
        expected = min(first * 2**tries, most)
        assert 0.75 * expected - 1 <= due - track.at <= 1.25 * expected
        track.wake()


def test_a_job_that_was_cancelled_while_it_waited_for_its_next_try_is_not_tried_again() -> None:
    track = Track(Conduct(retries=1))
    job = track.ask()
    track.end(job, JobStatus.FAILED)
    track.tell(Cancel(job=job.id, user=UserId("ann")))
    track.wake()
    assert track.begun() == []
    assert track.now(job).status is JobStatus.CANCELLED


def test_while_a_queued_job_waits_for_its_next_try_the_others_wait_for_their_turn() -> None:
    track = Track(Conduct(mode=Mode.QUEUED, retries=1))
    first, second = track.ask(), track.ask()
    track.end(first, JobStatus.FAILED)
    assert track.begun() == []
    assert standing(track.now(second)) == (JobStatus.QUEUED, Waits.TURN)
    track.wake()
    track.end(first)
    assert track.begun() == [second.id]


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (OnInterrupted.LEAVE, (JobStatus.INTERRUPTED, None)),
        (OnInterrupted.FAIL, (JobStatus.FAILED, None)),
        (OnInterrupted.RERUN, (JobStatus.QUEUED, None)),
    ],
)
def test_the_operation_says_what_becomes_of_an_interrupted_program(policy: OnInterrupted, expected: Any) -> None:
    track = Track(Conduct(on_interrupted=policy), of=program)
    job = track.ask()
    track.begin(job)
    assert standing(track.end(job, JobStatus.INTERRUPTED, error="the power went")) == expected
    assert track.begun() == ([job.id] if policy is OnInterrupted.RERUN else [])


def test_a_program_that_takes_the_worker_down_each_time_is_not_run_again_for_ever() -> None:
    track = Track(Conduct(on_interrupted=OnInterrupted.RERUN), of=program)
    job = track.ask()
    for _ in range(RERUNS):
        track.begin(job)
        assert track.end(job, JobStatus.INTERRUPTED).status is JobStatus.QUEUED
    track.begin(job)
    ended = track.end(job, JobStatus.INTERRUPTED)
    assert (ended.status, ended.attempts) == (JobStatus.INTERRUPTED, RERUNS + 1)


# Answers


def answer(job: Job, payload: Any = "done", **more: Any) -> AddResult:
    return AddResult(job=job.id, payload=payload, by=UserId("mqtt"), **({"answer": True} | more))


WAITS_FOR_ANSWER = Conduct(expect=Expect(10_000), on_timeout=ESCALATION)


def test_a_job_that_expects_an_answer_has_succeeded_only_when_the_device_has_answered() -> None:
    track = Track(WAITS_FOR_ANSWER)
    job = track.ask()
    acknowledged = track.end(job, at=NOW + 5, reason_code=0)
    assert standing(acknowledged) == (JobStatus.RUNNING, Waits.ANSWER)
    assert (acknowledged.ladder.rung, acknowledged.finished) == ("acknowledged", None)
    track.tell(answer(job, {"ok": True}), NOW + 50)
    ended = track.now(job)
    assert (ended.status, ended.ladder.rung, ended.ladder.acknowledged, ended.ladder.answered) == (
        JobStatus.SUCCEEDED,
        "answered",
        NOW + 5,
        NOW + 50,
    )
    assert [result.payload for result in ended.results] == [{"ok": True}]
    assert track.world.timers == {}, "its deadline is left"


def test_an_answer_that_is_quicker_than_the_broker_counts_as_well() -> None:
    track = Track(WAITS_FOR_ANSWER)
    job = track.ask()
    track.tell(answer(job))
    assert standing(track.now(job)) == (JobStatus.QUEUED, None)
    assert track.end(job, reason_code=0).status is JobStatus.SUCCEEDED


def test_a_result_that_somebody_else_adds_is_no_answer() -> None:
    track = Track(WAITS_FOR_ANSWER)
    job = track.ask()
    track.end(job, reason_code=0)
    track.tell(answer(job, answer=False))
    assert standing(track.now(job)) == (JobStatus.RUNNING, Waits.ANSWER)
    assert track.now(job).ladder.answered is None


def test_a_silent_device_times_out_and_the_escalation_runs() -> None:
    track = Track(WAITS_FOR_ANSWER)
    job = track.ask()
    track.end(job, at=NOW + 5, reason_code=0)
    track.wake()
    ended = track.now(job)
    assert (ended.status, ended.finished) == (JobStatus.TIMED_OUT, NOW + 5 + 10_000)
    assert ended.error == "expected an answer from the device within 10000 ms, none came"
    [escalation] = track.made(ESCALATION)
    assert escalation.description == {"topic": "operator/pump-1", "message": ended.error}
    assert escalation.lineage is not None
    assert (escalation.lineage.root, escalation.lineage.by, escalation.lineage.hop) == (job.id, job.id, 1)
    assert escalation.id in track.begun()


def test_a_silent_device_is_asked_again_first_where_the_operation_says_so() -> None:
    track = Track(Conduct(expect=Expect(10_000), retries=1, on_timeout=ESCALATION))
    job = track.ask()
    track.end(job, reason_code=0)
    track.wake()
    assert standing(track.now(job)) == (JobStatus.QUEUED, Waits.RETRY)
    assert track.now(job).ladder.rung == "recorded", "the rungs are those of the present try"
    track.wake()
    track.end(job, reason_code=0)
    track.tell(answer(job))
    assert track.now(job).status is JobStatus.SUCCEEDED
    assert track.made(ESCALATION) == []


def test_an_answer_after_the_deadline_is_kept_and_makes_no_success() -> None:
    track = Track(WAITS_FOR_ANSWER)
    job = track.ask()
    track.end(job, reason_code=0)
    track.wake()
    track.tell(answer(job), NOW + 60_000)
    late = track.now(job)
    assert (late.status, late.ladder.answered, len(late.results)) == (JobStatus.TIMED_OUT, NOW + 60_000, 1)


def test_a_deadline_that_passed_while_no_worker_ran_begins_anew_since_nobody_listened() -> None:
    track = Track(WAITS_FOR_ANSWER)
    job = track.ask()
    track.end(job, reason_code=0)
    track.wake(late=PUNCTUAL + 1)
    assert standing(track.now(job)) == (JobStatus.RUNNING, Waits.ANSWER)
    [due] = track.due.values()
    assert due == track.at + 10_000
    track.wake()
    assert track.now(job).status is JobStatus.TIMED_OUT


def test_the_deadline_of_one_try_does_not_end_the_next() -> None:
    track = Track(Conduct(expect=Expect(10_000), retries=1))
    job = track.ask()
    track.end(job, reason_code=0)
    [stale] = track.due
    track.wake()
    track.wake()
    track.end(job, reason_code=0)
    track.tell(TimerDue(stale))
    assert standing(track.now(job)) == (JobStatus.RUNNING, Waits.ANSWER)


# Effects

BRINGS_OK = Conduct(confirm=Confirm(within_ms=30_000, state=OK.id))


def test_a_job_with_a_confirmation_has_succeeded_only_when_its_effect_is_reported() -> None:
    track = Track(BRINGS_OK)
    track.tell(report(FAULT))
    job = track.ask()
    assert standing(track.end(job, reason_code=0)) == (JobStatus.RUNNING, Waits.CONFIRMATION)
    track.tell(report(ALARM))
    assert standing(track.now(job)) == (JobStatus.RUNNING, Waits.CONFIRMATION)
    track.tell(report(OK), NOW + 100)
    ended = track.now(job)
    assert (ended.status, ended.ladder.rung, ended.ladder.confirmed) == (JobStatus.SUCCEEDED, "confirmed", NOW + 100)


def test_a_report_that_changes_nothing_confirms_too() -> None:
    track = Track(BRINGS_OK)
    track.tell(report(OK))
    job = track.ask()
    track.end(job, reason_code=0)
    track.tell(report(OK))
    assert track.now(job).status is JobStatus.SUCCEEDED


def test_a_snapshot_proves_nothing_and_neither_does_another_entity() -> None:
    track = Track(BRINGS_OK)
    job = track.ask()
    track.end(job, reason_code=0)
    track.tell(report(OK, retained=Retained.COMPARE))
    track.tell(report(OK, PUMPS[1]))
    assert standing(track.now(job)) == (JobStatus.RUNNING, Waits.CONFIRMATION)


def test_an_effect_that_is_not_seen_in_time_is_told() -> None:
    track = Track(BRINGS_OK)
    job = track.ask()
    track.end(job, reason_code=0)
    track.wake()
    assert (track.now(job).status, track.now(job).error) == (
        JobStatus.TIMED_OUT,
        "expected to see state 1 within 30000 ms, it was not reported",
    )


def test_answer_and_effect_may_come_in_either_order_and_both_must_come() -> None:
    conduct = Conduct(expect=Expect(10_000), confirm=Confirm(within_ms=30_000, state=OK.id))
    for order in ((0, 1), (1, 0)):
        track = Track(conduct)
        track.tell(report(FAULT))
        job = track.ask()
        track.end(job, reason_code=0)
        for turn, which in enumerate(order):
            assert track.now(job).status is JobStatus.RUNNING
            track.tell([answer(job), report(OK)][which], NOW + turn)
        assert track.now(job).status is JobStatus.SUCCEEDED
        assert track.world.timers == {}


def test_what_a_change_confirms_makes_way_for_what_the_change_sets_off() -> None:
    track = Track(
        Conduct(mode=Mode.SINGLE, confirm=Confirm(within_ms=30_000, state=OK.id)),
        triggers=(trigger("act", FAULT), trigger("act", OK)),
    )
    track.tell(report(FAULT))
    [first] = track.made("act")
    track.end(first, reason_code=0)
    track.tell(report(OK))
    assert [job.status for job in track.made("act")] == [JobStatus.SUCCEEDED, JobStatus.QUEUED]


# Cancelling


@pytest.mark.parametrize(
    "stage", ["queued", "waiting for its turn", "waiting for its next try", "waiting for an answer", "running a program"]
)
def test_a_job_can_be_called_off_at_every_stage(stage: str) -> None:
    program_runs = stage == "running a program"
    conduct = Conduct(mode=Mode.QUEUED, retries=1, expect=None if program_runs else Expect(10_000))
    track = Track(conduct, of=program if program_runs else mqtt)
    first = track.ask()
    job = track.ask() if stage == "waiting for its turn" else first
    match stage:
        case "waiting for its next try":
            track.end(job, JobStatus.FAILED)
        case "waiting for an answer":
            track.end(job, reason_code=0)
        case "running a program":
            track.begin(job)
    track.tell(Cancel(job=job.id, user=UserId("ann"), reason="not now"))
    assert any(isinstance(effect, CallOff) for effect in track.effects)
    if program_runs:
        assert track.now(job).status is JobStatus.RUNNING, "it ends when its program has"
        assert track.now(job).error == "cancelled by ann: not now"
        track.end(job, JobStatus.CANCELLED, error="cancelled while it ran")
    ended = track.now(job)
    assert ended.status is JobStatus.CANCELLED
    assert str(ended.error).startswith("cancelled by ann: not now")


def test_a_message_that_may_be_out_already_is_not_claimed_to_be_stopped() -> None:
    track = Track(Conduct())
    job = track.ask()
    track.tell(Cancel(job=job.id, user=UserId("ann")))
    assert track.now(job).error == "cancelled by ann; its message may have been published all the same"


@pytest.mark.parametrize("status", [None, JobStatus.SUCCEEDED])
def test_what_is_not_there_or_has_ended_cannot_be_called_off(status: JobStatus | None) -> None:
    track = Track(Conduct())
    job = track.ask()
    if status is not None:
        track.end(job, status)
    decision = track.tell(Cancel(job=job.id if status else JobId("nobody"), user=UserId("ann")))
    assert [write.reason.value for write in decision.writes if isinstance(write, CountReject)] == [
        "not_open" if status else "unknown_job"
    ]


# The whole

CONDUCTS = st.builds(
    Conduct,
    mode=st.sampled_from(Mode),
    max=st.integers(0, 3),
    retries=st.integers(0, 2),
    on_interrupted=st.sampled_from(OnInterrupted),
    expect=st.none() | st.just(Expect(5_000)),
    confirm=st.none() | st.just(Confirm(within_ms=8_000, state=OK.id)),
    on_timeout=st.none() | st.just(ESCALATION),
)
WHAT = st.sampled_from(["ask", "begin", "end", "answer", "report", "timer", "cancel"])
STEPS = st.lists(st.tuples(WHAT, st.integers(0, 9)), max_size=60)
ENDS = (JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.TIMED_OUT, JobStatus.INTERRUPTED)


def take(track: Track, what: str, which: int) -> None:
    jobs = [job for job in track.made("act") if not job.status.final]
    job = jobs[which % len(jobs)] if jobs else None
    match what:
        case "ask":
            track.ask()
        case "report":
            track.tell(report((OK, ALARM)[which % 2]))
        case "timer" if track.due:
            track.wake()
        case "begin" if job is not None:
            track.begin(job)
        case "end" if job is not None and job.waits is None:
            track.end(job, ENDS[which % len(ENDS)], reason_code=0)
        case "answer" if job is not None:
            track.tell(answer(job))
        case "cancel" if job is not None:
            track.tell(Cancel(job=job.id, user=UserId("ann")))


def settle(track: Track) -> None:
    """Time goes on, and everything that is begun ends."""
    for _ in range(500):
        begun = [job for job in track.world.jobs.values() if not job.status.final and job.waits is None]
        if begun:
            track.end(begun[0], JobStatus.FAILED)
        elif track.due:
            track.wake()
        else:
            return
    raise AssertionError("it goes on for ever")


@given(CONDUCTS, STEPS, st.booleans())
def test_whatever_happens_every_job_ends_and_none_waits_behind_nobody(conduct: Conduct, steps: Any, programs: bool) -> None:
    track = Track(conduct, of=program if programs else mqtt)
    for what, which in steps:
        take(track, what, which)
        open_jobs = [job for job in track.made("act") if not job.status.final]
        turns = [job for job in open_jobs if job.waits is Waits.TURN]
        assert not turns or open_jobs[0].waits is not Waits.TURN, "all wait for their turn"
        if conduct.mode in (Mode.SINGLE, Mode.QUEUED, Mode.RESTART):
            assert len(open_jobs) - len(turns) <= 1, "two are at it"
        if conduct.max and conduct.mode in (Mode.PARALLEL, Mode.QUEUED):
            assert len(open_jobs) <= conduct.max
    settle(track)
    assert [job for job in track.world.jobs.values() if not job.status.final] == []
    assert len(track.world.standing.underway) == 0
    for job in track.made("act"):
        assert job.attempts <= max(1 + conduct.retries, RERUNS + 1)
        if job.status is JobStatus.SUCCEEDED:
            assert conduct.expect is None or job.ladder.answered is not None
            assert conduct.confirm is None or job.ladder.confirmed is not None
