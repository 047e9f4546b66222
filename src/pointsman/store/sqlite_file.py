"""One SQLite file: whether it is a store of ours, a connection that only reads it, and what the driver's errors say of it."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from pointsman.errors import ConfigurationError, PointsmanError, StoreUnavailable

APPLICATION_ID = 0x506F696E
"""Marks the file as a store of Pointsman's (`Poin`); see https://www.sqlite.org/pragma.html#pragma_application_id."""
BUSY_TIMEOUT = 5.0
"""How long SQLite waits for another process's lock, in seconds."""
BEFORE_WAL = ("PRAGMA trusted_schema=OFF", "PRAGMA cell_size_check=ON", "PRAGMA mmap_size=0", "PRAGMA foreign_keys=ON")
"""Set on every connection, before anything is read."""


def fault_of(path: Path, error: BaseException) -> PointsmanError | None:
    """What a driver's error says of the store: unavailable for now, or damaged. None: it says nothing of it."""
    if not isinstance(error, sqlite3.Error):
        return None
    name = getattr(error, "sqlite_errorname", "")
    match getattr(error, "sqlite_errorcode", 0) & 0xFF:
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED | sqlite3.SQLITE_PROTOCOL:
            told = f"found it locked by another program for {BUSY_TIMEOUT:.0f} s. Close whatever else has it open for writing"
        case sqlite3.SQLITE_FULL:
            told = "found the disk full. Free some space; what was acknowledged is safe"
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM | sqlite3.SQLITE_AUTH:
            told = f"found it read-only ({name}). Check that file and directory belong to this user, and how the disk is mounted"
        case sqlite3.SQLITE_CANTOPEN:
            told = f"found that it cannot be opened ({name}). Check that the directory is there and belongs to this user"
        case sqlite3.SQLITE_IOERR:
            told = f"found an input/output error ({name}). Check the disk: its free space, and what the kernel's log says of it"
        case sqlite3.SQLITE_NOMEM:
            told = "found no memory left for it"
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return damaged(path, str(error))
        case _:
            return None
    return StoreUnavailable(f"expected to use the store {path}, {told}")


def damaged(path: Path, found: str) -> PointsmanError:
    """What to say of a file that is no sound store any more."""
    return PointsmanError(
        f"expected a sound store in {path}, found it damaged: {' '.join(found.split())}. "
        "Keep a copy of the file and those beside it, then put back a backup with `pointsman db restore`"
    )


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Raise our errors for those of `sqlite3` itself, where SQLAlchemy has no hand in it."""
    try:
        yield
    except sqlite3.Error as error:
        fault = fault_of(path, error)
        if fault is None:
            raise
        raise fault from error


def connect_read_only(path: Path) -> sqlite3.Connection:
    """A connection of the driver's that cannot write.

    Raises StoreUnavailable when there is no store, ConfigurationError when the file is something else's, and the driver's errors.
    """
    # Only looked at, never opened as a plain file: to close that would drop the locks that SQLite has on it in this process
    # (https://www.sqlite.org/howtocorrupt.html §2.2).
    if not os.path.exists(path):
        raise _none(path)
    connection = sqlite3.connect(
        f"file:{quote(str(path))}?mode=ro", uri=True, timeout=BUSY_TIMEOUT, isolation_level=None, check_same_thread=False
    )
    try:
        for pragma in (*BEFORE_WAL, "PRAGMA query_only=ON"):
            connection.execute(pragma)
        if not is_ours(path, connection):
            raise _none(path)
    except BaseException:
        connection.close()
        raise
    return connection


def _none(path: Path) -> StoreUnavailable:
    return StoreUnavailable(f"expected a store in {path}, found none. Is the path right? (`pointsman run` makes one)")


def is_ours(path: Path, connection: sqlite3.Connection) -> bool:
    """Whether the file is a store of Pointsman's; False: it is empty. Raises ConfigurationError when it is something else's."""
    (mark,) = connection.execute("PRAGMA application_id").fetchone()
    if mark == APPLICATION_ID:
        return True
    if connection.execute("PRAGMA page_count").fetchone() == (0,):
        return False
    raise ConfigurationError(
        f"expected a store of Pointsman's in {path}, found a database of something else: give another file in store.url"
    )
