"""One page of a list of jobs or of changes: which rows are on it, found by the one index that leads there in the list's order.

Pure but for the questions it asks. It knows no filter; whoever has one says what an index leads to (`branches`) and what is only
looked at (`residual`), so that no database has to guess, and none sorts a million rows for a page of fifty.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, Connection, Select, TextClause, and_, func, or_, select, union_all

from pointsman.model.ids import EntityId, EntityRef, OwnerType
from pointsman.store.text import storable

FEW = 20
"""For up to so many values of a column, each is looked up by itself."""
BLOCK = 2_000
"""How many rows are looked at at a time, where each is tested here."""
SAMPLE = 500
"""How many are looked at to find out how many of them are wanted."""
SPARSE = 20
"""When fewer than one row in so many is wanted, they are looked up instead of looked for."""
COUNTED = 5_000
"""Up to so many are counted to find out which index leads to the fewest: a fraction of a millisecond."""
LOOKED_UP = 20_000
"""Databases bound the number of parameters."""

Conditions: TypeAlias = tuple[ColumnElement[bool] | TextClause, ...]
Lead: TypeAlias = tuple[ColumnElement[Any], tuple[Conditions, ...]]
"""A column whose index leads to rows, and its branches: one of these holds."""
Reached: TypeAlias = Callable[[EntityRef], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Which part of a list is wanted."""

    newest_first: bool = True
    beyond: str | None = None
    """What comes after the one of this id, in the order of the list."""
    skip: int = 0
    limit: int = 50
    budget: int | None = None
    """After how many rows that were looked at, and not wanted, a page may end short; None: only when it is full."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The rows of a table that are wanted."""

    id: ColumnElement[Any]
    kind: ColumnElement[Any]
    entity: ColumnElement[Any]
    where: Conditions = ()
    branches: tuple[Conditions, ...] = ((),)
    """One of these holds too, and an index leads to the rows of each in the order of their ids."""
    entities: Set[EntityId] | None = None
    """Only rows of these; those that a branch leads to are not tested again."""
    reached: Reached | None = None
    """Only rows of entities for which this is true."""

    def has(self, row: Any) -> bool:
        """Whether a row is wanted, as far as that is tested here."""
        _, kind, entity = row
        if self.entities is not None and entity not in self.entities:
            return False
        return self.reached is None or self.reached(EntityRef(OwnerType(kind), EntityId(entity)))


@dataclass(frozen=True, slots=True)
class Ids:
    """The ids of a page, in its order."""

    ids: list[str]
    next: str | None
    """Where the next page begins: beyond this one; None: there is none."""


def page(connection: Connection, source: Source, span: Span) -> Ids:
    """The ids of the rows on that page."""
    if source.reached is not None or (source.entities is not None and len(source.entities) > LOOKED_UP):
        return _tested(connection, source, span)
    find: Callable[..., Select[Any]] = _ordered
    if source.entities is not None:
        rows = connection.execute(_ordered(source, span, span.beyond, SAMPLE, columns=(source.id, source.entity))).all()
        if sum(entity in source.entities for _, entity in rows) * SPARSE < len(rows):
            find = _looked_up
        else:
            some = residual(source.entity, *sorted(source.entities))
            source = replace(source, where=(*source.where, some))
    # The id alone, so that an index has all that is asked for, however many are passed over.
    rows = connection.execute(find(source, span, span.beyond, span.limit + 1, span.skip, (source.id,))).all()
    return _cut([row[0] for row in rows], span)


def rarest(
    connection: Connection, id_: ColumnElement[Any], leads: Sequence[Lead]
) -> tuple[ColumnElement[Any] | None, tuple[Conditions, ...]]:
    """The one that leads to the fewest rows: the first one, unless another leads to few. No column: none was given."""
    if not leads:
        return None, ((),)
    if len(leads) == 1:
        return leads[0]

    def count(branches: tuple[Conditions, ...]) -> int:
        """Up to `COUNTED`, in the index alone."""
        some = [select(id_).where(*branch).limit(COUNTED).subquery() for branch in branches]
        return min(COUNTED, sum(connection.scalar(select(func.count()).select_from(each)) or 0 for each in some))

    return min(leads, key=lambda lead: count(lead[1]))


def residual(column: ColumnElement[Any], *values: str) -> ColumnElement[bool]:
    """That the column has one of these values, said so that no index is chosen for it."""
    known = [storable(value) for value in values]
    told = column.concat("")
    return told == known[0] if len(known) == 1 else told.in_(known)


def _cut(ids: list[str], span: Span) -> Ids:
    return Ids(ids[: span.limit], ids[span.limit - 1] if span.limit and len(ids) > span.limit else None)


def _tested(connection: Connection, source: Source, span: Span) -> Ids:
    """Looks at rows in their order, and tests each."""
    found: list[str] = []
    beyond, wanted, looked = span.beyond, span.skip + span.limit + 1, 0
    size = min(BLOCK, 4 * wanted)
    while True:
        rows = connection.execute(_ordered(source, span, beyond, size)).all()
        found += [row[0] for row in rows if source.has(row)]
        if len(found) >= wanted or len(rows) < size:
            return _cut(found[span.skip :], span)
        beyond, looked = rows[-1][0], looked + size
        if span.budget is not None and looked >= span.budget and len(found) >= span.skip:
            return Ids(found[span.skip :], beyond)
        size = BLOCK


def _ordered(
    source: Source, span: Span, beyond: str | None, limit: int, skip: int = 0, columns: Sequence[ColumnElement[Any]] = ()
) -> Select[Any]:
    """The first rows of all branches."""
    query = _base(source, span, beyond, columns)
    if len(source.branches) == 1:
        return _first(query.where(*source.branches[0]), span, limit).offset(skip)
    parts = [_first(query.where(*branch), span, skip + limit).subquery() for branch in source.branches]
    return _first(select(union_all(*(select(part) for part in parts)).subquery()), span, limit).offset(skip)


def _looked_up(
    source: Source, span: Span, beyond: str | None, limit: int, skip: int, columns: Sequence[ColumnElement[Any]]
) -> Select[Any]:
    """The first rows of these entities: all theirs are gathered and put in order, which is quick as long as they are few."""
    some = [storable(each) for each in sorted(source.entities or ())]
    query = _base(source, span, beyond, columns).where(source.entity.in_(some))
    if source.branches != ((),):
        query = query.where(or_(*(and_(*branch) for branch in source.branches)))
    told = source.id.concat("")  # else the order of the table would lead, past all that is not wanted
    return query.order_by(told.desc() if span.newest_first else told).limit(limit).offset(skip)


def _base(source: Source, span: Span, beyond: str | None, columns: Sequence[ColumnElement[Any]] = ()) -> Select[Any]:
    query = select(*(columns or (source.id, source.kind, source.entity))).where(*source.where)
    if beyond is None:
        return query
    return query.where(source.id < storable(beyond) if span.newest_first else source.id > storable(beyond))


def _first(query: Select[Any], span: Span, limit: int) -> Select[Any]:
    id_ = query.selected_columns.id
    return query.order_by(id_.desc() if span.newest_first else id_).limit(limit)


def in_order(rows: Sequence[Any], ids: Sequence[str]) -> list[Any]:
    """The rows in the order of these ids; those that went meanwhile are left out."""
    by_id = {row[0]: row for row in rows}
    return [by_id[id_] for id_ in ids if id_ in by_id]
