"""What edits of definitions speak of, read before they are decided."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from pointsman.core.edit import OF_ENTITIES
from pointsman.core.renamed import owners_naming
from pointsman.core.schedule import is_scheduled
from pointsman.core.world import World
from pointsman.engine.ports import Unit
from pointsman.model.catalog import Catalog, Resolved
from pointsman.model.command import EditCatalog
from pointsman.model.definition import DefinitionKey, Kind
from pointsman.model.ids import ClassId, EntityId, EntityRef, OwnerType, StateId
from pointsman.model.json import Json
from pointsman.model.timer import TimerKind

PAGE = 1_000
"""So many entities are asked for at once."""
_PEOPLE = (Kind.USER, Kind.GROUP)
_HEEDING = frozenset({"mode", "max", "retries", "expect_result", "confirm", "on_timeout", "on_interrupted"})
"""What an operation's document has whose executions heed each other, or wait for something."""
_KINDS = {owner: kind for kind, owner in OF_ENTITIES.items()}


def concerned_by(catalog: Catalog, edit: EditCatalog) -> list[EntityRef]:
    """The entity that is edited; with an object that is removed also its links."""
    ref = EntityRef(OF_ENTITIES[edit.kind], EntityId(edit.id))
    if edit.document is not None or ref.kind is not OwnerType.OBJECT:
        return [ref]
    return [ref, *[each.entity.ref for each in catalog.ending_at(ref)]]


def know_edits(world: World, edits: Sequence[EditCatalog], unit: Unit) -> None:
    """Put into `world` what the edits speak of, but for the states of entities that are edited. Raises StoreUnavailable."""
    if not edits:
        return
    kinds = _PEOPLE if any(edit.kind in _PEOPLE for edit in edits) else ()
    aliases = {(Kind.OBJECT, found) for edit in edits if (found := _discovery_id(edit))}
    world.definitions.update(unit.definitions(_keys(world.catalog, edits), kinds, aliases))
    entities = [ref for edit in edits if edit.kind in OF_ENTITIES for ref in concerned_by(world.catalog, edit)]
    heirs: dict[EntityRef, Resolved] = {}
    for edit in edits:
        if edit.kind is Kind.CLASS and edit.document is not None:
            of_it = {each.entity.ref: each for each in world.catalog.of_class(ClassId(edit.id))}
            heirs |= of_it
            if edit.document.get("no_data") or any(each.silence is not None for each in of_it.values()):
                for page in _pages(list(of_it)):
                    world.states.update(unit.states(page))
    for page in _pages([*entities, *[ref for ref, each in heirs.items() if is_scheduled(each)]]):
        world.timers.update({timer.id: timer for timer in unit.waiting(page, (TimerKind.SCHEDULE,))})
    if any(_may_heed(world, edit) for edit in edits):
        world.open = unit.open_in_brief()


def _keys(catalog: Catalog, edits: Sequence[EditCatalog]) -> set[DefinitionKey]:
    keys: set[DefinitionKey] = {(edit.kind, edit.id) for edit in edits}
    for edit in edits:
        if edit.kind is Kind.STATE and edit.document is not None:
            keys.update(owners_naming(catalog, StateId(edit.id)))
        if edit.kind in OF_ENTITIES:
            keys |= {(kind, edit.id) for kind in OF_ENTITIES}
            keys |= {(_KINDS[ref.kind], ref.id) for ref in concerned_by(catalog, edit)}
    return keys


def _discovery_id(edit: EditCatalog) -> str | None:
    found = edit.document.get("discovery_id") if edit.kind is Kind.OBJECT and edit.document is not None else None
    return found if isinstance(found, str) else None


def _may_heed(world: World, edit: EditCatalog) -> bool:
    """Whether open jobs may be of operations that the edit makes heed each other. What is new has none."""
    if edit.document is None or (edit.kind, edit.id) not in world.definitions:
        return False
    if edit.kind in OF_ENTITIES and edit.document.get("class_id") is not None:
        return True
    operations = edit.document.get("operations")
    return isinstance(operations, Sequence) and any(map(_heeds, operations))


def _heeds(operation: Json) -> bool:
    return isinstance(operation, Mapping) and not _HEEDING.isdisjoint(operation)


def _pages(entities: Sequence[EntityRef]) -> list[Collection[EntityRef]]:
    return [entities[start : start + PAGE] for start in range(0, len(entities), PAGE)]
