"""What is published, as JSON Schema (2020-12): the forms that `to_json` of this package makes. For the documents of the APIs.

Beside each other in one file because they refer to each other; the tests hold them against what is really made.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, TypeAlias

from pointsman.model.job import JobStatus, Waits

Shape: TypeAlias = Mapping[str, Any]

RUNGS = ("recorded", "acknowledged", "answered", "confirmed")
"""How far it is known that a job got (`model.job.Ladder.rung`)."""


def text(meaning: str, *examples: str) -> Shape:
    """Text."""
    return {"type": "string", "description": meaning, **({"examples": list(examples)} if examples else {})}


def maybe(shape: Shape) -> Shape:
    """The same, or null."""
    return {**shape, "type": [shape["type"], "null"]}


def milliseconds(meaning: str) -> Shape:
    """A time."""
    return {"type": "integer", "description": f"{meaning}, in ms since the Unix epoch."}


def words(of: type[StrEnum] | Iterable[str], meaning: str) -> Shape:
    """One word of a closed list."""
    return {"type": "string", "enum": [str(each) for each in of], "description": meaning}


def record(title: str, meaning: str, fields: Mapping[str, Shape], *, optional: Iterable[str] = (), **more: Any) -> Shape:
    """An object with these fields and no others; all are there but the optional ones."""
    required = [name for name in fields if name not in set(optional)]
    return {
        "title": title,
        "type": "object",
        "description": meaning,
        "properties": dict(fields),
        **({"required": required} if required else {}),
        "additionalProperties": False,
        **more,
    }


ANYTHING: Shape = {"description": "Any JSON."}

RESULT = record(
    "CustomResult",
    "Something added to a job later, by a user or a device.",
    {
        "payload": {"description": "Any JSON, as it was given."},
        "by": text("The user who added it; `mqtt` when it came over MQTT.", "admin", "mqtt"),
        "timestamp": milliseconds("When it was added"),
    },
)

PROCESS_META = record(
    "ProcessMeta",
    "Which trigger ran the operation, and on what change.",
    {
        "triggerStates": {
            "type": "array",
            "items": {"type": ["integer", "string"]},
            "description": "The trigger's states, as its `states` has them.",
        },
        "trigger": text("The trigger."),
        "previous": maybe(text("The state before; null when there was none.")),
        "state": text("The state that it changed to."),
        "timestamp": maybe(milliseconds("The time that the message itself gave")),
    },
)

DELIVERY = record(
    "Delivery",
    "How far it is known that a job got, each rung with its time in ms.",
    {
        "rung": words(RUNGS, "The highest that was reached."),
        "recorded": milliseconds("When the job was recorded"),
        "acknowledged": maybe(milliseconds("When the broker took the message")),
        "reason_code": {"type": ["integer", "null"], "description": "The broker's (MQTT 5 §3.4.2.1); 16: nobody had subscribed."},
        "answered": maybe(milliseconds("When the device answered")),
        "confirmed": maybe(milliseconds("When the effect was seen")),
    },
)

DESCRIPTION: Shape = {
    "type": "object",
    "description": "What was done. A message: `topic` and `message`. A program: `exitCode` and `stdout`, and beside them "
    "`stderr`, `signal`, `truncated`.",
    "additionalProperties": True,
}


def job_shape(name: str = "Job", *, refers: str = "#/components/schemas/") -> Shape:
    """A job: the documented fields under their names, ours beside them. `refers` is where the other shapes are."""
    return record(
        name,
        "One execution of an operation, with what is known of it.",
        {
            "id": text("The job. Ids sort by time.", "019bf06e-7f90-7000-8000-4a4c2589d878"),
            "operation_id": text("The operation that was executed.", "open-valve"),
            "owner_id": text("The entity that it ran on.", "pump-1"),
            "owner_type": {"type": "integer", "enum": [1, 2], "description": "1: an object, 2: a link."},
            "user_id": maybe(text("Who executed it: a user, `system` for a trigger, `mqtt` for an MQTT client.")),
            "timestamp": milliseconds("When the operation was executed"),
            "description": DESCRIPTION,
            "process_meta": {"anyOf": [{"$ref": f"{refers}ProcessMeta"}, {"type": "null"}]},
            "results": {
                "type": "array",
                "items": {"$ref": f"{refers}CustomResult"},
                "description": "Custom results, oldest first.",
            },
            "status": words(JobStatus, "Where it stands."),
            "finished": maybe(milliseconds("When it reached a final status")),
            "error": maybe(text("Why it was not carried out, or failed.")),
            "attempts": {"type": "integer", "description": "How often it was begun."},
            "args": {"type": "object", "description": "The arguments it was asked for with.", "additionalProperties": True},
            "change_id": maybe(text("The state change that triggered it.")),
            "waits": {
                "type": ["string", "null"],
                "enum": [*[str(each) for each in Waits], None],
                "description": "What it waits for, while it is open.",
            },
            "delivery": {"$ref": f"{refers}Delivery"},
            "caused_by": maybe(text("The job that led to this one.")),
            "root_id": text("The job that its chain began with; itself, for the first."),
            "hop": {"type": "integer", "description": "How many jobs lie between the two; 0 for the first."},
        },
    )


NOT_LISTED = "owner_type"
"""What the documented API's lists of several entities' jobs lack."""


def listed_job_shape() -> Shape:
    """A job in such a list."""
    whole = job_shape("ListedJob")
    return {
        **whole,
        "properties": {name: shape for name, shape in whole["properties"].items() if name != NOT_LISTED},
        "required": [name for name in whole["required"] if name != NOT_LISTED],
    }


def page_shape(of: str, *, refers: str = "#/components/schemas/") -> Shape:
    """A page of a list of those."""
    following = "`cursor` of the next page; null: there are no more. A page may be short, also empty, and not the last."
    items: Shape = {"type": "array", "items": {"$ref": f"{refers}{of}"}}
    return record(f"{of}Page", "Some, and where the next ones begin.", {"items": items, "next": maybe(text(following))})


MANUAL_STATE = record(
    "ManualState",
    "A state that somebody set by hand. It stands before what is reported until it is cleared.",
    {
        "stateId": text("The state."),
        "reason": text("Why."),
        "since": milliseconds("From when on it holds"),
        "until": maybe(milliseconds("Until when; null: until it is cleared")),
        "clearedByStateId": {
            "type": "array",
            "items": {"type": "string"},
            "description": "A report of one of these clears it.",
        },
        "by": text("Who set it."),
        "pending": {"type": "boolean", "description": "Whether it has yet to begin."},
        "reported": maybe(text("What was reported last, which holds again once it is cleared.")),
    },
)

JOB_EXAMPLE: Mapping[str, Any] = {
    "id": "019bf06e-7f90-7000-8000-4a4c2589d878",
    "operation_id": "open-valve",
    "owner_id": "pump-1",
    "owner_type": 1,
    "user_id": "system",
    "timestamp": 1769257844624,
    "description": {"topic": "plant/pump-1/valve/set", "message": '{"because": "ALARM"}'},
    "process_meta": {"triggerStates": ["3"], "trigger": "1", "previous": "1", "state": "3", "timestamp": None},
    "results": [{"payload": {"opened": True}, "by": "mqtt", "timestamp": 1769257845102}],
    "status": "succeeded",
    "finished": 1769257844631,
    "error": None,
    "attempts": 1,
    "args": {},
    "change_id": "019bf06e-7f8f-7000-8000-1d6ae4b0c8f3",
    "waits": None,
    "delivery": {
        "rung": "acknowledged",
        "recorded": 1769257844624,
        "acknowledged": 1769257844631,
        "reason_code": 0,
        "answered": None,
        "confirmed": None,
    },
    "caused_by": None,
    "root_id": "019bf06e-7f90-7000-8000-4a4c2589d878",
    "hop": 0,
}
