"""Whether a report is a change: report × what is known → a change, a baseline, or why neither."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from pointsman.model.command import ReportState
from pointsman.model.ids import ChangeId
from pointsman.model.state import EntityState, Retained, StateChange


class NoChange(StrEnum):
    """Why a report changes nothing."""

    SAME_STATE = "same_state"
    """The entity is in that state already."""
    RETAINED_IGNORED = "retained_ignored"
    """A retained snapshot, and those are ignored here."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """The state is now known, but nothing happened: no trigger is asked."""

    state: EntityState


Reading: TypeAlias = StateChange | Baseline | NoChange


def change_of(report: ReportState, known: EntityState | None, at: int, new_id: Callable[[int], str]) -> Reading:
    """What a report means for an entity.

    A live report of another state is a change, and so is an entity's first. A retained one is a snapshot: it says what is, not
    that something happened, and `report.retained` says what is made of it (see `Retained`).
    """
    policy = report.retained
    if policy is Retained.IGNORE:
        return NoChange.RETAINED_IGNORED
    if known is not None and known.state == report.state:
        return NoChange.SAME_STATE
    if policy is Retained.BASELINE or (policy is Retained.COMPARE and known is None):
        previous = known.state if known else None
        return Baseline(EntityState(entity=report.entity, state=report.state, previous=previous, since=at, change=None))
    return StateChange(
        id=ChangeId(new_id(at)),
        entity=report.entity,
        previous=known.state if known else None,
        current=report.state,
        at=at,
        reported=report.reported,
        changed_while_offline=policy is Retained.COMPARE,
        topic=report.topic or None,
        lineage=report.lineage,
    )
