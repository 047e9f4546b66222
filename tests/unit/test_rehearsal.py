"""A worker's decisions on a virtual clock: timers come up at their times and in order, and jobs succeed as soon as they begin."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from pointsman.core.limits import Bounds, Limit
from pointsman.core.match import SkipReason
from pointsman.core.standing import standing_of
from pointsman.model.catalog import Catalog
from pointsman.model.command import Command, Execute, Finish, ReportState
from pointsman.model.delivery import Delivery
from pointsman.model.effect import CallOff, Publish, Resume
from pointsman.model.ids import JobId, UserId
from pointsman.model.job import JobStatus
from pointsman.model.timer import TimerKind
from pointsman.model.write import AddJob, UpdateJob
from pointsman.rehearsal.ids import Ids, Numbered
from pointsman.rehearsal.rehearsal import Rehearsal, Step, at_once
from pointsman.rehearsal.stage import Begin, Stage
from unit.world import ALARM, FAULT, NOW, OK, PUMP, PUMPS, STATES, counting, mqtt, plant, program, report, trigger


def beginning(catalog: Catalog, rate: Limit | None = None) -> Begin:
    return lambda remembered: standing_of(remembered, catalog, Bounds(rate=rate))


def says(delivery: Delivery, catalog: Catalog) -> Sequence[Command]:
    """`plant/ENTITY/state` with a state's name."""
    state = catalog.state(delivery.payload.decode())
    entity = catalog.find(delivery.topic.split("/")[1])
    return [ReportState(entity, state.id, delivery.topic, delivery.payload)] if entity and state else []


def rehearsal(*triggers: object, rate: Limit | None = None) -> Rehearsal:
    catalog = plant((mqtt("say", "say/{{id}}", "{{state.name}}"), program("run")), triggers)  # type: ignore[arg-type]
    return Rehearsal(catalog, beginning(catalog, rate), says, NOW)


def made(steps: Sequence[Step]) -> list[tuple[int, str]]:
    """When jobs were made, in ms from the beginning on, and of which operation."""
    return [
        (step.at - NOW, write.job.operation_id) for step in steps for write in step.decision.writes if isinstance(write, AddJob)
    ]


def test_a_message_that_is_read_makes_jobs_which_succeed_at_once() -> None:
    steps = rehearsal(trigger("say", ALARM), trigger("run", ALARM)).receive("plant/pump-1/state", b"ALARM")
    assert made(steps) == [(0, "say"), (0, "run")]
    ended = [write.job.status for step in steps for write in step.decision.writes if isinstance(write, UpdateJob)]
    assert ended == [JobStatus.SUCCEEDED, JobStatus.SUCCEEDED]


def test_a_message_that_is_passed_over_makes_nothing() -> None:
    assert rehearsal(trigger("say", ALARM)).receive("plant/pump-9/state", b"ALARM") == []


def test_a_hold_comes_up_when_its_time_has_come_and_not_before() -> None:
    course = rehearsal(trigger("say", ALARM, hold_ms=5_000))
    course.receive("plant/pump-1/state", b"ALARM")
    assert made(course.wait(4_999)) == []
    assert made(course.wait(1)) == [(5_000, "say")]
    assert made(course.wait(60_000)) == []


def test_another_state_ends_a_hold_and_a_repetition() -> None:
    course = rehearsal(trigger("say", ALARM, hold_ms=5_000), trigger("run", ALARM, every_ms=2_000))
    course.receive("plant/pump-1/state", b"ALARM")
    assert made(course.wait(4_500)) == [(2_000, "run"), (4_000, "run")]
    course.receive("plant/pump-1/state", b"OK")
    assert course.wait(60_000) == []


def test_timers_of_all_entities_come_up_in_the_order_of_time() -> None:
    course = rehearsal(trigger("say", ALARM, every_ms=3_000), trigger("run", FAULT, every_ms=2_000))
    course.receive("plant/pump-1/state", b"ALARM")
    course.receive("plant/pump-2/state", b"FAULT")
    assert made(course.wait(6_000)) == [(2_000, "run"), (3_000, "say"), (4_000, "run"), (6_000, "say"), (6_000, "run")]


def test_a_rest_is_over_when_time_has_gone_on() -> None:
    course = rehearsal(trigger("say", ALARM, cooldown_ms=10_000))
    course.receive("plant/pump-1/state", b"ALARM")
    for wait, count in ((9_999, 0), (1, 1)):
        course.wait(wait)
        course.receive("plant/pump-1/state", b"OK")
        assert len(made(course.receive("plant/pump-1/state", b"ALARM"))) == count


