"""How far ids may be ahead of the times of what they name: as far as the clock was ever set back, since ids only go forward.

That is noted when they are written, so a question about a span of time is one about a span of ids, and no longer than it must be.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from pointsman.store.codec import Values
from pointsman.store.tables import meta

USUAL = 1_000
"""In ms: of a clock that is corrected a little now and then."""
KEY = "ids.ahead"
TIME = 5
"""Where the time stands in a row of `jobs` and of `state_history`; the id is first."""


def ahead(connection: Connection) -> int:
    """By how many ms at most."""
    known = connection.scalar(select(meta.c.value).where(meta.c.key == KEY))
    return USUAL if known is None else int(known)


def note(connection: Connection, rows: Sequence[Values]) -> None:
    """Of rows that are written together: the last one's id is the farthest ahead of the time that they have in common."""
    if not rows:
        return
    found = milliseconds_of(str(rows[-1][0])) - int(rows[-1][TIME] or 0)
    if found > USUAL and found > ahead(connection):
        insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
        # Twice as much, so that a clock which goes on being behind is not noted again and again.
        value = str(2 * found)
        row = insert(meta).values(key=KEY, value=value)
        connection.execute(row.on_conflict_do_update(index_elements=[meta.c.key], set_={"value": value}))


def milliseconds_of(id_: str) -> int:
    """The time in a UUIDv7 (RFC 9562 §5.7); 0 for any other id."""
    try:
        return int(id_[:8] + id_[9:13], 16)
    except ValueError:
        return 0
