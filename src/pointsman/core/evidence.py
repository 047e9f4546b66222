"""What is known about an operation of an entity around a point in time, and what there is to say of it. `core/why.py` says it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from pointsman.model.catalog import Resolved
from pointsman.model.ids import ChangeId, EntityRef, JobId, StateId, TriggerId
from pointsman.model.job import Job
from pointsman.model.operation import Operation
from pointsman.model.remembered import Quarantine
from pointsman.model.state import EntityState, ManualState, State, StateChange
from pointsman.model.timer import Timer
from pointsman.model.write import Considered


class Answer(StrEnum):
    """What a finding is about, where it is not a trigger's reason not to fire (`SkipReason`)."""

    RAN = "ran"
    """It did run."""
    SUPPRESSED = "suppressed"
    """A job was made that was not to be carried out."""
    NO_TRIGGER = "no_trigger"
    """No trigger runs it."""
    NOT_CONSIDERED = "not_considered"
    """The trigger was not there at the time."""
    NO_CHANGE = "no_change"
    """The entity's state did not change: the same state again is no change."""
    SNAPSHOT = "snapshot"
    """The state came as a retained snapshot, which fires nothing."""
    NEVER_REPORTED = "never_reported"
    """No state was ever reported."""
    NO_HISTORY = "no_history"
    """What happened before is not kept."""
    REJECTED = "rejected"
    """Messages about the entity could not be taken."""
    MANUAL = "manual"
    """A state was set by hand, and stands before what is reported."""
    QUARANTINE = "quarantine"
    """Triggers do not run it for a while."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Messages on one topic that could not be taken, for one reason."""

    topic: str
    reason: str
    count: int
    first: int
    """When it happened first, in ms."""
    last: int
    """When it happened last, in ms."""
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What is known about an operation of an entity around a time."""

    resolved: Resolved
    operation: Operation
    states: Mapping[StateId, State]
    at: int
    """The time that is asked about, in ms."""
    changes: Sequence[tuple[StateChange, Sequence[Considered]]] = ()
    """The last change up to the time, those of the same time, and those shortly after it, each with its trace; oldest first."""
    state: EntityState | None = None
    """As it is at present."""
    jobs: Sequence[Job] = ()
    """Executions of the operation around the time, and those that the traces name; oldest first."""
    timers: Sequence[Timer] = ()
    """What waits at present."""
    manual: ManualState | None = None
    quarantine: Quarantine | None = None
    refused: Sequence[Refused] = ()
    """Messages about the entity."""

    @property
    def entity(self) -> EntityRef:
        """Whose operation it is."""
        return self.resolved.entity.ref

    @property
    def before(self) -> StateChange | None:
        """The last change up to the time."""
        return next((change for change, _ in reversed(self.changes) if change.at <= self.at), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One reason why it ran, or did not."""

    reason: str
    """An `Answer` or a `SkipReason`; one of another version is given as it is."""
    words: str
    at: int | None = None
    """When, in ms."""
    trigger: TriggerId | None = None
    change: ChangeId | None = None
    job: JobId | None = None
