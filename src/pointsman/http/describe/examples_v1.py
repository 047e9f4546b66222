"""Examples of the modern API's own forms, of the same plant (`examples.py`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pointsman.model.shapes import JOB_EXAMPLE

_AT = JOB_EXAMPLE["timestamp"]
_JOB, _CHANGE = JOB_EXAMPLE["id"], JOB_EXAMPLE["change_id"]

_FIRED: Mapping[str, Any] = {
    "trigger": "1",
    "skipped": None,
    "detail": "",
    "words": "fired: open-valve",
    "job": _JOB,
}
_SKIPPED: Mapping[str, Any] = {
    "trigger": "2",
    "skipped": "other_state",
    "detail": "4",
    "words": "not for this state: it is for 4 FAULT",
    "job": None,
}
_EXPLAINED: Mapping[str, Any] = {
    "change_id": _CHANGE,
    "entity_id": "pump-1",
    "entity_type": 1,
    "previous": "1",
    "state": "3",
    "timestamp": _AT,
    "topic": "plant/pump-1/state",
    "reason": None,
    "changed_while_offline": False,
    "triggers": [_FIRED, _SKIPPED],
    "afterwards": [],
    "later": None,
}
_FINDING: Mapping[str, Any] = {
    "reason": "other_state",
    "words": "trigger 2 is not for this state",
    "timestamp": _AT,
    "trigger": "2",
    "change_id": _CHANGE,
    "job": None,
}
_COMMAND: Mapping[str, Any] = {
    "what": "report",
    "entity": "object pump-1",
    "state": "3",
    "change": {"previous": "1", "state": "3"},
    "reason": None,
    "property": None,
    "rejected": None,
    "triggers": [{"trigger": "1", "operation": "open-valve", "skipped": None, "words": "fires"}],
    "jobs": [
        {
            "operation": "open-valve",
            "status": "queued",
            "error": None,
            "would": {"topic": "plant/pump-1/valve/set", "message": '{"because": "ALARM"}'},
        }
    ],
}
_HEALTH: Mapping[str, Any] = {
    "alive": True,
    "ready": True,
    "problems": [],
    "queue": 0,
    "dropped_qos0": 0,
    "memory_bytes": 62914560,
    "counts": {"received": 1201, "jobs": 17},
}
_AUDITED: Mapping[str, Any] = {
    "id": _JOB,
    "timestamp": _AT,
    "actor": "admin",
    "action": "catalog.set",
    "subject": "class pump",
    "before": None,
    "after": {"id": "pump", "name": "Pump"},
}

OF_MODERN: Mapping[str, Any] = {
    "Job": JOB_EXAMPLE,
    "Supposed": {"topic": "plant/pump-1/state", "message": {"state": "ALARM"}},
    "Simulation": {"topic": "plant/pump-1/state", "commands": [_COMMAND]},
    "ExplainedChange": _EXPLAINED,
    "ExplainedJob": {
        "job": _JOB,
        "user_id": "system",
        "words": "trigger 1 ran it when pump-1 went from 1 OK to 3 ALARM",
        "caused_by": None,
        "change": _EXPLAINED,
    },
    "Findings": {"items": [_FINDING]},
    "Info": {
        "version": "0.1.0",
        "node": "gateway-7",
        "started": 1769257800000,
        "counts": {"objects": 2, "links": 1, "classes": 1, "states": 3, "scripts": 0},
        "health": _HEALTH,
    },
    "Reasons": {
        "items": [
            {
                "reason": "other_state",
                "count": 12,
                "examples": [
                    {
                        "entity_id": "pump-1",
                        "entity_type": 1,
                        "trigger": "2",
                        "change_id": _CHANGE,
                        "timestamp": _AT,
                        "detail": "4",
                        "job": None,
                    }
                ],
            }
        ]
    },
    "Rejects": {
        "items": [
            {
                "reason": "unknown_state",
                "topic": "plant/pump-1/state",
                "count": 3,
                "first": 1769257800000,
                "last": _AT,
                "detail": "no state is declared with the id or name 'PURPLE'",
                "payload": '{"state": "PURPLE"}',
            }
        ]
    },
    "AuditPage": {"items": [_AUDITED], "next": None},
}
