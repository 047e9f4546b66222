"""Runs a scenario of the configuration, and says where it went otherwise than it expects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import NamedTuple

from pydantic_core import from_json, to_json

from pointsman.core.context import state_of
from pointsman.core.explain import in_words
from pointsman.engine.ports import Interpreter
from pointsman.model.catalog import Catalog
from pointsman.model.effect import Dispatch, Publish
from pointsman.model.ids import EntityRef, JobId
from pointsman.model.job import Job
from pointsman.model.json import Json
from pointsman.model.scenario import Anything, Expected, Scenario
from pointsman.model.state import UNKNOWN
from pointsman.model.write import AddChange, AddJob, CountReject, UpdateJob
from pointsman.rehearsal.rehearsal import Rehearsal, Step
from pointsman.rehearsal.stage import Begin
from pointsman.rehearsal.words import of_dispatch


@dataclass(slots=True)
class Made:
    """A job that was made, as it stands at the end, and what would carry it out."""

    job: Job
    dispatch: Dispatch | None

    def __str__(self) -> str:
        """In a line."""
        meta = self.job.process_meta
        by = f", by {meta.trigger}" if meta is not None else ""
        error = f": {self.job.error}" if self.job.error else ""
        return f"{self.job.operation_id} of {self.job.owner}{by}, {self.job.status}{error}: {of_dispatch(self.dispatch)}"


class Fault(NamedTuple):
    """Something went otherwise."""

    where: str
    """Where what was expected is written, `file:line:col`."""
    message: str


@dataclass(slots=True)
class Performed:
    """What came of a scenario."""

    scenario: Scenario
    made: list[Made] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    """Where it went otherwise. Empty: all went as expected."""
    course: list[str] = field(default_factory=list)
    """What happened, in words: each change of state, and what every trigger made of it."""


def perform(scenario: Scenario, catalog: Catalog, begin: Begin, interpret: Interpreter) -> Performed:
    """Run one scenario, from an empty memory."""
    performed = Performed(scenario)
    rehearsal = Rehearsal(catalog, begin, interpret, scenario.at)
    for entity, state in scenario.given.items():
        rehearsal.given(entity, state)
    steps = rehearsal.begin()
    for number, told in enumerate(scenario.when, 1):
        steps += rehearsal.wait(told.after_ms)
        came_of_it = rehearsal.receive(told.topic, told.message, retain=told.retained)
        steps += came_of_it
        faults = _misread(f"message {number}, on {told.topic}", came_of_it, told.rejected)
        performed.faults += [Fault(told.where, fault) for fault in faults]
    steps += rehearsal.wait(scenario.wait_ms)
    performed.made = _made(steps)
    performed.course = [line for step in steps for line in _told(step, scenario.at, catalog)]
    performed.faults += _compare(scenario, performed.made)
    return performed


def _misread(what: str, steps: Sequence[Step], rejected: bool) -> Iterator[str]:
    reject = next((write for step in steps for write in step.decision.writes if isinstance(write, CountReject)), None)
    if reject is not None and not rejected:
        yield f"{what}: expected one that can be taken, found it rejected, {reject.reason}: {reject.detail}"
    elif reject is None and rejected:
        yield f"{what}: expected one that is rejected, found it taken"


def _made(steps: Sequence[Step]) -> list[Made]:
    made: dict[JobId, Made] = {}
    for step in steps:
        for write in step.decision.writes:
            match write:
                case AddJob(job, dispatch):
                    made[job.id] = Made(job, dispatch)
                case UpdateJob(job):
                    made[job.id].job = job
    return list(made.values())


def _told(step: Step, began: int, catalog: Catalog) -> Iterator[str]:
    """A step in words. `began`: when the scenario did, in ms."""
    after = f"after {step.at - began} ms, " if step.at > began else ""
    changes = [write.change for write in step.decision.writes if isinstance(write, AddChange)]
    for change in changes:
        previous, current = (state_of(catalog, state) for state in (change.previous, change.current))
        yield f"{after}{change.entity}: {previous.name if previous else UNKNOWN} → {current.name if current else UNKNOWN}"
    if step.decision.verdicts and not changes:
        yield f"{after}its time had come:"
    for verdict in step.decision.verdicts:
        skipped = None if verdict.skipped is None else verdict.skipped.value
        yield f"  {verdict.trigger.id}: {in_words(skipped, verdict.detail)}"


def _compare(scenario: Scenario, made: Sequence[Made]) -> Iterator[Fault]:
    expect = scenario.expect
    if len(expect) != len(made):
        yield Fault(scenario.where, f"expected {_jobs(len(expect))}, found {len(made) or 'none'}")
    for number, (expected, found) in enumerate(zip_longest(expect, made), 1):
        if found is None:
            yield Fault(expected.where, f"job {number}: expected {_wanted(expected)}, found none")
        elif expected is None:
            yield Fault(scenario.where, f"job {number}: expected none, found {found}")
        elif wrong := [key for key, agrees in _agreement(expected, found) if not agrees]:
            yield Fault(expected.where, f"job {number}: expected {_wanted(expected, wrong)}, found {found}")


def _jobs(count: int) -> str:
    return "no job" if count == 0 else "1 job" if count == 1 else f"{count} jobs"


def _agreement(expected: Expected, made: Made) -> Iterator[tuple[str, bool]]:
    job, dispatch = made.job, made.dispatch
    published = dispatch if isinstance(dispatch, Publish) else None
    yield "operation", expected.operation in (None, job.operation_id)
    yield "entity", expected.entity in (None, job.owner)
    yield "trigger", expected.trigger is None or (job.process_meta is not None and job.process_meta.trigger == expected.trigger)
    yield "status", expected.status in (None, job.status)
    yield "topic", expected.topic is None or (published is not None and published.topic == expected.topic)
    if not isinstance(expected.message, Anything):
        yield "message", published is not None and _says(published.message, expected.message)
    yield "command", expected.command is None or (dispatch is not None and _argv(dispatch) == expected.command)


def _argv(dispatch: Dispatch) -> tuple[str, ...] | None:
    if isinstance(dispatch, Publish):
        return None
    return dispatch.arguments if dispatch.path is None else (dispatch.path, *dispatch.arguments)


def _says(message: str, expected: Json) -> bool:
    if isinstance(expected, str):
        return message == expected
    try:
        return agrees(expected, from_json(message))
    except ValueError:
        return False


def agrees(expected: Json, found: Json) -> bool:
    """Whether all that is expected is there: of a mapping, so much of it."""
    if isinstance(expected, Mapping):
        return isinstance(found, Mapping) and all(key in found and agrees(value, found[key]) for key, value in expected.items())
    if isinstance(expected, Sequence) and not isinstance(expected, str):
        if not isinstance(found, Sequence) or isinstance(found, str) or len(found) != len(expected):
            return False
        return all(agrees(one, other) for one, other in zip(expected, found, strict=True))
    return isinstance(expected, bool) is isinstance(found, bool) and expected == found


def _wanted(expected: Expected, keys: Sequence[str] | None = None) -> str:
    """What is expected, in words; only some of it."""
    named = ("operation", "entity", "trigger", "status", "topic", "message", "command")
    said = [
        f"{key} {_shown(value)}"
        for key in named
        if (keys is None or key in keys) and (value := getattr(expected, key)) is not None and not isinstance(value, Anything)
    ]
    return ", ".join(said) or "any job"


def _shown(value: object) -> str:
    if isinstance(value, EntityRef | str):
        return str(value)
    return str(list(value)) if isinstance(value, tuple) else to_json(value).decode()
