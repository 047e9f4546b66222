"""No data: an entity of which nothing is heard for so long is told to be silent, and one that speaks never is."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.core.decide import decide
from pointsman.core.world import Decision, World
from pointsman.model.catalog import build_catalog
from pointsman.model.command import Arm, Command, ReportState, ReportValues, SetManual, TimerDue
from pointsman.model.condition import Silence, StateCondition
from pointsman.model.effect import WakeAt
from pointsman.model.expression import parse_expression
from pointsman.model.ids import StateId, TimerId, UserId
from pointsman.model.job import JobStatus
from pointsman.model.state import Retained, State, StateChange
from pointsman.model.timer import Timer, TimerKind
from pointsman.model.write import AddChange, AddJob, DropTimer, SaveState, SaveTimer
from unit.world import ALARM, FAULT, NOW, OK, PIPE, PUMP, PUMPS, STATES, counting, mqtt, plant, report, trigger

AFTER = 600_000
HOT = StateCondition(state=ALARM.id, when=parse_expression("payload.t > 80"), until=parse_expression("payload.t < 75"))


class Line:
    """Pumps that go to FAULT when nothing is heard of them, to which commands come one after the other."""

    def __init__(self, *conditions: StateCondition, arm: bool = True, **of_class: Any) -> None:
        of_class = {"silence": Silence(after_ms=AFTER, state=FAULT.id), "conditions": conditions, **of_class}
        operation = mqtt(message="{{previous.name}} {{state.name}}")
        self.world = World(plant((operation,), (trigger("open-valve", *STATES),), **of_class))
        self.changes: list[StateChange] = []
        self._ids = counting()
        if arm:
            self.tell(Arm(), NOW)

    def tell(self, command: Command, at: int) -> Decision:
        decision = decide(self.world, command, at, self._ids)
        self.world.fold(decision)
        self.changes += [write.change for write in decision.writes if isinstance(write, AddChange)]
        return decision

    @property
    def timer(self) -> Timer:
        """The one of the pump; there is never another."""
        [timer] = [each for each in self.world.timers.values() if each.entity == PUMP and each.kind is TimerKind.SILENCE]
        return timer

    def wake(self, at: int | None = None) -> Decision:
        """The pump's timer comes up: at its time, unless it says otherwise."""
        timer = self.timer
        return self.tell(TimerDue(timer.id), timer.due if at is None else at)

    @property
    def state(self) -> str | None:
        known = self.world.states.get(PUMP)
        return None if known is None else known.state


def jobs(decision: Decision) -> list[str]:
    return [str(write.job.description["message"]) for write in decision.writes if isinstance(write, AddJob)]


def values(temperature: float | None = None, retained: Retained | None = None) -> ReportValues:
    return ReportValues(PUMP, "t", json.dumps({} if temperature is None else {"t": temperature}).encode(), retained)


# Being told


def test_an_entity_that_never_speaks_is_told_after_its_time_from_the_start_on() -> None:
    line = Line()
    assert line.timer.due == NOW + AFTER
    assert jobs(line.wake()) == ["unknown FAULT"]
    [change] = line.changes
    assert (change.entity, change.previous, change.current, change.at) == (PUMP, None, FAULT.id, NOW + AFTER)
    assert (change.reason, change.topic) == ("nothing heard for 10m", None)


def test_one_that_fell_silent_is_told_so_long_after_its_last_report() -> None:
    line = Line()
    line.tell(report(OK), NOW + 200_000)
    line.tell(report(OK), NOW + 500_000)
    assert jobs(line.wake()) == []
    assert line.timer.due == NOW + 500_000 + AFTER
    assert jobs(line.wake()) == ["OK FAULT"]


def test_a_report_that_changes_nothing_is_one_row_and_none_where_nobody_listens() -> None:
    line = Line()
    line.tell(report(OK), NOW + 1)
    [write] = line.tell(report(OK), NOW + 2).writes
    assert isinstance(write, SaveState)
    assert (write.state.heard, write.state.since) == (NOW + 2, NOW + 1)
    deaf = Line(silence=None)
    deaf.tell(report(OK), NOW + 1)
    assert deaf.tell(report(OK), NOW + 2).writes == ()
    assert deaf.world.states[PUMP].heard is None


def test_a_change_notes_too_when_the_entity_was_heard() -> None:
    line = Line()
    line.tell(report(OK), NOW + 1)
    assert line.world.states[PUMP].heard == NOW + 1


