"""Replay over real histories: an engine with a clock of ours makes them on a real SQLite file, late and restarted at will."""

from __future__ import annotations

import os
import random
import sqlite3
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integration.history_rig import History
from pointsman.core.limits import Bounds, Limit
from pointsman.core.standing import standing_of
from pointsman.model.catalog import Catalog, build_catalog
from pointsman.model.command import Execute, ReportState
from pointsman.model.conduct import Conduct, Confirm, Expect, Mode
from pointsman.model.entity import Class, Entity
from pointsman.model.expression import parse_expression
from pointsman.model.ids import ClassId, EntityRef, OperationId, TriggerId, UserId
from pointsman.model.job import Job, JobStatus
from pointsman.model.operation import Operation
from pointsman.model.schedule import Missed, Schedule
from pointsman.model.state import Retained, State
from pointsman.model.trigger import Late, StateTrigger
from pointsman.rehearsal.comparison import Comparison
from pointsman.rehearsal.difference import Kind
from pointsman.rehearsal.replay import Replay
from pointsman.store import open_reader
from pointsman.store.reads.record import last_before, last_id, record, stopped_before
from unit.world import ALARM, FAULT, NOW, OK, PUMP, PUMPS, STATES, mqtt, obj, plant, report, trigger

SAY = mqtt("say", "say/{{id}}", '{"t": {{payload.t}}, "job": "{{job.id}}", "at": {{timestamp}}, "was": "{{previous.name}}"}')
NOTE = mqtt("note", "note/{{id}}", "{{state.name}} {{job.id}}")
OPERATIONS: tuple[Operation, ...] = (SAY, NOTE)


def replayed(
    history: History, catalog: Catalog, *, rate: Limit | None = None, since: int | None = None, lead: int = 70_000, until: int = 0
) -> Comparison:
    """The history against a catalog, up to its end or `until`."""
    comparison = Comparison(since or 0, 1_000)
    replay = Replay(catalog, lambda remembered: standing_of(remembered, catalog, Bounds(rate=rate)), comparison)
    until = until or history.clock.at + 1
    with open_reader(history.url) as reader:
        start = None if since is None else since - lead
        upto = last_id(reader)
        if start is not None:
            replay.seed(last_before(reader, start), start, stopped_before(reader, start))
        replay.run(record(reader, start, upto, until), until)
    return comparison


def told(comparison: Comparison) -> list[tuple[Any, ...]]:
    """Every difference: what, and when from the beginning on, was and would be."""
    return [
        (each.kind.value, each.was and each.was.timestamp - NOW, each.would and each.would.job.timestamp - NOW)
        for each in comparison.differences
    ]


@contextmanager
def history_of(catalog: Catalog, rate: Limit | None = None) -> Iterator[History]:
    with tempfile.TemporaryDirectory() as directory, closing(History(Path(directory), catalog, rate)) as history:
        yield history


def tells(state: State, entity: EntityRef = PUMP, t: int = 7, **more: Any) -> ReportState:
    return report(state, entity, payload=b'{"t": %d}' % t, **more)


# Whatever happened, the configuration that it happened with makes the same again


@pytest.mark.parametrize("then", [1, 1_999], ids=["just now", "just before the next"])
def test_what_runs_by_the_clock_is_reproduced_up_to_the_last_that_is_on_record(then: int) -> None:
    schedule = Schedule(source="every 2000 ms", every_ms=2_000)
    catalog = plant((mqtt("tick", "tick/{{id}}", "{{args.scheduled}}", schedules=(schedule,)),), ())
    with history_of(catalog) as history:
        history.wait(10_000)
        history.tell(tells(ALARM))
        history.wait(10_000 + then)
        comparison = replayed(history, catalog)
        assert len(history.jobs()) >= 10 * len(PUMPS)
        assert told(comparison) == []


@dataclass(frozen=True)
class Happening:
    """Something that happens; which numbers mean what depends on `what`."""

    what: str
    changes: tuple[tuple[State, EntityRef, int], ...] = ()
    milliseconds: int = 0
    late: int = 0


def _clear(given: tuple[StateTrigger, ...]) -> tuple[StateTrigger, ...]:
    """Without rests that end while a timer waits: whether a worker that was killed had come to that before is not on record."""
    return tuple(replace(each, cooldown_ms=0) if each.hold_ms or each.every_ms else each for each in given)


