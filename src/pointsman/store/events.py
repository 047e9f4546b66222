"""How long is kept what those who follow jobs read: the newest entries of `job_events`, whatever else is kept.

A reader that was away for longer is told that it has missed something. That is known by one id in `meta`: all entries behind it
are there, and so are the jobs and the changes that they tell of.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from pointsman.store.tables import job_events, meta

KEPT = 200_000
"""How many entries are kept: of a gateway's jobs those of weeks, of a fleet's at 2,000 jobs a second those of a minute."""
CHUNK = 2_000
"""How many go in one transaction: they lie side by side, and are small."""
KEPT_FROM = "events.kept_from"


def kept_from(connection: Connection) -> str:
    """The id behind which everything is there; an empty text while nothing was ever deleted."""
    return connection.scalar(select(meta.c.value).where(meta.c.key == KEPT_FROM)) or ""


def lost(connection: Connection, upto: str) -> None:
    """What happened up to this id is not all there any more."""
    if upto > kept_from(connection):
        insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
        row = insert(meta).values(key=KEPT_FROM, value=upto)
        connection.execute(row.on_conflict_do_update(index_elements=[meta.c.key], set_={"value": upto}))


@dataclass(slots=True)
class Trimming:
    """One round of deleting the oldest entries: where they end is looked up once, and then they go a chunk at a time."""

    edge: str | None = None
    """The newest of those that have to go."""

    def step(self, connection: Connection) -> bool:
        """Delete some. Gives whether there are more."""
        if self.edge is None:
            newest_first = select(job_events.c.id).order_by(job_events.c.id.desc())
            self.edge = connection.scalar(newest_first.limit(1).offset(KEPT))
            if self.edge is None:
                return False
        upto = connection.scalar(select(job_events.c.id).order_by(job_events.c.id).limit(1).offset(CHUNK - 1))
        upto = self.edge if upto is None else min(upto, self.edge)
        connection.execute(delete(job_events).where(job_events.c.id <= upto))
        lost(connection, upto)
        if upto < self.edge:
            return True
        self.edge = None
        return False
