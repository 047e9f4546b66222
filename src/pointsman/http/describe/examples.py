"""An example for each form of the API, by the name of its schema: of one plant, so that they fit together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pointsman.http.describe.examples_catalog import OF_CATALOG
from pointsman.http.describe.examples_v1 import OF_MODERN

_MADE, _CHANGED = 1769257800000, 1769257844624
_ID = "5ed0e3505a6afa192c2e711f"

PROPERTY: Mapping[str, Any] = {
    "id": "5e9465cb10b1f754077cb061",
    "name": "Setpoint",
    "value": 21.5,
    "type_id": 3,
    "owner_id": "pump-1",
    "owner_type": 1,
}
PARAMETERS: Mapping[str, Any] = {"topic": "plant/{{id}}/valve/set", "message": '{"because": "{{state.name}}"}'}
OPERATION: Mapping[str, Any] = {
    "id": _ID,
    "name": "Open the relief valve",
    "description": "",
    "type": 1,
    "popupResult": False,
    "runOnReadWritePropertyModification": False,
    "parameters": PARAMETERS,
    "owner_id": "pump",
    "owner_type": 4,
}
MANUAL: Mapping[str, Any] = {
    "stateId": 9,
    "reason": "maintenance",
    "since": _CHANGED,
    "until": 1769261400000,
    "clearedByStateId": [3],
    "by": "admin",
    "pending": False,
    "reported": 3,
}
_ENTITY: Mapping[str, Any] = {
    "state_id": 3,
    "last_state_update": _CHANGED,
    "parent_id": [],
    "child_ids": [],
    "child_link_ids": [],
    "child_ref_ids": [],
    "properties": [PROPERTY],
    "operations": [OPERATION],
    "tags": ["hall-2"],
    "weight": 0,
    "owner_id": "admin",
    "discovery_id": "",
    "client_data": "{}",
    "background": "",
    "geoposition": [],
    "geopositionRadius": 0,
    "manual_state": None,
    "mute_alert": False,
    "created": _MADE,
    "updated": _MADE,
    "_version": 1,
}
OBJECT: Mapping[str, Any] = {"id": "pump-1", "name": "Pump 1", "class_id": "pump", **_ENTITY, "entityType": 1}
LINK: Mapping[str, Any] = {
    "id": "pipe-1",
    "name": "",
    "class_id": "",
    **_ENTITY,
    "properties": [],
    "operations": [],
    "entityType": 2,
    "source": "pump-1",
    "target": "pump-2",
}
TRIGGER: Mapping[str, Any] = {"states": [5], "type": "operation", "payload": {"operation": _ID}, "duration": 5000}
CLASS: Mapping[str, Any] = {
    "id": "pump",
    "name": "Pump",
    "description": "",
    "operations": [OPERATION],
    "properties": [],
    "triggers": [TRIGGER],
    "owner_id": "admin",
    "created": _MADE,
    "updated": _MADE,
    "_version": 1,
    "entityType": 4,
}
_COLOURS: Mapping[str, Any] = {
    "main": "rgb(40 173 250)",
    "shadow": "",
    "light": "",
    "background": "",
    "svgBackground": [],
}
STATE: Mapping[str, Any] = {"id": 5, "name": "Alarm", "priority": 10, "ui": {"colors": _COLOURS}}
SCRIPT: Mapping[str, Any] = {"id": "diagnose", "name": "Diagnose", "text": "#!/bin/sh\necho {{name}}"}
USER: Mapping[str, Any] = {"id": _ID, "login": "erika", "permissions": ["execute-operations"], "groups": ["shift-1"]}
GROUP: Mapping[str, Any] = {"id": "shift-1", "name": "Shift 1", "permissions": ["modify-objects"]}
TOKEN: Mapping[str, Any] = {"id": "019bf06e-7f90-7000-8000-4a4c2589d878", "name": "dashboard", "created": _MADE, "expires": None}
_NEW_USER: Mapping[str, Any] = {
    "login": "erika",
    "password": "correct horse battery",
    "permissions": ["execute-operations"],
    "objectPermissions": {"include": ["pump-1", "pump-2"]},
}

_OF: Mapping[str, Any] = {
    "PropertyBody": {"name": "Setpoint", "value": 21.5, "type_id": 3},
    "OperationBody": {"name": "Open the relief valve", "type": "1", "parameters": PARAMETERS},
    "ObjectBody": {"id": "pump-1", "name": "Pump 1", "class_id": "pump", "tags": ["hall-2"]},
    "LinkBody": {"id": "pipe-1", "source": "pump-1", "target": "pump-2"},
    "ClassBody": {"id": "pump", "name": "Pump"},
    "StateBody": {"id": 5, "name": "Alarm", "priority": 10},
    "ScriptBody": SCRIPT,
    "ChosenStateBody": {"state_id": 5},
    "ManualBody": {"stateId": 9, "reason": "maintenance", "until": 1769261400000, "clearedByStateId": [3]},
    "PropertyShape": PROPERTY,
    "OperationShape": OPERATION,
    "BriefOperationShape": {name: OPERATION[name] for name in ("id", "name", "description")},
    "ManualStateShape": MANUAL,
    "ObjectShape": OBJECT,
    "LinkShape": LINK,
    "ClassShape": CLASS,
    "StateShape": STATE,
    "ScriptShape": SCRIPT,
    "BriefScriptShape": {name: SCRIPT[name] for name in ("id", "name")},
    "LogIn": {"login": "admin", "password": "correct horse battery"},
    "NewUser": _NEW_USER,
    "UserChange": {"permissions": ["execute-operations", "modify-objects"]},
    "UserView": USER,
    "UserPage": {"items": [USER], "next": None},
    "NewGroup": {"id": "shift-1", "name": "Shift 1", "permissions": ["modify-objects"]},
    "GroupChange": {"permissions": ["modify-objects", "modify-links"]},
    "GroupView": GROUP,
    "GroupPage": {"items": [GROUP], "next": None},
    "NewToken": {"name": "dashboard"},
    "TokenView": TOKEN,
    "TokenList": {"items": [TOKEN]},
    "TokenMade": {**TOKEN, "token": "pmt_…"},
    "PasswordChange": {"old": "correct horse battery", "new": "battery staple horse"},
    "SessionView": {"user": USER, "expires": 1769301000000},
}
EXAMPLES: Mapping[str, tuple[Any, ...]] = {name: (example,) for name, example in {**_OF, **OF_MODERN, **OF_CATALOG}.items()}
