"""From the forms of intake rules to the model."""

from __future__ import annotations

from collections.abc import Iterator

from pointsman.model.catalog import Catalog
from pointsman.model.ids import OwnerType
from pointsman.model.jsonpath import JsonPath, parse_json_path
from pointsman.model.rule import Ignore, IntakeRule
from pointsman.model.topic import TopicFilter
from pointsman.settings.filters import FilterCheck
from pointsman.settings.forms import IntakeForm
from pointsman.settings.place import Place
from pointsman.settings.problem import nearest, shown
from pointsman.settings.report import Report
from pointsman.settings.triggers import StateNames


def own_filters(base: str, node: str) -> Iterator[TopicFilter]:
    """What a worker subscribes to for itself."""
    for kind in OwnerType:
        yield TopicFilter(f"{base}/{kind.plural}/+/state")
        yield TopicFilter(f"{base}/{kind.plural}/+/manual-state")
        yield TopicFilter(f"{base}/{kind.plural}/+/operations/+/execute")
    yield TopicFilter(f"{base}/jobs/+/results")
    yield TopicFilter(f"{base}/jobs/+/cancel")


class IntakeBuilder:
    """Builds intake rules. Everything that is wrong goes to the report."""

    def __init__(self, report: Report, catalog: Catalog, filters: FilterCheck) -> None:
        self._report = report
        self._catalog = catalog
        self._states = StateNames(tuple(catalog.states.values()))
        self._filters = filters

    def build(self, form: IntakeForm, place: Place) -> IntakeRule | None:
        """The rule, or None when it makes none."""
        before = len(self._report)
        topic = self._filters.take(form.topic, place)
        state = None if form.state is None else self._path(form.state, place, "state")
        self._check_what(form, place)
        reported = None if form.reported is None else self._path(form.reported, place, "reported")
        self._check_entity(form, place, topic)
        for value, name in form.map.items():
            if self._states.find(name) is None:
                self._report.value(place.node, ("map", value), self._states.fault(name))
        if topic is None or len(self._report) != before:
            return None
        return IntakeRule(
            filter=topic,
            entity=form.entity,
            state=state,
            map=form.map,
            reported=reported,
            retained=form.retained,
            ignore=frozenset(form.ignore),
        )

    def _check_what(self, form: IntakeForm, place: Place) -> None:
        """A rule reads a state, or gives the payload to conditions, which need nothing of what finds a state."""
        if (form.state is None) != form.values:
            found = "both; keep one of them" if form.values else "none of them"
            mark = place.at("values") if form.values else place.path
            self._report.value(place.node, mark, f"expected state, or values: true, found {found}")
        elif form.values:
            if form.map:
                self._report.key(place.node, ("map",), "expected map only beside state, found it beside values")
            for index, each in enumerate(form.ignore):
                if each is not Ignore.UNKNOWN_ENTITY:
                    message = f"expected {Ignore.UNKNOWN_ENTITY} beside values, found {shown(each)}, which concerns a state"
                    self._report.value(place.node, ("ignore", index), message)
            ref = self._catalog.find(form.entity)
            resolved = None if ref is None else self._catalog.entity(ref)
            if resolved is not None and not resolved.conditions and resolved.silence is None:
                message = f"expected an entity with conditions, or no_data, found {shown(form.entity)}, which has neither"
                self._report.value(place.node, ("entity",), message)

    def _path(self, source: str, place: Place, key: str) -> JsonPath | None:
        try:
            return parse_json_path(source)
        except ValueError as fault:
            self._report.value(place.node, (key,), str(fault))
            return None

    def _check_entity(self, form: IntakeForm, place: Place, topic: TopicFilter | None) -> None:
        captures = self._filters.captures(form.entity, place, "entity", topic, "an entity's id")
        if not captures and self._catalog.find(form.entity) is None:
            known = [resolved.entity.ref.id for resolved in self._catalog.entities]
            message = f"expected {{1}} or the id of an object or link, found {shown(form.entity)}{nearest(form.entity, known)}"
            self._report.value(place.node, ("entity",), message)
