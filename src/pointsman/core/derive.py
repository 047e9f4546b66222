"""Which state an entity's values stand for: conditions × payload × present state → a state, or why none. Pure.

A condition holds while its `when` is true; one with an `until` goes on holding, once the entity is in its state, until that is
true. So a value that wavers between the two changes nothing. A name with nothing behind it makes neither true: a message that
lacks the value leaves such a state as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pointsman.core.evaluate import EvaluationFault, Scene, holds
from pointsman.model.condition import StateCondition
from pointsman.model.ids import StateId


@dataclass(frozen=True, slots=True)
class Derived:
    """The values stand for this state."""

    state: StateId
    reason: str
    """Which condition says so."""


@dataclass(frozen=True, slots=True)
class Underivable:
    """A condition cannot be computed with these values, and so nothing is known of those behind it either."""

    fault: str


def derive(conditions: Sequence[StateCondition], present: StateId | None, scene: Scene) -> Derived | Underivable | None:
    """The state of the first condition that holds; None when none does. `present` is the state that was derived last."""
    for number, condition in enumerate(conditions, 1):
        words = f"condition {number}: {condition.when or 'otherwise'}"
        try:
            if _holds(condition, present, scene):
                return Derived(condition.state, words)
        except EvaluationFault as fault:
            return Underivable(f"{words}: {fault}")
    return None


def _holds(condition: StateCondition, present: StateId | None, scene: Scene) -> bool:
    if condition.when is None or holds(condition.when, scene):
        return True
    return condition.until is not None and condition.state == present and not holds(condition.until, scene)
