"""Holds and repetitions: a trigger that waits is a row, and what it does when its time comes is decided like all else."""

from __future__ import annotations

from typing import Any

import pytest

from pointsman.core.decide import decide
from pointsman.core.fire import PUNCTUAL
from pointsman.core.match import SkipReason
from pointsman.core.world import Decision, World
from pointsman.model.command import TimerDue
from pointsman.model.effect import WakeAt
from pointsman.model.ids import TimerId
from pointsman.model.timer import Timer, TimerKind
from pointsman.model.trigger import Late, StateTrigger
from pointsman.model.write import AddChange, AddJob, DropTimer, DropTimers, MarkFired, SaveTimer
from unit.world import ALARM, FAULT, NOW, OK, counting, mqtt, plant, report, trigger

HOLD = 2_000


class Line:
    """A world to which commands come one after the other."""

    def __init__(self, *triggers: StateTrigger) -> None:
        self.world = World(plant(operations=(mqtt(message="{{state.name}} {{payload}}"),), triggers=triggers))
        self._ids = counting()

    def tell(self, command: Any, at: int) -> Decision:
        decision = decide(self.world, command, at, self._ids)
        self.world.fold(decision)
        return decision

    @property
    def timers(self) -> list[Timer]:
        return list(self.world.timers.values())

    def wake(self, at: int) -> Decision:
        [timer] = self.timers
        return self.tell(TimerDue(timer.id), at)


def jobs(decision: Decision) -> list[str]:
    return [str(write.job.description["message"]) for write in decision.writes if isinstance(write, AddJob)]


def held(**more: Any) -> StateTrigger:
    return trigger("open-valve", ALARM, hold_ms=HOLD, **more)


def test_a_state_that_must_hold_sets_a_timer_and_runs_nothing_yet() -> None:
    line = Line(held())
    decision = line.tell(report(ALARM, payload=b"hot"), NOW)
    [timer] = line.timers
    assert (timer.due, timer.kind, timer.waiting and timer.waiting.payload) == (NOW + HOLD, TimerKind.HOLD, b"hot")
    assert jobs(decision) == []
    assert [verdict.skipped for verdict in decision.verdicts] == [SkipReason.HOLDING]
    assert WakeAt(timer.id, timer.due) in decision.effects


def test_a_state_that_has_held_runs_the_operation_once_with_the_message_that_reported_it() -> None:
    line = Line(held())
    line.tell(report(ALARM, payload=b"hot"), NOW)
    [timer] = line.timers
    assert jobs(line.wake(NOW + HOLD)) == ["ALARM hot"]
    assert line.timers == []
    assert line.tell(TimerDue(timer.id), NOW + HOLD).writes == ()


def test_a_change_meanwhile_voids_the_hold_and_one_back_begins_it_anew() -> None:
    line = Line(held())
    line.tell(report(ALARM), NOW)
    [first] = line.timers
    assert any(isinstance(write, DropTimers) for write in line.tell(report(OK), NOW + 500).writes)
    line.tell(report(ALARM), NOW + 1_000)
    [second] = line.timers
    assert second.due == NOW + 1_000 + HOLD
    assert line.tell(TimerDue(first.id), NOW + HOLD).writes == ()


def test_a_timer_of_a_state_that_was_left_runs_nothing_even_if_its_row_was_still_there() -> None:
    line = Line(held())
    line.tell(report(ALARM), NOW)
    [timer] = line.timers
    line.tell(report(OK), NOW + 1)
    line.world.timers[timer.id] = timer
    assert line.tell(TimerDue(timer.id), NOW + HOLD).writes == (DropTimer(timer.id),)


def test_a_repeated_report_does_not_begin_the_hold_anew() -> None:
    line = Line(held())
    line.tell(report(ALARM), NOW)
    assert line.tell(report(ALARM), NOW + 1_500).writes == ()
    assert [timer.due for timer in line.timers] == [NOW + HOLD]


def test_an_operation_repeats_while_the_state_holds_and_no_longer() -> None:
    line = Line(trigger("open-valve", ALARM, every_ms=60_000))
    assert jobs(line.tell(report(ALARM, payload=b"1"), NOW)) == ["ALARM 1"]
    for turn in (1, 2, 3):
        assert jobs(line.wake(NOW + turn * 60_000)) == ["ALARM 1"]
    [timer] = line.timers
    line.tell(report(OK), NOW + 200_000)
    assert line.tell(TimerDue(timer.id), NOW + 240_000).writes == ()


def test_a_repetition_whose_condition_does_not_hold_now_is_asked_again_the_next_time() -> None:
    line = Line(trigger("open-valve", ALARM, every_ms=60_000, cooldown_ms=90_000))
    line.tell(report(ALARM), NOW)
    assert jobs(line.wake(NOW + 60_000)) == []
    assert len(jobs(line.wake(NOW + 120_000))) == 1


@pytest.mark.parametrize(
    ("late", "latest", "lateness", "fires", "again"),
    [
        (Late.FIRE, None, 10**9, True, 0),
        (Late.FIRE, 60_000, 60_000, True, 0),
        (Late.FIRE, 60_000, 60_001, False, 0),
        (Late.SKIP, None, PUNCTUAL, True, 0),
        (Late.SKIP, None, PUNCTUAL + 1, False, 0),
        (Late.REARM, None, PUNCTUAL, True, 0),
        (Late.REARM, None, PUNCTUAL + 1, False, 1),
    ],
)
def test_a_time_that_passed_while_no_worker_ran_is_made_up_for_left_out_or_begun_anew(
    late: Late, latest: int | None, lateness: int, fires: bool, again: int
) -> None:
    line = Line(held(late=late, latest_ms=latest))
    line.tell(report(ALARM), NOW)
    at = NOW + HOLD + lateness
    assert bool(jobs(line.wake(at))) == fires
    assert [timer.due for timer in line.timers] == [at + HOLD] * again


def test_a_trigger_that_rests_says_when_it_fired_and_the_next_change_knows() -> None:
    line = Line(trigger("open-valve", ALARM, cooldown_ms=10_000))
    decision = line.tell(report(ALARM), NOW)
    assert any(isinstance(write, MarkFired) for write in decision.writes)
    line.tell(report(OK), NOW + 1)
    assert jobs(line.tell(report(ALARM), NOW + 2)) == []
    line.tell(report(OK), NOW + 10_000)
    assert len(jobs(line.tell(report(ALARM), NOW + 10_001))) == 1


def test_every_trigger_that_was_considered_stands_in_the_trace_with_its_reason_or_its_job() -> None:
    line = Line(held(), trigger("open-valve", ALARM, FAULT), trigger("open-valve", FAULT))
    decision = line.tell(report(ALARM), NOW)
    [added] = [write for write in decision.writes if isinstance(write, AddChange)]
    [job] = [write.job.id for write in decision.writes if isinstance(write, AddJob)]
    assert [(each.skipped, each.job) for each in added.trace] == [("holding", None), (None, job), ("other_state", None)]


def test_triggers_that_neither_wait_nor_rest_write_nothing_more_than_before() -> None:
    line = Line(trigger("open-valve", ALARM))
    kinds = (SaveTimer, DropTimers, MarkFired)
    assert not any(isinstance(write, kinds) for write in line.tell(report(ALARM), NOW).writes)


def test_a_timer_that_nobody_knows_does_nothing() -> None:
    assert Line(held()).tell(TimerDue(TimerId("gone")), NOW).writes == ()
