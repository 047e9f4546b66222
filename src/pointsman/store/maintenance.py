"""What an operator does to a store by hand: back it up, put a backup back, migrate it, delete what is old."""

from __future__ import annotations

import os
import time
from pathlib import Path

from pointsman.store import sqlite, sqlite_copy
from pointsman.store.opening import open_database, parse_url, reading_engine
from pointsman.store.pruning import Pruned, Surplus
from pointsman.store.pruning import prune as prune_once
from pointsman.store.reads.reader import Reader
from pointsman.store.schema import Revision, bring_up_to_date, revision_of
from pointsman.store.writer_lock import WriterLock


def backup(url: str, target: Path) -> None:
    """Copy the store to `target`, also while a worker runs; an earlier file of that name is replaced once the copy is complete.

    SQLite: another SQLite file, checked. PostgreSQL: a dump by `pg_dump`, in its custom format.
    Raises StoreUnavailable when there is no store, no directory or no room, PointsmanError when the store is damaged.
    """
    parsed = parse_url(url)
    if parsed.get_backend_name() == "sqlite":
        sqlite_copy.copy(sqlite.file_of(parsed), target)
        return
    from pointsman.store import postgres_dump

    postgres_dump.dump(parsed, target)


def restore(url: str, source: Path) -> Path | None:
    """Put the backup `source` in the store's place. Gives where the store from before is kept (SQLite), if there was one.

    Raises StoreUnavailable while a worker has the store, ConfigurationError when the backup's schema is a newer one.
    """
    parsed = parse_url(url)
    if parsed.get_backend_name() == "sqlite":
        return _restore_file(sqlite.file_of(parsed), source)
    from pointsman.store import postgres_dump

    postgres_dump.put_back(parsed, source)
    return None


def prune(url: str, *, before_ms: int | None = None, keep_jobs: int | None = None, chunk: int = 500) -> Pruned:
    """Delete final jobs that ended before `before_ms`, or are beyond the newest `keep_jobs`, with their results, and history as
    old; `chunk` rows in a transaction. Jobs that are open stay. Gives how many rows went.

    Raises StoreUnavailable while a worker has a SQLite store (it prunes by itself, as `store.keep` says).
    """
    database = open_database(url, session=None)
    try:
        bring_up_to_date(database, migrate=False)
        surplus = None if keep_jobs is None else Surplus(keep_jobs)
        total = Pruned(more=True)
        while total.more:
            with database.transaction() as connection:
                pruned = prune_once(connection, before_ms, surplus, chunk)
            total += pruned
        return total
    finally:
        database.close()


def upgrade(url: str) -> Revision:
    """Migrate the store to the schema of this version, and make one where there is none. Gives the revision that it had.

    A SQLite file is copied first, to `<file>.before-<revision>`.
    Raises StoreUnavailable while a worker has a SQLite store, ConfigurationError when the store's schema is a newer one.
    """
    database = open_database(url, session=None)
    try:
        return bring_up_to_date(database, migrate=True)
    finally:
        database.close()


def revision(url: str) -> Revision:
    """Which schema the store has, and which is wanted. Raises ConfigurationError when it is a newer one."""
    engine, place = reading_engine(parse_url(url))
    with Reader(engine) as reader, reader.ask() as connection:
        return revision_of(connection, place)


def _restore_file(store: Path, source: Path) -> Path | None:
    lock = WriterLock(store)
    try:
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        aside = store.with_name(f"{store.name}.replaced-{stamp}-{os.getpid()}")
        return aside if sqlite_copy.put_back(source, store, aside) else None
    finally:
        lock.release()
