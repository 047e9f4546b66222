"""The catalog: all definitions, immutable, indexed by what they are looked up by.

Inheritance is resolved once, when it is built.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from pointsman.model.condition import Silence, StateCondition
from pointsman.model.conduct import PLAIN, Conduct
from pointsman.model.entity import Class, Entity, Script
from pointsman.model.ids import ClassId, EntityRef, OperationId, ScriptId, StateId, TriggerId
from pointsman.model.json import Json
from pointsman.model.operation import Operation
from pointsman.model.state import BUILT_IN_STATES, State
from pointsman.model.trigger import StateTrigger


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

    __slots__ = ("_by_id", "_by_name", "_known", "classes", "scripts", "states")

    def __init__(
        self,
        states: Mapping[StateId, State],
        classes: Mapping[ClassId, Class],
        scripts: Mapping[ScriptId, Script],
        known: Mapping[EntityRef, Resolved],
    ) -> None:
        self.states = states
        self.classes = classes
        self.scripts = scripts
        self._known = known
        self._by_id: Mapping[str, EntityRef] = {ref.id: ref for ref in known}
        self._by_name = {state.name: state for state in states.values()}

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
    )


def _operations(operations: Iterable[Operation]) -> Mapping[OperationId, Operation]:
    return MappingProxyType({operation.id: operation for operation in operations})


def _resolve(
    entity: Entity,
    classes: Mapping[ClassId, Class],
    inherited: Mapping[ClassId, Mapping[OperationId, Operation]],
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
