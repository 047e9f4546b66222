"""Writes: the rows that a decision asks for. The store carries them out in one transaction; it decides nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from pointsman.model.command import RejectReason
from pointsman.model.edit import Edit
from pointsman.model.effect import Dispatch
from pointsman.model.ids import ChangeId, EntityRef, JobId, OperationId, TimerId, TriggerId, UserId
from pointsman.model.job import CustomResult, Job, Ladder
from pointsman.model.json import Json
from pointsman.model.state import EntityState, ManualState, StateChange
from pointsman.model.timer import OF_CHANGES, Timer, TimerKind


@dataclass(frozen=True, slots=True)
class SaveState:
    """The entity's state is now this one."""

    state: EntityState


LEFT_OUT = "left_out"
"""In the place of a reason: here stood so many later verdicts on a trigger (`detail`), the last of them at that time (`at`)."""


@dataclass(frozen=True, slots=True)
class Considered:
    """One trigger in the trace of a change: why it did not fire, or the job that it made; at the change itself, or later."""

    trigger: TriggerId
    skipped: str | None
    detail: str = ""
    job: JobId | None = None
    at: int | None = None
    """When, in ms, if that was later."""
    timer: TimerKind | None = None
    """What it had waited for, if that was later."""


@dataclass(frozen=True, slots=True)
class AddChange:
    """An entry of the state history, with what was considered at it, and the message, so that it can be replayed."""

    change: StateChange
    trace: tuple[Considered, ...] = ()
    payload: bytes = b""


@dataclass(frozen=True, slots=True)
class AddVerdict:
    """What became later of a trigger that waits on a change: it goes into that change's trace."""

    entity: EntityRef
    change: ChangeId
    considered: Considered


@dataclass(frozen=True, slots=True)
class Example:
    """A trigger that was considered: where to look, for whoever wonders about a reason."""

    entity: EntityRef
    trigger: TriggerId
    change: ChangeId
    at: int
    """When it was considered, in ms."""
    detail: str = ""
    job: JobId | None = None


@dataclass(frozen=True, slots=True)
class CountVerdicts:
    """So many triggers more were considered with this outcome, with the last example of each trigger and entity among them."""

    reason: str
    """Why they did not fire; `fired` for those that did."""
    count: int
    examples: tuple[Example, ...] = ()
    """Oldest first."""


@dataclass(frozen=True, slots=True)
class AddJob:
    """A new job, with what carries it out (None: it was final at once)."""

    job: Job
    dispatch: Dispatch | None


@dataclass(frozen=True, slots=True)
class UpdateJob:
    """What can change of a job (status, description, attempts, finished, error, waits, ladder) is now this. With a final status
    its dispatch is dropped."""

    job: Job


@dataclass(frozen=True, slots=True)
class Climb:
    """A rung of a job's ladder was reached, and nothing else changed; it may have ended before."""

    job: JobId
    ladder: Ladder


@dataclass(frozen=True, slots=True)
class Release:
    """A job that waited for its turn, or for its next try, does so no more."""

    job: JobId


@dataclass(frozen=True, slots=True)
class AppendResult:
    """A custom result of a job."""

    id: str
    """Unique, so that a transaction tried again adds it once."""
    job: JobId
    result: CustomResult


@dataclass(frozen=True, slots=True, kw_only=True)
class CountReject:
    """A message that was not taken: one row for each reason and topic, with how often, when last, and the last example."""

    reason: RejectReason
    topic: str
    detail: str
    payload: bytes
    """The beginning of the payload, at most 1,024 bytes."""
    at: int


STARTED, STOPPED = "worker.start", "worker.stop"
"""What the audit says of a worker: while it is down it is blind, and a replay has to know when that was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddAudit:
    """Who did what to what, and when. `before` and `after` are JSON text where there is something to compare."""

    id: str
    """Unique, so that a transaction tried again adds it once."""
    at: int
    actor: str
    action: str
    """`execute`, `result.add`, `catalog.set`, `catalog.remove`, `worker.start`, …"""
    subject: str
    before: str | None = None
    after: str | None = None


@dataclass(frozen=True, slots=True)
class RememberDelivery:
    """A QoS 1 delivery has been applied; a redelivery of it must not be applied again."""

    packet_id: int
    digest: bytes
    """16 bytes over topic and payload."""


@dataclass(frozen=True, slots=True)
class ForgetDeliveries:
    """The broker lost the session: packet ids begin anew."""


@dataclass(frozen=True, slots=True)
class SaveFilters:
    """The topic filters that the broker holds for the session."""

    filters: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MarkFired:
    """A trigger that rests after it has fired has fired for this entity."""

    entity: EntityRef
    trigger: TriggerId
    at: int


@dataclass(frozen=True, slots=True)
class SaveTimer:
    """A timer was set."""

    timer: Timer


@dataclass(frozen=True, slots=True)
class DropTimer:
    """A timer has done what it was for."""

    timer: TimerId


@dataclass(frozen=True, slots=True)
class DropTimers:
    """Timers of an entity that are void: unless it says otherwise, whatever waits on a state that was left."""

    entity: EntityRef
    kinds: frozenset[TimerKind] = OF_CHANGES


@dataclass(frozen=True, slots=True)
class SaveManual:
    """The entity's manual state is now this one; None: it has none any more."""

    entity: EntityRef
    manual: ManualState | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveProperty:
    """A property's value, which goes before the one that the catalog has."""

    entity: EntityRef
    name: str
    value: Json
    at: int
    by: UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveQuarantine:
    """An operation of an entity is not run by triggers until then."""

    entity: EntityRef
    operation: OperationId
    until: int
    """In ms."""
    times: int
    """How often in a row."""


@dataclass(frozen=True, slots=True)
class NoteJob:
    """A job changed: for those who follow jobs. One for each job and transaction, after all that changes it; a new job notes
    itself by its own id."""

    id: str
    """Greater than every one before, also than those of jobs and of state changes."""
    job: JobId


Write: TypeAlias = (
    SaveState
    | AddChange
    | AddVerdict
    | CountVerdicts
    | AddJob
    | UpdateJob
    | Climb
    | Release
    | SaveManual
    | SaveProperty
    | SaveQuarantine
    | Edit
    | NoteJob
    | AppendResult
    | CountReject
    | AddAudit
    | RememberDelivery
    | ForgetDeliveries
    | SaveFilters
    | MarkFired
    | SaveTimer
    | DropTimer
    | DropTimers
)
