"""Changes of state, as the modern view and the live events tell them. Jobs tell themselves (`Job.to_json`)."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from pointsman.model.state import StateChange

MS = "In ms since the Unix epoch."


class Change(BaseModel):
    """An entity went from one state to another."""

    id: str = Field(description="Ids of changes, of jobs and of events are in one order.")
    entity_id: str
    entity_type: int = Field(description="1: an object, 2: a link.")
    previous: str | None = Field(description="The state before; null when there was none.")
    state: str
    timestamp: int = Field(description=f"When it was taken in. {MS}")
    reported: int | None = Field(description=f"The time that the message itself gave. {MS}")
    reason: str | None = Field(description="Why, when no report of the state itself led to it.")
    topic: str | None = Field(description="On which it was reported.")
    changed_while_offline: bool = Field(description="Known from a retained message: it happened while nobody listened.")
    caused_by: str | None = Field(description="The job that led to it, as far as that is known.")


def change_json(change: StateChange) -> dict[str, Any]:
    """`Change` of it."""
    return {
        "id": change.id,
        "entity_id": change.entity.id,
        "entity_type": int(change.entity.kind),
        "previous": change.previous,
        "state": change.current,
        "timestamp": change.at,
        "reported": change.reported,
        "reason": change.reason,
        "topic": change.topic,
        "changed_while_offline": change.changed_while_offline,
        "caused_by": None if change.lineage is None else change.lineage.by,
    }
