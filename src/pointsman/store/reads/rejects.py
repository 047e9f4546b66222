"""Questions about messages that were not taken."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from pointsman.model.command import RejectReason
from pointsman.store.reads.reader import Reader
from pointsman.store.tables import rejects


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """What was not taken for one reason on one topic."""

    reason: RejectReason
    topic: str
    """Its beginning, when it is very long."""
    count: int
    first: int
    """When it happened first, in ms."""
    last: int
    """When it happened last, in ms."""
    detail: str
    """What was expected and what was found, the last time."""
    payload: bytes
    """The beginning of the last payload."""


def rejected(reader: Reader, *, limit: int = 1_000) -> list[Rejected]:
    """What was rejected, the latest first."""
    query = select(rejects).order_by(rejects.c.last_at.desc(), rejects.c.reason, rejects.c.topic).limit(limit)
    with reader.ask() as connection:
        rows = connection.execute(query).all()
    return [
        Rejected(
            reason=RejectReason(reason), topic=topic, count=count, first=first, last=last, detail=detail, payload=bytes(payload)
        )
        for reason, topic, count, first, last, detail, payload in rows
    ]
