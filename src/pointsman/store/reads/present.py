"""Questions about how entities are at present, many of them at a time: state, manual state, values of properties."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Table, select

from pointsman.model.ids import EntityRef, OwnerType
from pointsman.model.json import Json
from pointsman.model.state import EntityState, ManualState
from pointsman.store.codec import manual_of, state_of
from pointsman.store.reads.reader import Reader
from pointsman.store.tables import entities, manual_states, property_values
from pointsman.store.text import json_value, storable

AT_ONCE = 500
"""So many ids go into one question."""


@dataclass(slots=True)
class Present:
    """How one entity is."""

    state: EntityState | None = None
    """None when it has never reported one."""
    manual: ManualState | None = None
    """In force or yet to begin."""
    values: dict[str, Json] = field(default_factory=dict)
    """Of properties that were set at run time: they go before those of the definition."""


def present(reader: Reader, refs: Sequence[EntityRef]) -> Mapping[EntityRef, Present]:
    """How each of these entities is."""
    found = {ref: Present() for ref in refs}
    with reader.ask() as connection:
        for kind in OwnerType:
            ids = [storable(ref.id) for ref in found if ref.kind is kind]
            for start in range(0, len(ids), AT_ONCE):
                _add(connection, kind, ids[start : start + AT_ONCE], found)
    return found


def _add(connection: Connection, kind: OwnerType, ids: Sequence[str], found: Mapping[EntityRef, Present]) -> None:
    def rows(table: Table) -> Sequence[tuple[Present, Any]]:
        query = select(table).where(table.c.owner_type == kind, table.c.entity_id.in_(ids))
        return [(found[EntityRef(kind, row.entity_id)], row) for row in connection.execute(query)]

    for each, row in rows(entities):
        each.state = state_of(row)
    for each, row in rows(manual_states):
        each.manual = manual_of(row.document)
    for each, row in rows(property_values):
        each.values[row.name] = json_value(row.value)
