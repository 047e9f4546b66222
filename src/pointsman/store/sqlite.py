"""SQLite as a store: where its file is, how it is opened for writing and for reading, and what its errors mean.

Durable means: in the write-ahead log and synced (`synchronous=FULL`), since a PUBACK is sent on the strength of it. All writing
and checkpointing is one connection's, which keeps clear of the WAL-reset defect of versions before 3.51.3
(https://www.sqlite.org/wal.html#walresetbug). A second writer is locked out.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import quote, unquote

from sqlalchemy import URL, Connection, Engine, QueuePool, create_engine, event

from pointsman.errors import ConfigurationError, PointsmanError, StoreUnavailable
from pointsman.store.database import WAIT_FOR_CONNECTION, Database, translate_errors
from pointsman.store.filesystem import filesystem_of
from pointsman.store.writer_lock import WriterLock

APPLICATION_ID = 0x506F696E
"""Marks the file as a store of Pointsman's (`Poin`); see https://www.sqlite.org/pragma.html#pragma_application_id."""
BUSY_TIMEOUT = 5.0
"""How long SQLite waits for another process's lock, in seconds."""
CHECKED_WHOLE = 32 * 1024 * 1024
"""Up to this size, in bytes, a file is checked whole when it is opened; of a larger one only the tables that stay small."""
SMALL_TABLES = ("entities", "inbox", "subscriptions", "meta")

_WAL_RESET_FIXED = (3, 51, 3)

_BEFORE_WAL = ("PRAGMA trusted_schema=OFF", "PRAGMA cell_size_check=ON", "PRAGMA mmap_size=0", "PRAGMA foreign_keys=ON")
_WAL = (
    "PRAGMA synchronous=FULL",
    "PRAGMA wal_autocheckpoint=1000",
    "PRAGMA journal_size_limit=16777216",
)


def file_of(url: URL) -> Path:
    """The file that a `sqlite:///…` URL names, symbolic links resolved; a relative one is in the current directory."""
    if url.query or not url.database or url.database == ":memory:" or url.database.startswith("file:"):
        raise ConfigurationError(
            "expected store.url to name a file, as sqlite:///jobs.db or sqlite:////var/lib/pointsman/jobs.db, "
            f"found {unquote(str(url))}"
        )
    return Path(url.database).absolute().resolve()


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
            return _damaged(path, str(error))
        case _:
            return None
    return StoreUnavailable(f"expected to use the store {path}, {told}")


def _damaged(path: Path, found: str) -> PointsmanError:
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


class SqliteDatabase(Database):
    """The one writer of a file. Raises StoreUnavailable when it cannot be that, PointsmanError when the file is damaged."""

    def __init__(self, path: Path) -> None:
        with ExitStack() as undo:
            self._lock = WriterLock(path)
            undo.callback(self._lock.release)
            warnings = _warnings(path)
            super().__init__(_writer(path), f"the store {path}", warnings)
            undo.callback(self.engine.dispose)
            self.path = path
            self.version = f"SQLite {sqlite3.sqlite_version}"
            with self.transaction() as connection:
                _check(path, connection)
            undo.pop_all()

    def close(self) -> None:
        """Close the file, which empties the write-ahead log into it, and let others write it."""
        super().close()
        self._lock.release()

    def hold_schema(self, connection: Connection) -> None:
        """Nothing to do: BEGIN IMMEDIATE holds all there is."""

    def keep_copy(self, revision: str) -> None:
        """Copy the file to `<file>.before-<revision>`."""
        from pointsman.store.sqlite_copy import copy

        copy(self.path, self.path.with_name(f"{self.path.name}.before-{revision}"))


def reader(path: Path) -> Engine:
    """An engine that only reads, also while a worker writes."""
    engine = create_engine("sqlite://", creator=lambda: connect_read_only(path), poolclass=QueuePool, pool_size=4, max_overflow=0)
    event.listen(engine, "begin", _begin)
    translate_errors(engine, lambda error: fault_of(path, error))
    return engine


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
        for pragma in (*_BEFORE_WAL, "PRAGMA query_only=ON"):
            connection.execute(pragma)
        if not _is_ours(path, connection):
            raise _none(path)
    except BaseException:
        connection.close()
        raise
    return connection


def _none(path: Path) -> StoreUnavailable:
    return StoreUnavailable(f"expected a store in {path}, found none. Is the path right? (`pointsman run` makes one)")


def _is_ours(path: Path, connection: sqlite3.Connection) -> bool:
    """Whether the file is a store of Pointsman's; False: it is empty. Raises ConfigurationError when it is something else's."""
    (mark,) = connection.execute("PRAGMA application_id").fetchone()
    if mark == APPLICATION_ID:
        return True
    if connection.execute("PRAGMA page_count").fetchone() == (0,):
        return False
    raise ConfigurationError(
        f"expected a store of Pointsman's in {path}, found a database of something else: give another file in store.url"
    )


def _writer(path: Path) -> Engine:
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        connect_args={"timeout": BUSY_TIMEOUT},
        pool_size=1,
        max_overflow=0,
        pool_timeout=WAIT_FOR_CONNECTION,
    )
    translate_errors(engine, lambda error: fault_of(path, error))

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: object) -> None:
        try:
            _prepare(path, connection)
        except BaseException:
            connection.close()
            raise

    event.listen(engine, "begin", _begin_immediate)
    return engine


def _prepare(path: Path, connection: sqlite3.Connection) -> None:
    connection.isolation_level = None  # transactions are begun by us, not by the driver's guess
    for pragma in _BEFORE_WAL:
        connection.execute(pragma)
    if not _is_ours(path, connection):
        connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
    (mode,) = connection.execute("PRAGMA journal_mode=WAL").fetchone()
    if mode != "wal":
        raise StoreUnavailable(f"expected a write-ahead log for {path}, found that its file system has none: use a local disk")
    for pragma in _WAL:
        connection.execute(pragma)


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")


def _begin_immediate(connection: Connection) -> None:
    # A transaction that reads first and then wants to write fails at once, whatever the timeout, when another has written.
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _check(path: Path, connection: Connection) -> None:
    if path.stat().st_size <= CHECKED_WHOLE:
        checks = ["PRAGMA quick_check(5)"]
    else:
        checks = [f"PRAGMA quick_check({table})" for table in SMALL_TABLES]
    for check in checks:
        found = [str(row[0]) for row in connection.exec_driver_sql(check)]
        if found != ["ok"]:
            raise _damaged(path, "; ".join(found[:5]))


def _warnings(path: Path) -> tuple[str, ...]:
    kind = filesystem_of(path.parent)
    if kind.over_network:
        raise ConfigurationError(
            f"expected {path.parent} on a local disk, found {kind.name}: SQLite's locks cannot be relied on there. "
            "Use a local directory, or PostgreSQL"
        )
    warnings = []
    if kind.in_container_layer:
        warnings.append(f"{path.parent} is in the container's own layer ({kind.name}) and goes with it: mount a volume there")
    if sqlite3.sqlite_version_info < _WAL_RESET_FIXED:
        warnings.append(
            f"SQLite {sqlite3.sqlite_version} can damage a file that two programs write at once (fixed in 3.51.3): "
            f"don't let anything but Pointsman write {path}"
        )
    return tuple(warnings)
