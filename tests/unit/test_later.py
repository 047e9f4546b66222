"""What becomes later of a trigger that waits is in the trace of the change that it waits on: each end that a hold can have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pointsman.core.decide import decide
from pointsman.core.fire import PUNCTUAL
from pointsman.core.limits import Buckets, Limit
from pointsman.core.world import Decision, World
from pointsman.model.command import Command, TimerDue
from pointsman.model.expression import parse_expression
from pointsman.model.ids import ChangeId
from pointsman.model.state import Retained
from pointsman.model.timer import TimerKind
from pointsman.model.trigger import Late, StateTrigger
from pointsman.model.write import AddChange, AddJob, AddVerdict, Considered
from unit.world import ALARM, NOW, OK, counting, mqtt, plant, report, trigger

HOLD, EVERY = 2_000, 60_000


class Line:
    """A world to which commands come one after the other, and the traces that come of it."""

    def __init__(self, *triggers: StateTrigger) -> None:
        self.world = World(plant(operations=(mqtt(message="{{state.name}}"),), triggers=triggers))
        self.traces: dict[ChangeId, list[Considered]] = {}
        self._ids = counting()

    def tell(self, command: Command, at: int) -> Decision:
        decision = decide(self.world, command, at, self._ids)
        self.world.fold(decision)
        for write in decision.writes:
            match write:
                case AddChange(change, trace, _):
                    self.traces[change.id] = list(trace)
                case AddVerdict(_, change_id, considered):
                    self.traces[change_id].append(considered)
        return decision

    def wake(self, at: int) -> Decision:
        [timer] = self.world.timers.values()
        return self.tell(TimerDue(timer.id), at)

    @property
    def first(self) -> list[Considered]:
        """The trace of the first change."""
        return next(iter(self.traces.values()))


def held(**more: Any) -> StateTrigger:
    return trigger("open-valve", ALARM, hold_ms=HOLD, **more)


def job_of(decision: Decision) -> Any:
    [job] = [write.job.id for write in decision.writes if isinstance(write, AddJob)]
    return job


def changes(line: Line) -> None:
    line.tell(report(OK), NOW + 500)


def is_found_otherwise(line: Line) -> None:
    line.tell(report(OK, retained=Retained.BASELINE), NOW + 500)


def changes_as_it_comes_due(line: Line) -> None:
    line.tell(report(OK), NOW + HOLD)


def comes_late(line: Line) -> None:
    line.wake(NOW + HOLD + PUNCTUAL + 1)


def loses_its_trigger(line: Line) -> None:
    line.world.catalog = plant(triggers=())
    line.wake(NOW + HOLD)


ENDS: list[tuple[dict[str, Any], Callable[[Line], object], str, str]] = [
    ({}, changes, "reset", "1500 ms before its time, by the change "),
    ({}, is_found_otherwise, "reset", "1500 ms before its time, by a retained snapshot"),
    ({}, changes_as_it_comes_due, "reset", "just as its time had come, by the change "),
    ({"late": Late.SKIP}, comes_late, "late", f"{PUNCTUAL + 1} ms late"),
    ({"late": Late.REARM}, comes_late, "late", f"{PUNCTUAL + 1} ms late; anew until {NOW + 2 * HOLD + PUNCTUAL + 1}"),
    ({}, loses_its_trigger, "gone", ""),
]


@pytest.mark.parametrize(("clauses", "ends", "skipped", "detail"), ENDS)
def test_a_hold_that_came_to_nothing_says_why_in_the_trace_of_its_change(
    clauses: dict[str, Any], ends: Callable[[Line], object], skipped: str, detail: str
) -> None:
    line = Line(held(**clauses))
    line.tell(report(ALARM), NOW)
    ends(line)
    at_once, later = line.first
    assert (at_once.skipped, at_once.timer) == ("holding", None)
    assert (later.trigger, later.skipped, later.timer, later.job) == (at_once.trigger, skipped, TimerKind.HOLD, None)
    assert later.detail.startswith(detail)
    assert later.at is not None
    assert later.at > NOW


def test_a_hold_that_was_fulfilled_names_its_job_and_its_time() -> None:
    line = Line(held())
    line.tell(report(ALARM), NOW)
    job = job_of(line.wake(NOW + HOLD))
    assert line.first[1:] == [Considered(line.first[0].trigger, None, "", job, NOW + HOLD, TimerKind.HOLD)]


@pytest.mark.parametrize(
    ("clauses", "skipped", "detail"),
    [
        ({"when": parse_expression("state.age < 1")}, "condition", "state.age is 2000"),
        ({"when": parse_expression("name > 1")}, "condition_fault", "expected a number, found Pump-1"),
    ],
)
def test_a_clause_that_does_not_agree_any_more_when_the_time_has_come_is_the_reason(
    clauses: dict[str, Any], skipped: str, detail: str
) -> None:
    """The condition was true, or was not asked, when the hold began."""
    line = Line(held())
    line.tell(report(ALARM), NOW)
    line.world.catalog = plant(operations=(mqtt(),), triggers=(held(**clauses),))
    line.wake(NOW + HOLD)
    assert [(each.skipped, each.detail) for each in line.first[1:]] == [(skipped, detail)]


def test_a_repetition_says_each_time_whether_it_fired_or_why_not() -> None:
    line = Line(trigger("open-valve", ALARM, every_ms=EVERY, cooldown_ms=90_000))
    first = job_of(line.tell(report(ALARM), NOW))
    line.wake(NOW + EVERY)
    second = job_of(line.wake(NOW + 2 * EVERY))
    kinds = [(each.skipped, each.job, each.at, each.timer) for each in line.first]
    assert kinds == [
        (None, first, None, None),
        ("cooldown", None, NOW + EVERY, TimerKind.REPEAT),
        (None, second, NOW + 2 * EVERY, TimerKind.REPEAT),
    ]


def test_the_end_of_a_repetition_is_no_verdict() -> None:
    line = Line(trigger("open-valve", ALARM, every_ms=EVERY))
    line.tell(report(ALARM), NOW)
    line.tell(report(OK), NOW + 1)
    assert len(line.first) == 1


def test_a_hold_whose_operation_was_triggered_too_often_names_the_suppressed_job() -> None:
    line = Line(held())
    line.world.standing.buckets = Buckets(Limit(burst=1, refill_ms=10**9))
    for turn in range(2):
        line.tell(report(ALARM), NOW + 10 * turn * HOLD)
        decision = line.wake(NOW + 10 * turn * HOLD + HOLD)
        line.tell(report(OK), NOW + 10 * turn * HOLD + 2 * HOLD)
    *_, alarm, _ = line.traces.values()
    assert [(each.skipped, each.job) for each in alarm[1:]] == [("limit", job_of(decision))]


def test_a_timer_that_is_void_already_adds_nothing() -> None:
    line = Line(held())
    line.tell(report(ALARM), NOW)
    [timer] = line.world.timers.values()
    line.tell(report(OK), NOW + 1)
    line.world.timers[timer.id] = timer
    line.tell(TimerDue(timer.id), NOW + HOLD)
    assert [each.skipped for each in line.first] == ["holding", "reset"]


def test_what_made_a_condition_false_is_told_with_its_values_and_text_has_quotes() -> None:
    names = "payload.t > 30 and (payload.mode == 'auto' or properties.nothing) and payload.t < 99"
    line = Line(trigger("open-valve", ALARM, when=parse_expression(names)))
    line.tell(report(ALARM, payload=b'{"t": 12, "mode": "hand"}'), NOW)
    assert line.first[0].detail == "payload.t is 12, payload.mode is 'hand', properties.nothing is null"


def test_of_very_many_values_the_first_are_told() -> None:
    condition = " or ".join(f"payload.v{number} > 1" for number in range(50))
    line = Line(trigger("open-valve", ALARM, when=parse_expression(condition)))
    line.tell(report(ALARM, payload=b"{}"), NOW)
    assert line.first[0].detail == ", ".join([*[f"payload.v{number} is null" for number in range(8)], "…"])
