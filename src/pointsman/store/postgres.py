"""PostgreSQL as a store: how it is connected to, what keeps a second worker away, and what its errors mean.

The lock that keeps a second worker of the same MQTT session away is held by the connection that writes. So whoever lost the lock
has lost the means to write with it, and there is nothing to watch.
"""

from __future__ import annotations

import secrets
from hashlib import blake2b
from typing import Any

import psycopg
from psycopg import errors
from sqlalchemy import URL, Connection, Engine, create_engine, event, text

from pointsman.errors import ConfigurationError, PointsmanError, StoreUnavailable
from pointsman.store.database import WAIT_FOR_CONNECTION, Database, translate_errors

CONNECT = {
    "connect_timeout": 5,
    # Whatever the server thinks the database holds: else psycopg gives bytes for text.
    "client_encoding": "utf8",
    # A server that vanished without a word is noticed after some 20 s.
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 2,
    "tcp_user_timeout": 20_000,
}
WRITER_SETTINGS = (
    "SET lock_timeout = '5s'",
    "SET statement_timeout = '30s'",
    "SET idle_in_transaction_session_timeout = '60s'",
    # The same from the server's side: a worker that vanished lets go of its locks.
    "SET tcp_keepalives_idle = 10",
    "SET tcp_keepalives_interval = 5",
    "SET tcp_keepalives_count = 2",
)
WAIT_FOR_WORKER = "SET lock_timeout = '2s'"
"""For one that is just going down, or of which the server hasn't noticed yet that it is gone."""
READER_SETTINGS = (
    "SET default_transaction_read_only = on",
    # One look is of one moment, however many questions it takes.
    "SET default_transaction_isolation = 'repeatable read'",
    "SET statement_timeout = '30s'",
)

HOLDER = """
    SELECT a.pid, a.application_name, coalesce(host(a.client_addr), 'this machine'), a.backend_start::timestamp(0)
    FROM pg_locks l JOIN pg_stat_activity a USING (pid)
    WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
      AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND (l.classid::bigint << 32 | l.objid::bigint) = %s AND a.pid <> pg_backend_pid()
"""
"""Who holds an advisory lock (PostgreSQL, *pg_locks*: the halves of its key are in `classid` and `objid`)."""


def lock_key(name: str) -> int:
    """The key of the advisory lock for what `name` stands for: 64 bits, signed."""
    return int.from_bytes(blake2b(f"pointsman {name}".encode(), digest_size=8).digest(), "big", signed=True)


IN_USE = lock_key("in use")
"""Shared by every worker; a restore needs it for itself."""
SCHEMA = lock_key("schema")
"""Held while the schema is changed."""


def place_of(url: URL) -> str:
    """What the database is called in messages."""
    return f"the store {url.set(drivername='postgresql').render_as_string(hide_password=True)}"


def fault_of(place: str, error: BaseException) -> PointsmanError | None:
    """What a driver's error says of the store: unavailable for now, or not ours to use. None: it says nothing of it."""
    if not isinstance(error, psycopg.Error):
        return None
    found = str(error).strip().partition("\n")[0] or type(error).__name__
    match error:
        case errors.InsufficientPrivilege():
            return ConfigurationError(f"expected to be allowed to use {place}, found: {found}. Grant it to the user in store.url")
        case errors.DataCorrupted() | errors.IndexCorrupted():
            return PointsmanError(f"expected a sound database in {place}, found: {found}. Restore a backup")
        case errors.ReadOnlySqlTransaction():
            told = f"found that it only reads ({found}), as a standby does. Give the primary's address in store.url"
        case errors.DiskFull():
            told = f"found its disk full ({found}). Free some space: it goes on by itself"
        case psycopg.OperationalError() | psycopg.InterfaceError() | psycopg.InternalError():
            told = f"found: {found}. Check that the server runs and can be reached: it goes on by itself"
        case _:
            return None
    return StoreUnavailable(f"expected to use {place}, {told}")


