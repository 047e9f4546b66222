"""Waits for jobs to end: however many requests wait, one look at the store at a time answers them all."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from fastapi import Request

from pointsman.errors import StoreUnavailable
from pointsman.http.services import Services
from pointsman.model.ids import JobId
from pointsman.model.job import Job
from pointsman.store.reads import jobs

LONGEST = 60
"""How long a request may wait, in seconds: less than proxies do for an answer."""
BREATH = 0.01
"""Seconds between two looks at the store, while much is going on."""
QUIET = 5.0
"""Seconds after which is looked although nothing is said to have moved."""


class Ends:
    """The ends of jobs, as they come. One for each app, in `app.state.ends`."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._waiting: dict[JobId, set[asyncio.Future[Job]]] = {}
        self._task: asyncio.Task[None] | None = None

    async def job(self, id_: JobId, seconds: float = 0) -> Job | None:
        """The job as soon as it has ended, or as it is after so many seconds. None when there is no such job."""
        if seconds <= 0:
            return await self._look(id_)
        future: asyncio.Future[Job] = asyncio.get_running_loop().create_future()
        # Waiting begins before the look: an end that the look does not see yet is seen by those that follow.
        self._waiting.setdefault(id_, set()).add(future)
        try:
            found = await self._look(id_)
            if found is None or found.status.final:
                return found
            if self._task is None or self._task.done():
                self._task = asyncio.create_task(self._follow())
            with suppress(TimeoutError):
                return await asyncio.wait_for(future, seconds)
            return await self._look(id_)
        finally:
            self._leave(id_, future)

    async def _look(self, id_: JobId) -> Job | None:
        return await self._services.look(jobs.one, self._services.reader, id_)

    def _leave(self, id_: JobId, future: asyncio.Future[Job]) -> None:
        futures = self._waiting.get(id_, set())
        futures.discard(future)
        if not futures:
            self._waiting.pop(id_, None)

    async def _follow(self) -> None:
        """While somebody waits."""
        pulse = self._services.pulse
        while self._waiting:
            count = pulse.count
            try:
                ended = await self._services.look(jobs.ended, self._services.reader, tuple(self._waiting))
            except StoreUnavailable:
                ended = []
            for job in ended:
                for future in self._waiting.pop(job.id, ()):
                    if not future.done():
                        future.set_result(job)
            await asyncio.sleep(BREATH)
            await pulse.after(count, QUIET)


def ends_of(request: Request) -> Ends:
    """Those of the app that the request came to."""
    ends: Ends = request.app.state.ends
    return ends
