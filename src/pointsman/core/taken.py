"""What must be one definition's own (ids, logins, discovery ids, names of states), and what stays as it was made (types)."""

from __future__ import annotations

from pointsman.core.world import World
from pointsman.model.access import User
from pointsman.model.catalog import Catalog, Defined
from pointsman.model.command import EditCatalog
from pointsman.model.definition import Built, Kind
from pointsman.model.entity import Class, Entity
from pointsman.model.json import Json
from pointsman.model.operation import FileSystem, MqttOperation, Operation, ScriptReference
from pointsman.model.state import State

_OTHER = {Kind.OBJECT: Kind.LINK, Kind.LINK: Kind.OBJECT}


def taken(world: World, command: EditCatalog, built: Built) -> str | None:
    """What the definition would share with another one, though it must be its own; None: nothing."""
    match built:
        case State():
            return clash(world.catalog, built)
        case User():
            return _found_by(world, Kind.USER, "login", built.login, command.id)
        case Entity():
            other = _OTHER[command.kind]
            if (other, command.id) in world.definitions:
                return f"there is a {other} {command.id} already, and no id is both an object's and a link's"
            discovery_id = (command.document or {}).get("discovery_id")
            if command.kind is Kind.OBJECT and discovery_id:
                return _found_by(world, Kind.OBJECT, "discovery_id", discovery_id, command.id)
    return None


def clash(catalog: Catalog, built: Defined) -> str | None:
    """What of the catalog it could not be told from; None: nothing."""
    if isinstance(built, State):
        for other in catalog.states.values():
            if other.id != built.id and ({built.id, built.name} & {other.id, other.name}):
                return f"state {other.id} is called {other.name}: reports name states by either, so no two may share one"
    if isinstance(built, Entity) and (other_ref := catalog.find(built.ref.id)) not in (None, built.ref):
        return f"there is a {other_ref} already, and no id is both an object's and a link's"
    return None


def _found_by(world: World, kind: Kind, field: str, value: Json, id_: str) -> str | None:
    for key, other in world.definitions.items():
        if key[0] is kind and key[1] != id_ and other.document.get(field) == value:
            return f"{kind} {key[1]} has the {field} {value!r} already"
    return None


def retyped(old: Class | Entity, new: Class | Entity) -> str | None:
    """Which operation would be of another kind than it was made as; None: none."""
    before = {operation.id: operation for operation in old.operations}
    for index, operation in enumerate(new.operations):
        was = before.get(operation.id)
        if was is not None and _kind(was) != _kind(operation):
            return (
                f"operations[{index}]: expected operation {operation.id} to stay {_kind(was)}, found {_kind(operation)}; "
                "make another operation"
            )
    return None


def _kind(operation: Operation) -> str:
    if isinstance(operation, MqttOperation):
        return "of type 1 (MQTT message)"
    match operation.program:
        case FileSystem():
            subtype = "fileSystem"
        case ScriptReference():
            subtype = "scriptReference"
        case _:
            subtype = "scriptText"
    return f"of type 2 ({subtype})"
