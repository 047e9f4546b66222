"""Copies of a SQLite store: made while it is in use, checked before they count, put in place in one step.

A live file is never copied as a file: without its write-ahead log it would be torn. SQLite's own backup reads one snapshot of it
(https://www.sqlite.org/backup.html).
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from pointsman.errors import ConfigurationError, PointsmanError, StoreUnavailable
from pointsman.store.schema import HEAD
from pointsman.store.sqlite_file import connect_read_only, explained


def copy(source: Path, target: Path) -> None:
    """Make `target` a copy of the store `source`, checked and on the disk; an earlier file of that name is replaced.

    Raises StoreUnavailable when there is no store or no room, PointsmanError when the store, and so its copy, is damaged.
    """
    if not target.parent.is_dir():
        raise StoreUnavailable(f"expected the directory {target.parent} for the copy, found none: create it first")
    if target.resolve() == source.resolve():
        raise ConfigurationError(f"expected another file than the store itself for its copy, found {target}")
    with _partial(target) as partial:
        with (
            explained(source),
            closing(connect_read_only(source)) as origin,
            explained(partial),
            closing(sqlite3.connect(partial)) as made,
        ):
            # In one step: a writer beside it is not held up, and does not make the copy begin anew.
            origin.backup(made, pages=-1)
            made.execute("PRAGMA journal_mode=DELETE")
            _check(partial, made)
        _sync(partial)
        os.replace(partial, target)
        _sync(target.parent)


def put_back(source: Path, store: Path, aside: Path) -> bool:
    """Make `store` a copy of the backup `source`; what was there is kept as `aside`. Nothing may have it open.

    Gives whether there was something.
    Raises ConfigurationError when the backup is of a newer schema, and as `copy` does.
    """
    with explained(source), closing(connect_read_only(source)) as backup:
        found = _revision(backup)
    if found is None or found > HEAD:
        raise ConfigurationError(f"expected a backup with schema {HEAD} or an older one in {source}, found {found or 'none'}")
    with _partial(store) as partial:
        copy(source, partial)
        existed = store.exists()
        if existed:
            _move_aside(store, aside)
        os.replace(partial, store)
        _sync(store.parent)
    return existed


def _move_aside(store: Path, aside: Path) -> None:
    """Keep the old file under another name, with whatever its write-ahead log holds: the new file must not meet the old log."""
    with suppress(sqlite3.Error), closing(sqlite3.connect(store)) as old:
        old.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    for suffix in ("-wal", "-shm"):
        with suppress(FileNotFoundError):
            os.replace(f"{store}{suffix}", f"{aside}{suffix}")
    try:
        os.link(store, aside)
    except OSError:  # a file system without hard links: for a moment there is no store
        os.replace(store, aside)


def _revision(connection: sqlite3.Connection) -> str | None:
    try:
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.OperationalError as error:
        if "no such table" in str(error):
            return None
        raise
    return None if row is None else str(row[0])


def _check(path: Path, connection: sqlite3.Connection) -> None:
    found = " ".join(str(row[0]) for row in connection.execute("PRAGMA integrity_check(5)"))
    if found != "ok":
        raise PointsmanError(
            f"expected a sound copy in {path}, found it damaged, as the store is: {' '.join(found.split())}. "
            "Put back an earlier backup with `pointsman db restore`"
        )


@contextmanager
def _partial(target: Path) -> Iterator[Path]:
    """A file beside `target` to be filled and then renamed; gone if that fails."""
    partial = target.with_name(f"{target.name}.partial-{os.getpid()}")
    try:
        yield partial
    finally:
        for suffix in ("", "-journal", "-wal", "-shm"):
            Path(f"{partial}{suffix}").unlink(missing_ok=True)


def _sync(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
