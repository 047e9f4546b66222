"""SQLite as a store: where its file is, and how it is opened for writing and for reading.

Durable means: in the write-ahead log and synced (`synchronous=FULL`), since a PUBACK is sent on the strength of it. All writing
and checkpointing is one connection's, which keeps clear of the WAL-reset defect of versions before 3.51.3
(https://www.sqlite.org/wal.html#walresetbug). A second writer is locked out.
"""

from __future__ import annotations

import sqlite3
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import unquote

from sqlalchemy import URL, Connection, Engine, QueuePool, create_engine, event

from pointsman.errors import ConfigurationError, StoreUnavailable
from pointsman.store.database import WAIT_FOR_CONNECTION, Database, translate_errors
from pointsman.store.filesystem import filesystem_of
from pointsman.store.sqlite_copy import copy
from pointsman.store.sqlite_file import APPLICATION_ID, BEFORE_WAL, BUSY_TIMEOUT, connect_read_only, damaged, fault_of, is_ours
from pointsman.store.writer_lock import WriterLock

CHECKED_WHOLE = 32 * 1024 * 1024
"""Up to this size, in bytes, a file is checked whole when it is opened; of a larger one only the tables that stay small."""
SMALL_TABLES = ("entities", "inbox", "subscriptions", "meta")

_WAL_RESET_FIXED = (3, 51, 3)

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
        copy(self.path, self.path.with_name(f"{self.path.name}.before-{revision}"))


def reader(path: Path) -> Engine:
    """An engine that only reads, also while a worker writes."""
    engine = create_engine("sqlite://", creator=lambda: connect_read_only(path), poolclass=QueuePool, pool_size=4, max_overflow=0)
    event.listen(engine, "begin", _begin)
    translate_errors(engine, lambda error: fault_of(path, error))
    return engine


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
    for pragma in BEFORE_WAL:
        connection.execute(pragma)
    if not is_ours(path, connection):
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
            raise damaged(path, "; ".join(found[:5]))


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