def test_a_state_that_is_given_was_entered_at_the_beginning() -> None:
    course = rehearsal(trigger("say", ALARM, from_states=frozenset({OK.id})))
    course.given(PUMP, OK.id)
    assert made(course.receive("plant/pump-1/state", b"ALARM")) == [(0, "say")]
    assert made(course.receive("plant/pump-2/state", b"ALARM")) == []


def test_what_is_to_be_carried_out_succeeds_and_what_is_called_off_is_cancelled() -> None:
    publish = Publish(job=JobId("a"), topic="t", message="m", qos=1, retain=False)
    found = list(at_once((publish, Resume(JobId("b")), CallOff(JobId("c")))))
    assert [(each.job, each.status, each.reason_code) for each in found] == [
        ("a", JobStatus.SUCCEEDED, 0),
        ("b", JobStatus.SUCCEEDED, None),
        ("c", JobStatus.CANCELLED, None),
    ]


# The stage


def stage(*triggers: object, rate: Limit | None = None, unheeded: Sequence[TimerKind] = ()) -> Stage:
    catalog = plant((mqtt("say", "say/{{id}}", "{{state.name}}"),), triggers)  # type: ignore[arg-type]
    return Stage(catalog, beginning(catalog, rate), unheeded)


def test_to_consider_a_command_changes_nothing() -> None:
    on = stage(trigger("say", ALARM, every_ms=1_000))
    one, other = (on.consider(report(ALARM), NOW, counting()) for _ in range(2))
    assert one == other
    assert on.next() is None


def test_only_jobs_that_are_open_are_remembered() -> None:
    on = stage(trigger("say", ALARM))
    [added] = [write for write in on.decide(report(ALARM), NOW).writes if isinstance(write, AddJob)]
    assert list(on.world.jobs) == [added.job.id]
    on.decide(Finish(job=added.job.id, status=JobStatus.FAILED), NOW)
    assert on.world.jobs == {}


def test_a_restart_forgets_what_no_store_keeps_and_nothing_else() -> None:
    on = stage(trigger("say", *STATES, cooldown_ms=1), rate=Limit(1, 60_000))
    on.decide(report(ALARM), NOW)
    on.restart(NOW + 20)
    assert on.world.states[PUMP].state == ALARM.id
    assert on.decide(report(OK), NOW + 30).verdicts[0].skipped is None, "how much of a limit is left is in no store"
    assert on.decide(report(FAULT), NOW + 40).verdicts[0].skipped is SkipReason.LIMIT
    on.restart(NOW + 50)
    assert on.decide(report(ALARM), NOW + 60).verdicts[0].skipped is SkipReason.QUARANTINED, "a quarantine is"
    assert on.decide(report(OK, PUMPS[1]), NOW + 30).verdicts[0].skipped is None


def test_timers_of_kinds_that_are_not_heeded_never_come_up() -> None:
    on = stage(trigger("say", ALARM, hold_ms=5), trigger("say", ALARM, every_ms=1_000), unheeded=[TimerKind.HOLD])
    on.decide(report(ALARM), NOW)
    found = on.next()
    assert found is not None
    assert (found.timer.kind, found.comes) == (TimerKind.REPEAT, NOW + 1_000)


def test_a_timer_can_be_put_off_and_is_told_of_once() -> None:
    on = stage(trigger("say", ALARM, hold_ms=5))
    on.decide(report(ALARM), NOW)
    [pending] = on.waiting(PUMP)
    on.put(pending, NOW + 100)
    assert on.next() is pending
    assert pending.comes == NOW + 100
    on.pop()
    assert on.next() is None


# Ids


def test_ids_look_like_a_workers_and_are_in_order() -> None:
    new_id = Numbered()
    given = [new_id(NOW), new_id(NOW), new_id(NOW + 1), new_id(1 << 47)]
    assert given == sorted(set(given))
    assert all(len(each) == 36 and each[14] == "7" for each in given)


@pytest.mark.parametrize("first", [None, "first"])
def test_ids_are_given_out_again_but_for_those_that_are_replaced(first: str | None) -> None:
    ids = Ids(counting(), first)
    given = [ids(NOW) for _ in range(3)]
    assert (given[0] == "first") is (first is not None)
    again = ids.again({given[1]: "known"})
    assert [again(NOW) for _ in range(3)] == [given[0], "known", given[2]]
    assert again(NOW) not in given


def test_a_request_is_decided_like_any_other_command() -> None:
    course = rehearsal(trigger("say", ALARM))
    request = Execute(entity=PUMP, operation=mqtt("say").id, user=UserId("ann"), login="ann")
    assert made(course.tell(request)) == [(0, "say")]
