"""A store that is open for reading only. What can be asked is in the modules beside this one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from sqlalchemy import Connection, Engine


class Reader:
    """Safe from several threads. Get it from `open_reader`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @contextmanager
    def ask(self) -> Iterator[Connection]:
        """One consistent look at the store. Keep it short: while it lasts, SQLite's write-ahead log cannot begin anew.

        Raises StoreUnavailable when the store cannot be used for now.
        """
        with self._engine.connect() as connection:
            yield connection

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
