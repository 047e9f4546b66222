"""Identifiers. A `NewType` for each, so that two of them cannot be swapped unseen.

Identifiers are strings everywhere inside Pointsman (reference: *Domain reference*); how new ones are made is not known here.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple, NewType

EntityId = NewType("EntityId", str)
ClassId = NewType("ClassId", str)
OperationId = NewType("OperationId", str)
StateId = NewType("StateId", str)
ScriptId = NewType("ScriptId", str)
UserId = NewType("UserId", str)
TriggerId = NewType("TriggerId", str)
TimerId = NewType("TimerId", str)
ChangeId = NewType("ChangeId", str)
JobId = NewType("JobId", str)
"""Sorts by time of creation (UUIDv7), so that the order of job ids is the order in which jobs were decided."""

SYSTEM_USER = UserId("system")
"""Who executes an operation when a trigger does."""
MQTT_USER = UserId("mqtt")
"""Who executes an operation, or adds a result, when an MQTT client does: the broker alone knows which one it was."""


class OwnerType(IntEnum):
    """What kind of entity owns a job (`owner_type`, `entityType` of the reference)."""

    OBJECT = 1
    LINK = 2

    @property
    def plural(self) -> str:
        """The word that stands for this kind in topics and paths: `objects` or `links`."""
        return "objects" if self is OwnerType.OBJECT else "links"


class EntityRef(NamedTuple):
    """One object or link. A named tuple, since it is the key of every look-up on the hot path."""

    kind: OwnerType
    id: EntityId

    def __str__(self) -> str:
        return f"{'object' if self.kind == OwnerType.OBJECT else 'link'} {self.id}"
