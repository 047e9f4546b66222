"""Questions about definitions: the catalog, users and groups, as documents."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Select, select

from pointsman.model.definition import Definition, Kind, Origin
from pointsman.store.reads.reader import Reader
from pointsman.store.tables import definitions
from pointsman.store.text import json_value, storable

AT_ONCE = 500
"""So many ids go into one question."""
PEOPLE = (Kind.USER, Kind.GROUP)
"""What is defined beside the catalog."""


def one(reader: Reader, kind: Kind, id_: str) -> Definition | None:
    """The definition of that id."""
    found = many(reader, kind, (id_,))
    return found.get(id_)


def many(reader: Reader, kind: Kind, ids: Sequence[str]) -> Mapping[str, Definition]:
    """Those of these ids that there are."""
    found: dict[str, Definition] = {}
    with reader.ask() as connection:
        for start in range(0, len(ids), AT_ONCE):
            some = [storable(each) for each in ids[start : start + AT_ONCE]]
            query = select(definitions).where(definitions.c.kind == kind.value, definitions.c.id.in_(some))
            found.update({row.id: definition_of(row) for row in connection.execute(query)})
    return found


def by_alias(reader: Reader, kind: Kind, alias: str) -> Definition | None:
    """The one that is also found by this: an object's discovery id, a user's login."""
    query = select(definitions).where(definitions.c.kind == kind.value, definitions.c.alias == storable(alias))
    with reader.ask() as connection:
        row = connection.execute(query.order_by(definitions.c.id).limit(1)).one_or_none()
    return None if row is None else definition_of(row)


def page(reader: Reader, kinds: Collection[Kind], *, after: str | None = None, limit: int = AT_ONCE) -> list[Definition]:
    """The first definitions of these kinds in the order of their ids, at most `limit`, from the one after `after` on."""
    query = select(definitions).where(definitions.c.kind.in_([kind.value for kind in kinds]))
    if after is not None:
        query = query.where(definitions.c.id > storable(after))
    with reader.ask() as connection:
        rows = connection.execute(query.order_by(definitions.c.id, definitions.c.kind).limit(limit)).all()
    return [definition_of(row) for row in rows]


def every(reader: Reader, kind: Kind) -> list[Definition]:
    """All of them, in the order of their ids."""
    query = select(definitions).where(definitions.c.kind == kind.value).order_by(definitions.c.id)
    with reader.ask() as connection:
        return [definition_of(row) for row in connection.execute(query)]


def made_by_users(reader: Reader) -> list[Definition]:
    """The definitions of the catalog that the configuration file does not make, by kind and id."""
    with reader.ask() as connection:
        return [definition_of(row) for row in connection.execute(of_users())]


def of_users() -> Select[Any]:
    """The rows of these."""
    theirs = (definitions.c.origin == Origin.STORE.value, definitions.c.kind.not_in([kind.value for kind in PEOPLE]))
    return select(definitions).where(*theirs).order_by(definitions.c.kind, definitions.c.id)


def definition_of(row: Any) -> Definition:
    """The definition in a row of `definitions`."""
    document = json_value(row.document)
    return Definition(
        kind=Kind(row.kind),
        id=row.id,
        origin=Origin(row.origin),
        document=document if isinstance(document, dict) else {},
        version=row.version,
        created=row.created,
        updated=row.changed,
        owner=row.created_by,
    )
