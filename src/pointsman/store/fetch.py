"""Jobs as they are read everywhere: with their custom results, and by their status through the index made for it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, select, union_all

from pointsman.model.job import CustomResult, Job, JobStatus
from pointsman.store.codec import job_of, result_of
from pointsman.store.tables import NOT_SUCCEEDED, job_results, jobs

IN_ONE_QUERY = 1_000
"""How many jobs' results are asked for at a time: databases bound the number of parameters."""


def by_status(query: Select[Any], statuses: Iterable[JobStatus], limit: int, *, newest_first: bool) -> Select[Any]:
    """The first `limit` of the jobs that `query` selects and that have one of these statuses, none of which is *succeeded*.

    One look into the index for each status: asked for all at once, a database would sort all there are, for every page.
    """

    def first(of: Any) -> Select[Any]:
        ordered: Select[Any] = of.order_by(of.selected_columns.id.desc() if newest_first else of.selected_columns.id)
        return ordered.limit(limit)

    each = [first(query.where(NOT_SUCCEEDED, jobs.c.status == status.value)).subquery() for status in sorted(statuses)]
    return first(select(union_all(*(select(part) for part in each)).subquery()))


def fetch_jobs(connection: Connection, query: Select[Any]) -> list[Job]:
    """The jobs whose rows `query` selects, in its order."""
    return jobs_of(connection, connection.execute(query).all())


def jobs_of(connection: Connection, rows: Sequence[Row[Any]]) -> list[Job]:
    """The jobs in these rows of `jobs`, in the same order."""
    results: defaultdict[str, list[CustomResult]] = defaultdict(list)
    ids = [row[0] for row in rows]
    for start in range(0, len(ids), IN_ONE_QUERY):
        some = ids[start : start + IN_ONE_QUERY]
        query = select(job_results).where(job_results.c.job_id.in_(some)).order_by(job_results.c.job_id, job_results.c.id)
        for row in connection.execute(query):
            results[row[0]].append(result_of(row))
    return [job_of(row, tuple(results.get(row[0], ()))) for row in rows]