class PostgresDatabase(Database):
    """The writer of one MQTT session, or (`session` None) of no session at all, as maintenance is."""

    def __init__(self, url: URL, session: str | None) -> None:
        place = place_of(url)
        super().__init__(_writer(url, place, session), place)
        try:
            with self.transaction() as connection:
                _insist_on_unicode(connection, place)
                self.version = f"PostgreSQL {connection.scalar(text('SHOW server_version'))}"
                self.warnings = _warnings(connection)
        except BaseException:
            self.engine.dispose()
            raise

    def hold_schema(self, connection: Connection) -> None:
        """Wait for whoever migrates, for a minute at most, and keep others waiting."""
        connection.execute(text("SET LOCAL lock_timeout = '60s'"))
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": SCHEMA})

    def keep_copy(self, revision: str) -> None:
        """Nothing: a server has backups of its own, and a migration is one transaction."""


def _writer(url: URL, place: str, session: str | None) -> Engine:
    # Tells our own connections from another worker's, also those that the server has not yet noticed are dead.
    name = f"pointsman-{secrets.token_hex(6)}"
    engine = create_engine(
        url,
        connect_args={**CONNECT, "application_name": name},
        paramstyle="format",
        pool_size=1,
        max_overflow=0,
        pool_timeout=WAIT_FOR_CONNECTION,
    )
    translate_errors(engine, lambda error: fault_of(place, error))

    @event.listens_for(engine, "connect")
    def prepare(connection: psycopg.Connection[Any], _record: object) -> None:
        try:
            connection.autocommit = True
            _share(connection, place)
            if session is not None:
                _lock_session(connection, place, session, name)
            for setting in WRITER_SETTINGS:
                connection.execute(setting)
            _insist_on_synchronous_commit(connection)
            connection.autocommit = False
        except BaseException:
            connection.close()
            raise

    return engine


def _share(connection: psycopg.Connection[Any], place: str) -> None:
    if connection.execute("SELECT pg_try_advisory_lock_shared(%s)", (IN_USE,)).fetchone() != (True,):
        raise StoreUnavailable(f"expected to use {place}, found that it is being restored: try again when that is done")


def _lock_session(connection: psycopg.Connection[Any], place: str, session: str, own_name: str) -> None:
    key = lock_key(f"session {session}")
    for pid, name, *_ in connection.execute(HOLDER, (key,)).fetchall():
        if name == own_name:
            # Ours, from before the network broke: the server would keep it until its own time-out.
            connection.execute("SELECT pg_terminate_backend(%s)", (pid,))
    connection.execute(WAIT_FOR_WORKER)
    try:
        connection.execute("SELECT pg_advisory_lock(%s)", (key,))
    except errors.LockNotAvailable as error:
        holder = connection.execute(HOLDER, (key,)).fetchone()
        who = "another worker has it" if holder is None else "{1} on {2} has had it since {3} (backend {0})".format(*holder)
        raise StoreUnavailable(
            f"expected to be the only worker with the client id {session!r} in {place}, found that {who}. "
            "Stop that one first, or give this one a client id of its own"
        ) from error


def reader(url: URL) -> Engine:
    """An engine that only reads."""
    engine = create_engine(url, connect_args={**CONNECT, "application_name": "pointsman-reader"}, pool_size=4, max_overflow=0)
    place = place_of(url)
    translate_errors(engine, lambda error: fault_of(place, error))

    @event.listens_for(engine, "connect")
    def prepare(connection: psycopg.Connection[Any], _record: object) -> None:
        connection.autocommit = True
        for setting in READER_SETTINGS:
            connection.execute(setting)
        connection.autocommit = False

    return engine


def _insist_on_synchronous_commit(connection: psycopg.Connection[Any]) -> None:
    """A PUBACK is sent on the strength of a commit, so it has to be on the disk (PostgreSQL, *Asynchronous Commit*)."""
    (found,) = connection.execute("SHOW synchronous_commit").fetchone() or ("?",)
    if found not in ("on", "remote_apply"):
        connection.execute("SET synchronous_commit = on")


def _insist_on_unicode(connection: Connection, place: str) -> None:
    """In any other encoding, one message with a character that it lacks would hold up everything behind it."""
    found = connection.scalar(text("SHOW server_encoding"))
    if found not in ("UTF8", "SQL_ASCII"):
        raise ConfigurationError(f"expected {place} to hold any text, found its encoding {found}: create it with ENCODING 'UTF8'")


def _warnings(connection: Connection) -> tuple[str, ...]:
    off = [name for name in ("fsync", "full_page_writes") if connection.scalar(text(f"SHOW {name}")) != "on"]
    return tuple(f"PostgreSQL runs with {name} off: a crash of its machine loses what was acknowledged" for name in off)
