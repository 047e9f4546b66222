"""The store that the engine is given: `engine.ports.Store` over a database, whichever it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from pointsman.store.database import Database
from pointsman.store.definitions import Definition, Synced, sync
from pointsman.store.events import Trimming
from pointsman.store.pruning import Surplus, prune
from pointsman.store.unit import Session, SqlUnit


class SqlStore:
    """Owned by one thread at a time, the engine's: it has one connection that writes. Get it from `open_store`."""

    def __init__(self, database: Database, session: str, window: int, keep_rejects: int) -> None:
        self._database = database
        self._session = Session(session, window)
        self._keep_rejects = keep_rejects
        self._surplus: Surplus | None = None
        self._trimming = Trimming()
        self.warnings = database.warnings
        """What an operator should be told once, at the start."""

    @contextmanager
    def begin(self) -> Iterator[SqlUnit]:
        """A transaction: durable once the context ends without an exception, undone otherwise. See `engine.ports.Store`."""
        with self._database.transaction() as connection:
            unit = SqlUnit(connection, self._database.statements, self._session, self._keep_rejects)
            yield unit
        if self._session.following is not None:
            self._session.following += unit.inboxed

    def prune_chunk(self, before_ms: int | None, keep_jobs: int | None, limit: int) -> int:
        """Delete up to `limit` of the oldest final jobs that ended before `before_ms` or are beyond the newest `keep_jobs`, and
        history as old; and, whatever is kept of those, some of the oldest entries for those who follow jobs. Gives how many jobs
        and changes went, and `limit` when it wants to be called again. A transaction of its own."""
        if keep_jobs is None:
            self._surplus = None
        elif self._surplus is None or self._surplus.keep != keep_jobs:
            self._surplus = Surplus(keep_jobs)
        with self._database.transaction() as connection:
            pruned = prune(connection, before_ms, self._surplus, limit)
            more_entries = self._trimming.step(connection)
        if pruned.more or more_entries:
            return limit
        self._surplus = None  # the next round counts anew
        return pruned.jobs + pruned.changes

    def sync_definitions(self, definitions: Sequence[Definition], at: int) -> Synced:
        """Make what the configuration file defines in the store equal to `definitions`, and audit every difference.

        `at` is the time in ms. One transaction. Raises StoreUnavailable.
        """
        with self._database.transaction() as connection:
            return sync(connection, self._database.statements, definitions, at)

    def describe(self) -> str:
        """Which database it is, its version and where, for people to read. Without passwords."""
        return f"{self._database.version}, {self._database.place}"

    def close(self) -> None:
        """Close all connections and let another worker have the store."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
