"""What became of triggers, in the store: traces that grow within bounds, counters with examples, and what stands in the way."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.making import AWKWARD_TEXTS, NOW, a_change, new_id, pipe, pump
from pointsman.model.ids import ChangeId, EntityId, EntityRef, JobId, OperationId, StateId, TimerId, TriggerId, UserId
from pointsman.model.state import ManualState, StateChange
from pointsman.model.timer import Timer, TimerKind, Waiting
from pointsman.model.write import (
    LEFT_OUT,
    AddChange,
    AddVerdict,
    Considered,
    CountVerdicts,
    DropTimers,
    Example,
    SaveManual,
    SaveQuarantine,
    SaveTimer,
    Write,
)
from pointsman.store.reads import history, standing, verdicts
from pointsman.store.reads.reader import Reader
from pointsman.store.sql_store import SqlStore
from pointsman.store.traces import FIRST, LAST, grown
from pointsman.store.verdicts import KEPT

AT_ONCE = (Considered(TriggerId("held"), "holding", "until 5"), Considered(TriggerId("nag"), None, "", JobId("j0")))


def write(store: SqlStore, *writes: Write) -> None:
    with store.begin() as unit:
        unit.apply(writes)


def later(number: int = 1, trigger: str = "held", skipped: str | None = "reset", detail: str = "") -> Considered:
    return Considered(TriggerId(trigger), skipped, detail, None, NOW + number, TimerKind.HOLD)


def added(change: StateChange, considered: Considered) -> AddVerdict:
    return AddVerdict(change.entity, change.id, considered)


def trace(reader: Reader, change: StateChange) -> tuple[Considered, ...]:
    found = history.one(reader, change.id)
    assert found is not None
    return found.trace


# Traces


def test_what_became_later_of_a_trigger_is_behind_what_was_considered_at_the_change(store: SqlStore, reader: Reader) -> None:
    change, other = a_change(), a_change()
    write(store, AddChange(change, AT_ONCE), AddChange(other, AT_ONCE))
    repeated = Considered(TriggerId("nag"), None, "", JobId("j1"), NOW + 2, TimerKind.REPEAT)
    write(store, added(change, later(1)), added(change, repeated))
    assert trace(reader, change) == (*AT_ONCE, later(1), repeated)
    assert trace(reader, other) == AT_ONCE


def test_it_may_come_in_the_same_transaction_as_its_change(store: SqlStore, reader: Reader) -> None:
    change = a_change()
    write(store, added(change, later()), AddChange(change, AT_ONCE))
    assert trace(reader, change) == (*AT_ONCE, later())


def test_a_transaction_that_is_tried_again_adds_it_once(store: SqlStore, reader: Reader) -> None:
    change = a_change()
    for _ in range(3):
        write(store, AddChange(change, AT_ONCE), added(change, later(1)), added(change, later(2)))
    assert trace(reader, change) == (*AT_ONCE, later(1), later(2))


def test_a_change_that_is_not_kept_any_more_is_nothing_to_add_to(store: SqlStore, reader: Reader) -> None:
    write(store, AddVerdict(pump(), ChangeId(new_id(NOW)), later()))
    assert history.traced(reader) == []


def test_of_what_repeats_the_first_and_the_last_few_are_kept_and_how_many_were_between(store: SqlStore, reader: Reader) -> None:
    change, turns = a_change(), 100
    write(store, AddChange(change, AT_ONCE), added(change, later(0, "other")))
    for turn in range(1, turns + 1):
        write(store, added(change, later(turn)))
    first, last = range(1, FIRST + 1), range(turns - LAST + 1, turns + 1)
    gap = Considered(TriggerId("held"), LEFT_OUT, str(turns - FIRST - LAST), None, NOW + turns - LAST, TimerKind.HOLD)
    assert trace(reader, change) == (
        *AT_ONCE,
        later(0, "other"),
        *[later(turn) for turn in first],
        gap,
        *[later(turn) for turn in last],
    )


@given(st.lists(st.tuples(st.sampled_from(["a", "b"]), st.booleans()), max_size=80))
def test_nothing_is_lost_count_of_and_no_trigger_pushes_out_another(steps: list[tuple[str, bool]]) -> None:
    kept: tuple[Considered, ...] = AT_ONCE
    for number, (trigger, again) in enumerate(steps):
        for _ in range(1 + again):
            kept = grown(kept, later(number, trigger))
    assert kept[:2] == AT_ONCE
    for name in ("a", "b"):
        mine = [each for each in kept if each.trigger == name]
        told = sum(int(each.detail) if each.skipped == LEFT_OUT else 1 for each in mine)
        assert told == sum(trigger == name for trigger, _ in steps)
        assert len(mine) <= FIRST + 1 + LAST
        assert [each.at for each in mine] == sorted(each.at or 0 for each in mine)


@pytest.mark.parametrize("text", AWKWARD_TEXTS)
def test_whatever_a_detail_says_is_kept(store: SqlStore, reader: Reader, text: str) -> None:
    """It quotes what devices send."""
    change = a_change()
    write(store, AddChange(change, AT_ONCE), added(change, later(detail=text)))
    assert trace(reader, change)[-1].detail == text


def test_the_changes_that_follow_a_time_come_oldest_first(store: SqlStore, reader: Reader) -> None:
    changes = [a_change(at=NOW + number) for number in range(5)]
    write(store, *[AddChange(each, AT_ONCE) for each in (*changes, a_change(pump(2), NOW + 2))])
    found = history.following(reader, EntityId("pump-1"), NOW + 1, NOW + 4, limit=2)
    assert [each.change for each in found] == changes[1:3]
    assert [each.change for each in history.following(reader, EntityId("pump-1"), NOW + 3, NOW + 4, limit=9)] == [changes[3]]
    assert history.following(reader, EntityId("none"), NOW, NOW + 9, limit=9) == []


# Counters


def example(number: int, trigger: str = "t", entity: EntityRef | None = None) -> Example:
    return Example(entity or pump(), TriggerId(trigger), ChangeId(f"c{number}"), NOW + number, f"detail {number}", JobId("j"))


def test_counters_add_up_and_the_most_frequent_reason_comes_first(store: SqlStore, reader: Reader) -> None:
    write(store, CountVerdicts("limit", 2), CountVerdicts("fired", 1, (example(1),)))
    write(store, CountVerdicts("fired", 10, (example(2, "u"),)), CountVerdicts("limit", 1))
    assert verdicts.counted(reader) == [
        verdicts.Counted("fired", 11, (example(1), example(2, "u"))),
        verdicts.Counted("limit", 3, ()),
    ]


def test_the_last_example_of_each_trigger_and_entity_is_kept(store: SqlStore, reader: Reader) -> None:
    write(store, CountVerdicts("limit", 3, (example(1), example(2, "u"), example(3, "t", pipe()))))
    write(store, CountVerdicts("limit", 1, (example(4),)), CountVerdicts("limit", 1, (example(5, "v"),)))
    [counted] = verdicts.counted(reader)
    assert counted == verdicts.Counted("limit", 5, (example(2, "u"), example(3, "t", pipe()), example(4), example(5, "v")))


def test_no_more_than_the_last_examples_are_kept_of_each_reason(store: SqlStore, reader: Reader) -> None:
    write(store, CountVerdicts("rare", 1, (example(0),)))
    for number in range(3 * KEPT):
        write(store, CountVerdicts("limit", 1, (example(number, f"t{number}"),)))
    found = {each.reason: each.examples for each in verdicts.counted(reader)}
    assert found["limit"] == tuple(example(number, f"t{number}") for number in range(2 * KEPT, 3 * KEPT))
    assert found["rare"] == (example(0),)


# What stands in the way


def hold(entity: EntityRef, kind: TimerKind = TimerKind.HOLD, due: int = NOW + 9) -> Timer:
    waiting = Waiting(
        change=ChangeId("c"), state=StateId("3"), previous=None, previous_age=None, reported=None, offline=False, payload=b"x"
    )
    return Timer(id=TimerId(new_id(NOW)), due=due, kind=kind, entity=entity, subject="held", waiting=waiting)


def test_what_a_change_would_void_is_found_by_entity(store: SqlStore, reader: Reader) -> None:
    """And nothing else that waits for its time."""
    first, second, foreign = hold(pump(), due=NOW + 9), hold(pump(), TimerKind.REPEAT, NOW + 5), hold(pipe())
    job = replace(hold(pump(), TimerKind.RETRY, NOW + 1), waiting=None)
    write(store, *[SaveTimer(each) for each in (first, second, foreign, job)])
    with store.begin() as unit:
        assert unit.waiting([pump(), pump(2)]) == [first, second]
        assert unit.waiting([]) == []
    assert standing.waiting(reader, pump()) == [job, second, first]
    write(store, DropTimers(pump()))
    with store.begin() as unit:
        assert unit.waiting([pump(), pipe()]) == [foreign]


def test_a_manual_state_and_a_quarantine_are_read_as_they_were_written(store: SqlStore, reader: Reader) -> None:
    manual = ManualState(state=StateId("9"), reason="service", by=UserId("ann"), since=NOW, cleared_by=frozenset({StateId("1")}))
    operation = OperationId("open-valve")
    assert (standing.manual(reader, pump()), standing.quarantine(reader, pump(), operation)) == (None, None)
    write(store, SaveManual(pump(), manual), SaveQuarantine(entity=pump(), operation=operation, until=NOW + 1, times=2))
    assert standing.manual(reader, pump()) == manual
    assert standing.quarantine(reader, pump(), operation) == (NOW + 1, 2)
    assert (standing.manual(reader, pump(2)), standing.quarantine(reader, pump(), OperationId("x"))) == (None, None)
