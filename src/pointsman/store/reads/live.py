"""What has happened since, for whoever follows it: entries in the order of their ids, each job as it is at that moment.

A job is told when it was made and whenever it changed, but only by the last of its entries: by one that another follows it would
be told as it is after that one, and then once more. So a reader that goes on behind the last id it has seen sees the last of what
became of each job, once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, Connection, Select, distinct, func, select

from pointsman.model.job import Job
from pointsman.model.state import StateChange
from pointsman.store.codec import change_of
from pointsman.store.events import kept_from
from pointsman.store.fetch import jobs_of
from pointsman.store.reads.reader import Reader
from pointsman.store.reads.times import first_id
from pointsman.store.tables import job_events, jobs, state_history, subscriptions
from pointsman.store.text import storable

HELD_BACK = 2_000
"""For so many ms, where several workers share a database: a transaction takes some, and clocks differ by some."""
BEFORE_ALL = "0"
"""Less than every id."""
Entry: TypeAlias = tuple[str, Job | StateChange]
"""Its id, and what it tells of."""


@dataclass(frozen=True, slots=True)
class News:
    """What has happened behind an id."""

    entries: list[Entry]
    upto: str
    """Everything up to this id has been looked at: go on behind it."""
    more: bool
    """Whether there is more to be read at once."""
    kept_from: str = ""
    """What happened up to this id is not all there any more."""


def last(reader: Reader) -> str:
    """The id behind which all that is still to come lies: also in an empty store there is one."""
    with reader.ask() as connection:
        ids = [connection.scalar(select(func.max(table.c.id))) for table in (jobs, job_events, state_history)]
        return max(BEFORE_ALL, kept_from(connection), *(id_ or "" for id_ in ids))


def news(reader: Reader, after: str, limit: int = 200) -> News:
    """What has happened behind the id `after`. At most `limit` entries of each kind are looked at.

    All that one worker commits later has greater ids than what is there, since it gives them out and commits them in their order.
    Several of them that share a database do not wait for each other: the last of what they did is held back for a moment.
    """
    after = storable(after)
    with reader.ask() as connection:
        end = _end(connection)

        def part(query: Select[Any], id_: ColumnElement[Any]) -> list[Any]:
            query = query.where(id_ > after) if end is None else query.where(id_ > after, id_ < end)
            return list(connection.execute(query.order_by(id_).limit(limit)).all())

        made = part(select(jobs), jobs.c.id)
        moved = part(_moved(), job_events.c.id)
        changes = part(select(state_history), state_history.c.id)
        # Behind the end of a part that is cut off, the others have to wait for the rest of it.
        ends = [rows[-1][0] for rows in (made, moved, changes) if len(rows) == limit]
        upto = min(ends) if ends else max((rows[-1][0] for rows in (made, moved, changes) if rows), default=after)
        told = [(row.id, row) for row in made if row.id <= upto and row.changed is None]
        told += [(row[0], row[2:]) for row in moved if row[0] <= upto and row[0] == row.changed]
        found = jobs_of(connection, [row for _, row in told])
        kept = kept_from(connection)
    entries: list[Entry] = [(id_, job) for (id_, _), job in zip(told, found, strict=True)]
    entries += [(row.id, change_of(row)) for row in changes if row.id <= upto]
    return News(sorted(entries, key=lambda entry: entry[0]), upto, bool(ends), kept)


def _moved() -> Select[Any]:
    """Entries of jobs; a job that was deleted meanwhile leaves its own behind, without it."""
    joined = job_events.outerjoin(jobs, jobs.c.id == job_events.c.job_id)
    return select(job_events.c.id.label("entry"), job_events.c.job_id, *jobs.c).select_from(joined)


def _end(connection: Connection) -> str | None:
    """The id before which no worker commits anything any more; None: there is one worker alone."""
    if connection.dialect.name != "postgresql":
        return None
    if (connection.scalar(select(func.count(distinct(subscriptions.c.session)))) or 0) < 2:
        return None
    now = connection.scalar(select(func.extract("epoch", func.now())))
    return first_id(int(float(now or 0) * 1000) - HELD_BACK)
