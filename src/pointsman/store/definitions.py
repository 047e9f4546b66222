"""Makes the catalog in the store equal to that of the configuration file, as far as the file defines it, and audits what changed.

It does not look into a document: two are the same when their texts are.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import TypeAlias
from uuid import UUID

from sqlalchemy import Connection, bindparam, delete, insert, select

from pointsman.model.write import AddAudit
from pointsman.store.codec import audit_row
from pointsman.store.statements import Statements, run
from pointsman.store.tables import definitions, meta

Definition: TypeAlias = tuple[str, str, str]
"""Kind, id, and the document as JSON text."""

FILE = "file"
"""The origin of what the configuration file defines, and the actor of its changes."""
DIGEST = "definitions.digest"
"""The fact in `meta` that tells whether there is anything to compare."""


@dataclass(frozen=True, slots=True)
class Synced:
    """How many definitions the file brought, changed and took away."""

    added: int = 0
    changed: int = 0
    removed: int = 0


def sync(connection: Connection, statements: Statements, given: Sequence[Definition], at: int) -> Synced:
    """Make the definitions of the file those that are `given`. One that users had made under the same id becomes the file's."""
    digest = _digest(given)
    if connection.scalar(select(meta.c.value).where(meta.c.key == DIGEST)) == digest:
        return Synced()
    wanted = {(kind, id_): document for kind, id_, document in given}
    known: dict[tuple[str, str], tuple[str, str]] = {}
    for kind, id_, origin, document in connection.execute(select(*definitions.c["kind", "id", "origin", "document"])):
        if origin == FILE or (kind, id_) in wanted:
            known[kind, id_] = origin, document
    added = [key for key in wanted if key not in known]
    changed = [key for key, document in wanted.items() if key in known and known[key] != (FILE, document)]
    removed = [key for key in known if key not in wanted]

    _delete(connection, [*changed, *removed])
    new = [*added, *changed]
    if new:
        rows = [{"kind": key[0], "id": key[1], "origin": FILE, "document": wanted[key], "changed": at} for key in new]
        connection.execute(insert(definitions), rows)
    entries = [(key, known[key][1] if key in known else None, wanted.get(key)) for key in (*new, *removed)]
    run(connection, statements.add_audit, [audit_row(_entry(n, at, *entry)) for n, entry in enumerate(entries)])
    connection.execute(delete(meta).where(meta.c.key == DIGEST))
    connection.execute(insert(meta), {"key": DIGEST, "value": digest})
    return Synced(len(added), len(changed), len(removed))


def _delete(connection: Connection, keys: Iterable[tuple[str, str]]) -> None:
    rows = [{"key_kind": kind, "key_id": id_} for kind, id_ in keys]
    if rows:
        is_it = (definitions.c.kind == bindparam("key_kind"), definitions.c.id == bindparam("key_id"))
        connection.execute(delete(definitions).where(*is_it), rows)


def _digest(given: Sequence[Definition]) -> str:
    digest = blake2b(digest_size=16)
    for definition in sorted(given):
        for part in definition:
            encoded = part.encode("utf-8", "surrogatepass")
            digest.update(b"%d:" % len(encoded) + encoded)
    return digest.hexdigest()


def _entry(n: int, at: int, key: tuple[str, str], before: str | None, after: str | None) -> AddAudit:
    return AddAudit(
        id=_entry_id(at, n),
        at=at,
        actor=FILE,
        action="catalog.remove" if after is None else "catalog.set",
        subject=f"{key[0]} {key[1]}",
        before=before,
        after=after,
    )


def _entry_id(at: int, n: int) -> str:
    """A UUIDv7 for the time `at`, in ms, in the order of `n`, which takes the first of its random bits (RFC 9562 §6.2)."""
    time, high, low = at & ((1 << 48) - 1), n >> 20 & 0xFFF, n & 0xFFFFF
    return str(UUID(int=time << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low << 42 | secrets.randbits(42)))
