"""What runs in circles ends by itself: the depth limit, the token bucket, and the breaker that both of them open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.core.decide import decide
from pointsman.core.guard import LONGEST_MS, pause
from pointsman.core.limits import CROWD, Bounds, Buckets, Limit, draw
from pointsman.core.match import SkipReason
from pointsman.core.standing import Standing, standing_of
from pointsman.core.world import Decision, World
from pointsman.model.command import Execute, RejectReason, TimerDue
from pointsman.model.effect import Answer, Publish, ReplyTo
from pointsman.model.ids import MQTT_USER, EntityRef, JobId, OperationId, UserId
from pointsman.model.job import Job
from pointsman.model.lineage import Lineage
from pointsman.model.remembered import Quarantine, Remembered
from pointsman.model.write import AddChange, AddJob, CountReject, MarkFired, SaveQuarantine, SaveTimer
from unit.world import ALARM, NOW, OK, PIPE, PUMP, PUMPS, counting, mqtt, plant, report, trigger

PAUSE = 60_000
VALVE = OperationId("open-valve")
BOUNDS = Bounds(rate=Limit(burst=3, refill_ms=1_000), max_hops=8, pause_ms=PAUSE)


class Line:
    """A world to which commands come one after the other. Its pumps have an operation that runs at every change."""

    def __init__(self, bounds: Bounds = BOUNDS, remembered: Remembered | None = None, **more: Any) -> None:
        catalog = plant(operations=(mqtt(message="x"), mqtt("note")), triggers=(trigger("open-valve", ALARM, OK, **more),))
        self.world = World(catalog, standing=standing_of(remembered or Remembered(), catalog, bounds))
        self._ids = counting()
        self._turn = 0

    def tell(self, command: Any, at: int) -> Decision:
        decision = decide(self.world, command, at, self._ids)
        self.world.fold(decision)
        return decision

    def flap(self, at: int, hop: int = 0, entity: EntityRef = PUMP) -> Decision:
        """The entity's state changes; a job of a chain led to it when `hop` says so."""
        self._turn += 1
        lineage = Lineage(JobId("root"), JobId("before"), hop) if hop else None
        return self.tell(replace(report((ALARM, OK)[self._turn % 2], entity), lineage=lineage), at)

    @property
    def quarantine(self) -> Quarantine | None:
        return self.world.standing.quarantines.get((PUMP, VALVE))


def jobs(decision: Decision) -> list[Job]:
    return [write.job for write in decision.writes if isinstance(write, AddJob)]


def statuses(decisions: Sequence[Decision]) -> list[list[str]]:
    return [[job.status.value for job in jobs(decision)] for decision in decisions]


def skipped(decision: Decision) -> list[SkipReason | None]:
    return [verdict.skipped for verdict in decision.verdicts]


# What opens the breaker


def test_a_chain_may_be_as_long_as_the_limit_and_what_is_beyond_it_is_suppressed_with_the_reason() -> None:
    line = Line()
    assert statuses([line.flap(NOW, 8)]) == [["queued"]]
    decision = line.flap(NOW, 9)
    [job] = jobs(decision)
    assert job.status.value == "suppressed"
    assert job.finished == NOW
    assert job.error is not None
    assert "began with job root" in job.error
    assert "after 9 jobs, the last of them before" in job.error
    assert "engine.max_hops is 8" in job.error
    assert "quarantined until 2023-11-14T22:14:20.000+00:00" in job.error
    assert not any(isinstance(effect, Publish) for effect in decision.effects)
    assert skipped(decision) == [SkipReason.LOOP]
    assert job.lineage == Lineage(JobId("root"), JobId("before"), 9)


@pytest.mark.parametrize("hop", [9, 10_000])
def test_without_a_depth_limit_a_chain_may_be_of_any_length(hop: int) -> None:
    assert statuses([Line(replace(BOUNDS, max_hops=0)).flap(NOW, hop)]) == [["queued"]]


def test_what_is_triggered_too_often_is_suppressed_once_and_then_only_noted() -> None:
    line = Line()
    decisions = [line.flap(NOW + step) for step in range(6)]
    assert statuses(decisions) == [["queued"], ["queued"], ["queued"], ["suppressed"], [], []]
    reasons = [reason for decision in decisions for reason in skipped(decision)]
    assert reasons == [None, None, None, SkipReason.LIMIT, SkipReason.QUARANTINED, SkipReason.QUARANTINED]
    assert decisions[4].verdicts[0].detail == f"{PAUSE - 1} ms left"
    assert all(any(isinstance(write, AddChange) for write in decision.writes) for decision in decisions), "changes are kept"
    [job] = jobs(decisions[3])
    assert "more than 3 times" in str(job.error)
    assert not any(isinstance(effect, Publish) for effect in decisions[3].effects)


