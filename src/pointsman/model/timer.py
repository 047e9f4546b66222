"""Timers: what shall be looked at again at a certain time. They are rows, so they survive the worker."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pointsman.model.ids import ChangeId, EntityRef, StateId, TimerId, TriggerId


class TimerKind(StrEnum):
    """What a timer is for."""

    HOLD = "hold"
    """A state must hold until then."""
    REPEAT = "repeat"
    """An operation runs again while a state holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timer:
    """A trigger that waits. It remembers the change that it waits on, since the message is gone by then."""

    id: TimerId
    due: int
    """When, in ms."""
    kind: TimerKind
    entity: EntityRef
    trigger: TriggerId
    change: ChangeId
    state: StateId
    previous: StateId | None
    previous_age: int | None
    """How long the entity was in the state before, in ms."""
    reported: int | None
    offline: bool
    payload: bytes
    """The message that reported the state."""
