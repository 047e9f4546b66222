"""What a worker has to remember of the time before it started, besides what it can ask for when it needs it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from pointsman.model.ids import EntityRef, JobId, OperationId
from pointsman.model.job import Waits
from pointsman.model.json import Json
from pointsman.model.state import ManualState


class OpenJob(NamedTuple):
    """An open job, in brief."""

    id: JobId
    entity: EntityRef
    operation: OperationId
    waits: Waits | None


class Quarantine(NamedTuple):
    """An operation of an entity is not run by triggers for a while."""

    until: int
    """In ms."""
    times: int
    """How often in a row it came to that."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """All of it."""

    open: Sequence[OpenJob] = ()
    """Every open job, in the order of their ids."""
    manual: Mapping[EntityRef, ManualState] = field(default_factory=dict)
    properties: Mapping[EntityRef, Mapping[str, Json]] = field(default_factory=dict)
    """Values that were set while running, by name."""
    quarantines: Mapping[tuple[EntityRef, OperationId], Quarantine] = field(default_factory=dict)
