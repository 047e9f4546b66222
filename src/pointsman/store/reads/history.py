"""Questions about the state history."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from pointsman.model.ids import ChangeId, EntityId
from pointsman.model.state import StateChange
from pointsman.model.write import Considered
from pointsman.store.codec import change_of
from pointsman.store.reads.reader import Reader
from pointsman.store.reads.times import within
from pointsman.store.tables import state_history
from pointsman.store.text import storable
from pointsman.store.traces import trace_of


@dataclass(frozen=True, slots=True)
class Traced:
    """A change, and what was considered at it."""

    change: StateChange
    trace: tuple[Considered, ...]


def changes(
    reader: Reader,
    *,
    entity: EntityId | None = None,
    since: int | None = None,
    until: int | None = None,
    before: ChangeId | None = None,
    limit: int = 50,
) -> list[StateChange]:
    """The newest changes of state, at most `limit`: of one entity, taken in at `since` or later and before `until` (ms), and
    from the one before the change `before` on, for the next page."""
    return [each.change for each in traced(reader, entity=entity, since=since, until=until, before=before, limit=limit)]


def traced(
    reader: Reader,
    *,
    entity: EntityId | None = None,
    since: int | None = None,
    until: int | None = None,
    before: ChangeId | None = None,
    limit: int = 50,
) -> list[Traced]:
    """The same changes as `changes`, each with its trace."""
    columns = state_history.c
    query = select(state_history).order_by(columns.id.desc()).limit(limit)
    if entity is not None:
        query = query.where(columns.entity_id == storable(entity))
    if before is not None:
        query = query.where(columns.id < storable(before))
    with reader.ask() as connection:
        rows = connection.execute(query.where(*within(connection, columns.id, columns.at, since, until))).all()
    return [Traced(change_of(row), trace_of(row.trace)) for row in rows]


def following(reader: Reader, entity: EntityId, since: int, until: int, limit: int) -> list[Traced]:
    """The first changes of an entity that were taken in at `since` or later and before `until` (ms), oldest first, at most
    `limit`."""
    columns = state_history.c
    query = select(state_history).where(columns.entity_id == storable(entity)).order_by(columns.id).limit(limit)
    with reader.ask() as connection:
        rows = connection.execute(query.where(*within(connection, columns.id, columns.at, since, until))).all()
    return [Traced(change_of(row), trace_of(row.trace)) for row in rows]


def change(reader: Reader, id_: ChangeId) -> StateChange | None:
    """The change of that id, if it is still kept."""
    found = one(reader, id_)
    return None if found is None else found.change


def one(reader: Reader, id_: ChangeId) -> Traced | None:
    """The change of that id with its trace, if it is still kept."""
    with reader.ask() as connection:
        row = connection.execute(select(state_history).where(state_history.c.id == storable(id_))).one_or_none()
    return None if row is None else Traced(change_of(row), trace_of(row.trace))
