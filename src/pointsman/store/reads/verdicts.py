"""Questions about what became of triggers."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from pointsman.model.write import Example
from pointsman.store.reads.reader import Reader
from pointsman.store.tables import verdicts
from pointsman.store.verdicts import examples_of


@dataclass(frozen=True, slots=True)
class Counted:
    """How often triggers did not fire for one reason, or, for `fired`, did."""

    reason: str
    count: int
    examples: tuple[Example, ...]
    """The last of each trigger and entity, the latest last."""


def counted(reader: Reader) -> list[Counted]:
    """Every reason that ever was, the most frequent first."""
    query = select(verdicts).order_by(verdicts.c.count.desc(), verdicts.c.reason)
    with reader.ask() as connection:
        rows = connection.execute(query).all()
    return [Counted(reason, count, examples_of(examples)) for reason, count, examples in rows]
