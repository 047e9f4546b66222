"""Questions about the audit."""

from __future__ import annotations

from sqlalchemy import select

from pointsman.model.write import AddAudit
from pointsman.store.reads.reader import Reader
from pointsman.store.tables import audit
from pointsman.store.text import storable


def entries(reader: Reader, *, before: str | None = None, limit: int = 50) -> list[AddAudit]:
    """The newest entries, as they were added, at most `limit`; from the one before the entry `before` on, for the next page."""
    query = select(audit).order_by(audit.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(audit.c.id < storable(before))
    with reader.ask() as connection:
        rows = connection.execute(query).all()
    return [
        AddAudit(id=id_, at=at, actor=actor, action=action, subject=subject, before=was, after=became)
        for id_, at, actor, action, subject, was, became in rows
    ]
