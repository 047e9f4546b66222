"""The engine and what keeps time for states: it arms at the start, knows what it needs, and a restart loses nothing."""

from __future__ import annotations

from typing import Any

from pointsman.model.catalog import Catalog
from pointsman.model.command import ReportValues, SetManual
from pointsman.model.condition import Silence, StateCondition
from pointsman.model.expression import parse_expression
from pointsman.model.ids import UserId
from pointsman.model.timer import Timer, TimerKind
from unit.engine_rig import Rig, says
from unit.in_memory import Fault, MemoryStore
from unit.world import ALARM, FAULT, NOW, OK, PIPE, PUMP, PUMPS, mqtt, plant, report, trigger

AFTER = 600_000
HOT = StateCondition(state=ALARM.id, when=parse_expression("payload.t > 80"))
COOL = StateCondition(state=OK.id)


def listening(**more: Any) -> Catalog:
    return plant((mqtt(),), (trigger("open-valve", FAULT),), silence=Silence(after_ms=AFTER, state=FAULT.id), **more)


def go_on(rig: Rig, milliseconds: int) -> None:
    """Time passes, on both clocks."""
    rig.clock.at += milliseconds
    rig.clock.seconds += milliseconds / 1000


def timers(rig: Rig, kind: TimerKind) -> list[Timer]:
    return [timer for timer in rig.rows.timers.values() if timer.kind is kind]


def test_where_nobody_listens_a_start_writes_nothing() -> None:
    rig = Rig()
    rig.settle()
    assert not any(rig.store.commits)


def test_a_start_arms_every_entity_that_is_to_be_heard_of_and_silence_is_told_at_its_time() -> None:
    rig = Rig(catalog=listening())
    rig.settle()
    armed = {(timer.entity, timer.due) for timer in timers(rig, TimerKind.SILENCE)}
    assert armed == {(ref, NOW + AFTER) for ref in (*PUMPS, PIPE)}
    go_on(rig, AFTER - 1)
    rig.settle()
    assert rig.rows.changes == {}
    go_on(rig, 1)
    rig.settle()
    assert {change.entity for change in rig.rows.changes.values()} == {*PUMPS, PIPE}
    assert len(rig.jobs) == 4


def test_one_that_speaks_is_not_told_and_the_row_says_when_it_was_heard() -> None:
    rig = Rig(catalog=listening())
    rig.settle(says("1"))
    go_on(rig, AFTER - 1)
    rig.settle(says("1", 2))
    go_on(rig, 1)
    rig.settle()
    assert rig.rows.states[PUMP].heard == NOW + AFTER - 1
    go_on(rig, AFTER - 2)
    rig.settle()
    assert rig.rows.states[PUMP].state == OK.id
    go_on(rig, 1)
    rig.settle()
    assert rig.rows.states[PUMP].state == FAULT.id


def test_after_a_restart_before_its_time_one_that_stays_silent_is_told_after_the_full_time_and_no_later() -> None:
    catalog = listening()
    rig = Rig(catalog=catalog)
    rig.settle(says("1"))
    after = Rig(MemoryStore(rig.rows), catalog=catalog)
    go_on(after, 1_000)
    after.settle()
    go_on(after, AFTER)
    after.settle()
    assert after.rows.states[PUMP].state == FAULT.id


def test_after_a_restart_everybody_has_the_full_time_even_when_it_was_up_meanwhile() -> None:
    catalog = listening()
    rig = Rig(catalog=catalog)
    rig.settle(says("1"))
    after = Rig(MemoryStore(rig.rows), catalog=catalog)
    go_on(after, 10 * AFTER)
    after.settle()
    assert len(timers(after, TimerKind.SILENCE)) == 4
    assert {timer.due for timer in timers(after, TimerKind.SILENCE)} == {NOW + 11 * AFTER}
    assert after.rows.states[PUMP].state == OK.id
    go_on(after, AFTER)
    after.settle()
    assert after.rows.states[PUMP].state == FAULT.id


def test_a_store_that_fails_at_the_start_is_asked_again_until_everybody_is_armed() -> None:
    rig = Rig(catalog=listening())
    rig.store.faults.extend([Fault.READ, Fault.COMMIT, Fault.AMBIGUOUS])
    rig.settle()
    assert len(timers(rig, TimerKind.SILENCE)) == 4


def test_values_and_requests_are_decided_on_the_state_that_the_store_has() -> None:
    catalog = plant((mqtt(),), (trigger("open-valve", OK, ALARM),), conditions=(HOT, COOL))
    rig = Rig(catalog=catalog)
    rig.settle(report(ALARM))
    rig.settle(ReportValues(PUMP, "t", b'{"t": 99}'))
    assert len(rig.jobs) == 1, "it is in that state already"
    rig.settle(SetManual(entity=PUMP, by=UserId("ann"), state=ALARM.id), report(OK))
    assert len(rig.jobs) == 1
    rig.settle(SetManual(entity=PUMP, by=UserId("ann")))
    assert len(rig.jobs) == 2
    assert rig.engine.tally.as_json()["changes"] == 2


def test_a_manual_state_is_remembered_over_a_restart_and_ends_at_once_when_its_time_has_passed_meanwhile() -> None:
    rig = Rig()
    rig.settle(says("1"), SetManual(entity=PUMP, by=UserId("ann"), state=ALARM.id, until=NOW + AFTER))
    rig.settle(says("4", 2))
    after = Rig(MemoryStore(rig.rows))
    after.settle(says("4", 3))
    assert after.rows.states[PUMP].state == ALARM.id
    late = Rig(MemoryStore(rig.rows))
    go_on(late, AFTER + 5_000)
    late.settle()
    assert (late.rows.states[PUMP].state, late.rows.manual[PUMP], timers(late, TimerKind.MANUAL)) == (FAULT.id, None, [])


def test_what_is_only_heard_is_counted_as_unchanged_and_what_silence_does_as_a_change() -> None:
    rig = Rig(catalog=listening())
    rig.settle(says("1"), says("1", 2))
    go_on(rig, AFTER)
    rig.settle(says("1", 3))
    counts = rig.engine.tally.as_json()
    assert (counts["changes"], counts["unchanged"], counts["baselines"]) == (4, 2, 0)
