"""Examples of the catalog as the modern API has it, of the same plant (`examples.py`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pointsman.model.shapes import JOB_EXAMPLE, NOT_LISTED

_AT = JOB_EXAMPLE["timestamp"]
_DEFINED: Mapping[str, Any] = {
    "origin": "store",
    "version": 3,
    "created": 1769257800000,
    "updated": _AT,
    "created_by": "admin",
}
_PARAMETERS: Mapping[str, Any] = {"topic": "plant/{{id}}/valve/set", "message": '{"because": "{{state.name}}"}'}
_PROPERTY: Mapping[str, Any] = {
    "owner_id": "pump",
    "owner_type": 4,
    "inherited": True,
    "id": "5e9465cb10b1f754077cb061",
    "name": "Setpoint",
    "value": 21.5,
    "type_id": 3,
}
_OPERATION: Mapping[str, Any] = {
    "owner_id": "pump",
    "owner_type": 4,
    "inherited": True,
    "id": "open-valve",
    "name": "Open the relief valve",
    "description": "",
    "type": "1",
    "popup_result": False,
    "run_on_property_change": False,
    "parameters": _PARAMETERS,
}
_TRIGGER: Mapping[str, Any] = {"states": [5], "type": "operation", "payload": {"operation": "open-valve"}, "duration": 5000}
_CONDITION: Mapping[str, Any] = {"condition": {"value": "$.temperature", "above": 80}, "state": 5}
_MANUAL: Mapping[str, Any] = {
    "state_id": "9",
    "reason": "maintenance",
    "by": "admin",
    "since": _AT,
    "until": None,
    "cleared_by": ["3"],
    "pending": False,
    "reported": "3",
}
_ENTITY: Mapping[str, Any] = {
    **_DEFINED,
    "properties": [_PROPERTY],
    "operations": [_OPERATION],
    "triggers": [],
    "conditions": [],
    "id": "pump-1",
    "entity_type": 1,
    "name": "Pump 1",
    "class_id": "pump",
    "state_id": "3",
    "state_since": _AT,
    "previous_state_id": "5",
    "manual_state": None,
    "parent_ids": [],
    "tags": ["hall-2"],
    "weight": 0,
    "discovery_id": None,
    "client_data": None,
    "background": None,
    "geoposition": [],
    "geoposition_radius": None,
    "mute_alert": False,
}
_CLASS: Mapping[str, Any] = {
    **_DEFINED,
    "properties": [{**_PROPERTY, "inherited": False}],
    "operations": [{**_OPERATION, "inherited": False}],
    "triggers": [_TRIGGER],
    "conditions": [],
    "id": "pump",
    "name": "Pump",
    "description": "All that pumps",
}
_STATE: Mapping[str, Any] = {**_DEFINED, "id": "5", "name": "Alarm", "priority": 10, "ui": {"colors": {"main": "rgb(200 0 0)"}}}
_SCRIPT: Mapping[str, Any] = {**_DEFINED, "id": "diagnose", "name": "Diagnose", "text": "#!/bin/sh\necho {{name}}"}
_CHANGE: Mapping[str, Any] = {
    "id": JOB_EXAMPLE["change_id"],
    "entity_id": "pump-1",
    "entity_type": 1,
    "previous": "1",
    "state": "3",
    "timestamp": _AT,
    "reported": None,
    "reason": None,
    "topic": "plant/pump-1/state",
    "changed_while_offline": False,
    "caused_by": None,
}

OF_CATALOG: Mapping[str, Any] = {
    "ObjectIn": {"id": "pump-1", "name": "Pump 1", "class_id": "pump", "tags": ["hall-2"]},
    "LinkIn": {"id": "pipe-1", "source": "pump-1", "target": "pump-2"},
    "EntityOut": _ENTITY,
    "EntityPage": {"items": [_ENTITY], "next": None},
    "ClassIn": {"id": "pump", "name": "Pump"},
    "ClassOut": _CLASS,
    "ClassPage": {"items": [_CLASS], "next": None},
    "StateIn": {"id": 5, "name": "Alarm", "priority": 10},
    "StateOut": _STATE,
    "StatePage": {"items": [_STATE], "next": None},
    "ScriptIn": {"id": "diagnose", "name": "Diagnose", "text": "#!/bin/sh\necho {{name}}"},
    "ScriptOut": _SCRIPT,
    "ScriptPage": {"items": [_SCRIPT], "next": None},
    "OperationIn": {"id": "open-valve", "name": "Open the relief valve", "type": "1", "parameters": _PARAMETERS},
    "OperationOut": _OPERATION,
    "OperationList": {"items": [_OPERATION]},
    "PropertyIn": {"name": "Setpoint", "value": 21.5, "type_id": 3},
    "PropertyOut": _PROPERTY,
    "PropertyList": {"items": [_PROPERTY]},
    "Triggers": {"items": [_TRIGGER]},
    "Conditions": {"items": [_CONDITION]},
    "StateSet": {"state_id": 5},
    "StateNow": {"state_id": "9", "state_since": _AT, "previous_state_id": "3", "manual_state": _MANUAL},
    "ManualIn": {"state_id": 9, "reason": "maintenance", "cleared_by": [3]},
    "ManualStateOut": _MANUAL,
    "Change": _CHANGE,
    "HistoryPage": {"items": [_CHANGE], "next": None},
    "HistoryShape": {
        "id": JOB_EXAMPLE["change_id"],
        "stateId": 3,
        "timestamp": _AT,
        "comment": "",
        "reason": "",
        "previousStateId": 1,
        "entityId": "pump-1",
        "entityType": 1,
    },
    "JobPage": {"items": [JOB_EXAMPLE], "next": None},
    "ListedJob": {name: value for name, value in JOB_EXAMPLE.items() if name != NOT_LISTED},
    "CustomResult": {"payload": {"opened": True}, "by": "admin", "timestamp": _AT},
}
