"""Which entities have a tag."""

from __future__ import annotations

from sqlalchemy import select

from pointsman.model.definition import Kind
from pointsman.model.ids import EntityId
from pointsman.store.reads.reader import Reader
from pointsman.store.tables import definitions
from pointsman.store.text import json_text, json_value, storable


def tagged(reader: Reader, tag: str) -> frozenset[EntityId]:
    """The objects and links that have it. The database looks for its text, and only the documents with that are read."""
    text = storable(json_text(tag)[1:-1])
    columns = definitions.c
    query = select(columns.id, columns.document).where(
        columns.kind.in_([Kind.OBJECT.value, Kind.LINK.value]), columns.document.contains(text, autoescape=True)
    )
    with reader.ask() as connection:
        rows = connection.execute(query).all()
    return frozenset(EntityId(id_) for id_, document in rows if _has(json_value(document), tag))


def _has(document: object, tag: str) -> bool:
    tags = document.get("tags") if isinstance(document, dict) else None
    return isinstance(tags, list) and any(str(each) == tag for each in tags)
