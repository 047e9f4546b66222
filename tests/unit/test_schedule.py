"""Schedules: which times they have, daylight saving included, and what becomes of those that passed while no worker ran."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pointsman.core.decide import decide
from pointsman.core.fire import PUNCTUAL
from pointsman.core.schedule import MOST, SET_BACK, due_runs, next_time, passed
from pointsman.core.world import Decision, World
from pointsman.model.catalog import Catalog, build_catalog
from pointsman.model.command import Arm, TimerDue
from pointsman.model.effect import WakeAt
from pointsman.model.ids import SYSTEM_USER
from pointsman.model.job import Job
from pointsman.model.operation import Operation
from pointsman.model.schedule import Missed, Schedule
from pointsman.model.timer import Timer, TimerKind
from pointsman.model.write import AddJob, DropTimer, SaveTimer
from unit.world import NOW, PIPE, PUMP, PUMPS, counting, in_state, mqtt, plant

SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000
BERLIN = "Europe/Berlin"
"""Where the clocks go from 02:00 to 03:00 on 2026-03-29, and from 03:00 back to 02:00 on 2026-10-25."""


def cron(text: str, zone: str | None = None, **more: Any) -> Schedule:
    return Schedule(source=f"{text} {zone}", cron=text, zone=ZoneInfo(zone) if zone else None, **more)


def every(ms: int, **more: Any) -> Schedule:
    return Schedule(source=f"every {ms} ms", every_ms=ms, **more)


def at(text: str) -> int:
    """A time as ISO 8601 has it, in ms; UTC unless it says otherwise."""
    parsed = datetime.fromisoformat(text)
    return int((parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp() * 1000)


def shown(ms: int | None, zone: str | None = None) -> str:
    assert ms is not None
    return datetime.fromtimestamp(ms / 1000, ZoneInfo(zone) if zone else UTC).isoformat()


def scheduled_for(job: Job) -> int:
    found: Any = job.args["scheduled"]
    return int(found)


def times(schedule: Schedule, after: int, count: int) -> list[int]:
    found: list[int] = []
    while len(found) < count:
        following = next_time(schedule, found[-1] if found else after)
        assert following is not None
        found.append(following)
    return found


# Times


@pytest.mark.parametrize(
    ("schedule", "after", "expected"),
    [
        (cron("0 6 * * mon-fri"), "2026-01-02T05:59:59", "2026-01-02T06:00:00"),
        (cron("0 6 * * mon-fri"), "2026-01-02T06:00:00", "2026-01-05T06:00:00"),
        (cron("0 6 * * MON-FRI"), "2026-01-02T06:00:00.001", "2026-01-05T06:00:00"),
        (cron("*/15 * * * *"), "2026-01-02T06:00:00", "2026-01-02T06:15:00"),
        (cron("0 0 1 * *"), "2026-01-31T12:00:00", "2026-02-01T00:00:00"),
        (cron("0 0 L * *"), "2026-02-01T00:00:00", "2026-02-28T00:00:00"),
        (cron("0 0 29 2 *"), "2026-01-01T00:00:00", "2028-02-29T00:00:00"),
        (cron("0 0 13 * 5"), "2026-01-01T00:00:00", "2026-01-02T00:00:00"),
        (cron("30 0 0 1 1 *"), "2026-01-01T00:00:30", "2027-01-01T00:00:30"),
        (cron("*/10 * * * * *"), "2026-01-01T00:00:03.999", "2026-01-01T00:00:10"),
        (cron("0 6 * * *", BERLIN), "2026-01-02T00:00:00", "2026-01-02T05:00:00"),
        (cron("0 6 * * *", BERLIN), "2026-07-02T00:00:00", "2026-07-02T04:00:00"),
        (every(10 * MINUTE), "2026-01-02T06:00:00", "2026-01-02T06:10:00"),
        (every(10 * MINUTE), "2026-01-02T06:03:17.123", "2026-01-02T06:10:00"),
        (every(DAY), "2026-01-02T06:03:17.123", "2026-01-03T00:00:00"),
    ],
    ids=lambda value: value.source if isinstance(value, Schedule) else value,
)
def test_the_next_time_of_a_schedule(schedule: Schedule, after: str, expected: str) -> None:
    assert next_time(schedule, at(after)) == at(expected)


def test_a_time_that_never_comes_is_none() -> None:
    assert next_time(cron("0 0 29 2 */7"), NOW) is not None
    assert next_time(cron("0 0 */30 * mon#3"), NOW) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30 2 * * *", ["28T02:30:00+01:00", "29T03:00:00+02:00", "30T02:30:00+02:00"]),
        ("0,30 2 * * *", ["28T02:30:00+01:00", "29T03:00:00+02:00", "30T02:00:00+02:00"]),
        ("30 * * * *", ["29T00:30:00+01:00", "29T01:30:00+01:00", "29T03:30:00+02:00"]),
        ("0 30 2 * * *", ["28T02:30:00+01:00", "30T02:30:00+02:00", "31T02:30:00+02:00"]),
    ],
)
def test_in_the_hour_that_does_not_exist(text: str, expected: list[str]) -> None:
    """What is for a time of the day runs when the gap ends, as Debian's cron has it; what repeats within the day is left out."""
    schedule = cron(text, BERLIN)
    before = at(f"2026-03-{expected[0]}") - 1
    assert [shown(each, BERLIN) for each in times(schedule, before, 3)] == [f"2026-03-{each}" for each in expected]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30 2 * * *", ["24T02:30:00+02:00", "25T02:30:00+02:00", "26T02:30:00+01:00"]),
        ("30 * * * *", ["25T02:30:00+02:00", "25T02:30:00+01:00", "25T03:30:00+01:00"]),
        ("0 30 2 * * *", ["25T02:30:00+02:00", "25T02:30:00+01:00", "26T02:30:00+01:00"]),
    ],
)
def test_in_the_hour_that_comes_twice(text: str, expected: list[str]) -> None:
    """What is for a time of the day runs the first time; what repeats within the day, and what has seconds, both times."""
    schedule = cron(text, BERLIN)
    before = at(f"2026-10-{expected[0]}") - 1
    assert [shown(each, BERLIN) for each in times(schedule, before, 3)] == [f"2026-10-{each}" for each in expected]