TRIGGERS = st.lists(
    st.builds(
        lambda operation, states, **clauses: trigger(operation, *states, **clauses),
        st.sampled_from(["say", "note"]),
        st.lists(st.sampled_from(STATES), min_size=1, max_size=3, unique=True),
        cooldown_ms=st.sampled_from([0, 0, 3_000, 60_000]),
        hold_ms=st.sampled_from([0, 0, 500, 2_000, 10_000]),
        every_ms=st.sampled_from([0, 0, 1_000, 5_000]),
        late=st.sampled_from(Late),
        latest_ms=st.sampled_from([None, None, 20_000]),
        when=st.sampled_from([None, None, parse_expression("payload.t > 5"), parse_expression("previous.age > 1000")]),
    ),
    min_size=1,
    max_size=3,
).map(lambda found: tuple(replace(each, id=TriggerId(f"t{number}")) for number, each in enumerate(found)))
LATE = st.sampled_from([0, 0, 3, 40])
CHANGES = st.lists(st.tuples(st.sampled_from(STATES), st.sampled_from(PUMPS), st.integers(0, 10)), min_size=1, max_size=3)
DOWN = st.sampled_from([0, 100, 4_000, 7_000, 30_000, 120_000])
USUAL = st.one_of(
    st.builds(Happening, st.just("tell"), CHANGES.map(tuple), late=LATE),
    st.builds(Happening, st.just("tell"), CHANGES.map(tuple), late=LATE),
    st.builds(Happening, st.just("wait"), milliseconds=st.sampled_from([1, 300, 999, 1_000, 2_500, 11_000]), late=LATE),
    st.builds(Happening, st.sampled_from(["ask", "end"])),
)
STOPS = st.builds(Happening, st.just("stop"), milliseconds=DOWN)
KILLS = st.builds(Happening, st.just("kill"), milliseconds=DOWN)


def courses(*of: st.SearchStrategy[Happening]) -> st.SearchStrategy[list[Happening]]:
    return st.lists(st.one_of(*of), min_size=2, max_size=15)


def perform(history: History, course: Sequence[Happening]) -> None:
    for each in course:
        match each.what:
            case "tell":
                history.tell(*[tells(state, entity, t) for state, entity, t in each.changes], late=each.late)
            case "wait":
                history.wait(each.milliseconds, each.late)
            case "kill":
                history.restart(each.milliseconds)
            case "ask":
                history.tell(Execute(entity=PUMP, operation=NOTE.id, user=UserId("ann"), login="ann", args={"x": 1}))
            case "end" | "fail":
                history.wait(1)
                history.end(JobStatus.SUCCEEDED if each.what == "end" else JobStatus.FAILED)
            case "stop":
                history.stop(each.milliseconds)
                history.start()
    history.wait(12_000)


FEW = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@FEW
@given(TRIGGERS, courses(USUAL, STOPS), st.sampled_from([None, Limit(3, 2_000)]))
def test_the_unchanged_configuration_reproduces_the_jobs(
    triggers: tuple[StateTrigger, ...], course: list[Happening], rate: Limit | None
) -> None:
    catalog = plant(OPERATIONS, triggers)
    with history_of(catalog, rate) as history:
        perform(history, course)
        comparison = replayed(history, catalog, rate=rate)
        assert (told(comparison), comparison.verdicts) == ([], [])
        assert comparison.same == len(history.jobs())


@FEW
@given(TRIGGERS.map(_clear), courses(USUAL, KILLS))
def test_it_does_so_when_the_worker_was_killed(triggers: tuple[StateTrigger, ...], course: list[Happening]) -> None:
    catalog = plant(OPERATIONS, triggers)
    with history_of(catalog) as history:
        perform(history, course)
        comparison = replayed(history, catalog)
        assert (told(comparison), comparison.verdicts) == ([], [])
        assert comparison.same == len(history.jobs())


@FEW
@given(TRIGGERS, courses(USUAL), st.integers(0, 60_000))
def test_it_does_so_from_any_time_on(triggers: tuple[StateTrigger, ...], course: list[Happening], since: int) -> None:
    catalog = plant(OPERATIONS, triggers)
    with history_of(catalog) as history:
        perform(history, course)
        comparison = replayed(history, catalog, since=NOW + since, lead=max(7_000, *[longest(each) for each in triggers]))
        assert (told(comparison), comparison.verdicts) == ([], [])
        assert comparison.same == len([job for job in history.jobs() if job.timestamp >= NOW + since])


