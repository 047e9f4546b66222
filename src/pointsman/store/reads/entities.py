"""Questions about the state of entities, and their properties."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import select

from pointsman.model.ids import EntityRef, UserId
from pointsman.model.json import Json
from pointsman.model.state import EntityState, ManualState
from pointsman.store.codec import manual_of, state_of
from pointsman.store.reads.reader import Reader
from pointsman.store.tables import entities, manual_states, property_values
from pointsman.store.text import json_value, storable


class SetValue(NamedTuple):
    """The value of a property that was set while a worker ran."""

    value: Json
    at: int
    """When, in ms."""
    by: UserId


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


def properties(reader: Reader, entity: EntityRef) -> dict[str, SetValue]:
    """By name, the values that go before those of the configuration."""
    table = property_values.c
    query = select(property_values).where(table.owner_type == entity.kind, table.entity_id == storable(entity.id))
    with reader.ask() as connection:
        rows = connection.execute(query).all()
    return {row.name: SetValue(json_value(row.value), row.at, UserId(row.set_by)) for row in rows}
