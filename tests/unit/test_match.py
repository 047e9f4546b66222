"""Which triggers a change fires: a verdict on each, in the order in which they were written."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pointsman.core.match import SkipReason, verdicts
from pointsman.model.ids import ChangeId, StateId
from pointsman.model.state import State, StateChange
from unit.world import ALARM, FAULT, NOW, OK, PUMP, STATES, TRIGGERS, trigger


def into(state: State) -> StateChange:
    return StateChange(id=ChangeId("c"), entity=PUMP, previous=OK.id, current=state.id, at=NOW)


def test_a_trigger_fires_when_the_new_state_is_among_its_states() -> None:
    assert [verdict.fires for verdict in verdicts(into(FAULT), TRIGGERS)] == [True, True]
    assert [verdict.fires for verdict in verdicts(into(ALARM), TRIGGERS)] == [True, False]
    assert [verdict.fires for verdict in verdicts(into(OK), TRIGGERS)] == [False, False]


def test_a_trigger_that_does_not_fire_says_why() -> None:
    assert [verdict.skipped for verdict in verdicts(into(ALARM), TRIGGERS)] == [None, SkipReason.OTHER_STATE]


def test_without_triggers_there_is_nothing_to_consider() -> None:
    assert verdicts(into(FAULT), ()) == ()


@given(st.sampled_from(STATES), st.lists(st.lists(st.sampled_from(STATES), max_size=3), max_size=6))
def test_every_trigger_gets_one_verdict_in_its_place(state: State, sets: list[list[State]]) -> None:
    triggers = [trigger(f"op-{number}", *states) for number, states in enumerate(sets)]
    found = verdicts(into(state), triggers)
    assert [verdict.trigger for verdict in found] == triggers
    assert [verdict.fires for verdict in found] == [state in states for states in sets]


def test_states_are_matched_by_id_whatever_they_are_called() -> None:
    """`states` is how they go out, and may be integers; only `state_ids` is matched."""
    renamed = State(id=StateId("3"), name="SOMETHING", declared=3)
    (verdict,) = verdicts(into(renamed), [trigger("open-valve", ALARM)])
    assert verdict.trigger.states == (3,)
    assert verdict.fires
