"""What else needs a definition: so that nothing is taken away, or changed, under what rests on it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import TypeAlias

from pointsman.core.world import World
from pointsman.model.access import Permission, User
from pointsman.model.catalog import Catalog
from pointsman.model.command import EditCatalog
from pointsman.model.definition import Built, Definition, DefinitionKey, Kind
from pointsman.model.entity import Class, Entity
from pointsman.model.ids import ClassId, ScriptId, StateId
from pointsman.model.json import Json
from pointsman.model.operation import ProgramOperation, ScriptReference

Owner: TypeAlias = Class | Entity
Use: TypeAlias = Callable[[Owner], str | None]
"""What of an owner needs something, in words."""


def in_use(world: World, kind: Kind, id_: str) -> str | None:
    """By what a definition that is to be removed is needed; None: by nothing."""
    match kind:
        case Kind.CLASS:
            return _named([str(each.entity.ref) for each in world.catalog.of_class(ClassId(id_))], "is of it", "are of it")
        case Kind.SCRIPT:
            return _first_of(world.catalog, lambda owner: _runs(owner, ScriptId(id_)))
        case Kind.STATE:
            return _first_of(world.catalog, lambda owner: names_state(owner, StateId(id_)))
        case Kind.GROUP:
            members = [key[1] for key, each in _of_kind(world, Kind.USER).items() if id_ in _texts(each.document.get("groups"))]
            return _named([f"user {each}" for each in members], "is in it", "are in it")
        case Kind.USER:
            return _nobody_left(world, (kind, id_), None)
    return None


def unsettled(world: World, command: EditCatalog, built: Built) -> str | None:
    """What would not fit any more if a definition became what was built; None: nothing."""
    match built:
        case Class() if built.id in world.catalog.classes:
            return _unfit_heir(world.catalog, built)
        case User() if missing := next((each for each in built.groups if (Kind.GROUP, each) not in world.definitions), None):
            return f"user {built.id} cannot be in group {missing}: there is none"
    if command.kind in (Kind.USER, Kind.GROUP):
        return _nobody_left(world, (command.kind, command.id), command.document)
    return None


def _named(found: Sequence[str], one: str, several: str) -> str | None:
    if not found:
        return None
    if len(found) == 1:
        return f"{found[0]} {one}"
    return f"{found[0]} and {len(found) - 1} more {several}"


# The catalog


def _first_of(catalog: Catalog, use: Use) -> str | None:
    owners: Iterable[Owner] = chain(catalog.classes.values(), (each.entity for each in catalog.entities))
    for owner in owners:
        if (found := use(owner)) is not None:
            return f"{found} of {f'class {owner.id}' if isinstance(owner, Class) else owner.ref} needs it"
    return None


def _runs(owner: Owner, script: ScriptId) -> str | None:
    for operation in owner.operations:
        if isinstance(operation, ProgramOperation) and operation.program == ScriptReference(script):
            return f"operation {operation.id}"
    return None


def names_state(owner: Owner, state: StateId) -> str | None:
    """What of an owner's own names a state."""
    for trigger in owner.triggers:
        if state in trigger.state_ids | trigger.from_states | trigger.not_from | trigger.not_to:
            return f"trigger {trigger.id!r}"
    if any(condition.state == state for condition in owner.conditions):
        return "a condition"
    if owner.silence is not None and owner.silence.state == state:
        return "no_data"
    for operation in owner.operations:
        if operation.conduct.confirm is not None and operation.conduct.confirm.state == state:
            return f"operation {operation.id}"
    return None


def _unfit_heir(catalog: Catalog, new: Class) -> str | None:
    """What of an entity's own would rest on what its class has no more, or would stand twice."""
    inherited = {operation.id for operation in new.operations}
    triggers = {trigger.id for trigger in new.triggers}
    for each in catalog.of_class(new.id):
        entity = each.entity
        if not entity.triggers and not entity.operations:
            continue
        known = inherited | {operation.id for operation in entity.operations}
        for trigger in entity.triggers:
            if trigger.program is None and trigger.operation not in known:
                return f"{trigger.origin} runs operation {trigger.operation}"
            if trigger.id in triggers:
                return f"{trigger.origin} has the id {trigger.id!r} already"
        for operation in entity.operations:
            then = operation.conduct.on_timeout
            if then is not None and then not in known:
                return f"operation {operation.id} of {entity.ref} runs operation {then} when it times out"
    return None


# Users and groups


def _nobody_left(world: World, key: DefinitionKey, after: Mapping[str, Json] | None) -> str | None:
    """Why nobody could manage users any more; None where somebody still can, or nobody could before."""
    before = {**_of_kind(world, Kind.USER), **_of_kind(world, Kind.GROUP)}
    documents = {each: definition.document for each, definition in before.items()}
    changed = {each: document for each, document in documents.items() if each != key}
    if after is not None:
        changed[key] = after
    if not any(_in_charge(documents)) or any(_in_charge(changed)):
        return None
    return f"nobody else has the permission {Permission.MANAGE_USERS}; give it to somebody first"


def _in_charge(documents: Mapping[DefinitionKey, Mapping[str, Json]]) -> Iterator[bool]:
    for (kind, _), document in documents.items():
        if kind is Kind.USER:
            groups = [documents.get((Kind.GROUP, each), {}) for each in _texts(document.get("groups"))]
            yield any(Permission.MANAGE_USERS in _texts(each.get("permissions")) for each in (document, *groups))


def _of_kind(world: World, kind: Kind) -> dict[DefinitionKey, Definition]:
    return {key: each for key, each in world.definitions.items() if key[0] is kind}


def _texts(value: Json) -> Iterable[str]:
    return [str(each) for each in value] if isinstance(value, Sequence) and not isinstance(value, str) else ()
