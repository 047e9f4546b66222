"""What has happened, oldest first, for whoever replays it: changes with their messages, jobs, and when the worker was up."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from heapq import merge
from typing import Any, TypeAlias, TypeVar

from sqlalchemy import Connection, Row, Select, func, select, union_all

from pointsman.model.job import Job
from pointsman.model.write import STARTED, STOPPED, AddAudit, AddChange
from pointsman.store.codec import change_of
from pointsman.store.fetch import jobs_of
from pointsman.store.reads.reader import Reader
from pointsman.store.reads.times import first_id
from pointsman.store.tables import audit, jobs, state_history
from pointsman.store.traces import trace_of

Recorded: TypeAlias = AddChange | Job | AddAudit
Item = TypeVar("Item")

PAGE = 1_000
"""How many rows are read at a time."""


def last_id(reader: Reader) -> str:
    """The greatest id of a change, a job or an audit entry that there is, or an empty text: the record up to it is whole, since
    one writer commits ids in their order."""
    with reader.ask() as connection:
        ids = [connection.scalar(select(func.max(table.c.id))) for table in (state_history, jobs, audit)]
    return max((id_ for id_ in ids if id_ is not None), default="")


def record(reader: Reader, since: int | None, upto: str, until: int) -> Iterator[Recorded]:
    """All that was recorded at `since` or later and before `until` (ms), up to the id `upto`, in the order of ids.

    It is read in pages: memory stays the same however much there is, and no look at the store lasts long.
    """
    first = "" if since is None else first_id(since)

    def within(table: Any, time: Any) -> Select[Any]:
        query = select(table).where(table.c.id <= upto, time < until).order_by(table.c.id).limit(PAGE)
        return query if since is None else query.where(time >= since)

    changes: Iterator[Recorded] = _pages(reader, within(state_history, state_history.c.at), state_history, first, _changes)
    executed: Iterator[Recorded] = _pages(reader, within(jobs, jobs.c.timestamp), jobs, first, jobs_of)
    starts: Iterator[Recorded] = _pages(
        reader, within(audit, audit.c.at).where(audit.c.action.in_((STARTED, STOPPED))), audit, first, _entries
    )
    yield from merge(changes, executed, starts, key=_id_of)


def last_before(reader: Reader, at: int) -> Iterator[AddChange]:
    """The last two changes of each entity before the time `at`, in ms, in the order of their ids."""
    history = state_history.c
    last = select(history.entity_id, func.max(history.id).label("id")).where(history.id < first_id(at))
    newest = last.group_by(history.entity_id).subquery()
    # One look into the index for each entity.
    before = select(func.max(history.id)).where(history.entity_id == newest.c.entity_id, history.id < newest.c.id)
    ids = union_all(select(newest.c.id), select(before.scalar_subquery()).select_from(newest))
    query = select(state_history).where(history.id.in_(ids)).order_by(history.id).limit(PAGE)
    yield from _pages(reader, query, state_history, "", _changes)


def stopped_before(reader: Reader, at: int) -> int | None:
    """When the worker had stopped that was down at the time `at`, both in ms; None when none was, as far as the audit knows."""
    query = select(audit.c.action, audit.c.at).where(audit.c.action.in_((STARTED, STOPPED)), audit.c.id < first_id(at))
    with reader.ask() as connection:
        row = connection.execute(query.order_by(audit.c.id.desc()).limit(1)).one_or_none()
    return row.at if row is not None and row.action == STOPPED else None


def _pages(
    reader: Reader,
    query: Select[Any],
    table: Any,
    first: str,
    read: Callable[[Connection, Sequence[Row[Any]]], Sequence[Item]],
) -> Iterator[Item]:
    """The rows behind a query, a page at a time by their ids."""
    behind = table.c.id >= first
    while True:
        with reader.ask() as connection:
            rows = connection.execute(query.where(behind)).all()
            items = read(connection, rows)
        yield from items
        if len(rows) < PAGE:
            return
        behind = table.c.id > rows[-1].id


def _changes(_connection: Connection, rows: Sequence[Row[Any]]) -> list[AddChange]:
    """Of the trace only what was considered at the change itself; what became later of it is told by the jobs."""
    return [
        AddChange(change_of(row), tuple([each for each in trace_of(row.trace) if each.at is None]), bytes(row.payload or b""))
        for row in rows
    ]


def _entries(_connection: Connection, rows: Sequence[Row[Any]]) -> list[AddAudit]:
    return [AddAudit(id=row.id, at=row.at, actor=row.actor, action=row.action, subject=row.subject) for row in rows]


def _id_of(item: Recorded) -> str:
    return item.change.id if isinstance(item, AddChange) else item.id
