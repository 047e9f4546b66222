"""State triggers: which change of state runs which operation, and when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, tzinfo
from enum import StrEnum

from pointsman.model.expression import Expression
from pointsman.model.ids import OperationId, StateId, TriggerId
from pointsman.model.operation import ProgramOperation

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True, slots=True, kw_only=True)
class ActiveHours:
    """A part of the day, on some days of the week, in a time zone."""

    days: frozenset[int]
    """0 is Monday."""
    start: int
    """Minutes since midnight, included."""
    end: int
    """Minutes since midnight, not included. Up to `start`: it goes past midnight, and belongs to the day that it begins on."""
    zone: tzinfo

    def contain(self, at: int) -> bool:
        """Whether the time `at`, in ms, is within. The clock on the wall decides, so daylight saving moves it along."""
        local = datetime.fromtimestamp(at / 1000, self.zone)
        minute, day = local.hour * 60 + local.minute, local.weekday()
        if self.start < self.end:
            return day in self.days and self.start <= minute < self.end
        return (day in self.days and minute >= self.start) or ((day - 1) % 7 in self.days and minute < self.end)

    def wall_clock(self, at: int) -> str:
        """What the clock on the wall showed at the time `at`, in ms: `Sat 13:05 in Europe/Berlin`."""
        local = datetime.fromtimestamp(at / 1000, self.zone)
        return f"{_DAYS[local.weekday()]} {local:%H:%M} in {self.zone}"


class Late(StrEnum):
    """What becomes of a hold or a repetition whose time passed while no worker ran."""

    FIRE = "fire"
    """It is made up for, once."""
    SKIP = "skip"
    """It is left out."""
    REARM = "rearm"
    """Its time begins anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StateTrigger:
    """Runs `operation` when the state changes to one of `states` and every clause agrees (reference: *State trigger*)."""

    states: tuple[int | str, ...]
    """The states as they go out in `process_meta.triggerStates`: an id as it was written, a name as its state's declared id."""
    state_ids: frozenset[StateId]
    """The same states, to be matched; none at all stand for every state."""
    operation: OperationId
    origin: str
    """Where it is set, for explanations: `class pump, trigger 1`."""
    id: TriggerId
    """Unique among the triggers of an entity, and the same after a restart."""
    enabled: bool = True
    from_states: frozenset[StateId] = frozenset()
    """Only from one of these; none at all stand for every state, and for none yet."""
    not_from: frozenset[StateId] = frozenset()
    not_to: frozenset[StateId] = frozenset()
    when: Expression | None = None
    """What else must be true."""
    active: ActiveHours | None = None
    cooldown_ms: int = 0
    """How long it rests, for the same entity, after it has fired; in ms."""
    hold_ms: int = 0
    """How long the state must hold before the operation runs, in ms (`duration` of the reference); 0: at once."""
    every_ms: int = 0
    """After how long the operation runs again while the state holds, in ms (`periodicity`); 0: once."""
    late: Late = Late.FIRE
    latest_ms: int | None = None
    """How late it may still fire, in ms; None: however late."""
    program: ProgramOperation | None = None
    """What it runs itself (type `script` of the reference), under the id in `operation`; None: an operation of the entity."""
