"""From the forms of tests to the model's scenarios: names resolved, misfits told."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from pydantic_core import to_json

from pointsman.model.catalog import Catalog
from pointsman.model.ids import EntityRef, OperationId, StateId, TriggerId
from pointsman.model.json import Json
from pointsman.model.scenario import ANYTHING, Expected, Scenario, Told
from pointsman.model.topic import topic_fault
from pointsman.settings.place import Place
from pointsman.settings.problem import nearest, one_of, shown
from pointsman.settings.report import Report, value_at
from pointsman.settings.scenario_forms import JobForm, ScenarioForm, StepForm
from pointsman.settings.tree import Map, Seq, plain
from pointsman.settings.triggers import StateNames

BEGINNING = round(datetime(2026, 1, 1, 12, tzinfo=UTC).timestamp() * 1000)
"""When a test begins that doesn't say: a Thursday, at noon."""


class ScenarioBuilder:
    """Builds scenarios. Everything that is wrong goes to the report."""

    def __init__(self, report: Report, catalog: Catalog) -> None:
        self._report = report
        self._catalog = catalog
        self._states = StateNames(tuple(catalog.states.values()))
        self._operations = {operation for resolved in catalog.entities for operation in resolved.operations}
        self._triggers = {trigger.id for resolved in catalog.entities for trigger in resolved.triggers}

    def build(self, form: ScenarioForm, place: Place) -> Scenario | None:
        """The scenario, or None when it makes none."""
        before = len(self._report)
        given: dict[EntityRef, StateId] = {}
        for name, written in form.given.items():
            entity, state = self._entity(name, place, ("given", name), key=True), self._states.find(written)
            if state is None:
                self._report.value(place.node, ("given", name), self._states.fault(written))
            elif entity is not None:
                given[entity] = state.id
        at = BEGINNING if form.at is None else self._time(form.at, place)
        when = [self._told(place.inner("when", index)) for index in range(len(form.when))]
        expect = [self._expected(place.inner("expect", index)) for index in range(len(form.expect))]
        if len(self._report) != before:
            return None
        return Scenario(
            name=form.name,
            where=str(self._report.origin(place.node)),
            at=at,
            given=given,
            when=tuple([told for told in when if told is not None]),
            wait_ms=form.wait,
            expect=tuple([expected for expected in expect if expected is not None]),
        )

    def _told(self, place: Place) -> Told | None:
        form = self._report.parse(StepForm, value_at(place.node, place.path), place.node, place.path)
        if form is None:
            return None
        if fault := topic_fault(form.topic):
            message = f"expected a topic that a message can come on, found {shown(form.topic)} with {fault}"
            self._report.value(place.node, place.at("topic"), message)
        return Told(
            topic=form.topic,
            message=form.message.encode("utf-8", "replace") if isinstance(form.message, str) else to_json(_json(form.message)),
            retained=form.retained,
            after_ms=form.after,
            rejected=form.rejected,
            where=str(self._report.origin(place.node, place.path)),
        )

    def _expected(self, place: Place) -> Expected | None:
        written = value_at(place.node, place.path)
        form = self._report.parse(JobForm, written, place.node, place.path)
        if form is None:
            return None
        entity = None if form.entity is None else self._entity(form.entity, place, place.at("entity"))
        resolved = None if entity is None else self._catalog.entity(entity)
        owner = "" if entity is None else f" of {entity}"
        operations = self._operations if resolved is None else set(resolved.operations)
        triggers = self._triggers if resolved is None else {trigger.id for trigger in resolved.triggers}
        self._check_known(form.operation, operations, f"the id of an operation{owner}", place, "operation")
        self._check_known(form.trigger, triggers, f"the id of a trigger{owner}", place, "trigger")
        return Expected(
            operation=None if form.operation is None else OperationId(form.operation),
            entity=entity,
            trigger=None if form.trigger is None else TriggerId(form.trigger),
            status=form.status,
            topic=form.topic,
            message=ANYTHING if form.message is None else _json(form.message),
            command=None if form.command is None else tuple(form.command),
            where=str(self._report.origin(place.node, place.path)),
        )

    def _check_known(self, name: str | None, known: set[Any], what: str, place: Place, key: str) -> None:
        if name is not None and name not in known:
            listed = f", {one_of(sorted(known))}" if known else ""
            self._report.value(place.node, place.at(key), f"expected {what}{listed}, found {shown(name)}{nearest(name, known)}")

    def _entity(self, name: str, place: Place, path: tuple[str | int, ...], *, key: bool = False) -> EntityRef | None:
        entity = self._catalog.find(name)
        if entity is None:
            known = [resolved.entity.ref.id for resolved in self._catalog.entities]
            message = f"expected the id of an object or link, found {shown(name)}{nearest(name, known)}"
            (self._report.key if key else self._report.value)(place.node, path, message)
        return entity

    def _time(self, written: str, place: Place) -> int:
        try:
            found = datetime.fromisoformat(written)
        except ValueError:
            found = None
        if found is None or found.tzinfo is None:
            example = "2026-01-01T12:00:00+01:00"
            self._report.value(
                place.node, ("at",), f"expected a time with its distance from UTC, as {example}, found {shown(written)}"
            )
            return BEGINNING
        return round(found.timestamp() * 1000)


def _json(value: Any) -> Json:
    return plain(value) if isinstance(value, Map | Seq) else value
