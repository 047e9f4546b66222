"""From the forms of intake rules to the model, and whether their topic filters get along."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from pointsman.model.catalog import Catalog
from pointsman.model.ids import OwnerType
from pointsman.model.jsonpath import WHOLE, JsonPath, parse_json_path
from pointsman.model.rule import IntakeRule
from pointsman.model.topic import TopicFilter
from pointsman.settings.forms import IntakeForm
from pointsman.settings.overlaps import Filters
from pointsman.settings.place import Place
from pointsman.settings.problem import nearest, shown
from pointsman.settings.report import Report
from pointsman.settings.triggers import StateNames

_CAPTURE = re.compile(r"\{(\d+)\}")
_REASON = "a broker may deliver a message once for each filter that matches it, and each would count"


def own_filters(base: str, node: str) -> Iterator[TopicFilter]:
    """What a worker subscribes to for itself."""
    for kind in OwnerType:
        yield TopicFilter(f"{base}/{kind.plural}/+/state")
        yield TopicFilter(f"{base}/{kind.plural}/+/operations/+/execute")
        yield TopicFilter(f"{base}/{kind.plural}/+/properties/+/set")
    yield TopicFilter(f"{base}/jobs/+/results")


class IntakeBuilder:
    """Builds intake rules. Everything that is wrong goes to the report."""

    def __init__(self, report: Report, catalog: Catalog, own: Iterable[TopicFilter]) -> None:
        self._report = report
        self._catalog = catalog
        self._states = StateNames(tuple(catalog.states.values()))
        self._own = Filters(own)
        self._filters = Filters()
        self._first: dict[str, int] = {}
        self._property_names: frozenset[str] | None = None

    def build(self, form: IntakeForm, place: Place) -> IntakeRule | None:
        """The rule, or None when it makes none."""
        before = len(self._report)
        topic = self._filter(form, place)
        self._check_kind(form, place)
        state = None if form.state is None else self._path(form.state, place, "state")
        value = WHOLE if form.value is None else self._path(form.value, place, "value")
        reported = None if form.reported is None else self._path(form.reported, place, "reported")
        self._check_entity(form, place, topic)
        self._check_property(form, place, topic)
        for written, name in form.map.items():
            if self._states.find(name) is None:
                self._report.value(place.node, ("map", written), self._states.fault(name))
        if topic is None or value is None or len(self._report) != before:
            return None
        return IntakeRule(
            filter=topic,
            entity=form.entity,
            state=state,
            property=form.property,
            value=value,
            map=form.map,
            reported=reported,
            retained=form.retained,
            ignore=frozenset(form.ignore),
        )

    def _filter(self, form: IntakeForm, place: Place) -> TopicFilter | None:
        try:
            topic = TopicFilter(form.topic)
        except ValueError as fault:
            self._report.value(place.node, ("topic",), f"expected a topic filter that can be subscribed to: {fault}")
            return None
        mark = self._report.mark(place.node, ("topic",))
        own = next(self._own.overlapping(topic), None)
        if own is not None:
            message = (
                f"expected topics that are not Pointsman's own, found {topic.text!r}, which overlaps {own.text!r}; narrow it"
            )
            self._report.at(mark, f"{message}: {_REASON}")
        if topic.text in self._first:
            return topic
        for other in self._filters.overlapping(topic):
            where = self._report.sources.origin(self._first[other.text])
            message = f"expected filters that are equal or do not overlap, found {topic.text!r} and {other.text!r} at {where}"
            self._report.at(mark, f"{message}; narrow one of them, or give both rules the same filter: {_REASON}")
        self._first[topic.text] = mark
        self._filters.add(topic)
        return topic

    def _check_kind(self, form: IntakeForm, place: Place) -> None:
        """It reads one thing, and has only what belongs to that."""
        given = [key for key in ("state", "property") if place.node.get(key) is not None]
        if len(given) != 1:
            found = " and ".join(given) or "neither"
            self._report.value(place.node, (), f"expected one of state and property in an intake rule, found {found}")
            return
        [kind] = given
        for key in ("value",) if kind == "state" else ("map", "reported"):
            if place.node.get(key) is not None:
                self._report.key(place.node, (key,), f"expected what goes with {kind} in an intake rule, found {key!r}")

    def _path(self, source: str, place: Place, key: str) -> JsonPath | None:
        try:
            return parse_json_path(source)
        except ValueError as fault:
            self._report.value(place.node, (key,), str(fault))
            return None

    def _check_entity(self, form: IntakeForm, place: Place, topic: TopicFilter | None) -> None:
        captures = self._check_captures("entity", form.entity, place, topic)
        if not captures and self._catalog.find(form.entity) is None:
            known = [resolved.entity.ref.id for resolved in self._catalog.entities]
            message = f"expected {{1}} or the id of an object or link, found {shown(form.entity)}{nearest(form.entity, known)}"
            self._report.value(place.node, ("entity",), message)

    def _check_property(self, form: IntakeForm, place: Place, topic: TopicFilter | None) -> None:
        name = form.property
        if name is None or self._check_captures("property", name, place, topic):
            return
        entity = self._catalog.find(form.entity)
        resolved = None if entity is None else self._catalog.entity(entity)
        known = self._any_property() if resolved is None else resolved.properties
        if name not in known:
            whose = "an object or link" if resolved is None else resolved.entity.ref
            self._report.value(
                place.node, ("property",), f"expected a property of {whose}, found {shown(name)}{nearest(name, known)}"
            )

    def _any_property(self) -> frozenset[str]:
        if self._property_names is None:
            self._property_names = frozenset([name for each in self._catalog.entities for name in each.properties])
        return self._property_names

    def _check_captures(self, key: str, text: str, place: Place, topic: TopicFilter | None) -> bool:
        """Whether there are any; each must stand for a wildcard of the filter."""
        captures = list(_CAPTURE.finditer(text))
        for capture in captures if topic is not None else ():
            if topic is not None and not 1 <= int(capture[1]) <= topic.wildcards:
                count = (
                    "no wildcard" if not topic.wildcards else f"{topic.wildcards} wildcard{'s' if topic.wildcards > 1 else ''}"
                )
                fixed = "an entity's id" if key == "entity" else "a property's name"
                wanted = f"{{1}} to {{{topic.wildcards}}}" if topic.wildcards > 1 else "{1}" if topic.wildcards else fixed
                message = f"expected {wanted}, since {topic.text!r} has {count}, found {capture[0]}"
                self._report.inside(place.node, (key,), capture.start(), message)
        return bool(captures)
