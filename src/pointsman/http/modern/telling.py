"""From things as they are to the modern view's shapes: one way of writing names, ids as text, null for what there is not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pointsman.http.resources.document import (
    OPERATION_FIELDS,
    OWNER_TYPES,
    OwnedOperation,
    Property,
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
from pointsman.model.definition import Definition, Kind
from pointsman.model.json import Json
from pointsman.model.state import ManualState
from pointsman.store.text import json_value

_MODIFY = {
    Kind.OBJECT: Permission.MODIFY_OBJECTS,
    Kind.LINK: Permission.MODIFY_LINKS,
    Kind.CLASS: Permission.MODIFY_CLASSES,
}
_WORDS = {"1": "mqtt", "2": "program"}


def tell_entity(view: EntityView, caller: Caller) -> dict[str, Any]:
    """An object or a link."""
    definition, state, manual = view.definition, view.present.state, view.present.manual
    document = definition.document
    ends = {name: str(document.get(name) or "") for name in ("source", "target")} if definition.kind is Kind.LINK else {}
    return {
        "id": definition.id,
        "entity_type": OWNER_TYPES[definition.kind],
        "name": name_of(definition),
        "class_id": class_of(definition),
        **ends,
        "state_id": None if state is None else state.state,
        "state_since": None if state is None else state.since,
        "previous_state_id": None if state is None else state.previous,
        "manual_state": None if manual is None else tell_manual(manual),
        "parent_ids": texts(document.get("parent_id")),
        "tags": _list(document.get("tags")),
        "weight": document.get("weight", 0),
        "discovery_id": document.get("discovery_id"),
        "client_data": _data(document.get("client_data")),
        "background": document.get("background"),
        "geoposition": _list(document.get("geoposition")),
        "geoposition_radius": document.get("geopositionRadius"),
        "mute_alert": document.get("mute_alert") is True,
        "properties": [tell_property(each, definition) for each in view.properties],
        "operations": [tell_operation(each, definition, caller) for each in view.operations],
        **_rules(definition, caller),
        **_stamps(definition),
    }


def tell_class(definition: Definition, caller: Caller) -> dict[str, Any]:
    """A class."""
    return {
        "id": definition.id,
        "name": name_of(definition),
        "description": str(definition.document.get("description") or ""),
        "properties": [tell_property(each, definition) for each in properties_of(definition)],
        "operations": [tell_operation(each, definition, caller) for each in operations_of(definition)],
        **_rules(definition, caller),
        **_stamps(definition),
    }


def tell_state(definition: Definition) -> dict[str, Any]:
    """A state that objects and links can be in."""
    document = definition.document
    return {
        "id": definition.id,
        "name": name_of(definition),
        "priority": document.get("priority", 0),
        "ui": document.get("ui") or {},
        **_stamps(definition),
    }


def tell_script(definition: Definition, caller: Caller) -> dict[str, Any]:
    """A script; its text for those who manage scripts or operations."""
    told = {"id": definition.id, "name": name_of(definition)}
    if caller.may(Permission.MANAGE_SCRIPTS, Permission.MANAGE_OPERATIONS):
        told["text"] = str(definition.document.get("text") or "")
    return {**told, **_stamps(definition)}


def tell_property(each: Property, whose: Definition) -> dict[str, Any]:
    """A property, and who declares it."""
    told = {"id": each.id, "name": each.name, "value": each.value, "type_id": each.type_id}
    return {**told, **_owner(each.owner, whose)}


def tell_operation(each: OwnedOperation, whose: Definition, caller: Caller) -> dict[str, Any]:
    """An operation, and who declares it: all of it, or what those see who do not manage operations."""
    document = each.document
    brief = {
        "id": each.id,
        "name": str(document.get("name") or each.id),
        "description": str(document.get("description") or ""),
        **_owner(each.owner, whose),
    }
    if not caller.may(Permission.MANAGE_OPERATIONS):
        return brief
    type_, parameters = str(document.get("type", "")), document.get("parameters")
    return {
        **brief,
        "type": _WORDS.get(type_, type_),
        "popup_result": document.get("popupResult") is True,
        "run_on_property_change": document.get("runOnReadWritePropertyModification") is True,
        "parameters": dict(parameters) if isinstance(parameters, Mapping) else {},
        **{name: value for name, value in document.items() if name not in OPERATION_FIELDS},
    }


def tell_manual(manual: ManualState) -> dict[str, Any]:
    """A state that was set by hand."""
    return {
        "state_id": manual.state,
        "reason": manual.reason,
        "by": manual.by,
        "since": manual.since,
        "until": manual.until,
        "cleared_by": sorted(manual.cleared_by),
        "pending": manual.pending,
        "reported": manual.reported,
    }


def _owner(owner: Definition, whose: Definition) -> dict[str, Any]:
    return {"owner_id": owner.id, "owner_type": OWNER_TYPES[owner.kind], "inherited": owner.key != whose.key}


def _rules(definition: Definition, caller: Caller) -> dict[str, Any]:
    """What decides: its own triggers and conditions, for those who may change them."""
    if not caller.may(_MODIFY[definition.kind]):
        return {}
    return {
        "triggers": mappings(list_of(definition, "triggers")),
        "conditions": mappings(list_of(definition, "conditions")),
        "no_data": definition.document.get("no_data"),
    }


def _stamps(definition: Definition) -> dict[str, Any]:
    return {
        "origin": definition.origin.value,
        "version": definition.version,
        "created": definition.created or definition.updated,
        "updated": definition.updated,
        "created_by": definition.owner,
    }


def _list(value: Json) -> list[Json]:
    return list(value) if isinstance(value, Sequence) and not isinstance(value, str) else []


def _data(value: Json) -> Json:
    """What a client has kept with it: JSON, where it is such."""
    if not isinstance(value, str):
        return value
    try:
        return json_value(value)
    except ValueError:
        return value
