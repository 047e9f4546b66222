"""The engine on ports in memory: one message, redeliveries, defects, answers, stopping, retention."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from pointsman.engine.engine import SETTLE
from pointsman.model.command import AddResult, Command, Finish, RejectReason
from pointsman.model.delivery import Delivery, SessionStarted, Subscribed
from pointsman.model.effect import Publish, ReplyTo, StartProgram
from pointsman.model.ids import JobId, UserId
from pointsman.model.job import Job, JobStatus
from pointsman.model.json import Json
from pointsman.model.write import AddJob
from unit.engine_rig import Rig, execute, says
from unit.in_memory import Fault
from unit.world import ALARM, FAULT, NOW, OK, PUMP, counting, mqtt, obj, plant, report, trigger


def never(_seconds: float) -> None:
    raise AssertionError("it paused")


# One message


def test_a_message_is_applied_committed_acknowledged_and_its_effects_let_out_in_this_order() -> None:
    rig = Rig()
    message = says("4")
    rig.settle(message)
    valve, diagnose = rig.jobs
    assert [type(effect) for effect in rig.ports.effects] == [Delivery, Job, Publish, Job, StartProgram]
    assert rig.ports.of(Delivery) == [message]
    assert rig.ports.handed_over == [valve.id, diagnose.id]
    assert rig.rows.states[PUMP].state == FAULT.id


def test_its_jobs_end_as_the_ports_say() -> None:
    rig = Rig()
    rig.settle(says("4"))
    rig.ports.settle()
    rig.ports.begin()
    rig.settle()
    assert [job.status for job in rig.jobs] == [JobStatus.SUCCEEDED, JobStatus.RUNNING]
    assert rig.ports.started == [rig.jobs[1].id]
    rig.ports.end(status=JobStatus.FAILED)
    rig.settle()
    assert [job.status for job in rig.jobs] == [JobStatus.SUCCEEDED, JobStatus.FAILED]
    assert all(dispatch is None for _, dispatch in rig.rows.jobs.values())


def test_a_message_at_qos_0_is_applied_and_neither_acknowledged_nor_remembered() -> None:
    rig = Rig()
    rig.settle(says("4", 0, qos=0), says("3", 0, qos=0), says("4", 0, qos=0))
    assert len(rig.rows.changes) == 3
    assert rig.ports.of(Delivery) == []
    assert not rig.rows.deliveries


def test_a_batch_is_one_transaction_and_no_larger_than_its_limit() -> None:
    rig = Rig(limit=3)
    rig.settle()
    rig.settle(*[says("34"[number % 2], number + 1) for number in range(8)])
    assert [sum(isinstance(write, AddJob) for write in writes) for writes in rig.store.commits if writes] == [4, 5, 3]
    assert [each.packet_id for each in rig.ports.of(Delivery) if isinstance(each, Delivery)] == list(range(1, 9))


def test_what_is_in_one_batch_is_decided_in_order() -> None:
    rig = Rig()
    rig.settle(says("3", 1), says("3", 2), says("4", 3), says("1", 4))
    assert [(change.previous, change.current) for _, change in sorted(rig.rows.changes.items())] == [
        (None, "3"),
        ("3", "4"),
        ("4", "1"),
    ]


# Redeliveries and sessions


def test_a_redelivered_message_makes_no_second_job_and_is_acknowledged() -> None:
    rig = Rig()
    rig.settle(says("4"), says("1", 2))
    rig.settle(says("4", dup=True, connection=2))
    assert len(rig.jobs) == 2
    assert rig.ports.of(Delivery)[-1] == says("4", dup=True, connection=2)
    assert (rig.engine.tally.received, rig.engine.tally.redelivered) == (3, 1)


def test_a_redelivery_in_the_same_batch_makes_no_second_job_either() -> None:
    rig = Rig()
    rig.settle(says("4"), says("1", 2), says("4", dup=True, connection=2))
    assert len(rig.jobs) == 2
    assert len(rig.ports.of(Delivery)) == 3


def test_what_was_applied_is_recognised_after_a_restart() -> None:
    rig = Rig()
    rig.settle(says("4"), says("1", 2))
    again = Rig(rig.store)
    again.settle(SessionStarted(1, True), says("4", dup=True))
    assert len(again.jobs) == 2
    assert len(again.ports.of(Delivery)) == 1


def test_a_session_that_is_lost_forgets_the_window_here_and_in_the_store() -> None:
    rig = Rig()
    rig.settle(says("4"), says("1", 2))
    rig.settle(SessionStarted(2, False))
    assert not rig.rows.deliveries
    rig.settle(says("4", dup=True, connection=2))
    assert len(rig.jobs) == 4


def test_a_lost_session_is_told_that_it_is_forgotten_only_once_that_is_durable() -> None:
    rig = Rig()
    rig.settle(says("4"))
    left: list[int] = []
    rig.settle(SessionStarted(2, False, lambda: left.append(len(rig.rows.deliveries))))
    assert left == [0]


def test_in_one_batch_only_what_came_before_the_loss_is_forgotten() -> None:
    rig = Rig()
    rig.settle(says("4", 1), SessionStarted(2, False), says("1", 2, connection=2))
    assert [packet_id for packet_id, _ in rig.rows.deliveries] == [2]


def test_a_session_that_is_still_there_keeps_the_window() -> None:
    rig = Rig()
    rig.settle(says("4"), SessionStarted(2, True), says("4", dup=True, connection=2))
    assert len(rig.jobs) == 2


def test_the_filters_that_the_broker_holds_are_kept() -> None:
    rig = Rig()
    rig.settle(Subscribed(("a/+", "b/#")))
    assert rig.rows.filters == ("a/+", "b/#")


# Defects and refusals


def test_a_defect_in_reading_a_message_rejects_that_one_only() -> None:
    rig = Rig()
    rig.settle(says("3", 1), says("defect", 2), says("4", 3))
    assert len(rig.jobs) == 3
    assert rig.rows.rejects == {(RejectReason.INTERNAL_ERROR.value, "plant/pump-1/state"): 1}
    assert len(rig.ports.of(Delivery)) == 3, "or it would come again for ever"
    assert [line["level"] for line in rig.logged if "exc_info" in line] == ["error"]


def test_a_defect_in_deciding_a_message_rejects_that_one_only() -> None:
    rig = Rig(catalog=plant((mqtt(),), (trigger("open-valve", FAULT), trigger("that is not there", ALARM))))
    rig.settle(says("4", 1), says("3", 2), says("1", 3), says("4", 4))
    assert len(rig.jobs) == 2
    assert rig.rows.rejects == {(RejectReason.INTERNAL_ERROR.value, "plant/pump-1/state"): 1}
    assert rig.rows.states[PUMP].previous == OK.id
    assert len(rig.ports.of(Delivery)) == 4


def test_who_asked_for_what_met_a_defect_is_answered() -> None:
    answers: list[Mapping[str, Json]] = []
    catalog = plant((mqtt(message="{{args.x}}"),))
    rig = Rig(catalog=catalog)
    circle: list[Json] = []
    circle.append(circle)
    rig.settle(execute(args={"x": circle}, reply=answers.append))
    assert rig.jobs == []
    assert [list(answer) for answer in answers] == [["error", "reason"]]


def test_what_is_rejected_is_logged_once_for_each_reason_and_topic() -> None:
    rig = Rig()
    rig.settle(*[says("defect", number) for number in range(1, 4)], says("4", 4, pump=99), report(FAULT, obj("ghost")))
    assert [(line["reason"], line["topic"]) for line in rig.logged if line["event"] == "message not taken"] == [
        ("internal_error", "plant/pump-1/state"),
        ("unknown_entity", "plant/pump-99/state"),
        ("unknown_entity", "plant/ghost/state"),
    ]
    assert rig.engine.tally.rejected == {"internal_error": 3, "unknown_entity": 2}


# Answers and results


def test_a_thread_that_waits_is_answered_once_its_job_is_durable() -> None:
    rig = Rig()
    seen: list[tuple[Mapping[str, Json], bool]] = []
    rig.settle(execute(reply=lambda body: seen.append((body, bool(rig.rows.jobs)))))
    assert seen == [({"job": rig.jobs[0].id}, True)]


def test_an_mqtt_requester_is_answered_through_the_publisher() -> None:
    rig = Rig()
    to = ReplyTo(topic="answers", correlation=b"1")
    rig.settle(execute("explode", reply=to))
    ((answered, body),) = [effect for effect in rig.ports.effects if isinstance(effect, tuple) and isinstance(effect[0], ReplyTo)]
    assert answered == to
    assert "open-valve" in str(body)


def test_a_result_is_announced_with_all_others_and_stays_with_the_job_when_it_ends() -> None:
    rig = Rig()
    rig.settle(execute())
    (job,) = rig.jobs
    results = [AddResult(job=job.id, payload=number, by=UserId("ann")) for number in range(3)]
    rig.settle(results[0])
    rig.settle(results[1])
    rig.ports.settle()
    rig.settle()
    rig.settle(results[2])
    announced = [effect for effect in rig.ports.effects if isinstance(effect, Job)]
    assert [(each.status.value, [result.payload for result in each.results]) for each in announced] == [
        ("queued", []),
        ("queued", [0]),
        ("queued", [0, 1]),
        ("succeeded", [0, 1]),
        ("succeeded", [0, 1, 2]),
    ]


def test_a_result_and_the_end_of_its_job_in_one_batch_lose_neither() -> None:
    rig = Rig()
    rig.settle(execute())
    (job,) = rig.jobs
    rig.ports.settle()
    rig.settle(AddResult(job=job.id, payload=1, by=UserId("ann")))
    (ended,) = rig.jobs
    assert (ended.status, len(ended.results)) == (JobStatus.SUCCEEDED, 1)


# Stopping


def test_stopping_makes_durable_all_that_is_queued() -> None:
    rig = Rig(limit=2)
    rig.feed(*[says("34"[number % 2], number + 1) for number in range(9)])
    rig.engine.stop()
    rig.engine.run(never)
    assert len(rig.rows.changes) == 9
    assert len(rig.ports.of(Delivery)) == 9
    assert not len(rig.inbox)


def test_stopping_does_not_wait_for_a_store_that_is_away() -> None:
    rig = Rig()
    rig.settle()
    rig.store.faults.extend([Fault.COMMIT] * 99)
    rig.feed(says("4"))
    rig.engine.stop()
    pauses: list[float] = []
    rig.engine.run(pauses.append)
    assert len(pauses) == 1
    assert rig.ports.effects == []


def test_the_heartbeat_follows_the_clock() -> None:
    rig = Rig()
    rig.clock.seconds = 17.5
    rig.step()
    assert rig.engine.heartbeat == 17.5


def test_finished_is_put_by_whoever_carried_a_job_out_and_means_nothing_for_another() -> None:
    rig = Rig()
    commands: list[Command] = [Finish(job=JobId("ghost"), status=JobStatus.SUCCEEDED)]
    rig.settle(*commands)
    assert rig.jobs == []


HOLD = 10_000
HOLDING = plant(triggers=(trigger("open-valve", FAULT, hold_ms=HOLD),))


@pytest.mark.parametrize("answered", [True, False], ids=["it answers", "it does not"])
@pytest.mark.parametrize(("kept", "expected"), [("3", []), (None, [JobStatus.QUEUED])], ids=["the state was left", "nothing"])
def test_what_was_due_while_no_worker_ran_waits_for_what_the_broker_has_kept(
    kept: str | None, expected: list[JobStatus], answered: bool
) -> None:
    before = Rig(catalog=HOLDING)
    before.settle(says("4"))
    assert before.jobs == []
    rig = Rig(before.store, catalog=HOLDING, new_id=counting(100), at=NOW + HOLD + 1_000)
    rig.settle()
    assert rig.jobs == [], "it did not wait"
    if kept:
        rig.settle(says(kept, 2))
    if answered:
        rig.settle(Subscribed(()))
    else:
        rig.pass_time(round(SETTLE * 1000))
    rig.settle()
    assert [job.status for job in rig.jobs] == expected