def test_each_operation_of_each_entity_has_a_breaker_of_its_own() -> None:
    line = Line()
    line.flap(NOW, 9)
    line.flap(NOW)
    for entity in (PIPE, PUMPS[1]):
        assert statuses([line.flap(NOW, entity=entity)]) == [["queued"]]
    other = Execute(entity=PUMP, operation=OperationId("note"), user=MQTT_USER, login="", lineage=Lineage(*"rb", 8))
    assert statuses([line.tell(other, NOW)]) == [["queued"]]


def test_two_triggers_of_one_change_that_run_one_operation_make_one_suppressed_job() -> None:
    line = Line()
    line.world.catalog = plant(operations=(mqtt(message="x"),), triggers=(trigger("open-valve", ALARM),) * 3)
    decision = line.tell(replace(report(ALARM), lineage=Lineage(*"rb", 9)), NOW)
    assert statuses([decision]) == [["suppressed"]]
    assert skipped(decision) == [SkipReason.LOOP, SkipReason.QUARANTINED, SkipReason.QUARANTINED]


def test_a_suppressed_job_is_one_even_when_it_could_not_have_been_carried_out() -> None:
    line = Line()
    line.world.catalog = plant(operations=(mqtt(message="{{properties.none}}"),), triggers=(trigger("open-valve", ALARM),))
    [job] = jobs(line.tell(replace(report(ALARM), lineage=Lineage(*"rb", 9)), NOW))
    assert job.status.value == "suppressed"
    assert "a loop" in str(job.error)


def test_what_was_not_run_does_not_rest_and_a_repetition_goes_on_all_the_same() -> None:
    line = Line(cooldown_ms=10, every_ms=1_000)
    decision = line.flap(NOW, 9)
    assert not any(isinstance(write, MarkFired) for write in decision.writes)
    [timer] = [write.timer for write in decision.writes if isinstance(write, SaveTimer)]
    again = line.tell(TimerDue(timer.id), NOW + 1_000)
    assert skipped(again) == [SkipReason.QUARANTINED]
    assert len([write for write in again.writes if isinstance(write, SaveTimer)]) == 1


# Its pause


@pytest.mark.parametrize("hop", [0, 1])
def test_after_the_pause_one_run_is_let_through_and_then_as_many_as_are_refilled(hop: int) -> None:
    line = Line()
    line.flap(NOW, 9)
    assert statuses([line.flap(NOW + PAUSE - 1, hop), line.flap(NOW + PAUSE, hop)]) == [[], ["queued"]]
    assert statuses([line.flap(NOW + PAUSE + 1_000, hop), line.flap(NOW + PAUSE + 1_500, hop)]) == [["queued"], ["suppressed"]]


