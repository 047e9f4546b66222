"""Timers: what shall be looked at again at a certain time. They are rows, so they survive the worker."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pointsman.model.ids import ChangeId, EntityRef, StateId, TimerId
from pointsman.model.lineage import Lineage


class TimerKind(StrEnum):
    """What a timer is for."""

    HOLD = "hold"
    """A state must hold until then. Its subject is a trigger."""
    REPEAT = "repeat"
    """An operation runs again while a state holds. Its subject is a trigger."""
    RETRY = "retry"
    """A job is tried again. Its subject is the job, its detail how often the job had been begun."""
    ANSWER = "answer"
    """Until then a device must have answered. As with `retry`."""
    CONFIRMATION = "confirmation"
    """Until then the effect must have been seen. As with `retry`."""
    SCHEDULE = "schedule"
    """An operation runs. Its subject is the operation, its detail the schedule as it was written."""
    SILENCE = "silence"
    """Until then something must have been heard of the entity."""
    MANUAL = "manual"
    """A manual state begins or ends. Its detail is `begin` or `end`."""


OF_CHANGES = frozenset({TimerKind.HOLD, TimerKind.REPEAT})
"""What is void as soon as the state changes."""
OF_JOBS = frozenset({TimerKind.RETRY, TimerKind.ANSWER, TimerKind.CONFIRMATION})
"""Whose subject is a job."""
ARMED = frozenset({TimerKind.SCHEDULE, TimerKind.SILENCE})
"""What the worker sets by itself when it starts, where it is not set yet."""
BY_CLOCK = frozenset({TimerKind.SCHEDULE})
"""What comes due when the wall clock says so, also when it is set meanwhile; with the others so much time has to pass."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """The change that a trigger waits on, since the message is gone by then."""

    change: ChangeId
    state: StateId
    previous: StateId | None
    previous_age: int | None
    """How long the entity was in the state before, in ms."""
    reported: int | None
    offline: bool
    payload: bytes
    """The message that reported the state."""
    lineage: Lineage | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Timer:
    """Something that waits for its time."""

    id: TimerId
    due: int
    """When, in ms."""
    kind: TimerKind
    entity: EntityRef
    subject: str = ""
    detail: str = ""
    waiting: Waiting | None = None
    """With `hold` and `repeat`."""
