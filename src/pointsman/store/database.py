"""What both databases have in common: one connection that writes, its transactions, and errors in Pointsman's own words.

The rule for whatever goes wrong inside a transaction is the same everywhere: the connection is given up, and the database undoes
what was not committed. So nothing is built on a connection that failed to commit (fsync reports an error once, then forgets it).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, ExceptionContext, event
from sqlalchemy.exc import TimeoutError as PoolTimeout

from pointsman.errors import PointsmanError, StoreUnavailable
from pointsman.store.statements import Statements

WAIT_FOR_CONNECTION = 30.0
"""How long one thread waits for another to end its transaction, in seconds."""

FaultOf = Callable[[BaseException], PointsmanError | None]
"""Our error for a driver's; None when it is none that a database's condition explains, but a defect of ours."""


def translate_errors(engine: Engine, fault_of: FaultOf) -> None:
    """Make everything that runs on the engine raise our errors, right where the driver's occur."""

    def translate(context: ExceptionContext) -> None:
        fault = fault_of(context.original_exception)
        if fault is not None:
            raise fault from context.original_exception

    event.listen(engine, "handle_error", translate)


class Database(ABC):
    """A database that is open for writing, by this process alone as far as its session goes."""

    def __init__(self, engine: Engine, place: str, warnings: tuple[str, ...] = ()) -> None:
        self.engine = engine
        self.place = place
        """What it is called in messages: never with a password in it."""
        self.version = ""
        """Which database it is, and its version."""
        self.warnings = warnings
        """What an operator should be told once, at the start."""
        self.statements = Statements.compile(engine.dialect)

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A transaction that writes: committed when the context ends, given up with its connection when that fails.

        Raises StoreUnavailable when the database cannot be used for now; after COMMIT was sent, the outcome is then unknown.
        """
        try:
            connection = self.engine.connect()
        except PoolTimeout as error:
            raise StoreUnavailable(f"expected {self.place} to be free, found it busy for {WAIT_FOR_CONNECTION:.0f} s") from error
        try:
            connection.begin()
            yield connection
            connection.commit()
        except BaseException:
            connection.invalidate()
            raise
        finally:
            connection.close()

    def close(self) -> None:
        """Close all connections and let go of whatever keeps others out."""
        self.engine.dispose()

    @abstractmethod
    def hold_schema(self, connection: Connection) -> None:
        """Keep every other process from changing the schema until the transaction ends."""

    @abstractmethod
    def keep_copy(self, revision: str) -> None:
        """Keep a copy of all there is, if the database allows it, before the schema becomes that of `revision`."""
