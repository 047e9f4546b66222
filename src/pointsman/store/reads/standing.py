"""Questions about what stands in an entity's way at present, or waits for its time."""

from __future__ import annotations

from sqlalchemy import select

from pointsman.model.ids import EntityRef, OperationId
from pointsman.model.remembered import Quarantine
from pointsman.model.state import ManualState
from pointsman.model.timer import Timer
from pointsman.store.codec import manual_of, timer_of
from pointsman.store.reads.reader import Reader
from pointsman.store.tables import manual_states, quarantines, timers
from pointsman.store.text import storable


def manual(reader: Reader, entity: EntityRef) -> ManualState | None:
    """The state that was set by hand and has not been cleared; it may begin later, or have ended."""
    key = (manual_states.c.owner_type == entity.kind, manual_states.c.entity_id == storable(entity.id))
    with reader.ask() as connection:
        document = connection.scalar(select(manual_states.c.document).where(*key))
    return None if document is None else manual_of(document)


def quarantine(reader: Reader, entity: EntityRef, operation: OperationId) -> Quarantine | None:
    """Until when triggers do not run the operation; it may be over."""
    columns = quarantines.c
    key = (
        columns.owner_type == entity.kind,
        columns.entity_id == storable(entity.id),
        columns.operation_id == storable(operation),
    )
    with reader.ask() as connection:
        row = connection.execute(select(columns.until, columns.times).where(*key)).one_or_none()
    return None if row is None else Quarantine(row.until, row.times)


def waiting(reader: Reader, entity: EntityRef) -> list[Timer]:
    """All that waits for its time, the next first."""
    key = (timers.c.owner_type == entity.kind, timers.c.entity_id == storable(entity.id))
    with reader.ask() as connection:
        rows = connection.execute(select(timers).where(*key).order_by(timers.c.due, timers.c.id)).all()
    return [timer_of(row) for row in rows]
