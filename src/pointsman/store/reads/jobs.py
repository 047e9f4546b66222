"""Questions about jobs. Each gives jobs with their custom results, newest first unless it says otherwise."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Set
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, select

from pointsman.model.ids import SYSTEM_USER, EntityId, JobId, OperationId, StateId, UserId
from pointsman.model.job import Job, JobStatus
from pointsman.store.fetch import IN_ONE_QUERY, fetch_jobs, jobs_of
from pointsman.store.reads import listing
from pointsman.store.reads.listing import FEW, Lead, Reached, Source, Span, residual
from pointsman.store.reads.reader import Reader
from pointsman.store.reads.times import within
from pointsman.store.tables import BY_TRIGGER, NOT_SUCCEEDED, NOT_SYSTEM, jobs
from pointsman.store.text import storable

PAGE = 500
"""How many jobs an export reads at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFilter:
    """Which jobs are asked for: those that meet all that is given."""

    owner: EntityId | None = None
    owners: Set[EntityId] | None = None
    """Those of one of these entities."""
    operation: OperationId | None = None
    statuses: Set[JobStatus] = frozenset()
    """Empty: any."""
    user: UserId | None = None
    """Those that this user executed; the system user's are those that triggers ran."""
    trigger_state: StateId | None = None
    """Those that triggers ran when their entity entered this state."""
    since: int | None = None
    """Executed then or later, in ms."""
    until: int | None = None
    """Executed before then, in ms."""

    @property
    def named(self) -> Set[EntityId] | None:
        """The entities whose jobs are asked for; None: those of any."""
        if self.owner is None:
            return self.owners
        return frozenset({self.owner}) if self.owners is None or self.owner in self.owners else frozenset()


ALL = JobFilter()


@dataclass(frozen=True, slots=True)
class JobPage:
    """A page of a list."""

    jobs: list[Job]
    next: JobId | None
    """What the next page is `beyond`; None: there is none."""


def page(reader: Reader, which: JobFilter = ALL, span: Span = Span(), reached: Reached | None = None) -> JobPage:  # noqa: B008 frozen
    """One page of the list. With `reached`, only jobs of entities for which it is true; pages may then be short, also empty,
    where the span has a budget."""
    if which.named == frozenset():
        return JobPage([], None)
    with reader.ask() as connection:
        found = listing.page(connection, _source(connection, which, reached), span)
        rows = connection.execute(select(jobs).where(jobs.c.id.in_(found.ids))).all()
        made = jobs_of(connection, listing.in_order(rows, found.ids))
    return JobPage(made, None if found.next is None else JobId(found.next))


def newest(reader: Reader, which: JobFilter = ALL, *, before: JobId | None = None, limit: int = 50) -> list[Job]:
    """The newest jobs, at most `limit`; from the one before the job `before` on, for the next page."""
    return page(reader, which, Span(beyond=before, limit=limit)).jobs


def one(reader: Reader, job: JobId) -> Job | None:
    """The job, if there is one of that id."""
    with reader.ask() as connection:
        found = jobs_of(connection, connection.execute(select(jobs).where(jobs.c.id == storable(job))).all())
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
    return page(reader, which, Span(newest_first=False, beyond=job, limit=limit)).jobs


def every(reader: Reader, which: JobFilter = ALL) -> Iterator[Job]:
    """All jobs, oldest first, in pages: memory stays the same however many there are, and no look at the store lasts long.

    A job that is added meanwhile is given too, and one that is deleted meanwhile may not be.
    """
    last: JobId | None = None
    while some := after(reader, last, which, limit=PAGE):
        yield from some
        last = some[-1].id


def _source(connection: Connection, which: JobFilter, reached: Reached | None) -> Source:
    named = which.named
    few = named is not None and len(named) <= FEW
    lead, branches = listing.rarest(connection, jobs.c.id, _leads(which, named if few else None))
    where: list[ColumnElement[bool]] = within(connection, jobs.c.id, jobs.c.timestamp, which.since, which.until)
    where += [residual(column, *values) for column, values in _wanted(which, named if few else None) if column is not lead]
    return Source(
        id=jobs.c.id,
        kind=jobs.c.owner_type,
        entity=jobs.c.owner_id,
        where=tuple(where),
        branches=branches,
        entities=None if few else named,
        reached=reached,
    )


def _wanted(which: JobFilter, few: Set[EntityId] | None) -> list[tuple[ColumnElement[Any], tuple[str, ...]]]:
    """Columns, and which values they must have."""
    given: list[tuple[ColumnElement[Any], tuple[str, ...]]] = [
        (jobs.c.owner_id, tuple(sorted(few or ()))),
        (jobs.c.user_id, () if which.user is None else (which.user,)),
        (jobs.c.status, tuple([status.value for status in sorted(which.statuses)])),
        (jobs.c.operation_id, () if which.operation is None else (which.operation,)),
        (jobs.c.trigger_state, () if which.trigger_state is None else (which.trigger_state,)),
    ]
    return [(column, values) for column, values in given if values]


def _leads(which: JobFilter, few: Set[EntityId] | None) -> list[Lead]:
    """The indexes that lead to the jobs; the one that leads to the fewest, as a rule, is first."""
    leads: list[Lead] = []
    if few is not None:
        leads.append((jobs.c.owner_id, tuple([(jobs.c.owner_id == storable(each),) for each in sorted(few)])))
    if which.user is not None and which.user != SYSTEM_USER:
        leads.append((jobs.c.user_id, ((jobs.c.user_id == storable(which.user), NOT_SYSTEM),)))
    if which.statuses and JobStatus.SUCCEEDED not in which.statuses:
        each = [(NOT_SUCCEEDED, jobs.c.status == status.value) for status in sorted(which.statuses)]
        leads.append((jobs.c.status, tuple(each)))
    if which.operation is not None:
        leads.append((jobs.c.operation_id, ((jobs.c.operation_id == storable(which.operation),),)))
    if which.trigger_state is not None:
        leads.append((jobs.c.trigger_state, ((jobs.c.trigger_state == storable(which.trigger_state), BY_TRIGGER),)))
    return leads
