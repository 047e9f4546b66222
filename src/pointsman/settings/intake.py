"""From the forms of intake rules to the model."""

from __future__ import annotations

from collections.abc import Iterator

from pointsman.model.catalog import Catalog
from pointsman.model.ids import OwnerType
from pointsman.model.jsonpath import WHOLE
from pointsman.model.rule import Ignore, IntakeRule
from pointsman.model.topic import TopicFilter
from pointsman.settings.filters import FilterCheck
from pointsman.settings.forms import IntakeForm
from pointsman.settings.paths import path_at
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
        yield TopicFilter(f"{base}/{kind.plural}/+/properties/+/set")
    yield TopicFilter(f"{base}/jobs/+/results")
    yield TopicFilter(f"{base}/jobs/+/cancel")


_BELONGS = {"value": {"property"}, "map": {"state"}, "reported": {"state", "values"}}
"""What goes with which kind of rule."""


class IntakeBuilder:
    """Builds intake rules. Everything that is wrong goes to the report."""

    def __init__(self, report: Report, catalog: Catalog, filters: FilterCheck) -> None:
        self._report = report
        self._catalog = catalog
        self._states = StateNames(tuple(catalog.states.values()))
        self._filters = filters
        self._property_names: frozenset[str] | None = None

    def build(self, form: IntakeForm, place: Place) -> IntakeRule | None:
        """The rule, or None when it makes none."""
        before = len(self._report)
        topic = self._filters.take(form.topic, place)
        self._check_kind(form, place)
        state = None if form.state is None else path_at(self._report, place, "state", form.state)
        value = WHOLE if form.value is None else path_at(self._report, place, "value", form.value)
        reported = None if form.reported is None else path_at(self._report, place, "reported", form.reported)
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

    def _check_kind(self, form: IntakeForm, place: Place) -> None:
        """It reads one thing, and has only what belongs to that."""
        given = [key for key in ("state", "property") if place.node.get(key) is not None]
        given += ["values"] if form.values else []
        if len(given) != 1:
            found = f"{' and '.join(given)}; keep one of them" if given else "none of them"
            message = f"expected one of state, property, and values: true, in an intake rule, found {found}"
            self._report.value(place.node, place.at("values") if len(given) > 1 and form.values else (), message)
            return
        [kind] = given
        for key, kinds in _BELONGS.items():
            if kind not in kinds and place.node.get(key) is not None:
                self._report.key(place.node, (key,), f"expected what goes with {kind} in an intake rule, found {key!r}")
        if kind == "values":
            self._check_values(form, place)

    def _check_values(self, form: IntakeForm, place: Place) -> None:
        """Whoever is given values must be able to make something of them."""
        for index, each in enumerate(form.ignore):
            if each is not Ignore.UNKNOWN_ENTITY:
                message = f"expected {Ignore.UNKNOWN_ENTITY} beside values, found {shown(each)}, which concerns a state"
                self._report.value(place.node, ("ignore", index), message)
        ref = self._catalog.find(form.entity)
        resolved = None if ref is None else self._catalog.entity(ref)
        if resolved is not None and not resolved.conditions and resolved.silence is None:
            message = f"expected an entity with conditions, or no_data, found {shown(form.entity)}, which has neither"
            self._report.value(place.node, ("entity",), message)

    def _check_entity(self, form: IntakeForm, place: Place, topic: TopicFilter | None) -> None:
        captures = self._filters.captures(form.entity, place, "entity", topic, "an entity's id")
        if not captures and self._catalog.find(form.entity) is None:
            known = [resolved.entity.ref.id for resolved in self._catalog.entities]
            message = f"expected {{1}} or the id of an object or link, found {shown(form.entity)}{nearest(form.entity, known)}"
            self._report.value(place.node, ("entity",), message)

    def _check_property(self, form: IntakeForm, place: Place, topic: TopicFilter | None) -> None:
        name = form.property
        if name is None or self._filters.captures(name, place, "property", topic, "a property's name"):
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
