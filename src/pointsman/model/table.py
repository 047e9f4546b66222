"""Jobs and changes as tables, for exports: which columns there are, and what stands in a cell."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

JOB_COLUMNS = (
    "id",
    "timestamp",
    "finished",
    "status",
    "operation_id",
    "owner_type",
    "owner_id",
    "user_id",
    "attempts",
    "error",
    "description",
    "process_meta",
    "change_id",
    "args",
    "results",
    "waits",
    "delivery",
    "caused_by",
    "root_id",
    "hop",
)
"""Every field of a job's JSON."""
CHANGE_COLUMNS = (
    "id",
    "timestamp",
    "entity_type",
    "entity_id",
    "previous",
    "state",
    "reported",
    "reason",
    "topic",
    "changed_while_offline",
    "caused_by",
)
"""Every field of a change's JSON."""


def row(columns: Sequence[str], fields: Mapping[str, object]) -> list[object]:
    """The cells of one row: what is no plain value is JSON."""
    return [_cell(fields[name]) for name in columns]


def _cell(value: object) -> object:
    return value if value is None or isinstance(value, str | int | float) else json.dumps(value, ensure_ascii=False, default=dict)
