"""Commands: everything that can happen, as small immutable values on one queue. `core/decide.py` has an arm for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from pointsman.model.access import AccessKey
from pointsman.model.definition import Built, Kind, Misfit
from pointsman.model.effect import ReplyTo
from pointsman.model.ids import EntityRef, JobId, OperationId, StateId, TimerId, UserId
from pointsman.model.job import JobStatus
from pointsman.model.json import Json
from pointsman.model.lineage import Lineage
from pointsman.model.state import Retained

Reply: TypeAlias = "ReplyTo | Callable[[Mapping[str, Json]], None] | None"
"""Who waits for the answer: an MQTT requester, a function of a thread of this process (which must not block or raise), nobody."""


@dataclass(frozen=True, slots=True)
class ReportState:
    """A message says which state an entity is in."""

    entity: EntityRef
    state: StateId
    topic: str
    payload: bytes
    retained: Retained | None = None
    """What to do with it, when it is a retained message that came on subscribing; None: it is live."""
    reported: int | None = None
    """The time that the message itself gives, in ms."""
    lineage: Lineage | None = None
    """What of ours led to it."""
    echoes: tuple[JobId, ...] = ()
    """What looks like a job's id in the message: perhaps it is what led to it (`core/chain.py` knows)."""
    by: UserId | None = None
    """The user who sets it; None: it was reported."""
    reply: Reply = None


@dataclass(frozen=True, slots=True)
class ReportValues:
    """A message has values from which an entity's state is derived by its conditions."""

    entity: EntityRef
    topic: str
    payload: bytes
    retained: Retained | None = None
    reported: int | None = None
    lineage: Lineage | None = None
    echoes: tuple[JobId, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SetProperty:
    """A property of an entity shall have a value."""

    entity: EntityRef
    name: str
    value: Json
    by: UserId
    login: str
    reported: bool = False
    """Whether the device itself says so: it may set whatever is declared, also what is not ReadWrite."""
    retained: Retained | None = None
    """What to do with it, when it is a retained report that came on subscribing; None: it is live."""
    topic: str = ""
    reply: Reply = None
    lineage: Lineage | None = None
    echoes: tuple[JobId, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SetManual:
    """An entity's state is set by hand, or released."""

    entity: EntityRef
    by: UserId
    state: StateId | None = None
    """None: the manual state is cleared."""
    reason: str = ""
    since: int | None = None
    """From when on, in ms; None: now."""
    until: int | None = None
    cleared_by: frozenset[StateId] = frozenset()
    topic: str = ""
    reply: Reply = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancel:
    """Somebody calls a job off."""

    job: JobId
    user: UserId
    reason: str = ""
    topic: str = ""
    reply: Reply = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Execute:
    """Somebody asks for an operation to be run."""

    entity: EntityRef
    operation: OperationId
    user: UserId
    login: str
    args: Mapping[str, Json] = field(default_factory=dict)
    topic: str = ""
    """The topic that it came on; empty when it came another way."""
    reply: Reply = None
    lineage: Lineage | None = None
    """What of ours led to it."""
    echoes: tuple[JobId, ...] = ()
    key: str | None = None
    """The user's own name for the request: one that comes again under it is answered with the job that there is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EditCatalog:
    """A definition shall be as its document says, or be gone. The engine has it built before it is decided."""

    kind: Kind
    id: str
    document: Mapping[str, Json] | None
    """The whole definition; None: it is removed."""
    by: UserId
    expected: int | None = None
    """The version that the edit was made from, 0 for one that there must not be yet; None: whichever it has."""
    secret: str | None = None
    """A user's: the digest of the new password, as it is kept."""
    built: Built | Misfit | None = None
    """What the document stands for, or why for nothing."""
    reply: Reply = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantKey:
    """A session begins, or a token is made."""

    key: AccessKey
    by: UserId
    reply: Reply = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeKeys:
    """A session ends, or tokens are withdrawn."""

    user: UserId
    """Whose they are."""
    ids: tuple[str, ...] | None
    """None: all of them."""
    by: UserId
    reply: Reply = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Begin:
    """A program of a job is about to be started; it may only start once the answer says `{"go": true}`."""

    job: JobId
    reply: Callable[[Mapping[str, Json]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finish:
    """A job reached its end."""

    job: JobId
    status: JobStatus
    error: str | None = None
    description: Mapping[str, Json] | None = None
    """What was done, when that is only known now; None leaves what the job says."""
    reason_code: int | None = None
    """What the broker said when it acknowledged the message (MQTT 5 §3.4.2.1); None: nobody acknowledged anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddResult:
    """A custom result for a job."""

    job: JobId
    payload: Json
    by: UserId
    topic: str = ""
    """The topic that it came on; empty when it came another way."""
    reply: Reply = None
    answer: bool = False
    """Whether it is the device's answer to what was published."""


class RejectReason(StrEnum):
    """Why a message was not taken; the words that `pointsman rejects` and the counters use."""

    TOO_LARGE = "too_large"
    UNPARSABLE = "unparsable"
    NO_RULE = "no_rule"
    NO_VALUE = "no_value"
    NO_CONDITIONS = "no_conditions"
    """Values of an entity that makes nothing of them: it has neither conditions nor `no_data`."""
    CONDITION_FAULT = "condition_fault"
    """A condition cannot be computed with these values."""
    UNKNOWN_ENTITY = "unknown_entity"
    UNKNOWN_STATE = "unknown_state"
    UNKNOWN_OPERATION = "unknown_operation"
    UNKNOWN_JOB = "unknown_job"
    UNKNOWN_PROPERTY = "unknown_property"
    NOT_WRITABLE = "not_writable"
    """The property is not of the type ReadWrite."""
    NOT_OPEN = "not_open"
    """The job has ended already."""
    QUARANTINED = "quarantined"
    """What we published led to the request, and the operation ran in circles a short while ago."""
    RETAINED_REQUEST = "retained_request"
    BAD_REQUEST = "bad_request"
    BAD_DEFINITION = "bad_definition"
    """The document of an edit does not stand for anything."""
    UNKNOWN_DEFINITION = "unknown_definition"
    EXISTS = "exists"
    """There is one of that id already, or of the same name where names are unique."""
    CONFLICT = "conflict"
    """It has been edited meanwhile: its version is not the expected one."""
    FROM_FILE = "from_file"
    """The configuration file defines it, and nothing else may change it."""
    IN_USE = "in_use"
    """Something else needs it."""
    KEY_REUSED = "key_reused"
    """Another request was made under the same key."""
    INTERNAL_ERROR = "internal_error"
    """A defect of Pointsman: the log has the details."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reject:
    """A message that cannot be taken. It is counted and kept for a look, and stops nothing."""

    reason: RejectReason
    topic: str
    detail: str
    """What was expected, what was found."""
    payload: bytes = b""
    reply: Reply = None


@dataclass(frozen=True, slots=True)
class TimerDue:
    """The time of a timer has come."""

    timer: TimerId


@dataclass(frozen=True, slots=True)
class Arm:
    """The worker starts: whatever keeps time by itself, schedules and silence, is set where it is not yet."""


Command: TypeAlias = (
    ReportState
    | ReportValues
    | Execute
    | SetProperty
    | SetManual
    | EditCatalog
    | GrantKey
    | RevokeKeys
    | Cancel
    | Begin
    | Finish
    | AddResult
    | Reject
    | TimerDue
    | Arm
)