def test_one_that_is_silent_is_told_once_and_looked_after_all_the_same() -> None:
    line = Line()
    line.wake()
    again = line.wake()
    assert [type(write) for write in again.writes] == [DropTimer, SaveTimer]
    assert len(line.changes) == 1
    assert line.timer.due == NOW + 3 * AFTER


def test_the_next_report_leaves_the_state_and_silence_is_told_anew() -> None:
    line = Line()
    line.tell(report(OK), NOW + 1)
    line.wake()
    line.wake()
    assert line.state == FAULT.id
    assert jobs(line.tell(report(OK), line.timer.due - 10)) == ["FAULT OK"]
    line.wake()
    line.wake()
    assert [change.current for change in line.changes] == [OK.id, FAULT.id, OK.id, FAULT.id]


def test_each_timer_is_set_with_its_wake_up_and_takes_the_place_of_the_one_before() -> None:
    line = Line()
    old = line.timer
    decision = line.wake()
    assert WakeAt(line.timer.id, line.timer.due) in decision.effects
    assert line.tell(TimerDue(old.id), NOW + 2 * AFTER).writes == ()


# Starting


def test_at_the_start_everybody_has_the_full_time_again_since_the_worker_was_blind() -> None:
    line = Line()
    line.tell(report(OK), NOW + 1)
    old = {timer.id for timer in line.world.timers.values()}
    start = NOW + 10 * AFTER
    decision = line.tell(Arm(), start)
    assert {write.timer for write in decision.writes if isinstance(write, DropTimer)} == old
    assert {timer.due for timer in line.world.timers.values()} == {start + AFTER}
    assert {timer.entity for timer in line.world.timers.values()} == {*PUMPS, PIPE}
    assert line.changes[1:] == []
    assert jobs(line.wake()) == ["OK FAULT"]


def test_what_nobody_listens_for_any_more_is_let_go() -> None:
    line = Line()
    timer = line.timer
    line.world.catalog = plant()
    assert line.tell(TimerDue(timer.id), timer.due).writes == (DropTimer(timer.id),)
    line.world.catalog = build_catalog(states=STATES)
    line.tell(Arm(), NOW)
    assert line.world.timers == {}


def test_to_arm_leaves_other_timers_alone() -> None:
    hold = Timer(id=TimerId("hold"), due=NOW + 1, kind=TimerKind.HOLD, entity=PUMP)
    line = Line(arm=False)
    line.world.timers[hold.id] = hold
    line.tell(Arm(), NOW)
    assert line.world.timers[hold.id] is hold


# Snapshots say nothing of who still speaks


@pytest.mark.parametrize("retained", [Retained.COMPARE, Retained.BASELINE, Retained.IGNORE])
def test_a_snapshot_is_not_heard(retained: Retained) -> None:
    line = Line()
    line.tell(report(OK), NOW + 1)
    for state in (OK, ALARM):
        line.tell(report(state, retained=retained), NOW + 100_000)
    assert line.world.states[PUMP].heard == NOW + 1


@pytest.mark.parametrize("retained", [Retained.COMPARE, Retained.BASELINE])
def test_what_was_known_before_does_not_come_back_with_each_connect(retained: Retained) -> None:
    line = Line()
    line.tell(report(OK), NOW + 1)
    line.wake()
    line.wake()
    assert line.tell(report(OK, retained=retained), NOW + 3 * AFTER).writes == ()
    assert line.state == FAULT.id


def test_a_snapshot_of_another_state_was_reported_meanwhile_and_is_found_out() -> None:
    line = Line()
    line.tell(report(OK), NOW + 1)
    line.wake()
    line.wake()
    assert jobs(line.tell(report(ALARM, retained=Retained.COMPARE), NOW + 3 * AFTER)) == ["FAULT ALARM"]
    assert jobs(line.wake()) == ["ALARM FAULT"], "it has still not been heard"
    assert line.tell(report(ALARM, retained=Retained.COMPARE), NOW + 5 * AFTER).writes == ()


# With conditions


def test_values_are_heard_whatever_comes_of_them() -> None:
    line = Line(HOT)
    line.tell(report(OK), NOW + 1)
    for later, payload in enumerate((b'{"t": 20}', b'{"t": "broken"}', b"{}"), 2):
        line.tell(ReportValues(PUMP, "t", payload), NOW + later)
        assert line.world.states[PUMP].heard == NOW + later
    assert line.state == OK.id


