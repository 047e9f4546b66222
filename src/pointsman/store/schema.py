"""Which revision of the schema a store has, and bringing it to the one that this version of Pointsman works with.

Alembic runs the scripts of `migrations/`, all of them in one transaction: a migration that is interrupted has not happened. It is
loaded only when there is something to migrate.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, inspect, text

from pointsman.errors import ConfigurationError
from pointsman.store.database import Database

HEAD = "0004"
"""The revision of the schema in `tables.py`. Revisions are numbered, so their order is that of their texts."""


@dataclass(frozen=True, slots=True)
class Revision:
    """The schema that a store has, and the one that is wanted."""

    found: str | None
    """None: it has no tables at all."""
    wanted: str = HEAD

    @property
    def behind(self) -> bool:
        """Whether there is something to migrate."""
        return self.found is None or self.found < self.wanted


def revision_of(connection: Connection, place: str) -> Revision:
    """The revision of the store on `connection`. Raises ConfigurationError when it is a newer one, or no store of ours."""
    names = inspect(connection).get_table_names()
    if "alembic_version" not in names:
        if names:
            raise ConfigurationError(
                f"expected {place} to be empty or a store of Pointsman's, found tables of something else in it "
                f"({', '.join(sorted(names)[:5])}): give Pointsman a database of its own"
            )
        return Revision(None)
    found = connection.scalar(text("SELECT version_num FROM alembic_version"))
    revision = Revision(None if found is None else str(found))
    if revision.found is not None and revision.found > HEAD:
        raise ConfigurationError(
            f"expected {place} to have schema {HEAD} or an older one, found {revision.found}: a newer Pointsman has migrated it. "
            "Install that version again, or restore a copy from before"
        )
    return revision


def bring_up_to_date(database: Database, *, migrate: bool) -> Revision:
    """Migrate the store when it is behind. Gives the revision that it had.

    Raises ConfigurationError when it may not be migrated (`migrate` is false) or cannot be, and StoreUnavailable.
    """
    with database.transaction() as connection:
        before = revision_of(connection, database.place)
    if not before.behind:
        return before
    if not migrate:
        raise ConfigurationError(
            f"expected {database.place} to have schema {before.wanted}, found {before.found or 'none'}: "
            "run `pointsman db upgrade`"
        )
    if before.found is not None:
        database.keep_copy(before.wanted)
    with database.transaction() as connection:
        database.hold_schema(connection)
        # Another process may have been quicker.
        if revision_of(connection, database.place).behind:
            run_migrations(connection)
    return before


def run_migrations(connection: Connection, revision: str = "head") -> None:
    """Run what is missing up to `revision`, inside the transaction that is under way on `connection`."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "pointsman.store:migrations")
    config.attributes["connection"] = connection
    command.upgrade(config, revision)
