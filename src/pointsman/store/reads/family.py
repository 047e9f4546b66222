"""Questions about which objects and links belong to which object: each names its parents, and the children follow from that."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import select

from pointsman.model.definition import Kind
from pointsman.store.reads.reader import Reader
from pointsman.store.tables import definitions
from pointsman.store.text import json_text, json_value

WITH_PARENTS = '"parent_id":["'
"""What is in the text of every document that names a parent (`json_text` writes no spaces). It may be in others too."""


@dataclass(slots=True)
class Children:
    """What belongs to one object, in the order of ids."""

    objects: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)


def children(reader: Reader, parent: str | None = None) -> Mapping[str, Children]:
    """By parent, what belongs to it; of one parent, or of every one that there is.

    It looks at the text of every document with parents, and reads those that may name the one asked for.
    """
    columns = definitions.c
    query = select(columns.kind, columns.id, columns.document).where(
        columns.kind.in_([Kind.OBJECT.value, Kind.LINK.value]), columns.document.contains(WITH_PARENTS, autoescape=True)
    )
    if parent is not None:
        query = query.where(columns.document.contains(json_text(parent), autoescape=True))
    found: dict[str, Children] = defaultdict(Children)
    with reader.ask() as connection:
        for kind, id_, document in connection.execute(query.order_by(columns.id)):
            for each in _parents(document):
                if parent in (None, each):
                    (found[each].objects if kind == Kind.OBJECT else found[each].links).append(id_)
    return found


def _parents(document: str) -> Sequence[str]:
    value = json_value(document)
    named = value.get("parent_id") if isinstance(value, dict) else None
    return list(dict.fromkeys(each for each in named if isinstance(each, str))) if isinstance(named, list) else ()
