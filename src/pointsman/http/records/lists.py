"""Lists of jobs and of changes, within somebody's reach: a page, or all of it to be sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from fastapi import Request

from pointsman.http.guard import caller_of
from pointsman.http.records.reach import reached_by
from pointsman.http.records.sending import Encoded, Form, Pages
from pointsman.http.records.telling import change_json
from pointsman.http.services import services_of
from pointsman.model.job import Job
from pointsman.store.reads import history, jobs
from pointsman.store.reads.history import HistoryFilter, HistoryPage
from pointsman.store.reads.jobs import JobFilter, JobPage
from pointsman.store.reads.listing import Span

PAGE = 200
"""So many are read at a time where all are sent."""
BUDGET = 20_000
"""After so many rows that are out of reach a look at the store ends."""

Tell = Callable[[Any], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Part:
    """Which part of a list is sent, and in which order."""

    newest_first: bool = True
    skip: int = 0
    limit: int = 0
    """At most so many; 0: all."""


async def page_of_jobs(request: Request, which: JobFilter, span: Span) -> JobPage:
    """One page."""
    services = services_of(request)
    reached = reached_by(caller_of(request), services.catalog())
    return await services.look(jobs.page, services.reader, which, replace(span, budget=BUDGET), reached)


async def page_of_history(request: Request, which: HistoryFilter, span: Span) -> HistoryPage:
    """One page."""
    services = services_of(request)
    reached = reached_by(caller_of(request), services.catalog())
    return await services.look(history.page, services.reader, which, replace(span, budget=BUDGET), reached)


def all_jobs(request: Request, which: JobFilter, part: Part, form: Form, tell: Tell = Job.to_json) -> Pages:
    """All of them, to be sent."""
    services = services_of(request)
    reached = reached_by(caller_of(request), services.catalog())

    def read(span: Span) -> tuple[list[Any], str | None]:
        found = jobs.page(services.reader, which, span, reached)
        return list(found.jobs), found.next

    return _Pages(read, part, form, tell)


def all_history(request: Request, which: HistoryFilter, part: Part, form: Form, tell: Tell = change_json) -> Pages:
    """All of it, to be sent."""
    services = services_of(request)
    reached = reached_by(caller_of(request), services.catalog())

    def read(span: Span) -> tuple[list[Any], str | None]:
        found = history.page(services.reader, which, span, reached)
        return list(found.changes), found.next

    return _Pages(read, part, form, tell)


class _Pages:
    """Pages of one list, to be asked for in turn."""

    def __init__(self, read: Callable[[Span], tuple[list[Any], str | None]], part: Part, form: Form, tell: Tell) -> None:
        self._read, self._form, self._tell = read, form, tell
        self._newest_first, self._skip, self._limit = part.newest_first, part.skip, part.limit
        self._sent = 0

    def __call__(self, beyond: str | None) -> Encoded:
        """The page beyond an id, encoded; called on a thread of the pool."""
        left = PAGE if not self._limit else min(PAGE, self._limit - self._sent)
        skip = self._skip if beyond is None else 0
        span = Span(newest_first=self._newest_first, beyond=beyond, skip=skip, limit=left, budget=None if skip else BUDGET)
        found, following = self._read(span)
        self._sent += len(found)
        is_all = self._limit and self._sent >= self._limit
        return self._form.encode([self._tell(each) for each in found]), None if is_all else following
