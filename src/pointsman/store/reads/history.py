"""Questions about the state history."""

from __future__ import annotations

from sqlalchemy import select

from pointsman.model.ids import ChangeId, EntityId
from pointsman.model.state import StateChange
from pointsman.store.codec import change_of, storable
from pointsman.store.reads.reader import Reader
from pointsman.store.reads.times import within
from pointsman.store.tables import state_history


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
    columns = state_history.c
    query = select(state_history).order_by(columns.id.desc()).limit(limit)
    if entity is not None:
        query = query.where(columns.entity_id == storable(entity))
    if before is not None:
        query = query.where(columns.id < storable(before))
    with reader.ask() as connection:
        rows = connection.execute(query.where(*within(connection, columns.id, columns.at, since, until))).all()
    return [change_of(row) for row in rows]


def change(reader: Reader, id_: ChangeId) -> StateChange | None:
    """The change of that id, if it is still kept."""
    with reader.ask() as connection:
        row = connection.execute(select(state_history).where(state_history.c.id == storable(id_))).one_or_none()
    return None if row is None else change_of(row)
