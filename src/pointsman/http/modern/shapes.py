"""What is answered by what only this view has, as OpenAPI says it. Jobs and such are `model.shapes`'."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

MS = "In ms since the Unix epoch."


class Considered(BaseModel):
    """What became of a trigger."""

    trigger: str
    skipped: str | None = Field(description="Why it did not fire, in a word; null: it did.")
    detail: str
    words: str = Field(description="The same for people.")
    job: str | None = Field(description="The job that it made.")


class ConsideredLater(Considered):
    """What became of a trigger some time after the change."""

    waited: str = Field(description="What it had waited for: `hold` or `repeat`.")
    timestamp: int | None = Field(description=MS)


class ExplainedChange(BaseModel):
    """A change of state, and what was considered at it."""

    change_id: str
    entity_id: str
    entity_type: int = Field(description="1: an object, 2: a link.")
    previous: str | None
    state: str
    timestamp: int = Field(description=MS)
    topic: str | None = Field(description="On which it was reported.")
    reason: str | None = Field(description="Why, when no report of the state itself led to it.")
    changed_while_offline: bool
    triggers: list[Considered]
    afterwards: list[ConsideredLater]
    later: str | None = Field(description="The job that is asked about, when it was made some time after the change.")


class ExplainedJob(BaseModel):
    """Who or what made a job."""

    job: str
    user_id: str | None
    words: str
    caused_by: str | None = Field(description="The job that led to it.")
    change: ExplainedChange | None = Field(description="The change of state that led to it, while that is kept.")


class Finding(BaseModel):
    """One reason why an operation ran, or did not."""

    reason: str
    words: str
    timestamp: int | None = Field(description=MS)
    trigger: str | None
    change_id: str | None
    job: str | None


class Findings(BaseModel):
    """Every reason there is, in the order in which it happened."""

    items: list[Finding]


class SupposedChange(BaseModel):
    """The change of state there would be."""

    previous: str | None
    state: str


class SupposedTrigger(BaseModel):
    """What would become of a trigger."""

    trigger: str
    operation: str
    skipped: str | None = Field(description="Why it would not fire, in a word; null: it would.")
    words: str


class SupposedJob(BaseModel):
    """A job there would be."""

    operation: str
    status: str
    error: str | None
    would: dict[str, Any] | None = Field(description="What would be published (`topic`, `message`) or run (`run`).")


class SupposedCommand(BaseModel):
    """What a message or a request asks for, and what would be decided on it."""

    what: str
    entity: str | None
    state: str | None
    change: SupposedChange | None
    reason: str | None
    property: dict[str, Any] | None
    rejected: dict[str, str] | None
    triggers: list[SupposedTrigger]
    jobs: list[SupposedJob]


class Simulation(BaseModel):
    """All that would be decided."""

    topic: str | None
    commands: list[SupposedCommand]


class Counts(BaseModel):
    """How many there are."""

    objects: int
    links: int
    classes: int
    states: int
    scripts: int


class Info(BaseModel):
    """What the worker is, and how it stands."""

    version: str
    node: str
    started: int = Field(description=MS)
    counts: Counts
    health: dict[str, Any]


class ReasonExample(BaseModel):
    """A trigger that was considered."""

    entity_id: str
    entity_type: int
    trigger: str
    change_id: str
    timestamp: int = Field(description=MS)
    detail: str
    job: str | None


class Reason(BaseModel):
    """How often triggers did not fire for one reason; for `fired`, how often they did."""

    reason: str
    count: int
    examples: list[ReasonExample] = Field(description="The last of each trigger and entity, the latest first.")


class Reasons(BaseModel):
    """Every reason that ever was, the most frequent first."""

    items: list[Reason]


class RejectedMessages(BaseModel):
    """What could not be taken for one reason on one topic."""

    reason: str
    topic: str
    count: int
    first: int = Field(description=MS)
    last: int = Field(description=MS)
    detail: str
    payload: str


class Rejects(BaseModel):
    """Messages that could not be taken, the latest first."""

    items: list[RejectedMessages]


class AuditEntry(BaseModel):
    """Who did what to what, and when."""

    id: str
    timestamp: int = Field(description=MS)
    actor: str
    action: str
    subject: str
    before: Any
    after: Any


class AuditPage(BaseModel):
    """Some entries, the latest first, and where the next ones begin; null: there are no more."""

    items: list[AuditEntry]
    next: str | None
