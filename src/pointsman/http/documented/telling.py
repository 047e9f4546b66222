"""From things as they are to the documented shapes: names, integers, arrays that are always there, and what a caller may see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

from pointsman.http import decision
from pointsman.http.resources.document import (
    OPERATION_FIELDS,
    OWNER_TYPES,
    OwnedOperation,
    Property,
    brief,
    class_of,
    list_of,
    mappings,
    name_of,
    operations_of,
    properties_of,
    texts,
)
from pointsman.http.resources.reading import EntityView
from pointsman.model.access import Caller, Permission
from pointsman.model.catalog import Catalog
from pointsman.model.definition import Definition, Kind
from pointsman.model.ids import EntityId, EntityRef, OwnerType, StateId
from pointsman.model.json import Json
from pointsman.model.state import UNKNOWN, EntityState, ManualState

EXACT = 1 << 53
"""Below it every reader of JSON knows an integer exactly (RFC 8259 §6)."""
CREATED = StateId("1"), "Created"
"""The state of whatever has never reported one, where it is declared so."""
MAIN_COLOR = "rgb(40 173 250)"
_MINUTE = 60_000
_UNITS = (("days", 1440 * _MINUTE), ("hours", 60 * _MINUTE), ("minutes", _MINUTE))


def number(id_: str) -> int | str:
    """The id as an integer when it is all digits, and is that id again when it comes back: no leading zero, and not too long."""
    if len(id_) <= len(str(EXACT)) and id_.isascii() and id_.isdecimal() and int(id_) < EXACT and str(int(id_)) == id_:
        return int(id_)
    return id_


@dataclass(frozen=True, slots=True)
class Teller:
    """Tells things to one caller."""

    caller: Caller
    catalog: Catalog

    def entity(self, view: EntityView) -> dict[str, Any]:
        """An object or a link."""
        definition, document, state = view.definition, view.definition.document, view.present.state
        ends = {name: str(document.get(name) or "") for name in ("source", "target")} if definition.kind is Kind.LINK else {}
        made = definition.created or definition.updated
        return {
            "id": definition.id,
            "name": name_of(definition),
            "class_id": number(class_of(definition) or ""),
            **ends,
            "state_id": self._state(state),
            "last_state_update": made if state is None else state.since,
            "parent_id": self._objects(texts(document.get("parent_id"))),
            "child_ids": self._objects(view.children.objects),
            "child_link_ids": [each for each in view.children.links if self._reaches(OwnerType.LINK, each)],
            "child_ref_ids": [],
            "properties": [tell_property(each) for each in view.properties],
            "operations": [self.operation(each) for each in view.operations],
            "tags": _list(document.get("tags")),
            "weight": _integer(document.get("weight")),
            "owner_id": definition.owner or "",
            "discovery_id": _text(document.get("discovery_id")),
            "client_data": _text(document.get("client_data"), "{}"),
            "background": _text(document.get("background")),
            "geoposition": [each for each in _list(document.get("geoposition")) if _is_number(each)],
            "geopositionRadius": _real(document.get("geopositionRadius")),
            "manual_state": None if view.present.manual is None else tell_manual(view.present.manual),
            "mute_alert": document.get("mute_alert") is True,
            "created": made,
            "updated": definition.updated,
            "_version": definition.version,
            "entityType": OWNER_TYPES[definition.kind],
        }

    def class_(self, definition: Definition) -> dict[str, Any]:
        """A class."""
        sees_triggers = self.caller.may(Permission.MODIFY_CLASSES)
        return {
            "id": number(definition.id),
            "name": name_of(definition),
            "description": _text(definition.document.get("description")),
            "operations": [self.operation(each) for each in operations_of(definition)],
            "properties": [tell_property(each) for each in properties_of(definition)],
            "triggers": tell_triggers(list_of(definition, "triggers") or ()) if sees_triggers else [],
            "owner_id": definition.owner or "",
            "created": definition.created or definition.updated,
            "updated": definition.updated,
            "_version": definition.version,
            "entityType": OWNER_TYPES[Kind.CLASS],
        }

    def operation(self, operation: OwnedOperation) -> dict[str, Any]:
        """An operation: all of it, or what those see who do not manage operations."""
        if not self.caller.may(Permission.MANAGE_OPERATIONS):
            return brief(operation)
        document = operation.document
        parameters = document.get("parameters")
        return {
            **brief(operation),
            "type": number(str(document.get("type", ""))),
            "popupResult": document.get("popupResult") is True,
            "runOnReadWritePropertyModification": document.get("runOnReadWritePropertyModification") is True,
            "parameters": dict(parameters) if isinstance(parameters, Mapping) else {},
            "owner_id": operation.owner.id,
            "owner_type": OWNER_TYPES[operation.owner.kind],
            **{name: value for name, value in document.items() if name not in OPERATION_FIELDS},
        }

    def script(self, definition: Definition) -> dict[str, Any]:
        """A script; its text for those who manage scripts or operations."""
        known = {"id": definition.id, "name": name_of(definition)}
        if not self.caller.may(Permission.MANAGE_SCRIPTS, Permission.MANAGE_OPERATIONS):
            return known
        return {**known, "text": _text(definition.document.get("text"))}

    def _state(self, state: EntityState | None) -> int | str:
        if state is not None:
            return number(state.state)
        id_, name = CREATED
        declared = self.catalog.states.get(id_)
        return number(id_) if declared is not None and declared.name == name else UNKNOWN

    def _objects(self, ids: Sequence[str]) -> list[str]:
        """Those that there are, and that the caller reaches."""
        return [each for each in ids if self._reaches(OwnerType.OBJECT, each)]

    def _reaches(self, kind: OwnerType, id_: str) -> bool:
        resolved = self.catalog.entity(EntityRef(kind, EntityId(id_)))
        return resolved is not None and decision.reaches(self.caller, decision.target_of(resolved.entity))


def tell_property(each: Property) -> dict[str, Any]:
    """A property."""
    return {
        "id": each.id,
        "name": each.name,
        "value": each.value,
        "type_id": each.type_id,
        "owner_id": each.owner.id,
        "owner_type": OWNER_TYPES[each.owner.kind],
    }


def tell_manual(manual: ManualState) -> dict[str, Any]:
    """A state that was set by hand."""
    told = manual.to_json()
    told["stateId"] = number(manual.state)
    told["clearedByStateId"] = [number(each) for each in sorted(manual.cleared_by)]
    told["reported"] = None if manual.reported is None else number(manual.reported)
    return told


def tell_state(definition: Definition) -> dict[str, Any]:
    """A state that entities can be in."""
    document = definition.document
    looks = document.get("ui")
    looks = looks if isinstance(looks, Mapping) else {}
    colors = looks.get("colors")
    colors = colors if isinstance(colors, Mapping) else {}
    main = colors.get("main") or MAIN_COLOR
    usual = {"main": main, "shadow": main, "light": main, "background": main, "svgBackground": []}
    return {
        "id": number(definition.id),
        "name": name_of(definition),
        "priority": _integer(document.get("priority")),
        "ui": {**looks, "colors": {**usual, **{name: value for name, value in colors.items() if value is not None}}},
    }


def tell_triggers(triggers: Sequence[Json]) -> list[dict[str, Any]]:
    """State triggers as they were set; what the configuration file says in its own words is said in the reference's."""
    return [_trigger(each) for each in mappings(triggers)]


def tell_conditions(conditions: Sequence[Json]) -> list[dict[str, Any]]:
    """State conditions as they were set."""
    return [dict(each) for each in mappings(conditions)]


def _trigger(document: Mapping[str, Json]) -> dict[str, Any]:
    every = document.get("every")
    if not isinstance(every, int) or "periodicity" in document:
        return dict(document)
    for unit, length in _UNITS:
        if every and every % length == 0:
            rest = {name: value for name, value in document.items() if name != "every"}
            return {**rest, "periodicity": {"value": every // length, "unit": unit}}
    return dict(document)


def _text(value: Json, default: str = "") -> str:
    return value if isinstance(value, str) else default


def _integer(value: Json) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _real(value: Json) -> int | float:
    return value if _is_number(value) else 0


def _is_number(value: Json) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _list(value: Json) -> list[Json]:
    return list(value) if isinstance(value, Sequence) and not isinstance(value, str) else []
