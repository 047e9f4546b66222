"""A job in words: as a line of a list, and in full. It reads the public JSON, whether that came from the store or the broker."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pointsman.cli.output import moment, pairs, visible, visible_lines

COLUMNS = ("TIME", "JOB", "OWNER", "OPERATION", "STATUS", "OUTCOME")
_TEXTS = ("topic", "message", "exitCode", "signal", "duration_ms", "truncated")
_OUTPUT = ("stdout", "stderr")


def row(job: Mapping[str, Any]) -> tuple[str, ...]:
    """A job as the cells of COLUMNS."""
    return (
        moment(job["timestamp"]),
        job["id"],
        visible(job["owner_id"]),
        visible(job["operation_id"]),
        job["status"],
        outcome(job),
    )


def line(job: Mapping[str, Any]) -> str:
    """A job as a line by itself, about as wide as its neighbours."""
    time, id_, owner, operation, status, came_of_it = row(job)
    return f"{time}  {id_}  {owner:<12}  {operation:<14}  {status:<11}  {came_of_it}".rstrip()


def outcome(job: Mapping[str, Any]) -> str:
    """What came of a job, in a line: its error, else what was published, else what its program printed."""
    description = job["description"]
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
    if job["error"]:
        yield "error", job["error"]
    yield "operation", job["operation_id"]
    yield "owner", f"{'object' if job['owner_type'] == 1 else 'link'} {job['owner_id']}"
    yield "user", job["user_id"] or "-"
    yield "executed", moment(job["timestamp"])
    yield "finished", moment(job["finished"])
    yield "attempts", str(job["attempts"])
    if job["process_meta"]:
        yield "trigger states", ", ".join(map(str, job["process_meta"]["triggerStates"]))
    if job["change_id"]:
        yield "state change", job["change_id"]
    if job["args"]:
        yield "arguments", json.dumps(job["args"], ensure_ascii=False)
    for name in _TEXTS:
        if (value := job["description"].get(name)) is not None:
            yield name, value if isinstance(value, str) else json.dumps(value)
    for result in job["results"]:
        yield "result", f"{moment(result['timestamp'])} by {result['by']}: {json.dumps(result['payload'], ensure_ascii=False)}"
