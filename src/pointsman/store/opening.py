"""From a URL to a store, or to a reader of one."""

from __future__ import annotations

import re

from sqlalchemy import URL, Engine, make_url
from sqlalchemy.exc import ArgumentError

from pointsman.errors import ConfigurationError
from pointsman.store import sqlite
from pointsman.store.database import Database
from pointsman.store.reads.reader import Reader
from pointsman.store.schema import bring_up_to_date, revision_of
from pointsman.store.sql_store import SqlStore

EXAMPLES = "sqlite:///jobs.db or postgresql://user@host/database"


def open_store(url: str, *, session: str, migrate: bool = True, window: int = 400, keep_rejects: int = 1_000) -> SqlStore:
    """Open the store for the one worker that has the MQTT session `session`, which is its client id.

    A store that is behind is migrated, or refused when `migrate` is false. `window` is how many deliveries are remembered, which
    is to be twice the in-flight window; `keep_rejects` how many rejects are listed.

    Raises StoreUnavailable when it cannot be used for now (another worker has it, no server answers, …), ConfigurationError when
    the URL or the schema does not fit, PointsmanError when it is damaged.
    """
    database = open_database(url, session)
    try:
        bring_up_to_date(database, migrate=migrate)
    except BaseException:
        database.close()
        raise
    return SqlStore(database, session, window, keep_rejects)


def open_reader(url: str) -> Reader:
    """Open the store to be read only, also while a worker writes. Raises as `open_store` does."""
    parsed = parse_url(url)
    engine, place = reading_engine(parsed)
    reader = Reader(engine)
    try:
        with reader.ask() as connection:
            revision = revision_of(connection, place)
        if revision.behind:
            raise ConfigurationError(
                f"expected {place} to have schema {revision.wanted}, found {revision.found or 'none'}: run `pointsman db upgrade`"
            )
    except BaseException:
        reader.close()
        raise
    return reader


def open_database(url: str, session: str | None) -> Database:
    """Open the database for writing, whatever its schema; without a session it is for maintenance."""
    parsed = parse_url(url)
    if parsed.get_backend_name() == "sqlite":
        return sqlite.SqliteDatabase(sqlite.file_of(parsed))
    from pointsman.store import postgres

    return postgres.PostgresDatabase(parsed, session)


def parse_url(url: str) -> URL:
    """The URL of a store, with the driver that we use. Raises ConfigurationError for what is none."""
    try:
        parsed = make_url(url)
        backend = parsed.get_backend_name()
    except (ArgumentError, ValueError):
        shown = re.sub(r"[^/@]*@", "…@", url)  # there may be a password in it, which the chained error would tell too
        raise ConfigurationError(f"expected store.url to be a URL as {EXAMPLES}, found {shown!r}") from None
    if backend == "sqlite":
        return parsed.set(drivername="sqlite")
    if backend in ("postgresql", "postgres"):
        try:
            import psycopg  # noqa: F401
        except ImportError as error:
            raise ConfigurationError("a PostgreSQL store needs psycopg: install pointsman[postgres]") from error
        return parsed.set(drivername="postgresql+psycopg")
    raise ConfigurationError(f"expected store.url to begin with sqlite: or postgresql:, as {EXAMPLES}, found {backend}:")


def reading_engine(url: URL) -> tuple[Engine, str]:
    """An engine that only reads, whatever the schema, and what the store is called in messages."""
    if url.get_backend_name() == "sqlite":
        path = sqlite.file_of(url)
        return sqlite.reader(path), f"the store {path}"
    from pointsman.store import postgres

    return postgres.reader(url), postgres.place_of(url)
