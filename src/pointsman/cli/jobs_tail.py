"""`pointsman jobs tail`: looks at the store again and again, so that it works beside any worker, and misses nothing."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from pointsman.cli.configured import reader
from pointsman.cli.job_filter import filtered
from pointsman.cli.job_text import line
from pointsman.cli.output import print_json, wants_json
from pointsman.cli.verb import verb

if TYPE_CHECKING:
    from pointsman.model.ids import JobId
    from pointsman.model.job import Job, JobStatus
    from pointsman.store.reads.jobs import JobFilter
    from pointsman.store.reads.reader import Reader

PAUSE = 0.25
"""Seconds between two looks."""
FULL = 500
"""How many new jobs are read at once; when there are as many, the next look follows without a pause."""
WATCHED = 10_000
"""How many open jobs are read at once."""


@verb("tail")
@click.option("--lines", type=click.IntRange(min=0), default=10, show_default=True, help="Begin with so many of the newest.")
@filtered
def command(lines: int, **which: object) -> None:
    """Follow jobs: each new one, and each change of a status, until Ctrl-C.

    Reads the store itself, also while a worker writes it. With --json: a job a line.
    """
    from pointsman.cli.job_filter import job_filter

    with reader() as store, contextlib.suppress(KeyboardInterrupt):
        for job in _follow(store, job_filter(which), lines):
            if wants_json():
                print_json(job.to_json())
            else:
                click.echo(line(job.to_json()))


def _follow(store: Reader, which: JobFilter, lines: int) -> Iterator[Job]:
    """The newest jobs, oldest first, then whatever comes or changes. A filter by status holds for changes as well."""
    watch = _Watch(store, which)
    yield from reversed(watch.begin(lines))
    while True:
        changed = watch.look()
        yield from changed
        if len(changed) < FULL:
            time.sleep(PAUSE)


class _Watch:
    """Remembers what was seen: the newest job, and the status of each that was open."""

    def __init__(self, store: Reader, which: JobFilter) -> None:
        from pointsman.model.job import OPEN

        self._store = store
        self._which = which
        self._any_status = replace(which, statuses=frozenset())
        self._still_open = replace(which, statuses=OPEN)
        self._last: JobId | None = None
        self._open: dict[JobId, JobStatus] = {}

    def begin(self, lines: int) -> list[Job]:
        """The newest jobs, newest first; what comes after this moment is `look`'s."""
        from pointsman.store.reads.jobs import newest

        self._last = next((job.id for job in newest(self._store, limit=1)), None)
        self._open = {job.id: job.status for job in newest(self._store, self._still_open, limit=WATCHED)}
        return newest(self._store, self._which, limit=lines) if lines else []

    def look(self) -> list[Job]:
        """What has changed since the last look, then what has come."""
        from pointsman.store.reads.jobs import after, newest, one

        fresh = after(self._store, self._last, self._any_status, limit=FULL)
        found = {job.id: job for job in newest(self._store, self._still_open, limit=WATCHED)} if self._open else {}
        changed = []
        for id_, status in list(self._open.items()):
            job = found.get(id_) or one(self._store, id_)
            if job is None or job.status.final:
                del self._open[id_]
            else:
                self._open[id_] = job.status
            if job is not None and job.status is not status:
                changed.append(job)
        for job in fresh:
            self._last = job.id
            if not job.status.final:
                self._open[job.id] = job.status
        return [job for job in [*changed, *fresh] if not self._which.statuses or job.status in self._which.statuses]
