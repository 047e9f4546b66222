"""Which state values stand for: each clause of a condition, and hysteresis that never chatters."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.core.decide import decide
from pointsman.core.derive import Derived, Underivable, derive
from pointsman.core.evaluate import Scene
from pointsman.core.world import World
from pointsman.model.command import RejectReason, ReportValues, SetManual
from pointsman.model.condition import StateCondition
from pointsman.model.expression import parse_expression
from pointsman.model.ids import StateId, UserId
from pointsman.model.state import Retained, State
from pointsman.model.write import AddChange, AddJob, CountReject, SaveState
from unit.world import ALARM, FAULT, NOW, OK, PUMP, context, counting, in_state, mqtt, obj, plant, trigger


def condition(state: State, when: str | None = None, until: str | None = None) -> StateCondition:
    parsed = [None if text is None else parse_expression(text) for text in (when, until)]
    return StateCondition(state=state.id, when=parsed[0], until=parsed[1])


HOT = condition(ALARM, "payload.t > 80", "payload.t < 75")
COOL = condition(OK)
BROKEN = condition(FAULT, "payload.code == 'broken'")


def derived(conditions: tuple[StateCondition, ...], payload: Any, present: State | None = None) -> str | None:
    scene = Scene(context(payload=json.dumps(payload).encode(), state=present), 1_000, None, offline=False)
    found = derive(conditions, present.id if present else None, scene)
    assert not isinstance(found, Underivable), found.fault
    return None if found is None else found.state


@pytest.mark.parametrize(
    ("conditions", "payload", "present", "state"),
    [
        ((HOT, COOL), {"t": 81}, None, ALARM),
        ((HOT, COOL), {"t": 80}, None, OK),
        ((HOT, COOL), {"t": 77}, OK, OK),
        ((HOT, COOL), {"t": 77}, ALARM, ALARM),
        ((HOT, COOL), {"t": 75}, ALARM, ALARM),
        ((HOT, COOL), {"t": 74}, ALARM, OK),
        ((HOT, COOL), {"t": 81}, ALARM, ALARM),
        ((HOT, COOL), {}, ALARM, ALARM),
        ((HOT, COOL), {}, OK, OK),
        ((HOT,), {"t": 20}, OK, None),
        ((HOT,), {"t": 20}, ALARM, None),
        ((BROKEN, HOT, COOL), {"t": 99, "code": "broken"}, ALARM, FAULT),
        ((BROKEN, HOT, COOL), {"t": 77, "code": "fine"}, FAULT, OK),
        ((HOT, BROKEN, COOL), {"t": 99, "code": "broken"}, None, ALARM),
        ((condition(ALARM, "state.name == 'OK'"), COOL), {}, OK, ALARM),
        ((condition(ALARM, "state.age >= 1000"), COOL), {}, OK, ALARM),
        ((condition(ALARM, "properties['Serial Number'] == 'A-17'"),), {}, OK, ALARM),
        ((), {"t": 99}, OK, None),
    ],
)
def test_the_first_condition_that_holds_counts(
    conditions: tuple[StateCondition, ...], payload: Any, present: State | None, state: State | None
) -> None:
    assert derived(conditions, payload, present) == (state.id if state else None)


def test_a_condition_with_both_true_keeps_its_state_and_does_not_chatter() -> None:
    odd = condition(ALARM, "payload.t > 80", "payload.t > 70")
    assert [derived((odd, COOL), {"t": 90}, present) for present in (OK, ALARM)] == [ALARM.id, ALARM.id]


TEMPERATURES = st.lists(st.floats(-50, 150), min_size=1, max_size=60)


def crossings(temperatures: list[float]) -> int:
    """How often they cross the band from 75 to 80 from one side to the other, from below at first: the reference."""
    above, count = False, 0
    for each in temperatures:
        if above != (each > 80 if not above else not each < 75):
            above, count = not above, count + 1
    return count


@given(TEMPERATURES)
def test_between_two_opposite_crossings_the_state_changes_at_most_once(temperatures: list[float]) -> None:
    line = Line()
    for at, each in enumerate(temperatures):
        line.tell({"t": each}, NOW + at)
    changed = line.states[1:] if line.states[0] == OK.id else line.states
    assert len(changed) == crossings(temperatures)
    assert all(one != two for one, two in zip(line.states, line.states[1:], strict=False))


@given(st.lists(st.floats(75, 80), min_size=1, max_size=60), st.sampled_from([20.0, 120.0]))
def test_within_the_band_nothing_ever_changes(temperatures: list[float], first: float) -> None:
    line = Line()
    line.tell({"t": first}, NOW)
    for at, each in enumerate(temperatures):
        line.tell({"t": each}, NOW + 1 + at)
    assert len(line.states) == 1


# The whole way: values go the way of a report


class Line:
    """A world to which values come one after the other."""

    def __init__(self, *conditions: StateCondition) -> None:
        self.world = World(
            plant((mqtt(message="{{state.name}}"),), (trigger("open-valve", ALARM),), conditions=conditions or (HOT, COOL))
        )
        self.states: list[str] = []
        self._ids = counting()

    def tell(self, payload: Any, at: int = NOW, retained: Retained | None = None) -> Any:
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        decision = decide(self.world, ReportValues(PUMP, "t", body, retained, reported=7), at, self._ids)
        self.world.fold(decision)
        self.states += [write.change.current for write in decision.writes if isinstance(write, AddChange)]
        return decision


def test_values_make_a_change_with_its_message_its_reason_and_the_jobs_of_triggers() -> None:
    decision = Line().tell({"t": 99})
    [added] = [write for write in decision.writes if isinstance(write, AddChange)]
    assert (added.change.current, added.change.topic, added.change.reported) == (ALARM.id, "t", 7)
    assert added.change.reason == "condition 1: payload.t > 80"
    assert added.payload == b'{"t": 99}'
    assert len([write for write in decision.writes if isinstance(write, AddJob)]) == 1


def test_values_that_stand_for_the_present_state_write_nothing() -> None:
    line = Line()
    line.tell({"t": 99})
    assert line.tell({"t": 98}).writes == ()


def test_values_for_which_no_condition_holds_write_nothing() -> None:
    line = Line(HOT)
    assert line.tell({"t": 1}).writes == ()
    assert PUMP not in line.world.states


def test_a_state_that_is_left_because_nothing_else_holds_says_so() -> None:
    line = Line()
    line.tell({"t": 99})
    [added] = [write for write in line.tell({"t": 1}).writes if isinstance(write, AddChange)]
    assert added.change.reason == "condition 2: otherwise"


@pytest.mark.parametrize(
    ("conditions", "payload", "words"),
    [
        ((HOT, COOL), {"t": "warm"}, "condition 1: payload.t > 80: expected a number, found warm"),
        ((COOL, HOT), {"t": "warm"}, None),
        ((condition(ALARM, "payload.t"), COOL), {"t": 3}, "condition 1: payload.t: expected 'payload.t' to be true or false"),
    ],
)
def test_a_condition_that_cannot_be_computed_is_a_reject_with_words(
    conditions: tuple[StateCondition, ...], payload: Any, words: str | None
) -> None:
    decision = Line(*conditions).tell(payload)
    rejects = [write for write in decision.writes if isinstance(write, CountReject)]
    assert [each.reason for each in rejects] == ([RejectReason.CONDITION_FAULT] if words else [])
    assert all(words is not None and words in each.detail and "object pump-1" in each.detail for each in rejects)
    assert any(isinstance(write, SaveState) for write in decision.writes) == (words is None)


def test_the_values_of_nobody_are_rejected() -> None:
    decision = decide(Line().world, ReportValues(obj("ghost"), "t", b"{}"), NOW, counting())
    assert [write.reason for write in decision.writes if isinstance(write, CountReject)] == [RejectReason.UNKNOWN_ENTITY]


@pytest.mark.parametrize(
    ("retained", "known", "changes", "state"),
    [
        (Retained.COMPARE, None, 0, ALARM),
        (Retained.COMPARE, OK, 1, ALARM),
        (Retained.BASELINE, OK, 0, ALARM),
        (Retained.IGNORE, OK, 0, OK),
        (Retained.FIRE, None, 1, ALARM),
    ],
)
def test_retained_values_are_snapshots_as_retained_reports_are(
    retained: Retained, known: State | None, changes: int, state: State
) -> None:
    line = Line()
    if known is not None:
        line.world.states[PUMP] = in_state(known)
    line.tell({"t": 99}, retained=retained)
    assert len(line.states) == changes
    assert line.world.states[PUMP].state == state.id


def test_hysteresis_goes_on_under_a_manual_state() -> None:
    line = Line()
    line.tell({"t": 99})
    for state in (OK.id, None):
        line.tell({"t": 77})
        line.world.fold(decide(line.world, SetManual(entity=PUMP, by=UserId("ann"), state=state), NOW, counting(1_000)))
    assert line.world.states[PUMP].state == ALARM.id


def test_what_is_derived_names_its_condition() -> None:
    found = derive((BROKEN, HOT), None, Scene(context(payload=b'{"t": 99}'), None, None, offline=False))
    assert found == Derived(StateId(ALARM.id), "condition 2: payload.t > 80")
