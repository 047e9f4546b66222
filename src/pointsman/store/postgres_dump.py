"""Copies of a PostgreSQL store, made and put back by PostgreSQL's own programs, which have to be on PATH."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from sqlalchemy import URL, text

from pointsman.errors import ConfigurationError, PointsmanError, StoreUnavailable
from pointsman.store.postgres import IN_USE, PostgresDatabase, place_of
from pointsman.store.schema import HEAD

_REVISION = re.compile(r"^COPY \S*alembic_version .*\n(\S+)$", re.MULTILINE)


def dump(url: URL, target: Path) -> None:
    """Write a dump in PostgreSQL's custom format to `target`; an earlier file of that name is replaced.

    Raises PointsmanError with what `pg_dump` said when it fails.
    """
    partial = target.with_name(f"{target.name}.partial-{os.getpid()}")
    try:
        _run("pg_dump", url, "--format=custom", f"--file={partial}")
        os.replace(partial, target)
    finally:
        partial.unlink(missing_ok=True)


def put_back(url: URL, source: Path) -> None:
    """Replace what is in the database by the dump `source`, in one transaction.

    Raises StoreUnavailable while a worker uses the database, ConfigurationError for a dump of a newer schema or of no store.
    """
    if not source.is_file():
        raise StoreUnavailable(f"expected a dump in {source}, found none: is the path right?")
    revision = _REVISION.search(_run("pg_restore", None, "--data-only", "--table=alembic_version", "--file=-", str(source)))
    if revision is None or revision[1] > HEAD:
        found = "none" if revision is None else revision[1]
        raise ConfigurationError(f"expected a dump with schema {HEAD} or an older one in {source}, found {found}")
    database = PostgresDatabase(url, None)
    try:
        # Held by the pool's one connection until it is closed.
        with database.transaction() as connection:
            if not connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": IN_USE}):
                raise StoreUnavailable(f"expected {place_of(url)} to be unused, found a worker that uses it: stop it first")
        _run("pg_restore", url, "--clean", "--if-exists", "--no-owner", "--single-transaction", "--exit-on-error", str(source))
    finally:
        database.close()


def _run(program: str, url: URL | None, *arguments: str) -> str:
    found = shutil.which(program)
    if found is None:
        raise PointsmanError(f"expected {program} on PATH, found none: install PostgreSQL's client programs (postgresql-client)")
    environment = dict(os.environ)
    connection: list[str] = []
    if url is not None:
        # The password goes by the environment: what stands in argv, every user of the machine can read.
        if url.password is not None:
            environment["PGPASSWORD"] = str(url.password)
        plain = url.set(drivername="postgresql", password=None)
        connection = ["--no-password", f"--dbname={plain.render_as_string(hide_password=False)}"]
    done = subprocess.run(
        [found, *connection, *arguments], env=environment, capture_output=True, text=True, errors="replace", check=False
    )
    if done.returncode:
        raise PointsmanError(f"expected {program} to succeed, found exit code {done.returncode}: {done.stderr.strip()}")
    return done.stdout
