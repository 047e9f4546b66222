"""What is said over MQTT, message by message: its form as JSON Schema, an example or two. The data of `asyncapi.py`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pointsman.model.command import RejectReason
from pointsman.model.shapes import (
    ANYTHING,
    DELIVERY,
    JOB_EXAMPLE,
    MANUAL_STATE,
    PROCESS_META,
    RESULT,
    Shape,
    job_shape,
    maybe,
    milliseconds,
    record,
    text,
    words,
)

_STATE_ID: Shape = {"type": ["string", "integer"], "description": "A state's id or name."}
_JOB = text("The job.", "019bf06e-7f90-7000-8000-4a4c2589d878")
_TIME: Shape = {"type": ["integer", "string", "null"], "description": "In ms since the Unix epoch."}
_USER_PROPERTIES: Shape = {
    "type": "object",
    "description": "User properties (MQTT 5 §3.3.2.3.7), Response Topic and Correlation Data.",
    "properties": {
        "responseTopic": text("Where the answer is wanted."),
        "correlationData": text("What the answer is to carry."),
        "job-id": text("The job that publishes it."),
        "root-id": text("The job that its chain began with."),
        "hop": text("How many jobs lie between the two, in digits."),
    },
}

_CORRELATION = {"location": "$message.header#/correlationData", "description": "Correlation Data (MQTT 5 §3.3.2.3.6)."}

SCHEMAS: Mapping[str, Shape] = {
    "Job": job_shape(),
    "CustomResult": RESULT,
    "ProcessMeta": PROCESS_META,
    "Delivery": DELIVERY,
    "ManualState": MANUAL_STATE,
    "Report": {
        "title": "Report",
        "description": "A state's id or name, by itself or in `state`; or, for an entity with conditions, values.",
        "anyOf": [
            {"type": ["string", "number", "boolean"]},
            {
                "type": "object",
                "properties": {
                    "state": {"type": ["string", "number", "boolean"], "description": "A state's id or name."},
                    "timestamp": {**_TIME, "description": "The device's own time, in ms since the Unix epoch."},
                },
                "additionalProperties": True,
            },
        ],
    },
    "ManualStateRequest": record(
        "ManualStateRequest",
        "`clear`, or a `stateId`; `clear` goes before all else.",
        {
            "stateId": {**_STATE_ID, "type": ["string", "integer", "null"]},
            "reason": maybe(text("Why.")),
            "since": _TIME,
            "until": _TIME,
            "clear": {"type": ["boolean", "null"], "description": "Release it."},
            "clearedByStateId": {
                "anyOf": [{"type": "array", "items": _STATE_ID}, _STATE_ID, {"type": "null"}],
                "description": "A report of one of these clears it.",
            },
        },
        optional=("stateId", "reason", "since", "until", "clear", "clearedByStateId"),
    ),
    "Arguments": {"title": "Arguments", "type": "object", "description": "By name; or nothing.", "additionalProperties": True},
    "CancelRequest": record("CancelRequest", "Or nothing.", {"reason": text("Why.")}, optional=("reason",)),
    "JobRecorded": record("JobRecorded", "It is recorded, which is not to say that it has finished.", {"job": _JOB}),
    "ResultAdded": record(
        "ResultAdded", "It is recorded.", {"job": _JOB, "results": {"type": "integer", "description": "How many it has now."}}
    ),
    "JobCancelled": record(
        "JobCancelled",
        "It is called off.",
        {"job": _JOB, "status": words(("cancelled", "ending"), "`ending`: its program is being ended.")},
    ),
    "ManualStateSet": record(
        "ManualStateSet",
        "How the entity stands now.",
        {
            "state": maybe(text("Its state; null: it has none yet.")),
            "manual_state": {"anyOf": [{"$ref": "#/components/schemas/ManualState"}, {"type": "null"}]},
        },
    ),
    "PropertySet": record(
        "PropertySet",
        "It is recorded.",
        {
            "property": text("Its name."),
            "value": ANYTHING,
            "changed": {"type": "boolean", "description": "Whether it is another value than before."},
            "jobs": {"type": "array", "items": {"type": "string"}, "description": "The jobs that it runs."},
        },
    ),
    "Refused": record(
        "Refused",
        "It was not taken.",
        {"error": text("What was expected, what was found."), "reason": words(RejectReason, "Why, as a word.")},
    ),
    "WorkerInfo": record(
        "WorkerInfo",
        "What the worker is.",
        {
            "version": text("Of Pointsman."),
            "node": text("Its name."),
            "started": milliseconds("When it was started"),
            "store": text("Its store."),
        },
    ),
    "WorkerHealth": record(
        "WorkerHealth",
        "How the worker stands.",
        {
            "alive": {"type": "boolean", "description": "Everything makes progress."},
            "ready": {"type": "boolean", "description": "Messages are taken and operations carried out."},
            "problems": {"type": "array", "items": {"type": "string"}},
            "queue": {"type": "integer", "description": "What waits for the engine."},
            "dropped_qos0": {"type": "integer", "description": "Messages at QoS 0 that there was no room for."},
            "memory_bytes": {"type": "integer", "description": "What it has in RAM."},
            "counts": {"type": "object", "description": "Since the start.", "additionalProperties": True},
        },
    ),
}


def _message(title: str, payload: Shape, *examples: Any, kind: str = "application/json", headers: bool = False) -> dict[str, Any]:
    shown = [{"payload": each} for each in examples]
    return {
        "title": title,
        "contentType": kind,
        **({"headers": _USER_PROPERTIES, "correlationId": _CORRELATION} if headers else {}),
        "payload": payload,
        **({"examples": shown} if shown else {}),
    }


def _of(name: str) -> Shape:
    return {"$ref": f"#/components/schemas/{name}"}


_ANSWERED = {"job": "019bf06e-7f90-7000-8000-4a4c2589d878"}

ANSWERS: Mapping[str, Mapping[str, Any]] = {
    "jobRecorded": _message("The job is recorded", _of("JobRecorded"), _ANSWERED),
    "resultAdded": _message("The result is recorded", _of("ResultAdded"), {**_ANSWERED, "results": 2}),
    "jobCancelled": _message("The job is called off", _of("JobCancelled"), {**_ANSWERED, "status": "cancelled"}),
    "manualStateSet": _message(
        "The manual state is set, or released", _of("ManualStateSet"), {"state": "1", "manual_state": None}
    ),
    "propertySet": _message(
        "The property is set",
        _of("PropertySet"),
        {"property": "Setpoint", "value": 21.5, "changed": True, "jobs": [_ANSWERED["job"]]},
    ),
    "refused": _message(
        "It was refused",
        _of("Refused"),
        {"error": "no object or link is declared with the id 'pump-9'", "reason": "unknown_entity"},
    ),
}
"""What is said on the Response Topic of a request."""

MESSAGES: Mapping[str, Mapping[str, Any]] = {
    "report": _message(
        "A report", _of("Report"), "ALARM", {"state": 5, "timestamp": 1769257844600}, {"temperature": 81.5}, headers=True
    ),
    "manualState": _message(
        "A manual state",
        _of("ManualStateRequest"),
        {"stateId": "9", "reason": "maintenance", "until": 1769261400000},
        {"clear": True},
        headers=True,
    ),
    "execute": _message("Arguments of an operation, or nothing", _of("Arguments"), {"reason": "drill"}, headers=True),
    "propertyValue": _message("A property's value, as JSON or text", ANYTHING, 21.5, "eco", headers=True),
    "result": _message("A result, as JSON or text", ANYTHING, {"opened": True}, "done", headers=True),
    "cancel": _message("Why, or nothing", _of("CancelRequest"), {"reason": "wrong valve"}, headers=True),
    "job": _message("A job", _of("Job"), JOB_EXAMPLE),
    "command": _message(
        "What an operation publishes", {"description": "As the operation's `message` says, after its macros."}, headers=True
    ),
    "workerState": _message("Whether it is there", words(("online", "offline"), "Plain text."), "online", kind="text/plain"),
    "workerInfo": _message(
        "What it is",
        _of("WorkerInfo"),
        {
            "version": "0.1.0",
            "node": "gateway-7",
            "started": 1769257800000,
            "store": "SQLite 3.40.1, /var/lib/pointsman/pointsman.db",
        },
    ),
    "workerHealth": _message(
        "How it stands",
        _of("WorkerHealth"),
        {
            "alive": True,
            "ready": True,
            "problems": [],
            "queue": 0,
            "dropped_qos0": 0,
            "memory_bytes": 62914560,
            "counts": {"received": 1201, "jobs": 17},
        },
    ),
    **ANSWERS,
}
