"""The engine writes what was counted with its batches, seldom, and all of it when it stops; and it knows what a change voids."""

from __future__ import annotations

from unit.engine_rig import Rig, says
from unit.in_memory import Fault
from unit.world import ALARM, FAULT, OK, plant, trigger

HELD = plant(triggers=(trigger("open-valve", ALARM, hold_ms=10_000), trigger("open-valve", FAULT)))


def after(rig: Rig, seconds: float) -> None:
    rig.clock.seconds += seconds
    rig.clock.at += round(seconds * 1000)


def test_what_is_counted_is_written_with_a_batch_after_a_second_and_not_before() -> None:
    rig = Rig()
    rig.settle(says(FAULT.id, 1))
    assert rig.rows.verdicts == {}
    after(rig, 0.9)
    rig.settle(says(OK.id, 2))
    assert rig.rows.verdicts == {}
    after(rig, 0.2)
    rig.settle(says(FAULT.id, 3))
    assert rig.rows.verdicts == {"fired": 4, "other_state": 2}


def test_it_is_written_even_if_nothing_more_comes() -> None:
    rig = Rig()
    rig.settle(says(FAULT.id, 1))
    rig.step()
    after(rig, 1)
    before = len(rig.store.commits)
    rig.step()
    assert rig.rows.verdicts == {"fired": 2}
    rig.step()
    assert len(rig.store.commits) == before + 1, "and then there is nothing to write"


def test_what_is_left_is_written_when_it_stops() -> None:
    rig = Rig()
    rig.feed(says(FAULT.id, 1))
    rig.engine.stop()
    rig.engine.run(lambda seconds: None)
    assert rig.rows.verdicts == {"fired": 2}


def test_what_the_store_could_not_take_is_written_once_it_is_back() -> None:
    rig = Rig()
    rig.settle(says(FAULT.id, 1))
    after(rig, 1)
    rig.store.faults.extend([Fault.COMMIT, Fault.APPLY])
    rig.settle(says(OK.id, 2), says(FAULT.id, 3))
    while not rig.step():
        pass
    assert rig.rows.verdicts + rig.engine.tally.verdicts.total == {"fired": 8, "other_state": 4}
    assert rig.rows.verdicts == rig.engine.tally.verdicts.total


def test_a_hold_that_an_earlier_batch_set_is_known_to_be_reset() -> None:
    rig = Rig(catalog=HELD)
    rig.settle(says(ALARM.id, 1), says(ALARM.id, 2, pump=2))
    after(rig, 1)
    rig.settle(says(OK.id, 3))
    first, second, *_ = rig.rows.traces.values()
    assert [each.skipped for each in first] == ["holding", "other_state", "reset"]
    assert [each.skipped for each in second] == ["holding", "other_state"], "another's goes on"


def test_a_worker_that_was_restarted_knows_the_holds_of_the_one_before() -> None:
    rig = Rig(catalog=HELD)
    rig.settle(says(ALARM.id, 1))
    again = Rig(rig.store, catalog=HELD)
    again.clock.at += 4_000
    again.settle(says(OK.id, 2))
    [*_, reset] = next(iter(again.rows.traces.values()))
    assert (reset.skipped, reset.detail[:22]) == ("reset", "6000 ms before its tim")