def test_a_worker_that_starts_in_the_second_of_two_hours_does_not_run_what_the_first_has_run() -> None:
    schedule = cron("30 2 * * *", BERLIN)
    assert shown(next_time(schedule, at("2026-10-25T02:15:00+01:00")), BERLIN) == "2026-10-26T02:30:00+01:00"


def test_an_interval_does_not_know_of_daylight_saving() -> None:
    found = times(every(HOUR), at("2026-03-28T23:00:00"), 48)
    assert {later - earlier for earlier, later in pairwise(found)} == {HOUR}


def field(low: int, high: int, *more: str) -> st.SearchStrategy[str]:
    numbers = st.lists(st.integers(low, high).map(str), min_size=1, max_size=3).map(",".join)
    return st.sampled_from(["*", "*/2", "*/7", *more]) | numbers


SCHEDULES = st.one_of(
    st.builds(
        lambda *fields, zone: cron(" ".join(fields), zone),
        field(0, 59),
        field(0, 23),
        field(1, 31, "L"),
        field(1, 12),
        field(0, 7, "mon-fri", "fri#2", "5L"),
        zone=st.sampled_from([None, BERLIN, "America/New_York", "Australia/Lord_Howe", "Africa/Cairo", "Pacific/Apia"]),
    ),
    st.builds(lambda minute, hour: cron(f"{minute} {hour} * * *", BERLIN), field(0, 59), field(0, 4)),
    st.builds(lambda second: cron(f"{second} * * * * *", BERLIN), field(0, 59)),
    st.integers(1, 100_000).map(lambda seconds: every(seconds * SECOND)),
)
MOMENTS = st.one_of(
    st.integers(at("2024-01-01"), at("2030-01-01")),
    st.integers(at("2026-03-28T22:00:00"), at("2026-03-29T06:00:00")),
    st.integers(at("2026-10-24T22:00:00"), at("2026-10-25T06:00:00")),
)


def comes(schedule: Schedule, after: int) -> int:
    """The next time, where there is one: the hypothesis may also have written a 31 February."""
    try:
        found = next_time(schedule, after)
    except Exception:
        found = None
    assume(found is not None)
    assert found is not None
    return found


