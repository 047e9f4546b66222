"""What may be asked of lists of jobs and of the history, for both APIs: from a request's words to filters. Pure."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, Field

from pointsman.model.ids import EntityId, OperationId, StateId, UserId
from pointsman.model.job import JobStatus
from pointsman.store.reads.history import HistoryFilter
from pointsman.store.reads.jobs import JobFilter
from pointsman.store.reads.listing import Span

FARTHEST = 1 << 53
"""No time is beyond this, in ms: every reader of JSON knows it exactly."""
MOST = 1_000

Time = Annotated[int, Field(ge=-FARTHEST, le=FARTHEST)]
Skip = Annotated[int, Field(ge=0, le=1 << 40, description="So many are passed over.")]
Most = Annotated[int, Field(ge=0, le=1 << 40, description="At most so many. Default, and 0: all.")]


class Order(StrEnum):
    """In which order a list is."""

    NEWEST = "newest"
    OLDEST = "oldest"


class Format(StrEnum):
    """What an export is written as."""

    NDJSON = "ndjson"
    CSV = "csv"


class Between(BaseModel):
    """A span of time, both its ends belong to it."""

    since: Annotated[Time | None, Field(alias="from", description="Then or later, in ms since the Unix epoch.")] = None
    until: Annotated[Time | None, Field(alias="to", description="Then or earlier, in ms since the Unix epoch.")] = None

    @property
    def before(self) -> int | None:
        """The end, as the store has it: it does not belong to the span."""
        return None if self.until is None else self.until + 1


class Paged(BaseModel):
    """Which page of a list is wanted."""

    order: Annotated[Order, Field(description="Which come first.")] = Order.NEWEST
    cursor: Annotated[str | None, Field(description="Where to go on: `next` of the page before.")] = None
    limit: Annotated[int, Field(ge=1, le=MOST, description="At most so many.")] = 50

    @property
    def span(self) -> Span:
        """As the store has it."""
        return Span(newest_first=self.order is Order.NEWEST, beyond=self.cursor, limit=self.limit)


class WhichJobs(Between):
    """Which jobs are wanted: those that meet all that is given."""

    owner: Annotated[list[str], Field(description="Of these objects and links.")] = []
    operation: Annotated[str | None, Field(description="Of this operation.")] = None
    status: Annotated[list[JobStatus], Field(description="That stand so.")] = []
    user: Annotated[str | None, Field(description="Executed by this user; `system` stands for triggers.")] = None
    trigger_state: Annotated[str | None, Field(description="Run by a trigger when this state was entered.")] = None

    @property
    def filter(self) -> JobFilter:
        """As the store has it."""
        return JobFilter(
            owners=frozenset(map(EntityId, self.owner)) if self.owner else None,
            operation=None if self.operation is None else OperationId(self.operation),
            statuses=frozenset(self.status),
            user=None if self.user is None else UserId(self.user),
            trigger_state=None if self.trigger_state is None else StateId(self.trigger_state),
            since=self.since,
            until=self.before,
        )


class WhichChanges(Between):
    """Which changes of state are wanted: those that meet all that is given."""

    entity: Annotated[list[str], Field(description="Of these objects and links.")] = []
    state: Annotated[list[str], Field(description="That led to one of these states.")] = []

    @property
    def filter(self) -> HistoryFilter:
        """As the store has it."""
        return HistoryFilter(
            entities=frozenset(map(EntityId, self.entity)) if self.entity else None,
            states=frozenset(map(StateId, self.state)) if self.state else None,
            since=self.since,
            until=self.before,
        )


class JobsPage(WhichJobs, Paged):
    """A page of jobs."""


class ChangesPage(WhichChanges, Paged):
    """A page of the history."""


class JobsExport(WhichJobs):
    """All jobs."""

    format: Annotated[Format, Field(description="An item a line, or a table.")] = Format.NDJSON


class ChangesExport(WhichChanges):
    """All of the history."""

    format: Annotated[Format, Field(description="An item a line, or a table.")] = Format.NDJSON
