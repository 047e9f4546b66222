"""State triggers: which change of state runs which operation."""

from __future__ import annotations

from dataclasses import dataclass

from pointsman.model.ids import OperationId, StateId


@dataclass(frozen=True, slots=True, kw_only=True)
class StateTrigger:
    """Runs `operation` when the entity's state changes to one of `states` (reference: *State trigger*)."""

    states: tuple[int | str, ...]
    """The states as they go out in `process_meta.triggerStates`: an id as it was written, a name as its state's declared id."""
    state_ids: frozenset[StateId]
    """The same states, to be matched."""
    operation: OperationId
    origin: str
    """Where it is set, for explanations: `class pump, trigger 1`."""
