"""What keeps states besides reports, as a store has it: manual states, timers by kind, when an entity was heard, and why."""

from __future__ import annotations

from dataclasses import replace

import pytest

from contract.making import AWKWARD_TEXTS, NOW, a_change, a_state, new_id, pipe, pump
from pointsman.model.ids import EntityRef, StateId, TimerId, UserId
from pointsman.model.state import ManualState
from pointsman.model.timer import Timer, TimerKind
from pointsman.model.write import AddChange, DropTimer, DropTimers, SaveManual, SaveState, SaveTimer, Write
from pointsman.store.reads import entities, history
from pointsman.store.reads.reader import Reader
from pointsman.store.sql_store import SqlStore

MANUAL = frozenset({TimerKind.MANUAL})


def write(store: SqlStore, *writes: Write) -> None:
    with store.begin() as unit:
        unit.apply(writes)


def timers(store: SqlStore) -> set[Timer]:
    with store.begin() as unit:
        return set(unit.timers().values())


def a_timer(kind: TimerKind, entity: EntityRef | None = None, detail: str = "") -> Timer:
    return Timer(id=TimerId(new_id(NOW)), due=NOW + 1, kind=kind, entity=entity or pump(), detail=detail)


def a_manual(**more: object) -> ManualState:
    manual = ManualState(state=StateId("3"), reason="worn", by=UserId("ann"), since=NOW)
    return replace(manual, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "manual",
    [
        a_manual(),
        a_manual(until=NOW + 1, cleared_by=frozenset({StateId("1"), StateId("4")}), reported=StateId("1"), pending=True),
        *[a_manual(reason=text) for text in AWKWARD_TEXTS],
    ],
)
def test_a_manual_state_is_remembered_as_it_was_saved(store: SqlStore, reader: Reader, manual: ManualState) -> None:
    write(store, SaveManual(pump(), a_manual(reason="before")), SaveManual(pipe(), manual), SaveManual(pump(), manual))
    with store.begin() as unit:
        assert unit.remembered().manual == {pump(): manual, pipe(): manual}
    assert entities.manual(reader, pump()) == manual
    write(store, SaveManual(pump(), None))
    assert (entities.manual(reader, pump()), entities.manual(reader, pipe())) == (None, manual)


def test_timers_become_void_by_kind_and_entity(store: SqlStore) -> None:
    kept = {a_timer(TimerKind.SILENCE), a_timer(TimerKind.HOLD), a_timer(TimerKind.MANUAL, pipe())}
    gone = {a_timer(TimerKind.MANUAL, detail=detail) for detail in ("begin", "end")}
    write(store, *map(SaveTimer, kept | gone))
    new = a_timer(TimerKind.MANUAL)
    write(store, DropTimers(pump(), MANUAL), SaveTimer(new))
    assert timers(store) == kept | {new}
    write(store, DropTimers(pump()))
    assert {timer.kind for timer in timers(store)} == {TimerKind.SILENCE, TimerKind.MANUAL}


def test_more_timers_than_a_statement_has_parameters_may_go_at_once(store: SqlStore) -> None:
    many = [Timer(id=TimerId(f"{n:06}"), due=NOW, kind=TimerKind.SILENCE, entity=pump(n)) for n in range(70_000)]
    write(store, *map(SaveTimer, many))
    write(store, *[DropTimer(timer.id) for timer in many[1:]])
    assert timers(store) == {many[0]}


def test_of_timers_that_are_set_and_become_void_in_one_transaction_the_order_counts(store: SqlStore) -> None:
    first, second, silence = a_timer(TimerKind.MANUAL), a_timer(TimerKind.MANUAL), a_timer(TimerKind.SILENCE)
    void = DropTimers(pump(), MANUAL)
    write(store, SaveTimer(first), SaveTimer(silence), void, SaveTimer(second), DropTimers(pump(), frozenset({TimerKind.HOLD})))
    assert timers(store) == {second, silence}
    write(store, DropTimer(silence.id), void)
    assert timers(store) == set()


def test_when_an_entity_was_heard_and_why_it_changed_is_read_as_it_was_written(store: SqlStore, reader: Reader) -> None:
    change = a_change(reason="nothing heard for 10m")
    write(store, SaveState(a_state(heard=NOW + 7)), AddChange(change))
    with store.begin() as unit:
        assert unit.states([pump()])[pump()].heard == NOW + 7
    found = history.change(reader, change.id)
    assert found is not None
    assert found.reason == "nothing heard for 10m"