CONDUCT = st.builds(
    Conduct,
    mode=st.sampled_from(Mode),
    max=st.sampled_from([0, 2]),
    retries=st.sampled_from([0, 0, 2]),
    expect=st.none() | st.just(Expect(within_ms=3_000)),
    confirm=st.none() | st.just(Confirm(within_ms=4_000, state=OK.id)),
    on_timeout=st.sampled_from([None, NOTE.id]),
)
SCHEDULES = st.none() | st.builds(Schedule, source=st.just("every 5s"), every_ms=st.just(5_000), missed=st.sampled_from(Missed))
TICKING = st.one_of(
    st.builds(Happening, st.just("tell"), CHANGES.map(tuple), late=st.sampled_from([1, 3])),
    st.builds(Happening, st.just("wait"), milliseconds=st.sampled_from([1, 300, 1_000, 2_500, 11_000])),
    st.builds(Happening, st.sampled_from(["end", "end", "fail"])),
    st.builds(Happening, st.just("stop"), milliseconds=st.sampled_from([1, 4_000, 30_000])),
)


@FEW
@given(CONDUCT, SCHEDULES, st.sampled_from([0, 1_000]), courses(TICKING))
def test_it_does_so_with_jobs_that_heed_each_other_wait_and_are_tried_again(
    conduct: Conduct, schedule: Schedule | None, every: int, course: list[Happening]
) -> None:
    operations = (replace(SAY, conduct=conduct), replace(NOTE, schedules=(schedule,) if schedule else ()))
    catalog = plant(operations, (trigger("say", ALARM, FAULT, every_ms=every),))
    with history_of(catalog) as history:
        perform(history, course)
        comparison = replayed(history, catalog)
        assert (told(comparison), comparison.verdicts) == ([], [])
        assert comparison.same == len(history.jobs())


def longest(of: StateTrigger) -> int:
    return max(of.hold_ms, of.every_ms, of.cooldown_ms)


@FEW
@given(TRIGGERS, courses(USUAL, st.sampled_from([Happening("kill"), Happening("stop")])))
def test_a_history_with_restarts_gives_the_jobs_that_it_gives_without(
    triggers: tuple[StateTrigger, ...], course: list[Happening]
) -> None:
    """The store keeps all that decisions are made on: no time passes while the worker is down, all else is gone.

    Timers are on time: one that waits for its turn meets a change in the batch after it, or has a batch to itself at a start.
    """
    course = [replace(each, late=0) if each.what == "wait" else each for each in course]
    catalog = plant(OPERATIONS, tuple(replace(each, late=Late.FIRE, latest_ms=None) for each in triggers))
    with history_of(catalog) as history:
        perform(history, course)
        made = [same(job) for job in history.jobs()]
    with history_of(catalog) as history:
        perform(history, [each for each in course if each.what not in ("kill", "stop")])
        assert made == [same(job) for job in history.jobs()]


def same(job: Job) -> tuple[Any, ...]:
    """What is the same of a job however often the worker was restarted."""
    said = str(job.description.get("message", "")).replace(job.id, "ID")
    return job.timestamp, job.owner, job.operation_id, job.process_meta, said


# What a changed one would do otherwise


def hold(milliseconds: int, **more: Any) -> Catalog:
    return plant(OPERATIONS, (trigger("say", ALARM, FAULT, hold_ms=milliseconds, **more),))


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        (hold(2_000), []),
        (hold(9_000), [("changed", 2_000, 9_000)]),
        (hold(1_500), [("changed", 2_000, 1_500)]),
        (hold(0), [("changed", 2_000, 0)]),
        (hold(20_000), [("dropped", 2_000, None)]),
        (plant(OPERATIONS, ()), [("dropped", 2_000, None)]),
        (plant(OPERATIONS, (trigger("note", ALARM, FAULT, hold_ms=2_000),)), [("dropped", 2_000, None), ("added", None, 2_000)]),
        (hold(2_000, when=parse_expression("payload.t > 7")), [("dropped", 2_000, None)]),
        (hold(2_000, when=parse_expression("payload.t > 6")), []),
        (hold(2_000, every_ms=3_000), [("added", None, 5_000), ("added", None, 8_000)]),
    ],
    ids=[
        "same",
        "longer",
        "shorter",
        "none",
        "too long",
        "no trigger",
        "another operation",
        "never true",
        "still true",
        "and repeats",
    ],
)
def test_a_hold_that_is_changed(changed: Catalog, expected: list[Any]) -> None:
    with history_of(hold(2_000)) as history:
        history.tell(tells(ALARM))
        history.wait(10_000)
        history.tell(tells(OK))
        history.wait(20_000)
        assert told(replayed(history, changed)) == expected


