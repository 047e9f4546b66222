"""Questions about the state history."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, select

from pointsman.model.ids import ChangeId, EntityId, StateId
from pointsman.model.state import StateChange
from pointsman.model.write import Considered
from pointsman.store.codec import change_of
from pointsman.store.reads import listing
from pointsman.store.reads.listing import FEW, Lead, Reached, Source, Span, residual
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


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryFilter:
    """Which changes are asked for: those that meet all that is given."""

    entities: Set[EntityId] | None = None
    """Those of one of these."""
    states: Set[StateId] | None = None
    """Those that led to one of these."""
    since: int | None = None
    """Taken in then or later, in ms."""
    until: int | None = None
    """Taken in before then, in ms."""


EVERYTHING = HistoryFilter()


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """A page of a list."""

    changes: list[StateChange]
    next: ChangeId | None
    """What the next page is `beyond`; None: there is none."""


def page(
    reader: Reader,
    which: HistoryFilter = EVERYTHING,
    span: Span = Span(),  # noqa: B008 frozen
    reached: Reached | None = None,
) -> HistoryPage:
    """One page of the history. With `reached`, only changes of entities for which it is true; pages may then be short, also
    empty, where the span has a budget."""
    if which.entities == frozenset() or which.states == frozenset():
        return HistoryPage([], None)
    columns = state_history.c
    with reader.ask() as connection:
        found = listing.page(connection, _source(connection, which, reached), span)
        rows = connection.execute(select(state_history).where(columns.id.in_(found.ids))).all()
    made = [change_of(row) for row in listing.in_order(rows, found.ids)]
    return HistoryPage(made, None if found.next is None else ChangeId(found.next))


def _source(connection: Connection, which: HistoryFilter, reached: Reached | None) -> Source:
    columns, named, states = state_history.c, which.entities, which.states
    few = named is not None and len(named) <= FEW
    leads: list[Lead] = []
    if named is not None and few:
        leads.append((columns.entity_id, tuple([(columns.entity_id == storable(each),) for each in sorted(named)])))
    if states is not None and len(states) <= FEW:
        leads.append((columns.state, tuple([(columns.state == storable(each),) for each in sorted(states)])))
    lead, branches = listing.rarest(connection, columns.id, leads)
    where: list[ColumnElement[bool]] = within(connection, columns.id, columns.at, which.since, which.until)
    if states is not None and lead is not columns.state:
        where.append(residual(columns.state, *sorted(states)))
    if named is not None and few and lead is not columns.entity_id:
        where.append(residual(columns.entity_id, *sorted(named)))
    return Source(
        id=columns.id,
        kind=columns.owner_type,
        entity=columns.entity_id,
        where=tuple(where),
        branches=branches,
        entities=None if few else named,
        reached=reached,
    )


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