@given(SCHEDULES, MOMENTS, st.integers(1, 30))
def test_times_go_on_and_on_and_where_one_begins_to_look_changes_none(schedule: Schedule, after: int, share: int) -> None:
    first = comes(schedule, after)
    second = comes(schedule, first)
    assert after < first < second
    between = first + (second - first) * share // 31
    assert next_time(schedule, between) == second
    assert next_time(schedule, after + (first - after) * share // 31) == first


@given(SCHEDULES, MOMENTS, st.integers(0, 130), st.integers(0, 60_000))
def test_the_times_that_passed_are_those_that_come_one_after_the_other(
    schedule: Schedule, after: int, count: int, more: int
) -> None:
    due = comes(schedule, after)
    expected = [due]
    for _ in range(count):
        expected.append(comes(schedule, expected[-1]))
    until = min(expected[-1] + more, comes(schedule, expected[-1]) - 1)
    assert passed(schedule, due, until) == expected[-MOST:]


def test_of_years_of_seconds_the_newest_are_found_at_once() -> None:
    due = at("2001-01-01")
    for schedule in (cron("* * * * * *"), cron("* * * * * *", BERLIN), every(SECOND)):
        assert passed(schedule, due, at("2026-01-01")) == [at("2026-01-01") - n * SECOND for n in reversed(range(MOST))]


# What is missed


@pytest.mark.parametrize(
    ("missed", "latest", "late", "expected"),
    [
        # Due at 0, 10, 20, 30 min; looked at so many ms after 30 min. Runs are named by their minute.
        ("skip", None, 0, [30]),
        ("skip", None, PUNCTUAL, [30]),
        ("skip", None, PUNCTUAL + 1, []),
        ("once", None, 0, [30]),
        ("once", None, PUNCTUAL + 1, [30]),
        ("once", 10 * SECOND, 8 * SECOND, [30]),
        ("once", 10 * SECOND, 11 * SECOND, []),
        ("all", None, 0, [0, 10, 20, 30]),
        ("all", None, 9 * MINUTE, [0, 10, 20, 30]),
        ("all", 20 * MINUTE, 0, [10, 20, 30]),
        ("all", 20 * MINUTE, 1, [20, 30]),
        ("all", MINUTE, 2 * MINUTE, []),
    ],
)
def test_what_becomes_of_the_times_that_passed(missed: str, latest: int | None, late: int, expected: list[int]) -> None:
    begin = at("2026-01-02T06:00:00")
    for schedule in (
        every(10 * MINUTE, missed=Missed(missed), latest_ms=latest),
        cron("*/10 * * * *", missed=Missed(missed), latest_ms=latest),
    ):
        found = due_runs(schedule, begin, begin + 30 * MINUTE + late)
        assert [(each - begin) // MINUTE for each in found] == expected


def test_the_one_run_that_makes_up_for_all_is_the_one_that_is_on_time_where_there_is_one() -> None:
    begin = at("2026-01-02T06:00:00")
    assert due_runs(every(SECOND), begin, begin + 60_500) == [begin + 60_000]


def test_what_is_no_more_late_than_a_slow_batch_is_run_in_full_whatever_is_missed() -> None:
    begin = at("2026-01-02T06:00:00")
    for policy in Missed:
        assert len(due_runs(every(SECOND, missed=policy), begin, begin + 3_900)) == 4


def test_of_more_than_so_many_that_were_missed_the_newest_are_made_up_for() -> None:
    begin = at("2026-01-02T06:00:00")
    found = due_runs(every(MINUTE, missed=Missed.ALL), begin, begin + 1_000 * MINUTE)
    assert found == [begin + n * MINUTE for n in range(1_001 - MOST, 1_001)]


# Timers


class Clockwork:
    """A world whose timers come up when they are due, and whose clock can be set; `restart` is with another catalog, if given."""

    def __init__(self, catalog: Catalog, now: int = NOW) -> None:
        self.now = now
        self.ids = counting()
        self.world = World(catalog)
        self.jobs: list[Job] = []
        self.tell(Arm())

    def tell(self, command: Arm | TimerDue) -> Decision:
        decision = decide(self.world, command, self.now, self.ids)
        self.world.fold(decision)
        new = [write.job for write in decision.writes if isinstance(write, AddJob)]
        assert all(job.timestamp == self.now for job in new)
        self.jobs += new
        for timer in (write.timer for write in decision.writes if isinstance(write, SaveTimer)):
            assert timer.due > self.now, "the next time is always in the future"
            assert WakeAt(timer.id, timer.due, by_clock=True) in decision.effects
        return decision

    def restart(self, at_: int, catalog: Catalog | None = None) -> None:
        """No worker ran until then."""
        self.now = at_
        self.world = World(catalog or self.world.catalog, timers=dict(self.world.timers))
        self.tell(Arm())
        self.look()

    def look(self) -> None:
        for timer in sorted(self.timers, key=lambda each: each.due):
            if timer.due <= self.now:
                self.tell(TimerDue(timer.id))

    def run_until(self, until: int) -> None:
        """A worker runs: each timer comes up at its time."""
        while self.timers and (due := min(timer.due for timer in self.timers)) <= until:
            self.now = max(self.now, due)
            self.look()
        self.now = until

    @property
    def timers(self) -> list[Timer]:
        return list(self.world.timers.values())

    @property
    def scheduled(self) -> list[int]:
        return [scheduled_for(job) for job in self.jobs]


def scheduled(*schedules: Schedule, **more: Any) -> Catalog:
    """Three pumps and a pipe of a class with such an operation."""
    return plant(
        operations=(mqtt("report", message="{{args.scheduled}} {{state.name}}", schedules=schedules, **more),), triggers=()
    )


def one_pump(*schedules: Schedule) -> Catalog:
    """The first pump alone has the operation."""
    operations: tuple[Operation, ...] = (mqtt("report", message="{{args.scheduled}}", schedules=schedules),)
    catalog = plant(operations=(), triggers=())
    entity = catalog.entity(PUMP)
    assert entity is not None
    return build_catalog(entities=[replace(entity.entity, class_id=None, operations=operations)])


def test_a_worker_that_starts_sets_one_timer_for_each_schedule_of_each_entity_and_the_next_one_none() -> None:
    daily, hourly = cron("0 6 * * *"), every(HOUR)
    work = Clockwork(scheduled(daily, hourly))
    assert {(timer.entity, timer.subject, timer.detail) for timer in work.timers} == {
        (entity, "report", schedule.source) for entity in (*PUMPS, PIPE) for schedule in (daily, hourly)
    }
    assert {timer.kind for timer in work.timers} == {TimerKind.SCHEDULE}
    assert {timer.due for timer in work.timers} == {next_time(daily, NOW), next_time(hourly, NOW)}
    assert work.tell(Arm()).writes == ()


def test_a_schedule_that_was_changed_is_set_anew_and_one_that_is_gone_is_dropped() -> None:
    work = Clockwork(one_pump(every(HOUR), cron("0 6 * * *")))
    kept = next(timer for timer in work.timers if timer.detail == every(HOUR).source)
    work.world.catalog = one_pump(every(HOUR, missed=Missed.ALL), cron("0 7 * * *"))
    decision = work.tell(Arm())
    assert kept in work.timers, "how missed runs are made up for does not change when it runs"
    assert sorted(timer.detail for timer in work.timers) == ["0 7 * * * None", every(HOUR).source]
    assert sum(isinstance(write, DropTimer) for write in decision.writes) == 1
    work.world.catalog = plant()
    work.tell(Arm())
    assert work.timers == []


@pytest.mark.parametrize("catalog", [plant(), plant(operations=()), one_pump(every(HOUR))], ids=["other", "none", "changed"])
def test_a_timer_of_what_is_not_configured_any_more_sets_off_nothing(catalog: Catalog) -> None:
    work = Clockwork(one_pump(every(MINUTE)))
    [timer] = work.timers
    work.world.catalog = catalog
    work.now = timer.due
    assert work.tell(TimerDue(timer.id)).writes == (DropTimer(timer.id),)
    assert work.tell(TimerDue(timer.id)).writes == ()


def test_a_schedule_runs_its_operation_as_the_system_user_with_its_time_as_an_argument() -> None:
    work = Clockwork(scheduled(every(MINUTE)))
    work.world.states[PUMP] = in_state(next(iter(work.world.catalog.states.values())))
    due = work.timers[0].due
    work.run_until(due + 1)
    job = next(job for job in work.jobs if job.owner == PUMP)
    assert (job.user_id, job.process_meta, job.change_id) == (SYSTEM_USER, None, None)
    assert job.args == {"scheduled": due}
    assert job.description["message"] == f"{due} OK"
    assert {job.description["message"] for job in work.jobs if job.owner != PUMP} == {f"{due} unknown"}


def test_an_operation_runs_by_each_of_its_schedules() -> None:
    work = Clockwork(one_pump(every(MINUTE), every(90 * SECOND)), now=at("2026-01-01"))
    work.run_until(at("2026-01-01T00:03:00"))
    assert [(each - at("2026-01-01")) // SECOND for each in work.scheduled] == [60, 90, 120, 180, 180]


RESTARTS = st.lists(st.tuples(st.integers(0, 20 * MINUTE), st.integers(0, 20 * MINUTE)), max_size=8)
"""How long a worker runs, and how long none does."""


@given(SCHEDULES, MOMENTS, RESTARTS)
def test_whenever_a_worker_is_restarted_the_runs_are_those_without_a_restart(
    schedule: Schedule, begin: int, restarts: list[tuple[int, int]]
) -> None:
    comes(schedule, begin)
    made_up = Schedule(
        source=schedule.source, cron=schedule.cron, zone=schedule.zone, every_ms=schedule.every_ms, missed=Missed.ALL
    )
    work = Clockwork(one_pump(made_up), now=begin)
    now, longest = begin, 0
    for running, down in restarts:
        work.run_until(now + running)
        now += running + down
        work.restart(now)
        longest = max(longest, len(passed(schedule, now - down, now)))
    assume(longest < MOST)
    undisturbed = Clockwork(one_pump(made_up), now=begin)
    undisturbed.run_until(now)
    assert work.scheduled == undisturbed.scheduled
    assert [timer.due for timer in work.timers] == [timer.due for timer in undisturbed.timers]


@given(st.sampled_from(Missed), SCHEDULES, MOMENTS, RESTARTS)
def test_no_run_is_before_its_time_and_no_time_has_two(
    missed: Missed, schedule: Schedule, begin: int, restarts: list[tuple[int, int]]
) -> None:
    comes(schedule, begin)
    policy = Schedule(source=schedule.source, cron=schedule.cron, zone=schedule.zone, every_ms=schedule.every_ms, missed=missed)
    work = Clockwork(one_pump(policy), now=begin)
    for running, down in restarts:
        before = len(work.jobs)
        work.run_until(work.now + running)
        assert all(job.timestamp == scheduled_for(job) for job in work.jobs[before:]), "one that runs is on time"
        before = len(work.jobs)
        work.restart(work.now + down)
        late = [job for job in work.jobs[before:] if job.timestamp - scheduled_for(job) > PUNCTUAL]
        assert len(late) <= {Missed.SKIP: 0, Missed.ONCE: 1, Missed.ALL: MOST}[missed]
    assert all(job.timestamp >= scheduled_for(job) for job in work.jobs)
    assert len(set(work.scheduled)) == len(work.scheduled)


# A clock that is set


def test_a_timer_that_comes_up_before_its_time_waits_for_it() -> None:
    work = Clockwork(one_pump(every(10 * MINUTE)))
    [timer] = work.timers
    work.now = timer.due - 1
    decision = work.tell(TimerDue(timer.id))
    assert (decision.writes, decision.effects) == ((), (WakeAt(timer.id, timer.due, by_clock=True),))
    work.now = timer.due
    work.tell(TimerDue(timer.id))
    assert work.scheduled == [timer.due]


@pytest.mark.parametrize("restarted", [False, True])
@given(st.integers(1, SET_BACK))
def test_a_clock_that_is_set_back_by_some_hours_makes_nothing_run_twice(restarted: bool, back: int) -> None:
    work = Clockwork(one_pump(every(10 * MINUTE)), now=at("2026-01-01"))
    work.run_until(at("2026-01-01T06:05:00"))
    done = list(work.scheduled)
    work.now -= back
    if restarted:
        work.restart(work.now)
    for timer in work.timers:
        work.tell(TimerDue(timer.id))
    work.run_until(at("2026-01-01T06:15:00"))
    assert work.scheduled == [*done, at("2026-01-01T06:10:00")]


@pytest.mark.parametrize("restarted", [False, True])
@pytest.mark.parametrize("schedule", [every(10 * MINUTE), cron("*/10 * * * *"), cron("0 6 * * *")], ids=lambda each: each.source)
def test_a_clock_that_was_a_year_ahead_does_not_silence_a_schedule_for_a_year(schedule: Schedule, restarted: bool) -> None:
    work = Clockwork(one_pump(schedule), now=at("2027-01-01T05:55:00"))
    work.run_until(at("2027-01-01T06:05:00"))
    work.now = at("2026-01-01T06:05:00")
    if restarted:
        work.restart(work.now)
    else:
        work.tell(TimerDue(work.timers[0].id))
    assert [timer.due for timer in work.timers] == [next_time(schedule, work.now)]


def test_a_clock_that_is_set_ahead_makes_what_it_passed_late_and_no_more() -> None:
    work = Clockwork(one_pump(every(10 * MINUTE)), now=at("2026-01-01"))
    work.now = at("2026-02-01T00:01:00")
    work.look()
    assert work.scheduled == [at("2026-02-01")]
    assert [timer.due for timer in work.timers] == [at("2026-02-01T00:10:00")]
