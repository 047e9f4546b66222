"""Questions about the state of entities."""

from __future__ import annotations

from sqlalchemy import select

from pointsman.model.ids import EntityRef
from pointsman.model.state import EntityState, ManualState
from pointsman.store.codec import manual_of, state_of
from pointsman.store.reads.reader import Reader
from pointsman.store.tables import entities, manual_states
from pointsman.store.text import storable


def state(reader: Reader, entity: EntityRef) -> EntityState | None:
    """What is known of the entity's state; None when it has not reported any."""
    query = select(entities).where(entities.c.owner_type == entity.kind, entities.c.entity_id == storable(entity.id))
    with reader.ask() as connection:
        row = connection.execute(query).one_or_none()
    return None if row is None else state_of(row)


def manual(reader: Reader, entity: EntityRef) -> ManualState | None:
    """The entity's manual state, in force or yet to begin; None when it has none."""
    columns = manual_states.c
    query = select(columns.document).where(columns.owner_type == entity.kind, columns.entity_id == storable(entity.id))
    with reader.ask() as connection:
        document = connection.scalar(query)
    return None if document is None else manual_of(document)


def states(reader: Reader) -> list[EntityState]:
    """The state of every entity that has reported one: objects before links, in the order of their ids."""
    with reader.ask() as connection:
        rows = connection.execute(select(entities).order_by(entities.c.owner_type, entities.c.entity_id)).all()
    return [state_of(row) for row in rows]
