"""The catalog: all definitions, immutable, indexed by what they are looked up by.

Inheritance is resolved once, when it is built. A changed catalog is made from the one before: its indexes are copied, and only
what the change concerns is resolved anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeAlias, TypeVar

from pointsman.model.condition import Silence, StateCondition
from pointsman.model.conduct import PLAIN, Conduct
from pointsman.model.entity import Class, Entity, Script
from pointsman.model.ids import ClassId, EntityId, EntityRef, OperationId, ScriptId, StateId, TriggerId
from pointsman.model.json import Json
from pointsman.model.operation import Operation
from pointsman.model.state import BUILT_IN_STATES, State
from pointsman.model.trigger import StateTrigger

Defined: TypeAlias = State | Class | Entity | Script
"""What a catalog is made of."""
ByEnd: TypeAlias = Mapping[EntityId, tuple[EntityRef, ...]]
"""The links that begin or end at an object."""
Inherited: TypeAlias = Mapping[ClassId, Mapping[OperationId, Operation]]

_K = TypeVar("_K")
_V = TypeVar("_V")


@dataclass(frozen=True, slots=True)
class Resolved:
    """One entity with all that applies to it, its own and its class's."""

    entity: Entity
    operations: Mapping[OperationId, Operation]
    triggers: tuple[StateTrigger, ...]
    """Its class's first, in the order in which they were written."""
    properties: Mapping[str, Json]
    rests: bool = field(init=False, compare=False)
    """Whether a trigger of it rests after it has fired, so that its last time must be known."""
    waits: bool = field(init=False, compare=False)
    """Whether a trigger of it waits or repeats, so that a change may void timers."""
    conditions: tuple[StateCondition, ...] = ()
    """Its own first, then its class's: the first that holds counts."""
    silence: Silence | None = None
    writable: frozenset[str] = frozenset()
    """The names of its ReadWrite properties."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "rests", any(trigger.cooldown_ms for trigger in self.triggers))
        object.__setattr__(self, "waits", any(trigger.hold_ms or trigger.every_ms for trigger in self.triggers))

    def trigger(self, id_: TriggerId) -> StateTrigger | None:
        """The trigger of that id."""
        return next((trigger for trigger in self.triggers if trigger.id == id_), None)

    def conduct(self, id_: OperationId) -> Conduct:
        """How executions of an operation go along; plain where there is no such operation (any more)."""
        operation = self.operations.get(id_)
        return PLAIN if operation is None else operation.conduct


class Catalog:
    """Definitions by id. Build it with `build_catalog`."""

    __slots__ = ("_by_end", "_by_id", "_by_name", "_inherited", "_known", "classes", "scripts", "states")

    def __init__(
        self,
        states: Mapping[StateId, State],
        classes: Mapping[ClassId, Class],
        scripts: Mapping[ScriptId, Script],
        known: Mapping[EntityRef, Resolved],
        inherited: Inherited,
        by_id: Mapping[str, EntityRef] | None = None,
        by_end: ByEnd | None = None,
    ) -> None:
        self.states = states
        self.classes = classes
        self.scripts = scripts
        self._known = known
        self._inherited = inherited
        self._by_id: Mapping[str, EntityRef] = {ref.id: ref for ref in known} if by_id is None else by_id
        links = (each.entity for each in known.values()) if by_end is None else ()
        self._by_end: ByEnd = _ends(by_end or {}, (), links)
        self._by_name = {state.name: state for state in states.values()}

    def with_definitions(self, *made: Defined) -> Catalog:
        """The catalog with these, in the place of those of the same id. Entities of a class that changes are resolved anew."""
        new_classes = {each.id: each for each in made if isinstance(each, Class)}
        classes = _over(self.classes, new_classes)
        inherited = _over(self._inherited, {each.id: _operations(each.operations) for each in new_classes.values()})
        entities = self._heirs(new_classes) | {each.ref: each for each in made if isinstance(each, Entity)}
        fresh: dict[str, EntityRef] = {ref.id: ref for ref in entities if ref not in self._known}
        return Catalog(
            states=_over(self.states, {each.id: each for each in made if isinstance(each, State)}),
            classes=classes,
            scripts=_over(self.scripts, {each.id: each for each in made if isinstance(each, Script)}),
            known=_over(self._known, {ref: _resolve(each, classes, inherited) for ref, each in entities.items()}),
            inherited=inherited,
            by_id=_over(self._by_id, fresh),
            by_end=_ends(self._by_end, self._entities(entities), entities.values()),
        )

    def without(self, *gone: Defined) -> Catalog:
        """The catalog without these. Entities of a class that is gone have only what is their own."""
        gone_classes = {each.id: each for each in gone if isinstance(each, Class)}
        classes, inherited = _less(self.classes, gone_classes), _less(self._inherited, gone_classes)
        left = {ref: _resolve(each, classes, inherited) for ref, each in self._heirs(gone_classes).items()}
        refs = {each.ref: each for each in gone if isinstance(each, Entity)}
        return Catalog(
            states=_less(self.states, {each.id: each for each in gone if isinstance(each, State)}),
            classes=classes,
            scripts=_less(self.scripts, {each.id: each for each in gone if isinstance(each, Script)}),
            known=_less(_over(self._known, left), refs),
            inherited=inherited,
            by_id=_less(self._by_id, dict.fromkeys([ref.id for ref in refs if self._by_id.get(ref.id) == ref])),
            by_end=_ends(self._by_end, self._entities(refs), ()),
        )

    def _heirs(self, classes: Mapping[ClassId, Class]) -> dict[EntityRef, Entity]:
        """The entities of these classes."""
        if not classes:
            return {}
        return {ref: each.entity for ref, each in self._known.items() if each.entity.class_id in classes}

    def of_class(self, id_: ClassId) -> list[Resolved]:
        """The entities of a class. Looks at every entity."""
        return [each for each in self._known.values() if each.entity.class_id == id_]

    def ending_at(self, object_: EntityRef) -> list[Resolved]:
        """The links that begin or end at an object."""
        return [self._known[ref] for ref in self._by_end.get(object_.id, ())]

    def _entities(self, refs: Iterable[EntityRef]) -> list[Entity]:
        """Those of them that there are."""
        return [self._known[ref].entity for ref in refs if ref in self._known]

    def state(self, id_or_name: str) -> State | None:
        """The state with that id or, failing that, that name."""
        return self.states.get(StateId(id_or_name)) or self._by_name.get(id_or_name)

    def entity(self, ref: EntityRef) -> Resolved | None:
        """The entity with what it inherits."""
        return self._known.get(ref)

    def conduct(self, ref: EntityRef, operation: OperationId) -> Conduct:
        """How executions of an operation of an entity go along; plain where there is no such thing (any more)."""
        resolved = self._known.get(ref)
        return PLAIN if resolved is None else resolved.conduct(operation)

    def __contains__(self, ref: EntityRef) -> bool:
        return ref in self._known

    def find(self, entity_id: str) -> EntityRef | None:
        """The object or link of that id; no id is both an object's and a link's."""
        return self._by_id.get(entity_id)

    @property
    def entities(self) -> Iterable[Resolved]:
        """Every entity there is."""
        return self._known.values()

    def __len__(self) -> int:
        return len(self._known)


def build_catalog(
    *,
    states: Iterable[State] = (),
    classes: Iterable[Class] = (),
    entities: Iterable[Entity] = (),
    scripts: Iterable[Script] = (),
) -> Catalog:
    """Index the definitions and resolve what entities inherit. Without states, the built-in ones are used.

    Entities of one class that add nothing share what they inherit, so that 100,000 of them cost little more than their names.
    """
    class_by_id = {each.id: each for each in classes}
    inherited = {each.id: _operations(each.operations) for each in class_by_id.values()}
    known = {each.ref: _resolve(each, class_by_id, inherited) for each in entities}
    state_list = tuple(states) or BUILT_IN_STATES
    return Catalog(
        states={state.id: state for state in state_list},
        classes=class_by_id,
        scripts={script.id: script for script in scripts},
        known=known,
        inherited=inherited,
    )


def _ends(old: ByEnd, gone: Iterable[Entity], new: Iterable[Entity]) -> ByEnd:
    """Which links begin or end at which objects, once some links are gone and others there."""
    left = [(each, each.ref, False) for each in gone] + [(each, each.ref, True) for each in new]
    changes = [(end, ref, there) for each, ref, there in left for end in {each.source, each.target} if end is not None]
    if not changes:
        return old
    made = dict(old)
    for end, ref, there in changes:
        others = tuple([each for each in made.get(end, ()) if each != ref])
        made[end] = (*others, ref) if there else others
        if not made[end]:
            del made[end]
    return made


def _over(old: Mapping[_K, _V], new: Mapping[_K, _V]) -> Mapping[_K, _V]:
    """The old ones and the new: a copy of the whole, which is quick, and only where something is new."""
    return {**old, **new} if new else old


def _less(old: Mapping[_K, _V], gone: Mapping[_K, object]) -> Mapping[_K, _V]:
    """The old ones without some."""
    if not gone:
        return old
    left = dict(old)
    for key in gone:
        left.pop(key, None)
    return left


def _operations(operations: Iterable[Operation]) -> Mapping[OperationId, Operation]:
    return MappingProxyType({operation.id: operation for operation in operations})


def _resolve(
    entity: Entity,
    classes: Mapping[ClassId, Class],
    inherited: Inherited,
) -> Resolved:
    parent = classes.get(entity.class_id) if entity.class_id is not None else None
    if parent is None:
        return Resolved(
            entity,
            _operations(entity.operations),
            entity.triggers,
            entity.properties,
            entity.conditions,
            entity.silence,
            entity.writable,
        )
    operations = inherited[parent.id]
    if entity.operations:
        operations = MappingProxyType({**operations, **_operations(entity.operations)})
    triggers = (*parent.triggers, *entity.triggers) if entity.triggers else parent.triggers
    properties = {**parent.properties, **entity.properties} if parent.properties else entity.properties
    conditions = (*entity.conditions, *parent.conditions) if entity.conditions else parent.conditions
    silence = entity.silence or parent.silence
    writable = entity.writable | parent.writable if entity.writable else parent.writable
    return Resolved(entity, operations, triggers, properties, conditions, silence, writable)
