"""Entities (objects and links), their classes, and the scripts of the repository (reference: *Entities, properties, users*)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pointsman.model.condition import Silence, StateCondition
from pointsman.model.ids import ClassId, EntityId, EntityRef, ScriptId
from pointsman.model.json import Json
from pointsman.model.operation import Operation
from pointsman.model.trigger import StateTrigger


@dataclass(frozen=True, slots=True, kw_only=True)
class Class:
    """What its entities inherit. Their own operation of the same id, or property of the same name, wins."""

    id: ClassId
    name: str
    description: str = ""
    operations: tuple[Operation, ...] = ()
    triggers: tuple[StateTrigger, ...] = ()
    conditions: tuple[StateCondition, ...] = ()
    silence: Silence | None = None
    properties: Mapping[str, Json] = field(default_factory=dict)
    writable: frozenset[str] = frozenset()
    """The names of its ReadWrite properties (type 3)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """An object, or a link between two objects."""

    ref: EntityRef
    name: str
    class_id: ClassId | None = None
    operations: tuple[Operation, ...] = ()
    triggers: tuple[StateTrigger, ...] = ()
    conditions: tuple[StateCondition, ...] = ()
    """Its own go before its class's."""
    silence: Silence | None = None
    properties: Mapping[str, Json] = field(default_factory=dict)
    writable: frozenset[str] = frozenset()
    source: EntityId | None = None
    """The object a link begins at; None for an object."""
    target: EntityId | None = None
    """The object a link ends at; None for an object."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """A script of the repository, run by operations that refer to it."""

    id: ScriptId
    name: str
    text: str
