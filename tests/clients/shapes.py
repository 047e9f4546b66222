"""The documented API's shapes, field by field as the reference has them: which fields there are, and of which type.

A type is one of Python's, a tuple of them, or a set of values. What an answer has beyond these fields is its own affair.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

NONE = type(None)
STATE = (int, str)
"""An integer when it is all digits."""

OBJECT: Mapping[str, Any] = {
    "id": str,
    "name": str,
    "class_id": (int, str, NONE),
    "state_id": (int, str, NONE),
    "last_state_update": int,
    "parent_id": list,
    "child_ids": list,
    "child_link_ids": list,
    "child_ref_ids": list,
    "properties": list,
    "operations": list,
    "tags": list,
    "geoposition": list,
    "created": int,
    "updated": int,
    "weight": int,
    "owner_id": (str, NONE),
    "discovery_id": (str, NONE),
    "client_data": str,
    "background": (str, NONE),
    "geopositionRadius": (int, float, NONE),
    "manual_state": (dict, NONE),
    "mute_alert": bool,
    "_version": int,
    "entityType": {1},
}
LINK: Mapping[str, Any] = {
    "id": str,
    "class_id": (int, str, NONE),
    "source": str,
    "target": str,
    "state_id": (int, str, NONE),
    "last_state_update": int,
    "entityType": {2},
}
CLASS: Mapping[str, Any] = {
    "id": str,
    "name": str,
    "description": str,
    "operations": list,
    "properties": list,
    "triggers": list,
    "entityType": {4},
}
PROPERTY: Mapping[str, Any] = {"id": str, "name": str, "value": object, "type_id": int, "owner_id": str, "owner_type": int}
OPERATION: Mapping[str, Any] = {
    "id": str,
    "name": str,
    "description": str,
    "type": int,
    "popupResult": bool,
    "runOnReadWritePropertyModification": bool,
    "parameters": dict,
}
JOB: Mapping[str, Any] = {
    "id": str,
    "operation_id": str,
    "user_id": (str, NONE),
    "owner_id": str,
    "owner_type": {1, 2},
    "timestamp": int,
    "description": dict,
    "results": list,
    "process_meta": (dict, NONE),
}
RESULT: Mapping[str, Any] = {"payload": object, "by": str, "timestamp": int}
HISTORY: Mapping[str, Any] = {
    "id": str,
    "stateId": STATE,
    "timestamp": int,
    "comment": (str, NONE),
    "reason": (str, NONE),
}
USER: Mapping[str, Any] = {"id": str, "login": str, "permissions": list}


def check(value: Any, shape: Mapping[str, Any]) -> Any:
    """The value, once it has every field of the shape; a successful answer has no field `code`."""
    assert isinstance(value, dict), value
    assert "code" not in value, value
    for name, wanted in shape.items():
        assert name in value, f"there is no {name} in {value}"
        found = value[name]
        if isinstance(wanted, set):
            assert found in wanted, f"{name}: {found!r}"
        else:
            assert isinstance(found, wanted), f"{name}: {found!r}"
            assert not (isinstance(found, bool) and wanted is int), f"{name}: {found!r}"
    return value
