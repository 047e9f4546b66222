"""Jobs and states as they change, as server-sent events that miss nothing across a reconnect.

Whoever comes again with the id of the last event that it has read goes on behind it, also when the worker was restarted
meanwhile. Of a job that changed several times meanwhile only the last is told, as it is then.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request, Response
from pydantic import BaseModel, Field

from pointsman.errors import StoreUnavailable
from pointsman.http.access.door import door_of
from pointsman.http.guard import Guarded, caller_of
from pointsman.http.live.feed import Event, Feed, Page
from pointsman.http.live.stream import EventStream
from pointsman.http.problems import Refusal
from pointsman.http.records.reach import reached_by
from pointsman.http.services import Services, services_of
from pointsman.model.access import Caller
from pointsman.model.job import Job, JobStatus
from pointsman.store.text import json_text

router = APIRouter(prefix="/api/v1", route_class=Guarded, tags=["events"])

STREAMS = 100
"""How many there may be at once."""
RETRY_MS = 2_000
"""After so many ms a reader that was cut off comes again."""
HEARTBEAT = 15.0
"""Seconds after which something is said although nothing happened: so both sides know that the other is there."""
POLL = 1.0
"""Seconds after which is looked although nothing is said to have moved: on PostgreSQL others write, too."""
BREATH = 0.05
"""Seconds between two looks, while much is going on."""
CHECKED = 60.0
"""After how many seconds is asked again who the reader is, and what it may."""

_AN_ID = re.compile(r"[0-9a-fA-F-]{0,36}")


class Wanted(BaseModel):
    """Which events are wanted: those that meet all that is given."""

    jobs: Annotated[bool, Field(description="Whether those of jobs are.")] = True
    states: Annotated[bool, Field(description="Whether those of states are.")] = True
    entity: Annotated[list[str], Field(description="Only of these objects and links.")] = []
    owner: Annotated[list[str], Field(description="Only jobs of these objects and links.")] = []
    operation: Annotated[list[str], Field(description="Only jobs of these operations.")] = []
    status: Annotated[list[JobStatus], Field(description="Only jobs that are now so.")] = []
    after: Annotated[str, Field(description="As `Last-Event-ID`, which goes before it.")] = ""

    def takes(self, event: Event) -> bool:
        """Whether it is one of those."""
        if self.entity and event.entity.id not in self.entity:
            return False
        if not isinstance(event.of, Job):
            return self.states
        job = event.of
        return (
            self.jobs
            and (not self.owner or job.owner.id in self.owner)
            and (not self.operation or job.operation_id in self.operation)
            and (not self.status or job.status in self.status)
        )


LastSeen = Annotated[
    str | None,
    Header(alias="Last-Event-ID", description="The id of the last event that was read: it goes on behind it. Without: from now."),
]
STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "`event: job` with a job, `event: state` with a change of state, and `event: gap` when something that "
        "happened meanwhile is not kept any more: read the lists again. Comments tell that the connection stands.",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    },
    503: {"description": "As many follow already as may."},
}


@router.get("/events", response_class=Response, responses=STREAM)
async def follow(request: Request, wanted: Annotated[Wanted, Query()], last_seen: LastSeen = None) -> Response:
    """Jobs and states as they change: server-sent events."""
    after = (last_seen or wanted.after).lower()
    if not _AN_ID.fullmatch(after):
        raise Refusal.content(f"expected the id of an event, found {after[:40]!r}: leave it out to begin with what happens now")
    feed = feed_of(request)
    if feed.streams >= STREAMS:
        message = f"{STREAMS} follow already: end one of them first, or come again later"
        raise Refusal(503, "TooManyStreams", message, headers={"Retry-After": "10"})
    feed.streams += 1
    try:
        now = await feed.last()
    except BaseException:
        feed.leave()
        raise
    # What lies ahead of all there is comes from another store: this one's may be one from before, restored.
    begin = now if not after or after > now else after
    stream = _Stream(request, feed, wanted, caller_of(request), begin, is_lost=after > now)
    return EventStream(stream.parts(), services_of(request).pulse, feed.leave)


@dataclass
class _Stream:
    request: Request
    feed: Feed
    wanted: Wanted
    caller: Caller
    seen: str
    is_lost: bool
    """Whether the reader was not here before."""
    told: str = ""
    """Up to where it was told that something is missing."""

    async def parts(self) -> AsyncIterator[bytes]:
        """What is sent."""
        services = services_of(self.request)
        monotonic, pulse = services.clock.monotonic, services.pulse
        checked = said = monotonic()
        yield f"retry: {RETRY_MS}\n{self._place()}\n".encode()
        if self.is_lost:
            yield self._gap("")
        while not pulse.ended:
            if monotonic() - checked >= CHECKED:
                if not await self._is_still_let_in():
                    return
                checked = monotonic()
            page = await self._page()
            for part in self._told(page, services):
                said = monotonic()
                yield part
            if page is not None and page.more:
                continue
            if monotonic() - said >= HEARTBEAT:
                said = monotonic()
                yield f": alive\n{self._place()}\n".encode()
            await asyncio.sleep(BREATH)
            await pulse.after(pulse.count if page is None else page.beat, POLL)

    async def _page(self) -> Page | None:
        """None: the store is out of reach for now."""
        try:
            return await self.feed.page(self.seen)
        except StoreUnavailable:
            return None

    def _told(self, page: Page | None, services: Services) -> list[bytes]:
        if page is None:
            return []
        told: list[bytes] = []
        if page.kept_from > max(self.seen, self.told):
            told.append(self._gap(page.kept_from))
            self.told = page.kept_from
        reached = reached_by(self.caller, services.catalog())
        told += [event.text for event in page.events if self.wanted.takes(event) and (reached is None or reached(event.entity))]
        self.seen = page.upto
        return told

    async def _is_still_let_in(self) -> bool:
        """Whether the reader is still known, with what it may now."""
        try:
            self.caller = (await door_of(self.request).visit(self.request)).caller
        except Refusal:
            return False
        except StoreUnavailable:
            return True  # nothing can be read either
        return True

    def _place(self) -> str:
        """Moves the reader's last id on without an event, so that one that filters does not read all again."""
        return f"id: {self.seen}\n"

    def _gap(self, kept_from: str) -> bytes:
        return f"event: gap\ndata: {json_text({'after': self.seen, 'kept_from': kept_from})}\n\n".encode()


def feed_of(request: Request) -> Feed:
    """That of the app that the request came to."""
    feed: Feed = request.app.state.feed
    return feed
