"""The engine and a store that fails: at any point, for any time, and in the middle of a commit; and a worker that crashes."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.engine.engine import BACK_OFF
from pointsman.engine.ports import Item
from pointsman.model.command import AddResult
from pointsman.model.delivery import Delivery, SessionStarted, Subscribed
from pointsman.model.ids import JobId, StateId, UserId
from unit.engine_rig import Rig, execute, says
from unit.in_memory import Fault, MemoryStore
from unit.world import NOW, STATES, TRIGGERS, counting

FAULTS = [fault for fault in Fault if fault is not Fault.NONE]


@pytest.mark.parametrize("fault", FAULTS)
def test_nothing_is_let_out_while_the_store_fails(fault: Fault) -> None:
    rig = Rig()
    rig.settle()
    rig.store.faults.extend([fault, fault])
    rig.feed(says("4"))
    assert [rig.step(), rig.step()] == [False, False]
    assert rig.ports.effects == []
    told = [rig.engine.store_fault]
    assert rig.step()
    told.append(rig.engine.store_fault)
    assert told == [f"it fails {fault.value}", None]
    assert len(rig.ports.effects) == 5
    assert [line["level"] for line in rig.logged] == ["error", "info"]


def test_what_comes_meanwhile_waits_its_turn() -> None:
    rig = Rig()
    rig.settle()
    rig.store.faults.extend([Fault.COMMIT] * 3)
    rig.feed(says("4", 1))
    rig.step()
    rig.settle(says("1", 2))
    assert [change.current for _, change in sorted(rig.rows.changes.items())] == ["4", "1"]


PUMP_NUMBERS = st.integers(1, 3)
JOB_IDS = st.integers(1, 30).map(lambda number: JobId(counting(number)(NOW)))
ITEMS: st.SearchStrategy[Item] = st.one_of(
    st.builds(says, st.sampled_from(["1", "3", "4", "defect"]), st.integers(1, 9), PUMP_NUMBERS, dup=st.booleans()),
    st.builds(execute, st.sampled_from(["open-valve", "diagnose", "explode"]), PUMP_NUMBERS),
    st.builds(AddResult, job=JOB_IDS, payload=st.integers(), by=st.just(UserId("ann"))),
    st.builds(SessionStarted, st.just(2), st.booleans()),
    st.just(Subscribed(("a/+",))),
)
ROUNDS = st.lists(st.tuples(st.lists(ITEMS, max_size=6), st.integers(0, 3), st.integers(0, 3)), max_size=6)
Round = tuple[list[Item], int, int]


def driven(rounds: Sequence[Round], faults: Sequence[Fault], publishes: int, programs: int) -> Rig:
    """Each round: messages and requests come, some of what was handed over ends."""
    rig = Rig(publishes=publishes, programs=programs, limit=4)
    rig.store.faults.extend(faults)
    for items, settled, ended in rounds:
        rig.settle(*items)
        rig.ports.settle(settled)
        rig.ports.begin(ended)
        rig.settle()
        rig.ports.end(ended)
        rig.settle()
    return rig


@given(ROUNDS, st.lists(st.sampled_from(Fault), max_size=30), st.integers(1, 4), st.integers(1, 4))
def test_a_store_that_fails_at_any_point_changes_neither_rows_nor_effects(
    rounds: list[Round], faults: list[Fault], publishes: int, programs: int
) -> None:
    """The ports witness besides that nothing is let out that is not durable, and no PUBACK before its commit."""
    sound, failing = driven(rounds, (), publishes, programs), driven(rounds, faults, publishes, programs)
    assert failing.ports.effects == sound.ports.effects
    assert failing.rows.rejects.keys() == sound.rows.rejects.keys()
    failing.rows.rejects = sound.rows.rejects
    assert failing.rows == sound.rows
    assert failing.engine.tally == sound.engine.tally


REPORTS = st.lists(st.tuples(st.sampled_from([state.id for state in STATES]), PUMP_NUMBERS), max_size=20)
CRASHES = st.lists(st.tuples(st.integers(1, 6), st.sampled_from([Fault.NONE, Fault.COMMIT, Fault.AMBIGUOUS])), max_size=5)


@given(REPORTS, CRASHES)
def test_a_crash_at_any_point_makes_no_job_too_few_and_none_too_many(
    reports: list[tuple[StateId, int]], crashes: list[tuple[int, Fault]]
) -> None:
    """After so many batches, the last of which was committed, was not, or was without anybody knowing. What was not acknowledged
    comes again with DUP.
    """
    coming = [says(state, number, pump) for number, (state, pump) in enumerate(reports, 1)]
    store = MemoryStore()
    for batches, last in crashes:
        rig = Rig(store, limit=2)
        rig.feed(*coming)
        store.faults.extend([*[Fault.NONE] * (batches - 1), last])
        for _ in range(batches):
            rig.step()
        store.faults.clear()
        coming = [message._replace(dup=True) for message in coming[len(rig.ports.of(Delivery)) :]]
    rig = Rig(store)
    rig.settle(*coming)
    assert rig.ports.of(Delivery) == coming
    known: dict[int, str] = {}
    expected = 0
    for state, pump in reports:
        expected += 0 if known.get(pump) == state else sum(state in each.state_ids for each in TRIGGERS)
        known[pump] = state
    assert len(store.rows.jobs) == expected


def test_the_pauses_between_tries_grow_up_to_a_limit_and_begin_anew() -> None:
    rig = Rig()
    rig.settle()
    pauses: list[float] = []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 12:
            rig.feed(says("3", 2))
            rig.store.faults.extend([Fault.NONE, Fault.BEGIN, Fault.NONE])
        if len(pauses) == 13:
            rig.engine.stop()
            rig.store.faults.extend([Fault.NONE] * 9)

    rig.store.faults.extend([Fault.BEGIN] * 12)
    rig.feed(says("4", 1))
    rig.engine.run(sleep)
    assert pauses[:3] == [BACK_OFF[0], 2 * BACK_OFF[0], 4 * BACK_OFF[0]]
    assert max(pauses) == pauses[11] == BACK_OFF[1]
    assert pauses[12:] == [BACK_OFF[0]]
