"""How the executions of one operation go along with each other, what counts as success, and what becomes of those that fail.

All of it is for one operation of one entity: the same operation of another entity is not concerned.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pointsman.model.ids import OperationId, StateId
from pointsman.model.json import Json


class Mode(StrEnum):
    """What becomes of an execution that is asked for while another one is open."""

    PARALLEL = "parallel"
    """It runs beside it; beyond `max` open ones it is suppressed."""
    SINGLE = "single"
    """It is suppressed."""
    QUEUED = "queued"
    """It waits for its turn; beyond `max` open ones it is suppressed."""
    RESTART = "restart"
    """The others are cancelled, and it begins when they have ended."""


class OnInterrupted(StrEnum):
    """What becomes of a job whose outcome is unknown, since worker and program went down while it ran."""

    LEAVE = "leave"
    """It stays interrupted: somebody has to look."""
    FAIL = "fail"
    """It has failed, and is tried again where the operation says so."""
    RERUN = "rerun"
    """It is run again, under the same id: only for programs that may be run twice."""


@dataclass(frozen=True, slots=True)
class Expect:
    """The job succeeds only when its device has answered."""

    within_ms: int
    """After the broker's acknowledgement, or the program's end, in ms."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirm:
    """The job succeeds only when its effect is seen: the entity reports a state, or a property gets a value."""

    within_ms: int
    state: StateId | None = None
    property: str | None = None
    value: Json = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Conduct:
    """An operation's rules of conduct."""

    mode: Mode = Mode.PARALLEL
    max: int = 0
    """How many may be open at once, with `parallel` and `queued`; 0: without limit."""
    retries: int = 0
    """How often a job that failed or timed out is tried again."""
    backoff_ms: int = 1_000
    """The pause before the first further try, in ms; it doubles, and a part of it is left to chance."""
    backoff_most_ms: int = 60_000
    on_interrupted: OnInterrupted = OnInterrupted.LEAVE
    expect: Expect | None = None
    confirm: Confirm | None = None
    on_timeout: OperationId | None = None
    """What is run on the same entity when a job has timed out for good."""

    @property
    def is_plain(self) -> bool:
        """Whether jobs neither heed each other, nor wait for anything, nor are tried again."""
        return self is PLAIN or self == PLAIN


PLAIN = Conduct()