def test_a_message_that_is_changed() -> None:
    with history_of(plant(OPERATIONS, (trigger("note", ALARM),))) as history:
        history.tell(tells(ALARM))
        changed = mqtt("note", "note/{{id}}", "now {{state.name}} {{job.id}}")
        [difference] = replayed(history, plant((changed,), (trigger("note", ALARM),))).differences
        [job] = history.jobs()
    assert difference.kind is Kind.CHANGED
    assert difference.was == job
    assert difference.would is not None
    assert difference.would.job.description["message"] == f"now ALARM {job.id}"


def repeats(every: int) -> Catalog:
    return plant(OPERATIONS, (trigger("say", ALARM, every_ms=every),))


def test_a_repetition_that_comes_more_often_adds_jobs_between_those_on_record_and_keeps_them() -> None:
    with history_of(repeats(4_000)) as history:
        history.tell(tells(ALARM))
        history.wait(13_000, late=30)
        more = replayed(history, repeats(1_000), until=history.clock.at + 10_000)
        fewer = replayed(history, repeats(8_000))
    assert Counter(each.kind for each in more.differences) == {Kind.ADDED: 14}
    assert more.same == 4
    assert [job and job - job % 100 for _, job, _ in told(fewer)] == [4_000, 12_000]


def test_a_quiet_time_is_not_taken_for_one_in_which_the_worker_was_down() -> None:
    with history_of(repeats(300_000)) as history:
        history.tell(tells(ALARM))
        history.wait(900_000)
        comparison = replayed(history, repeats(60_000))
    assert comparison.same == 4
    assert comparison.counts == {Kind.ADDED: 12}


@pytest.mark.parametrize("late", Late)
def test_what_came_due_while_the_worker_was_down_is_late_as_it_was(late: Late) -> None:
    catalog = plant(OPERATIONS, (trigger("say", ALARM, hold_ms=2_000, every_ms=3_000, late=late),))
    with history_of(catalog) as history:
        history.tell(tells(ALARM))
        history.wait(500)
        history.restart(60_000)
        history.wait(10_000)
        assert history.jobs() or late is Late.SKIP
        assert replayed(history, catalog).alike


def test_a_worker_that_has_stopped_makes_nothing_until_it_starts_again() -> None:
    catalog = repeats(1_000)
    with history_of(catalog) as history:
        history.tell(tells(ALARM))
        history.wait(3_500)
        history.stop()
        until = history.clock.at + 60_000
        assert replayed(history, catalog, until=until).alike
        assert replayed(history, catalog, since=NOW + 30_000, lead=5_000, until=until).alike


def test_a_state_that_has_held_for_long_still_repeats_in_step() -> None:
    catalog = repeats(5_000)
    with history_of(catalog) as history:
        history.tell(tells(ALARM))
        history.wait(123_000, late=90)
        comparison = replayed(history, catalog, since=NOW + 60_000, lead=5_000)
        assert comparison.alike
        assert comparison.same == len([job for job in history.jobs() if job.timestamp >= NOW + 60_000]) > 10


def test_a_snapshot_that_only_set_the_state_is_seen_by_what_the_next_change_left() -> None:
    catalog = plant(OPERATIONS, (trigger("say", ALARM, from_states=frozenset({FAULT.id})),))
    with history_of(catalog) as history:
        history.tell(tells(FAULT, retained=Retained.BASELINE))
        history.tell(tells(ALARM))
        assert len(history.jobs()) == 1
        assert replayed(history, catalog).alike


def test_a_change_found_out_afterwards_is_one_again() -> None:
    catalog = plant(OPERATIONS, (trigger("say", ALARM, when=parse_expression("offline")),))
    with history_of(catalog) as history:
        history.tell(tells(OK))
        history.tell(tells(ALARM, retained=Retained.COMPARE))
        assert len(history.jobs()) == 1
        assert replayed(history, catalog).alike


def test_a_change_without_its_message_is_counted_and_nothing_is_said_of_what_its_jobs_say() -> None:
    catalog = plant(OPERATIONS, (trigger("say", ALARM),))
    with history_of(catalog) as history:
        history.tell(tells(ALARM))
        history.close()
        in_the_store(history, "UPDATE state_history SET payload = NULL")
        comparison = replayed(history, catalog)
        assert (comparison.silent, comparison.same, comparison.alike) == (1, 1, True)
        assert told(replayed(history, plant(OPERATIONS, ()))) == [("dropped", 0, None)]