def test_hysteresis_survives_silence() -> None:
    line = Line(HOT, StateCondition(state=OK.id))
    line.tell(values(99), NOW + 1)
    line.wake()
    line.wake()
    assert line.state == FAULT.id
    line.tell(values(77), NOW + 3 * AFTER)
    assert line.state == ALARM.id


def test_values_for_which_no_condition_holds_lead_back_to_the_state_before_silence() -> None:
    line = Line(HOT)
    line.tell(report(OK), NOW + 1)
    line.wake()
    line.wake()
    assert jobs(line.tell(values(20), NOW + 3 * AFTER)) == ["FAULT OK"]
    assert line.changes[-1].reason == "heard again"


def test_an_entity_without_a_state_is_not_silent_while_it_speaks_even_if_nothing_is_derived() -> None:
    line = Line(HOT)
    line.tell(values(20), NOW + 500_000)
    assert line.timer.due == NOW + 500_000 + AFTER
    line.wake()
    assert line.state == FAULT.id


def test_an_operation_that_needs_a_message_fails_where_none_led_to_the_change() -> None:
    line = Line()
    line.world.catalog = plant(
        (mqtt(message="{{payload}}"),), (trigger("open-valve", FAULT),), silence=Silence(after_ms=AFTER, state=FAULT.id)
    )
    [job] = [write.job for write in line.wake().writes if isinstance(write, AddJob)]
    assert (job.status, job.error) == (
        JobStatus.FAILED,
        "expected something to put in place of {{payload}}, but no message reported the state",
    )


# With a manual state


def test_a_state_that_was_set_by_hand_stands_before_silence_which_is_told_afterwards() -> None:
    line = Line()
    line.tell(report(OK), NOW + 1)
    line.tell(SetManual(entity=PUMP, by=UserId("ann"), state=ALARM.id), NOW + 2)
    for _ in range(3):
        line.wake()
    assert line.state == ALARM.id
    line.tell(SetManual(entity=PUMP, by=UserId("ann")), line.timer.due - 1)
    assert line.state == OK.id
    line.wake()
    assert line.state == FAULT.id


def test_reports_under_a_manual_state_are_heard() -> None:
    line = Line()
    line.tell(report(OK), NOW + 1)
    line.tell(SetManual(entity=PUMP, by=UserId("ann"), state=ALARM.id), NOW + 2)
    assert line.world.states[PUMP].heard == NOW + 1
    line.tell(report(OK), NOW + 3)
    assert (line.state, line.world.states[PUMP].heard) == (ALARM.id, NOW + 3)


# Clocks that are set


@pytest.mark.parametrize("jump", [10**12, -(10**12)])
def test_a_wall_clock_that_is_set_far_tells_nobody_who_speaks_to_be_silent(jump: int) -> None:
    line = Line()
    line.tell(report(OK), NOW + 100_000 + jump)
    assert jobs(line.wake(NOW + AFTER + jump)) == []
    assert line.timer.due == NOW + AFTER + jump + AFTER


@pytest.mark.parametrize(
    ("after", "words"), [(90_000, "90s"), (86_400_000, "1d"), (7_200_000, "2h"), (1_500, "1500ms"), (60_000, "1m")]
)
def test_the_reason_says_for_how_long(after: int, words: str) -> None:
    line = Line(silence=Silence(after_ms=after, state=FAULT.id))
    line.wake()
    assert line.changes[-1].reason == f"nothing heard for {words}"


# For any sequence

MOMENTS = st.lists(st.tuples(st.integers(0, 3 * AFTER), st.sampled_from([OK, ALARM])), max_size=20)


@given(MOMENTS)
def test_it_is_told_exactly_when_so_much_time_passed_since_the_last_report(gaps: list[tuple[int, State]]) -> None:
    """Against a model that knows the whole story: in each gap that is long enough silence is told once, at its time."""
    line, at, expected, present = Line(), NOW, list[tuple[int, StateId]](), None
    for gap, state in gaps:
        if gap >= AFTER and present != FAULT.id:
            expected.append((at + AFTER, FAULT.id))
            present = FAULT.id
        at += gap
        while line.timer.due <= at:
            line.wake()
        line.tell(ReportState(PUMP, state.id, "t", b"{}"), at)
        if present != state.id:
            expected.append((at, state.id))
            present = state.id
    assert [(change.at, change.current) for change in line.changes if change.entity == PUMP] == expected
