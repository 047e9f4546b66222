"""From a span of time to a span of ids, so that a question about some days does not read all years."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Connection, select

CLOCK_SET_BACK = 3_600_000
"""How far a clock may have been set back, in ms, for ids still to be gone by."""


def within(
    connection: Connection, id_: ColumnElement[Any], time: ColumnElement[Any], since: int | None, until: int | None
) -> list[ColumnElement[bool]]:
    """The conditions for a row's time to be `since` or later, and before `until`, in ms.

    An id never claims an earlier time than its row does. It claims a later one when the clock was set back, since ids only go
    forward: when they are far ahead at present, `until` goes by the times alone, and takes as long as that takes.
    """
    conditions: list[ColumnElement[bool]] = []
    if since is not None:
        conditions += [id_ >= first_id(since), time >= since]
    if until is not None:
        conditions.append(time < until)
        if not _ids_are_ahead(connection, id_, time):
            conditions.append(id_ < first_id(until + CLOCK_SET_BACK))
    return conditions


def first_id(at: int) -> str:
    """What no UUIDv7 for the time `at`, in ms, or for a later one, is less than (RFC 9562 §5.7)."""
    digits = f"{min(max(at, 0), (1 << 48) - 1):012x}"
    return f"{digits[:8]}-{digits[8:]}"


def _ids_are_ahead(connection: Connection, id_: ColumnElement[Any], time: ColumnElement[Any]) -> bool:
    newest = connection.execute(select(id_, time).order_by(id_.desc()).limit(1)).one_or_none()
    if newest is None:
        return False
    id_of_newest, at = newest
    return bool(id_of_newest >= first_id(at + CLOCK_SET_BACK))
