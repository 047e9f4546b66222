"""From a span of time to a span of ids, so that a question about some days does not read all years."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Connection

from pointsman.store.ahead import ahead


def within(
    connection: Connection, id_: ColumnElement[Any], time: ColumnElement[Any], since: int | None, until: int | None
) -> list[ColumnElement[bool]]:
    """The conditions for a row's time to be `since` or later, and before `until`, in ms.

    An id never claims an earlier time than its row does. It claims a later one when the clock was set back.
    """
    conditions: list[ColumnElement[bool]] = []
    if since is not None:
        conditions += [id_ >= first_id(since), time >= since]
    if until is not None:
        conditions += [id_ < first_id(until + ahead(connection)), time < until]
    return conditions


def first_id(at: int) -> str:
    """What no UUIDv7 for the time `at`, in ms, or for a later one, is less than (RFC 9562 §5.7)."""
    digits = f"{min(max(at, 0), (1 << 48) - 1):012x}"
    return f"{digits[:8]}-{digits[8:]}"
