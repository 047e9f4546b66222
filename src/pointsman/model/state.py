"""States, what is known of an entity's state, and changes of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pointsman.model.ids import ChangeId, EntityRef, StateId, UserId
from pointsman.model.json import Json
from pointsman.model.lineage import Lineage


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A state that entities can be in (reference: *State, state trigger, state condition*)."""

    id: StateId
    name: str
    priority: int = 0
    declared: int | str = ""
    """The id as it was declared: an integer there stays one in `process_meta.triggerStates`."""


BUILT_IN_STATES = (
    State(id=StateId("1"), name="Created", declared=1),
    State(id=StateId("3"), name="Working", declared=3),
    State(id=StateId("4"), name="Overloaded", declared=4),
    State(id=StateId("5"), name="Alarm", declared=5),
    State(id=StateId("6"), name="Stopped", declared=6),
    State(id=StateId("7"), name="NoData", declared=7),
    State(id=StateId("8"), name="Down", declared=8),
    State(id=StateId("9"), name="Disable", declared=9),
)
"""The states there are where none is declared."""

UNKNOWN = "unknown"
"""What `{{state.id}}`, `{{previous.id}}` and their names say of an entity that has not reported yet."""


class Retained(StrEnum):
    """What a retained report does to an entity whose state is known already (setting `mqtt.retained`)."""

    COMPARE = "compare"
    """Equal to the known state: nothing. Different: one change, marked `changed_while_offline`."""
    BASELINE = "baseline"
    """Sets the state and fires nothing."""
    IGNORE = "ignore"
    """Does nothing."""
    FIRE = "fire"
    """As a live report, even for an entity without a state."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityState:
    """What is known of one entity's state."""

    entity: EntityRef
    state: StateId
    previous: StateId | None
    since: int
    """When it was entered, in ms."""
    change: ChangeId | None
    """The change that led to it; None when a retained report only set the baseline."""
    heard: int | None = None
    """When anything was heard of the entity last, in ms, as far as somebody wants to know (`Silence`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ManualState:
    """A state that somebody set by hand (reference: *Manual state*). It stands before what is reported, until it is cleared."""

    state: StateId
    reason: str
    by: UserId
    since: int
    """From when on it holds, in ms."""
    until: int | None = None
    """Until when, in ms; None: until it is cleared."""
    cleared_by: frozenset[StateId] = frozenset()
    """A report of one of these clears it."""
    reported: StateId | None = None
    """What was reported last, which holds again once it is cleared; None: nothing is known."""
    pending: bool = False
    """Whether it has yet to begin: a timer is set for `since`."""

    def to_json(self) -> dict[str, Json]:
        """The public JSON: the reference's fields under their names, ours beside them."""
        return {
            "stateId": self.state,
            "reason": self.reason,
            "since": self.since,
            "until": self.until,
            "clearedByStateId": sorted(self.cleared_by),
            "by": self.by,
            "pending": self.pending,
            "reported": self.reported,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class StateChange:
    """An entity went from one state to another: an entry of its history."""

    id: ChangeId
    entity: EntityRef
    previous: StateId | None
    """None when the entity had no state yet."""
    current: StateId
    at: int
    """When Pointsman took it in, in ms."""
    reported: int | None = None
    """The time that the message itself gives, in ms."""
    changed_while_offline: bool = False
    """Known from a retained snapshot: it happened while nobody listened."""
    topic: str | None = None
    """The topic that the report came on."""
    reason: str | None = None
    """Why, when no report of the state itself led to it: a manual state, a condition, silence."""
    lineage: Lineage | None = None
    """What of ours led to it."""
