"""State conditions: states that are derived from reported values (reference: *State condition*)."""

from __future__ import annotations

from dataclasses import dataclass

from pointsman.model.expression import Expression
from pointsman.model.ids import StateId


@dataclass(frozen=True, slots=True, kw_only=True)
class StateCondition:
    """The entity is in `state` while this holds. Of several the first that holds counts."""

    state: StateId
    when: Expression | None = None
    """What must be true; None: always, for the last of a list."""
    until: Expression | None = None
    """Once in the state, it stays there until this is true: hysteresis. None: until `when` is not true any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """The entity is in `state` when nothing was heard of it for `after_ms`."""

    after_ms: int
    state: StateId
