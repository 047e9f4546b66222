"""Which triggers a change fires: change × triggers → a verdict on each, in the order in which they were written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from pointsman.model.state import StateChange
from pointsman.model.trigger import StateTrigger


class SkipReason(StrEnum):
    """Why a trigger did not fire."""

    OTHER_STATE = "other_state"
    """The new state is not among its states."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A trigger was considered."""

    trigger: StateTrigger
    skipped: SkipReason | None
    """None: it fires."""

    @property
    def fires(self) -> bool:
        """Whether its operation is to run."""
        return self.skipped is None


def verdicts(change: StateChange, triggers: Sequence[StateTrigger]) -> tuple[Verdict, ...]:
    """One verdict for each trigger."""
    current = change.current
    return tuple([Verdict(trigger, None if current in trigger.state_ids else SkipReason.OTHER_STATE) for trigger in triggers])
