"""Deletes what is too old, a little at a time: final jobs with their results, and the state history. Never a job that is open.

It goes by the order of the ids, from the oldest on. A job that ended late keeps younger ones behind it for as long as it is kept
itself; so nothing has to be searched, and no index is needed for it.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, Table, delete, false, func, or_, select

from pointsman.model.job import OPEN
from pointsman.store.events import lost
from pointsman.store.tables import job_results, jobs, state_history

WALK = 20_000
"""How many ids are counted in one step: some 5 ms."""

_IS_FINAL = jobs.c.status.not_in([status.value for status in sorted(OPEN)])


@dataclass(frozen=True, slots=True)
class Pruned:
    """How many rows went."""

    jobs: int = 0
    results: int = 0
    changes: int = 0
    more: bool = False
    """Whether there may be more to do."""

    def __add__(self, other: Pruned) -> Pruned:
        return Pruned(self.jobs + other.jobs, self.results + other.results, self.changes + other.changes, other.more)


@dataclass(slots=True)
class Surplus:
    """Finds the newest of the jobs that are beyond the newest `keep`. Counts in steps, since there may be millions to count.

    Jobs that come meanwhile are not counted, so what is found is never too new.
    """

    keep: int
    _counted: int = 0
    _down_to: str | None = None
    edge: str | None = None
    """The job that was found; empty when there are no more than `keep`, None when it is not known yet."""

    def step(self, connection: Connection) -> None:
        """Count on."""
        left = self.keep - self._counted
        query = select(jobs.c.id).order_by(jobs.c.id.desc()).limit(1).offset(min(left, WALK - 1))
        if self._down_to is not None:
            query = query.where(jobs.c.id < self._down_to)
        found = connection.scalar(query)
        if found is None or left < WALK:
            self.edge = found or ""
        else:
            self._counted += WALK
            self._down_to = found


def prune(connection: Connection, before_ms: int | None, surplus: Surplus | None, limit: int) -> Pruned:
    """Delete up to `limit` of the oldest jobs that ended before `before_ms` or are surplus, then history as old."""
    if surplus is not None and surplus.edge is None:
        surplus.step(connection)
        if surplus.edge is None:
            return Pruned(more=True)
    edge = surplus.edge if surplus is not None else None
    old_jobs = _oldest(connection, jobs, before_ms, edge, limit)
    results = 0
    if old_jobs:
        last = select(func.max(func.coalesce(jobs.c.changed, jobs.c.id))).where(jobs.c.id.in_(old_jobs))
        lost(connection, connection.scalar(last) or "")
        results = connection.execute(delete(job_results).where(job_results.c.job_id.in_(old_jobs))).rowcount
        connection.execute(delete(jobs).where(jobs.c.id.in_(old_jobs)))
    changes = _oldest(connection, state_history, before_ms, edge, limit - len(old_jobs))
    if changes:
        lost(connection, max(changes))
        connection.execute(delete(state_history).where(state_history.c.id.in_(changes)))
    return Pruned(len(old_jobs), results, len(changes), more=len(old_jobs) + len(changes) >= limit)


def _oldest(connection: Connection, table: Table, before_ms: int | None, edge: str | None, limit: int) -> list[str]:
    """Which of the `limit` oldest rows have to go."""
    ended = table.c.finished if table is jobs else table.c.at
    query = select(table.c.id, ended.label("ended")).order_by(table.c.id).limit(limit)
    first = (query.where(_IS_FINAL) if table is jobs else query).subquery()
    too_old = false() if before_ms is None else first.c.ended < before_ms
    surplus = false() if not edge else first.c.id <= edge
    return list(connection.scalars(select(first.c.id).where(or_(too_old, surplus))))
