"""Reads what has happened for all who follow: those who are at the same place share one look at the store."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field
from functools import cached_property

from pointsman.http.records.telling import change_json
from pointsman.http.services import Services
from pointsman.model.ids import EntityRef
from pointsman.model.job import Job
from pointsman.model.state import StateChange
from pointsman.store.reads import live
from pointsman.store.text import json_text

AT_ONCE = 100
"""How many entries of each kind are read at a time: a reader who is slow costs no more memory than so many."""
SHARED = 4
"""How many of the last pages are kept for those who come after."""


@dataclass
class Event:
    """Something that happened."""

    id: str
    of: Job | StateChange

    @property
    def name(self) -> str:
        """The type of the event: `job` or `state`."""
        return "job" if isinstance(self.of, Job) else "state"

    @property
    def entity(self) -> EntityRef:
        """Whom it is about."""
        return self.of.owner if isinstance(self.of, Job) else self.of.entity

    @cached_property
    def text(self) -> bytes:
        """As it is sent: made once for all."""
        told = self.of.to_json() if isinstance(self.of, Job) else change_json(self.of)
        return f"id: {self.id}\nevent: {self.name}\ndata: {json_text(told)}\n\n".encode()


@dataclass
class Page:
    """What has happened behind an id."""

    beat: int
    """How many beats of the pulse there had been before it was read."""
    upto: str
    more: bool
    kept_from: str
    events: list[Event] = field(default_factory=list)


class Feed:
    """One for each app, in `app.state.feed`. It belongs to the thread of the API's loop."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._pages: OrderedDict[str, asyncio.Task[Page]] = OrderedDict()
        self.streams = 0
        """How many follow."""

    async def page(self, after: str) -> Page:
        """What has happened behind the id `after`, a part of it at a time. Raises StoreUnavailable."""
        task = self._pages.get(after)
        if task is None or _is_stale(task, after):
            task = self._pages[after] = asyncio.create_task(self._read(after))
            while len(self._pages) > SHARED:
                self._pages.popitem(last=False)
        # One reader that leaves must not take the others' page with it.
        return await asyncio.shield(task)

    async def last(self) -> str:
        """The id behind which all that is still to come lies."""
        return await self._services.look(live.last, self._services.reader)

    def leave(self) -> None:
        """One stream has ended."""
        self.streams -= 1
        if self.streams == 0:
            self._pages.clear()

    async def _read(self, after: str) -> Page:
        beat = self._services.pulse.count
        news = await self._services.look(live.news, self._services.reader, after, AT_ONCE)
        return Page(beat, news.upto, news.more, news.kept_from, [Event(*entry) for entry in news.entries])


def _is_stale(task: asyncio.Task[Page], after: str) -> bool:
    """What there was stays true of that part; that there was nothing does not."""
    return task.done() and (task.cancelled() or task.exception() is not None or task.result().upto == after)
