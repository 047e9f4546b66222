"""What a worker remembers beyond its end: values of properties, and the timers of schedules."""

from __future__ import annotations

from typing import Any

from contract.conftest import OpenStore
from contract.making import AWKWARD_JSON, AWKWARD_TEXTS, NOW, new_id, pipe, pump
from pointsman.model.ids import EntityRef, TimerId, UserId
from pointsman.model.json import Json
from pointsman.model.timer import Timer, TimerKind
from pointsman.model.write import DropTimer, DropTimers, SaveProperty, SaveTimer, Write
from pointsman.store.reads import entities
from pointsman.store.reads.reader import Reader
from pointsman.store.sql_store import SqlStore


def apply(store: SqlStore, *writes: Write) -> None:
    with store.begin() as unit:
        unit.apply(writes)


def a_value(value: Json, name: str = "Setpoint", entity: EntityRef | None = None, at: int = NOW) -> SaveProperty:
    return SaveProperty(entity=entity or pump(), name=name, value=value, at=at, by=UserId("ann"))


def a_timer(detail: str = "0 6 * * * UTC", entity: EntityRef | None = None, due: int = NOW, **more: Any) -> Timer:
    given: dict[str, Any] = {"kind": TimerKind.SCHEDULE, "subject": "report", **more}
    return Timer(id=TimerId(new_id(NOW)), due=due, entity=entity or pump(), detail=detail, **given)


def remembered(store: SqlStore) -> dict[EntityRef, dict[str, Json]]:
    with store.begin() as unit:
        return {ref: dict(values) for ref, values in unit.remembered().properties.items()}


def timers(store: SqlStore) -> dict[TimerId, Timer]:
    with store.begin() as unit:
        return dict(unit.timers())


def test_the_last_value_of_a_property_counts_for_its_entity_alone(store: SqlStore, reader: Reader) -> None:
    apply(store, a_value(20), a_value(21), a_value("eco", "Mode"), a_value(5, entity=pump(2)), a_value(6, entity=pipe()))
    apply(store, a_value(22, at=NOW + 1))
    assert remembered(store) == {pump(): {"Setpoint": 22, "Mode": "eco"}, pump(2): {"Setpoint": 5}, pipe(): {"Setpoint": 6}}
    assert entities.properties(reader, pump()) == {"Setpoint": (22, NOW + 1, "ann"), "Mode": ("eco", NOW, "ann")}
    assert entities.properties(reader, pump(3)) == {}


def test_any_value_comes_back_as_it_was(store: SqlStore) -> None:
    apply(store, *[a_value(value, f"p{number}") for number, value in enumerate(AWKWARD_JSON)])
    found = remembered(store)[pump()]
    assert [repr(found[f"p{number}"]) for number in range(len(AWKWARD_JSON))] == [repr(value) for value in AWKWARD_JSON]


def test_a_name_that_no_database_takes_does_not_stop_the_transaction(store: SqlStore) -> None:
    apply(store, *[a_value(number, name) for number, name in enumerate(AWKWARD_TEXTS)])
    assert set(remembered(store)[pump()].values()) == set(range(len(AWKWARD_TEXTS)))


def test_a_schedule_s_timer_comes_back_as_it_was(store: SqlStore) -> None:
    made = [a_timer(detail) for detail in ("0 6 * * mon-fri Europe/Berlin", "every 600000 ms", *AWKWARD_TEXTS)]
    apply(store, *map(SaveTimer, made))
    assert timers(store) == {timer.id: timer for timer in made}
    with store.begin() as unit:
        assert unit.timers([made[0].id, TimerId("none")]) == {made[0].id: made[0]}


def test_the_next_timer_takes_the_place_of_the_one_that_was_due_in_one_transaction(store: SqlStore) -> None:
    first, second = a_timer(), a_timer(due=NOW + 1)
    apply(store, SaveTimer(first))
    apply(store, DropTimer(first.id), SaveTimer(second))
    apply(store, DropTimer(first.id), SaveTimer(second))
    assert timers(store) == {second.id: second}


def test_a_change_of_state_leaves_schedules_alone(store: SqlStore) -> None:
    schedule, hold = a_timer(), a_timer(kind=TimerKind.HOLD)
    apply(store, SaveTimer(schedule), SaveTimer(hold))
    apply(store, DropTimers(pump()))
    assert timers(store) == {schedule.id: schedule}


def test_as_many_timers_as_there_are_entities_are_set_and_dropped_at_once(opened: OpenStore) -> None:
    """More than a statement of any database takes parameters: a schedule of a large class that is taken out."""
    store = opened()
    many = [a_timer(entity=pump(n)) for n in range(70_000)]
    apply(store, *map(SaveTimer, many))
    assert len(timers(store)) == 70_000
    apply(store, *[DropTimer(each.id) for each in many[1:]])
    assert timers(store) == {many[0].id: many[0]}