def in_the_store(history: History, statement: str) -> None:
    with closing(sqlite3.connect(history.url.removeprefix("sqlite:///"))) as database:
        database.execute(statement)
        database.commit()


def test_requests_are_made_again_and_one_that_could_not_be_is_dropped() -> None:
    catalog = plant((mqtt("note", "note/{{id}}", "{{args.x}}"),), ())
    with history_of(catalog) as history:
        history.tell(Execute(entity=PUMP, operation=OperationId("note"), user=UserId("ann"), login="ann", args={"x": 5}))
        assert replayed(history, catalog).same == 1
        assert told(replayed(history, plant((mqtt("other"),), ()))) == [("dropped", 0, None)]


def test_a_limit_suppresses_what_it_suppressed_and_another_one_something_else() -> None:
    catalog = plant(OPERATIONS, (trigger("say", *STATES),))
    with history_of(catalog, Limit(2, 60_000)) as history:
        history.tell(*[tells(state) for state in (OK, ALARM, FAULT, OK, ALARM)])
        assert Counter(job.status for job in history.jobs())[JobStatus.SUPPRESSED] == 1
        assert replayed(history, catalog, rate=Limit(2, 60_000)).alike
        freed = replayed(history, catalog)
        assert freed.counts == {Kind.CHANGED: 1, Kind.ADDED: 2}
        assert freed.verdict_count == 3


def test_an_entity_that_is_gone_drops_its_jobs() -> None:
    catalog = plant(OPERATIONS, (trigger("say", ALARM),))
    without = build_catalog(states=STATES)
    with history_of(catalog) as history:
        history.tell(tells(ALARM))
        assert told(replayed(history, without)) == [("dropped", 0, None)]


def test_jobs_that_are_deleted_meanwhile_make_no_difference() -> None:
    catalog = plant(OPERATIONS, (trigger("say", ALARM),))
    with history_of(catalog) as history:
        history.tell(tells(ALARM))
        history.end()
        history.close()
        in_the_store(history, "DELETE FROM jobs")
        assert history.jobs() == []
        comparison = replayed(history, catalog)
        assert (comparison.changes, comparison.same, comparison.alike) == (1, 0, True)


# How long it takes


def many(pumps: int, hold_ms: int) -> Catalog:
    pump = ClassId("pump")
    triggers = (trigger("say", ALARM, FAULT), trigger("note", FAULT, hold_ms=hold_ms, cooldown_ms=60_000))
    return build_catalog(
        states=STATES,
        classes=[Class(id=pump, name="Pump", operations=OPERATIONS, triggers=triggers)],
        entities=[Entity(ref=obj(f"pump-{n}"), name=f"Pump {n}", class_id=pump) for n in range(pumps)],
    )


@pytest.mark.timeout(1_800)
def test_so_many_changes_are_replayed_against_a_changed_configuration(capsys: pytest.CaptureFixture[str]) -> None:
    changes = int(os.environ.get("POINTSMAN_REPLAY_CHANGES", "2000"))
    recorded = many(1_000, 30_000)
    with history_of(recorded) as history:
        _make(history, changes)
        took = {}
        for name, catalog in (("unchanged", recorded), ("changed", many(1_000, 60_000))):
            began = time.monotonic(), time.process_time()
            comparison = replayed(history, catalog)
            took[name] = time.monotonic() - began[0], time.process_time() - began[1]
            assert comparison.changes == changes
            assert comparison.alike is (name == "unchanged")
    with capsys.disabled():
        for name, (seconds, cpu) in took.items():
            print(f"\n{changes} changes against the {name} configuration in {seconds:.1f} s ({cpu:.1f} s of CPU)", end="")
        print()


def _make(history: History, changes: int) -> None:
    chance = random.Random(7)
    known: dict[int, State] = {}
    for _ in range(changes // 200):
        reports = []
        for _ in range(200):
            pump = chance.randrange(1_000)
            known[pump] = chance.choice([state for state in STATES if state is not known.get(pump)])
            reports.append(tells(known[pump], obj(f"pump-{pump}"), chance.randrange(100)))
        history.tell(*reports)
        history.end()
        history.wait(5_000, late=20)
