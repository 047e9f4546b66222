"""Questions about jobs. Each gives jobs with their custom results, newest first unless it says otherwise."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Set
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, select

from pointsman.model.ids import EntityId, JobId, OperationId
from pointsman.model.job import Job, JobStatus
from pointsman.store.fetch import IN_ONE_QUERY, by_status, fetch_jobs
from pointsman.store.reads.reader import Reader
from pointsman.store.reads.times import within
from pointsman.store.tables import jobs
from pointsman.store.text import storable

PAGE = 500
"""How many jobs an export reads at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFilter:
    """Which jobs are asked for: those that meet all that is given."""

    owner: EntityId | None = None
    operation: OperationId | None = None
    statuses: Set[JobStatus] = frozenset()
    """Empty: any."""
    since: int | None = None
    """Executed then or later, in ms."""
    until: int | None = None
    """Executed before then, in ms."""


ALL = JobFilter()


def newest(reader: Reader, which: JobFilter = ALL, *, before: JobId | None = None, limit: int = 50) -> list[Job]:
    """The newest jobs, at most `limit`; from the one before the job `before` on, for the next page."""
    query = select(jobs) if before is None else select(jobs).where(jobs.c.id < storable(before))
    with reader.ask() as connection:
        return fetch_jobs(connection, _first(connection, query, which, limit, newest_first=True))


def one(reader: Reader, job: JobId) -> Job | None:
    """The job, if there is one of that id."""
    with reader.ask() as connection:
        found = fetch_jobs(connection, select(jobs).where(jobs.c.id == storable(job)))
    return found[0] if found else None


def ended(reader: Reader, ids: Collection[JobId]) -> list[Job]:
    """Those of these jobs that have ended, in no order."""
    some = [storable(each) for each in ids]
    done = [status.value for status in JobStatus if status.final]
    found: list[Job] = []
    with reader.ask() as connection:
        for start in range(0, len(some), IN_ONE_QUERY):
            query = select(jobs).where(jobs.c.id.in_(some[start : start + IN_ONE_QUERY]), jobs.c.status.in_(done))
            found += fetch_jobs(connection, query)
    return found


def after(reader: Reader, job: JobId | None, which: JobFilter = ALL, *, limit: int = PAGE) -> list[Job]:
    """The jobs that were made after `job`, oldest first, at most `limit`; from the very first on when it is None."""
    query = select(jobs) if job is None else select(jobs).where(jobs.c.id > storable(job))
    with reader.ask() as connection:
        return fetch_jobs(connection, _first(connection, query, which, limit, newest_first=False))


def every(reader: Reader, which: JobFilter = ALL) -> Iterator[Job]:
    """All jobs, oldest first, in pages: memory stays the same however many there are, and no look at the store lasts long.

    A job that is added meanwhile is given too, and one that is deleted meanwhile may not be.
    """
    last: JobId | None = None
    while page := after(reader, last, which, limit=PAGE):
        yield from page
        last = page[-1].id


def _first(connection: Connection, query: Select[Any], which: JobFilter, limit: int, *, newest_first: bool) -> Select[Any]:
    query = query.where(*within(connection, jobs.c.id, jobs.c.timestamp, which.since, which.until))
    if which.operation is not None:
        query = query.where(jobs.c.operation_id == storable(which.operation))
    if which.owner is None and which.statuses and JobStatus.SUCCEEDED not in which.statuses:
        return by_status(query, which.statuses, limit, newest_first=newest_first)
    # The jobs of one owner are few, and those that succeeded are nearly all: their statuses are looked at one by one.
    if which.owner is not None:
        query = query.where(jobs.c.owner_id == storable(which.owner))
    if which.statuses:
        query = query.where(jobs.c.status.in_([status.value for status in sorted(which.statuses)]))
    return query.order_by(jobs.c.id.desc() if newest_first else jobs.c.id).limit(limit)
