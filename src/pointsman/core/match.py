"""Which triggers a change fires: change × triggers → a verdict on each, in the order in which they were written.

Each clause is asked in turn, the cheap ones first; the first that does not agree is the verdict.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from pointsman.core.evaluate import EvaluationFault, Scene, holds, values_seen
from pointsman.model.ids import TriggerId
from pointsman.model.state import StateChange
from pointsman.model.trigger import StateTrigger


class SkipReason(StrEnum):
    """Why a trigger did not fire."""

    OTHER_STATE = "other_state"
    """The new state is not among its states."""
    DISABLED = "disabled"
    """It is switched off."""
    OTHER_ORIGIN = "other_origin"
    """The state that was left is not among those it asks for."""
    EXCLUDED = "excluded"
    """The state that was left, or the new one, is among those it excludes."""
    CONDITION = "condition"
    """Its condition is not true."""
    CONDITION_FAULT = "condition_fault"
    """Its condition could not be computed with these values."""
    OUTSIDE_HOURS = "outside_hours"
    """It is not active at this time."""
    LIMIT = "limit"
    """Its operation was run too often for this entity, and is quarantined from now on."""
    LOOP = "loop"
    """Jobs led to it that led to each other, too many of them; its operation is quarantined for this entity from now on."""
    QUARANTINED = "quarantined"
    """Its operation is quarantined for this entity."""
    HOLDING = "holding"
    """The state must hold for a while first; a timer is set."""
    RESET = "reset"
    """The state changed before it had held for long enough."""
    LATE = "late"
    """Its time passed while no worker ran, and it does not make up for that."""
    BUSY = "busy"
    """Another job of its operation is open, and the operation's mode lets no other run beside it."""
    GONE = "gone"
    """When its time came it was not in the configuration any more."""
    COOLDOWN = "cooldown"
    """It has fired for this entity a short while ago."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A trigger was considered."""

    trigger: StateTrigger
    skipped: SkipReason | None
    """None: it fires."""
    detail: str = ""
    """What there is to say beyond the reason: the rest of a cooldown, the values that made a condition false."""

    @property
    def fires(self) -> bool:
        """Whether its operation is to run."""
        return self.skipped is None


def verdicts(
    change: StateChange, triggers: Sequence[StateTrigger], fired: Mapping[TriggerId, int], scene: Callable[[], Scene]
) -> tuple[Verdict, ...]:
    """One verdict for each trigger. `fired` says when each fired last for the entity, in ms; `scene` what it is about."""
    current = change.current
    return tuple(
        [
            verdict_on(change, trigger, fired, scene)
            if not trigger.state_ids or current in trigger.state_ids
            else Verdict(trigger, SkipReason.OTHER_STATE)
            for trigger in triggers
        ]
    )


def verdict_on(change: StateChange, trigger: StateTrigger, fired: Mapping[TriggerId, int], scene: Callable[[], Scene]) -> Verdict:
    """The verdict on a trigger whose states include the new one."""
    if not trigger.enabled:
        return Verdict(trigger, SkipReason.DISABLED)
    if trigger.from_states and change.previous not in trigger.from_states:
        return Verdict(trigger, SkipReason.OTHER_ORIGIN)
    if change.previous in trigger.not_from or change.current in trigger.not_to:
        return Verdict(trigger, SkipReason.EXCLUDED)
    if trigger.active is not None and not trigger.active.contain(change.at):
        return Verdict(trigger, SkipReason.OUTSIDE_HOURS, f"it was {trigger.active.wall_clock(change.at)}")
    if trigger.cooldown_ms and (last := fired.get(trigger.id)) is not None:
        rest = last + trigger.cooldown_ms - change.at
        # A clock that was set back must not make it rest for longer than it ever would.
        if 0 < rest <= trigger.cooldown_ms:
            return Verdict(trigger, SkipReason.COOLDOWN, f"{rest} ms left")
    if trigger.when is not None:
        seen = scene()
        try:
            if not holds(trigger.when, seen):
                return Verdict(trigger, SkipReason.CONDITION, values_seen(trigger.when, seen))
        except EvaluationFault as fault:
            return Verdict(trigger, SkipReason.CONDITION_FAULT, str(fault))
    return Verdict(trigger, None)
