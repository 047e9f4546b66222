"""Builds the catalog from the merged file, or one definition beside a catalog that there is: each checked by itself, then against
the others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pointsman.model.catalog import Catalog, Defined, build_catalog
from pointsman.model.entity import Class, Entity, Script
from pointsman.model.ids import ClassId, EntityId, EntityRef, OwnerType, ScriptId, StateId
from pointsman.model.operation import Operation
from pointsman.model.state import BUILT_IN_STATES, State
from pointsman.model.trigger import StateTrigger
from pointsman.settings.checks import id_fault
from pointsman.settings.conditions import ConditionBuilder
from pointsman.settings.conduct import TimeoutCheck
from pointsman.settings.forms import ClassForm, LinkForm, ObjectForm, OperationForm, ScriptForm, StateForm, TriggerForm
from pointsman.settings.kept import Kept, KeptTriggers
from pointsman.settings.operations import OperationBuilder
from pointsman.settings.place import Place
from pointsman.settings.problem import nearest, shown
from pointsman.settings.properties import PropertyCheck, build_properties
from pointsman.settings.report import Form, Report, value_at
from pointsman.settings.tree import Map, Seq
from pointsman.settings.trigger_ids import TriggerIds
from pointsman.settings.triggers import Owner, StateNames, build_trigger


class CatalogBuilder:
    """Builds one catalog. Everything that is wrong goes to the report; what is right is built all the same."""

    def __init__(self, tree: Map, report: Report) -> None:
        self._tree = tree
        self._report = report
        self._states = StateNames(BUILT_IN_STATES)
        self._classes: Mapping[ClassId, Class] = {}
        self._class_operations: dict[str, tuple[str, ...]] = {}
        """The ids of each class's operations, also of those that are wrong: one problem is enough for each."""
        self._operations = OperationBuilder(report, (), self._states)
        self._properties = PropertyCheck(report)
        self._timeouts = TimeoutCheck(report)
        self._trigger_ids = TriggerIds(report)
        self._kept = KeptTriggers(report)

    @property
    def kept(self) -> Kept:
        """Triggers that are not acted on."""
        return self._kept.found

    def build(self) -> Catalog:
        """The catalog, of what is right."""
        states = self._build_states()
        self._states = StateNames(states or BUILT_IN_STATES)
        scripts = self._build_scripts()
        self._operations = OperationBuilder(self._report, {script.id for script in scripts}, self._states)
        self._classes = {each.id: each for each in self._build_classes()}
        entities = self._build_entities()
        self._properties.finish()
        return build_catalog(states=states, classes=self._classes.values(), entities=entities, scripts=scripts)

    def build_beside(self, known: Catalog, class_id: str | None) -> Iterator[Defined]:
        """What the tree defines, beside a catalog that there is and in the place of what that has under the same ids.

        `class_id` is the class that the tree's entity names. Properties that macros name may come later.
        """
        self._states = StateNames(tuple(known.states.values()))
        self._operations = OperationBuilder(self._report, known.scripts, self._states)
        self._classes = known.classes
        self._properties.take_later()
        if class_id is not None and (parent := known.classes.get(ClassId(class_id))) is not None:
            self._class_operations[class_id] = tuple([each.id for each in parent.operations])
            self._timeouts.of_known_class(parent)
        yield from self._build_states()
        yield from self._build_scripts()
        yield from self._build_classes()
        yield from self._build_entities(known)

    def items(self, section: str, form: type[Form]) -> Iterator[tuple[Form, Place]]:
        """The definitions of a section that have the right form."""
        found = self._tree.get(section)
        if found is None:
            return
        if not isinstance(found, Seq):
            self._report.value(self._tree, [section], f"expected a list of {section}, found {shown(found)}")
            return
        for index, item in enumerate(found):
            parsed = self._report.parse(form, item, found, (index,))
            if parsed is not None and isinstance(item, Map):
                yield parsed, Place(item)

    # States and scripts

    def _build_states(self) -> list[State]:
        ids: dict[str, int] = {}
        names: dict[str, int] = {}
        states = []
        for form, place in self.items("states", StateForm):
            state_id = str(form.id)
            name = state_id if form.name is None else form.name
            if not self._take_id(state_id, place, "a state", ids):
                continue
            named = place.at("id") if form.name is None else place.at("name")
            if not name or name in names:
                first = (
                    f", found {name!r} again; it was first at {self._report.sources.origin(names[name])}"
                    if name
                    else ", found none"
                )
                self._report.value(place.node, named, f"expected each state to have a name of its own{first}")
            names.setdefault(name, self._report.mark(place.node, named))
            states.append(State(id=StateId(state_id), name=name, priority=form.priority, declared=form.id))
        for state in states:
            if state.name in ids and state.name != state.id:
                message = f"expected a name that is not another state's id, found {state.name!r}: reports name states by either"
                self._report.at(names[state.name], message)
        return states

    def _build_scripts(self) -> list[Script]:
        ids: dict[str, int] = {}
        return [
            Script(id=ScriptId(form.id), name=form.name or form.id, text=form.text)
            for form, place in self.items("scripts", ScriptForm)
            if self._take_id(form.id, place, "a script", ids)
        ]

    def _take_id(self, text: str, place: Place, what: str, taken: dict[str, int]) -> bool:
        """Whether the id is fit and new."""
        mark = self._report.mark(place.node, ("id",))
        fault = id_fault(text)
        if fault:
            self._report.at(mark, f"expected the id of {what} to be one that fits a level of a topic, found {fault}")
        elif text in taken:
            first = self._report.sources.origin(taken[text])
            self._report.at(mark, f"expected the id of {what} to be its own, found {text!r} again; it was first at {first}")
            fault = "taken"
        taken.setdefault(text, mark)
        return fault is None

    # Classes and entities

    def _build_classes(self) -> Iterator[Class]:
        ids: dict[str, int] = {}
        for form, place in self.items("classes", ClassForm):
            fresh = self._take_id(form.id, place, "a class", ids)
            self._class_operations.setdefault(form.id, _ids_in(place))
            owner = f"class {form.id}"
            operations = self._build_operations(form, place)
            properties, writable = build_properties(form.properties, place, self._report)
            triggers = self._build_triggers(form, place, owner, _ids_in(place))
            self._properties.of_class(form.id, properties, self._operations.uses)
            self._timeouts.of_class(form.id, _ids_in(place), self._operations.timeouts)
            self._trigger_ids.of_class()
            self._operations.forget()
            conditions = ConditionBuilder(self._states, self._report)
            derived, silence = conditions.conditions(form.conditions, place), conditions.silence(form.no_data, place)
            if fresh:
                yield Class(
                    id=ClassId(form.id),
                    name=form.name or form.id,
                    description=form.description,
                    operations=operations,
                    triggers=triggers,
                    conditions=derived,
                    silence=silence,
                    properties=properties,
                    writable=writable,
                )

    def _build_entities(self, known: Catalog | None = None) -> list[Entity]:
        ids: dict[str, int] = {}
        entities = [
            entity
            for form, place in self.items("objects", ObjectForm)
            if (entity := self._entity(form, place, OwnerType.OBJECT, ids))
        ]
        objects = {entity.ref.id for entity in entities}
        for form, place in self.items("links", LinkForm):
            for end in ("source", "target"):
                named = getattr(form, end)
                if not (named in objects or (known is not None and _object(named) in known)):
                    message = f"expected the id of an object, found {shown(named)}{nearest(named, objects)}"
                    self._report.value(place.node, (end,), message)
            entity = self._entity(form, place, OwnerType.LINK, ids)
            if entity is not None:
                entities.append(entity)
        return entities

    def _entity(self, form: ObjectForm, place: Place, kind: OwnerType, ids: dict[str, int]) -> Entity | None:
        what = "an object or link"
        fresh = self._take_id(form.id, place, what, ids)
        ref = EntityRef(kind, EntityId(form.id))
        parent = self._class_of(form, place)
        operations = self._build_operations(form, place)
        properties, writable = build_properties(form.properties, place, self._report)
        own = _ids_in(place) if form.operations else ()
        known = (*own, *self._class_operations.get(form.class_id or "", ())) if form.triggers or own else ()
        triggers = self._build_triggers(form, place, str(ref), known)
        conditions = ConditionBuilder(self._states, self._report)
        derived, silence = conditions.conditions(form.conditions, place), conditions.silence(form.no_data, place)
        if fresh and (form.class_id is None or parent is not None):
            self._properties.of_entity(ref, parent, properties, self._operations.uses)
            self._timeouts.of_entity(str(ref), form.class_id, known, own, self._operations.timeouts)
        self._trigger_ids.of_entity(parent, own, place)
        self._operations.forget()
        if not fresh:
            return None
        return Entity(
            ref=ref,
            name=form.name or form.id,
            class_id=None if parent is None else parent.id,
            operations=operations,
            triggers=triggers,
            conditions=derived,
            silence=silence,
            properties=properties,
            writable=writable,
            source=EntityId(form.source) if isinstance(form, LinkForm) else None,
            target=EntityId(form.target) if isinstance(form, LinkForm) else None,
        )

    def _class_of(self, form: ObjectForm, place: Place) -> Class | None:
        if form.class_id is None:
            return None
        parent = self._classes.get(ClassId(form.class_id))
        if parent is None:
            message = (
                f"expected the id of a class in classes, found {shown(form.class_id)}{nearest(form.class_id, self._classes)}"
            )
            self._report.value(place.node, ("class",), message)
        return parent

    def _build_operations(self, form: ClassForm | ObjectForm, place: Place) -> tuple[Operation, ...]:
        first: dict[str, int] = {}
        built = []
        for index in range(len(form.operations)):
            inner = place.inner("operations", index)
            each = self._report.parse(OperationForm, value_at(place.node, inner.path), place.node, inner.path)
            if each is None:
                continue
            mark = self._report.mark(place.node, inner.at("id"))
            if each.id in first:
                origin = self._report.sources.origin(first[each.id])
                message = (
                    f"expected each operation here to have an id of its own, found {each.id!r} again; it was first at {origin}"
                )
                self._report.at(mark, message)
            first.setdefault(each.id, mark)
            operation = self._operations.build(each, inner)
            if operation is not None:
                built.append(operation)
        return tuple(built)

    def _build_triggers(
        self, form: ClassForm | ObjectForm, place: Place, owner: str, operations: tuple[str, ...]
    ) -> tuple[StateTrigger, ...]:
        built = []
        what = Owner(owner, operations, self._operations.of_trigger)
        for index in range(len(form.triggers)):
            inner = place.inner("triggers", index)
            each = self._report.parse(TriggerForm, value_at(place.node, inner.path), place.node, inner.path)
            if each is None or self._kept.take(each, inner, owner, index):
                continue
            trigger = build_trigger(each, inner, what, index + 1, self._states, self._report)
            if trigger is not None:
                self._trigger_ids.add(trigger, inner)
                built.append(trigger)
        return tuple(built)


def _ids_in(place: Place) -> tuple[str, ...]:
    """The ids of the operations that are written there, right or wrong."""
    written = place.node.get("operations")
    return tuple([str(each.get("id")) for each in written if isinstance(each, Map)]) if isinstance(written, Seq) else ()


def _object(id_: str) -> EntityRef:
    return EntityRef(OwnerType.OBJECT, EntityId(id_))
