"""A job in words: as a line of a list, and in full. It reads the public JSON, whether that came from the store or the broker."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pointsman.cli.output import moment, pairs, visible, visible_lines

COLUMNS = ("TIME", "JOB", "OWNER", "OPERATION", "STATUS", "REACHED", "OUTCOME")
_TEXTS = ("topic", "message", "exitCode", "signal", "duration_ms", "truncated")
_OUTPUT = ("stdout", "stderr")
_RUNGS = ("recorded", "acknowledged", "answered", "confirmed")
_WAITS = {
    "turn": "for its turn: another job of the same operation is open",
    "retry": "for the time of its next try",
    "answer": "for the device to answer",
    "confirmation": "for its effect to be seen",
}
NO_SUBSCRIBER = 16
"""The broker took the message, and nobody had subscribed (MQTT 5 §3.4.2.1)."""


def row(job: Mapping[str, Any]) -> tuple[str, ...]:
    """A job as the cells of COLUMNS."""
    return (
        moment(job["timestamp"]),
        job["id"],
        visible(job["owner_id"]),
        visible(job["operation_id"]),
        job["status"],
        reached(job),
        outcome(job) + (" (nobody had subscribed)" if job["delivery"]["reason_code"] == NO_SUBSCRIBER else ""),
    )


def line(job: Mapping[str, Any]) -> str:
    """A job as a line by itself, about as wide as its neighbours."""
    time, id_, owner, operation, status, rung, came_of_it = row(job)
    return f"{time}  {id_}  {owner:<12}  {operation:<14}  {status:<11}  {rung:<12}  {came_of_it}".rstrip()


def reached(job: Mapping[str, Any]) -> str:
    """The highest rung that is known to be reached; `-` for a program's job that nobody has answered: it has an exit code."""
    rung: str = job["delivery"]["rung"]
    return "-" if rung == "recorded" and "topic" not in job["description"] else rung


def outcome(job: Mapping[str, Any]) -> str:
    """What came of a job, in a line: what it waits for, or its error, else what was published, or what its program printed."""
    description = job["description"]
    if job["waits"]:
        return visible(f"waits {_WAITS[job['waits']]}" + (f" ({job['error']})" if job["error"] else ""))
    if job["error"]:
        return visible(job["error"])
    if "topic" in description:
        return visible(f"{description['topic']} {description['message']}")
    return visible(str(description.get("stdout", "")).strip())


def in_full(job: Mapping[str, Any]) -> list[str]:
    """Everything that is known of a job, in lines; what its program printed comes last, as it was printed."""
    lines = pairs([(name, visible_lines(value)) for name, value in _facts(job)])
    for name in _OUTPUT:
        if text := str(job["description"].get(name) or ""):
            lines += ["", f"{name}:", visible_lines(text).rstrip("\n")]
    return lines


def _facts(job: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "job", job["id"]
    yield "status", job["status"]
    if job["waits"]:
        yield "waits", _WAITS[job["waits"]]
    if job["error"]:
        yield "error", job["error"]
    yield "operation", job["operation_id"]
    yield "owner", f"{'object' if job['owner_type'] == 1 else 'link'} {job['owner_id']}"
    yield "user", job["user_id"] or "-"
    yield "executed", moment(job["timestamp"])
    yield "finished", moment(job["finished"])
    yield "attempts", str(job["attempts"])
    if reached(job) != "-":
        yield "reached", "\n".join(_ladder(job["delivery"]))
    if job["process_meta"]:
        yield "trigger states", ", ".join(map(str, job["process_meta"]["triggerStates"]))
    if job["change_id"]:
        yield "state change", job["change_id"]
    if job["caused_by"]:
        yield "caused by", _chain(job)
    if job["args"]:
        yield "arguments", json.dumps(job["args"], ensure_ascii=False)
    for name in _TEXTS:
        if (value := job["description"].get(name)) is not None:
            yield name, value if isinstance(value, str) else json.dumps(value)
    for result in job["results"]:
        yield "result", f"{moment(result['timestamp'])} by {result['by']}: {json.dumps(result['payload'], ensure_ascii=False)}"


def _ladder(delivery: Mapping[str, Any]) -> Iterator[str]:
    """The highest rung, then each that was reached with its time."""
    yield delivery["rung"]
    for rung in _RUNGS:
        if delivery[rung] is not None:
            said = _said(delivery["reason_code"]) if rung == "acknowledged" else ""
            yield f"  {rung:<12}  {moment(delivery[rung])}{said}"


def _said(code: int | None) -> str:
    """What a broker said when it acknowledged a message (MQTT 5 §3.4.2.1)."""
    if code == NO_SUBSCRIBER:
        return ": nobody had subscribed"
    return f": reason code {code}" if code else ""


def _chain(job: Mapping[str, Any]) -> str:
    root = "" if job["root_id"] == job["caused_by"] else f", in a chain of {job['hop']} that began with {job['root_id']}"
    return f"job {job['caused_by']}{root}"
