"""Which triggers a change fires: a verdict on each, in the order in which they were written."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.core.evaluate import Scene
from pointsman.core.match import SkipReason, Verdict, verdicts
from pointsman.model.expression import parse_expression
from pointsman.model.ids import ChangeId, StateId, TriggerId
from pointsman.model.state import State, StateChange
from pointsman.model.trigger import ActiveHours, StateTrigger
from unit.world import ALARM, FAULT, NOW, OK, PUMP, STATES, TRIGGERS, context, trigger


def into(state: State) -> StateChange:
    return StateChange(id=ChangeId("c"), entity=PUMP, previous=OK.id, current=state.id, at=NOW)


def scene_of(change: StateChange, payload: bytes = b"{}") -> Scene:
    states = {state.id: state for state in STATES}
    previous = states[change.previous] if change.previous else None
    about = context(state=states[change.current], previous=previous, payload=payload)
    return Scene(about, state_age=0, previous_age=7_000, offline=change.changed_while_offline)


def asked(change: StateChange, triggers: Sequence[StateTrigger], **fired: int) -> tuple[Verdict, ...]:
    return verdicts(change, triggers, {TriggerId(name): at for name, at in fired.items()}, lambda: scene_of(change))


def test_a_trigger_fires_when_the_new_state_is_among_its_states() -> None:
    assert [verdict.fires for verdict in asked(into(FAULT), TRIGGERS)] == [True, True]
    assert [verdict.fires for verdict in asked(into(ALARM), TRIGGERS)] == [True, False]
    assert [verdict.fires for verdict in asked(into(OK), TRIGGERS)] == [False, False]


def test_a_trigger_that_does_not_fire_says_why() -> None:
    assert [verdict.skipped for verdict in asked(into(ALARM), TRIGGERS)] == [None, SkipReason.OTHER_STATE]


def test_without_triggers_there_is_nothing_to_consider() -> None:
    assert asked(into(FAULT), ()) == ()


@given(st.sampled_from(STATES), st.lists(st.lists(st.sampled_from(STATES), max_size=3), max_size=6))
def test_every_trigger_gets_one_verdict_in_its_place(state: State, sets: list[list[State]]) -> None:
    triggers = [trigger(f"op-{number}", *states) for number, states in enumerate(sets)]
    found = asked(into(state), triggers)
    assert [verdict.trigger for verdict in found] == triggers
    assert [verdict.fires for verdict in found] == [state in states or not states for states in sets]


def test_states_are_matched_by_id_whatever_they_are_called() -> None:
    """`states` is how they go out, and may be integers; only `state_ids` is matched."""
    renamed = State(id=StateId("3"), name="SOMETHING", declared=3)
    (verdict,) = asked(into(renamed), [trigger("open-valve", ALARM)])
    assert verdict.trigger.states == (3,)
    assert verdict.fires


CLAUSES = [
    ({"enabled": False}, SkipReason.DISABLED),
    ({"from_states": frozenset({OK.id})}, None),
    ({"from_states": frozenset({FAULT.id})}, SkipReason.OTHER_ORIGIN),
    ({"not_from": frozenset({OK.id})}, SkipReason.EXCLUDED),
    ({"not_from": frozenset({FAULT.id})}, None),
    ({"not_to": frozenset({ALARM.id})}, SkipReason.EXCLUDED),
    ({"not_to": frozenset({FAULT.id})}, None),
    ({"when": parse_expression("state.priority >= 10 and previous.age > 5000")}, None),
    ({"when": parse_expression("previous.age > 8000")}, SkipReason.CONDITION),
    ({"when": parse_expression("payload.nothing > 1")}, SkipReason.CONDITION),
    ({"when": parse_expression("name > 1")}, SkipReason.CONDITION_FAULT),
]


@pytest.mark.parametrize(("clause", "skipped"), CLAUSES)
def test_every_clause_has_to_agree_and_the_first_that_does_not_is_the_reason(
    clause: dict[str, object], skipped: SkipReason | None
) -> None:
    (verdict,) = asked(into(ALARM), [trigger("valve", ALARM, **clause)])
    assert verdict.skipped == skipped


def test_an_entity_without_a_state_yet_comes_from_none_that_is_asked_for() -> None:
    first = StateChange(id=ChangeId("c"), entity=PUMP, previous=None, current=ALARM.id, at=NOW)
    only, never = trigger("valve", ALARM, from_states=frozenset({OK.id})), trigger("valve", ALARM, not_from=frozenset({OK.id}))
    assert [verdict.skipped for verdict in asked(first, [only, never])] == [SkipReason.OTHER_ORIGIN, None]


@pytest.mark.parametrize(("ago", "fires"), [(0, False), (9_999, False), (10_000, True), (-1, True), (-20_000, True)])
def test_a_trigger_rests_for_its_cooldown_and_a_clock_set_back_does_not_prolong_it(ago: int, fires: bool) -> None:
    resting = trigger("valve", ALARM, cooldown_ms=10_000)
    (verdict,) = verdicts(into(ALARM), [resting], {resting.id: NOW - ago}, lambda: scene_of(into(ALARM)))
    assert verdict.fires == fires
    assert fires or verdict.detail == f"{10_000 - ago} ms left"


def at(text: str, zone: str = "Europe/Berlin") -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)


@pytest.mark.parametrize(
    ("start", "end", "moment", "within"),
    [
        ("08:00", "18:00", "2026-07-06T08:00", True),
        ("08:00", "18:00", "2026-07-06T17:59", True),
        ("08:00", "18:00", "2026-07-06T18:00", False),
        ("08:00", "18:00", "2026-07-05T12:00", False),
        ("22:00", "06:00", "2026-07-06T23:00", True),
        ("22:00", "06:00", "2026-07-07T05:59", True),
        ("22:00", "06:00", "2026-07-06T05:00", False),
        ("22:00", "06:00", "2026-07-11T05:00", True),
        ("00:00", "24:00", "2026-07-06T12:00", True),
    ],
)
def test_active_hours_are_those_of_the_wall_and_a_night_belongs_to_its_evening(
    start: str, end: str, moment: str, within: bool
) -> None:
    """Monday to Friday; the 6th of July 2026 is a Monday."""
    minutes = [int(text[:2]) * 60 + int(text[3:]) for text in (start, end)]
    hours = ActiveHours(days=frozenset(range(5)), start=minutes[0], end=minutes[1], zone=ZoneInfo("Europe/Berlin"))
    assert hours.contain(at(moment)) == within


def test_active_hours_move_along_with_daylight_saving() -> None:
    hours = ActiveHours(days=frozenset(range(7)), start=8 * 60, end=9 * 60, zone=ZoneInfo("Europe/Berlin"))
    assert hours.contain(at("2026-03-28T07:30", "UTC"))
    assert hours.contain(at("2026-03-30T06:30", "UTC"))
    assert not hours.contain(at("2026-03-30T07:30", "UTC"))


@given(st.permutations(list(range(len(CLAUSES)))))
def test_the_order_of_triggers_does_not_matter_to_any_of_them(order: list[int]) -> None:
    triggers = [trigger(f"op-{number}", ALARM, **clause) for number, (clause, _) in enumerate(CLAUSES)]
    found = asked(into(ALARM), [triggers[number] for number in order])
    assert {verdict.trigger.id: verdict.skipped for verdict in found} == {
        each.id: skipped for each, (_, skipped) in zip(triggers, CLAUSES, strict=True)
    }