def test_the_pause_doubles_with_each_time_in_a_row_up_to_an_hour() -> None:
    line = Line()
    at, lasted = NOW, []
    for _ in range(9):
        [job] = jobs(line.flap(at, 9))
        quarantine = line.quarantine
        assert quarantine is not None
        lasted.append((quarantine.until - at) // 60_000)
        at = quarantine.until
    assert lasted == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert "(3600000 ms, the 9. in a row)" in str(job.error)


def test_it_begins_with_the_first_pause_again_after_it_behaved_for_as_long_as_the_last_one() -> None:
    line = Line()
    line.flap(NOW, 9)
    line.flap(NOW + PAUSE, 9)
    assert line.quarantine == Quarantine(NOW + 3 * PAUSE, 2)
    line.flap(NOW + 5 * PAUSE - 1, 9)
    assert line.quarantine == Quarantine(NOW + 9 * PAUSE - 1, 3)
    line.flap(NOW + 13 * PAUSE - 1, 9)
    assert line.quarantine == Quarantine(NOW + 14 * PAUSE - 1, 1)


@pytest.mark.parametrize(("first", "times", "lasts"), [(1, 100_000, LONGEST_MS), (2 * LONGEST_MS, 9, 2 * LONGEST_MS)])
def test_no_pause_is_longer_than_an_hour_unless_the_first_is(first: int, times: int, lasts: int) -> None:
    assert pause(Bounds(pause_ms=first), times) == lasts


def test_a_clock_that_was_set_back_makes_a_pause_at_most_twice_as_long() -> None:
    line = Line()
    line.flap(NOW, 9)
    assert statuses([line.flap(NOW - 1), line.flap(NOW - PAUSE)]) == [[], []]
    back = [line.flap(NOW - PAUSE - 1) for _ in range(6)]
    assert statuses(back) == [["queued"], ["queued"], ["queued"], ["suppressed"], [], []], "and no bucket is without a bottom"


def test_a_quarantine_survives_a_restart_and_what_is_let_through_after_it_too() -> None:
    remembered = Remembered(quarantines={(PUMP, VALVE): Quarantine(NOW + PAUSE, 2)})
    line = Line(remembered=remembered)
    assert skipped(line.flap(NOW)) == [SkipReason.QUARANTINED]
    assert statuses([line.flap(NOW + PAUSE) for _ in range(2)]) == [["queued"], ["suppressed"]]
    assert line.quarantine == Quarantine(NOW + PAUSE + 4 * PAUSE, 3)


def test_what_begins_a_quarantine_is_written_with_it() -> None:
    decision = Line().flap(NOW, 9)
    [saved] = [write for write in decision.writes if isinstance(write, SaveQuarantine)]
    assert saved == SaveQuarantine(entity=PUMP, operation=VALVE, until=NOW + PAUSE, times=1)


# What users ask for


def request(lineage: Lineage | None = None, **more: Any) -> Execute:
    return Execute(entity=PUMP, operation=VALVE, user=UserId("ann"), login="Ann", lineage=lineage, **more)


def test_what_a_user_asks_for_is_not_limited() -> None:
    line = Line()
    line.flap(NOW, 9)
    assert statuses([line.tell(request(), NOW) for _ in range(10)]) == [["queued"]] * 10
    assert line.flap(NOW).verdicts[0].skipped is SkipReason.QUARANTINED


def test_a_request_that_a_message_of_ours_led_to_is_limited_as_a_trigger_is() -> None:
    line = Line()
    chain = Lineage(JobId("root"), JobId("before"), 9)
    suppressed = line.tell(request(chain), NOW)
    assert statuses([suppressed]) == [["suppressed"]]
    to = ReplyTo(topic="answers", correlation=None)
    refused = line.tell(request(replace(chain, hop=1), topic="execute", reply=to), NOW + 1)
    [reject] = [write for write in refused.writes if isinstance(write, CountReject)]
    [answer] = [effect for effect in refused.effects if isinstance(effect, Answer)]
    assert reject.reason is RejectReason.QUARANTINED
    assert f"{PAUSE - 1} ms left" in str(answer.body["error"])
    assert statuses([line.tell(request(replace(chain, hop=1)), NOW + PAUSE) for _ in range(2)]) == [["queued"], ["suppressed"]]


# Whatever happens


STEPS = st.lists(st.tuples(st.integers(-20, 200), st.integers(0, 12)), max_size=60)


@given(st.integers(1, 5), st.integers(1, 50), st.integers(1, 200), STEPS)
def test_no_more_than_the_burst_and_what_was_refilled_is_ever_run(
    burst: int, refill: int, first: int, steps: list[tuple[int, int]]
) -> None:
    line = Line(Bounds(rate=Limit(burst, refill), max_hops=8, pause_ms=first))
    at, forward, back, ran, suppressed = NOW, 0, 0, 0, 0
    quarantines: list[SaveQuarantine] = []
    for step, hop in steps:
        at, forward, back = at + step, forward + max(0, step), back + max(0, -step)
        decision = line.flap(at, hop)
        ran += sum(isinstance(effect, Publish) for effect in decision.effects)
        suppressed += statuses([decision]) == [["suppressed"]]
        quarantines += [write for write in decision.writes if isinstance(write, SaveQuarantine)]
        assert not (hop > 8 and any(isinstance(effect, Publish) for effect in decision.effects))
    assert suppressed == len(quarantines), "one suppressed job for each quarantine"
    assert ran <= burst + forward / refill + 1 + len(quarantines)
    if not back:
        assert all(later.until - earlier.until >= first for earlier, later in pairwise(quarantines))


def test_a_loop_left_to_itself_makes_ever_fewer_jobs() -> None:
    """A device that drops all that could tell the chain, and flaps for ever, each 10 ms."""
    line = Line(Bounds(rate=Limit(burst=1_000, refill_ms=100), max_hops=8, pause_ms=PAUSE))
    made = [len(jobs(line.flap(NOW + 10 * step))) for step in range(100_000)]
    assert sum(made[:50_000]) < 1_150
    assert sum(made[50_000:]) < 10


def test_buckets_that_are_full_again_are_forgotten_and_those_that_are_not_are_kept() -> None:
    buckets = Buckets(Limit(burst=2, refill_ms=10))
    busy = (PIPE, OperationId("busy"))
    for at in range(3 * CROWD):
        for key in (busy, (PIPE, OperationId(str(at)))):
            left = draw(buckets.get(key), buckets.limit, at)
            buckets.put([] if left is None else [(key, left)])
    kept = buckets.get(busy)
    assert kept is not None
    assert kept.tokens < 2
    assert len(buckets) <= CROWD


def test_without_bounds_nothing_is_ended() -> None:
    line = Line(Bounds())
    assert statuses([line.flap(NOW, 10**6) for _ in range(50)]) == [["queued"]] * 50
    assert Standing().buckets is None
