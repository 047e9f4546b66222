"""Every test here runs over SQLite and over PostgreSQL: the engine must not be able to tell them apart."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from contract.making import SESSION
from pointsman.store import open_reader, open_store
from pointsman.store.reads.reader import Reader
from pointsman.store.sql_store import SqlStore

OpenStore = Callable[..., SqlStore]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.external_service)])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a store that does not exist yet."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'jobs.db'}"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture
def opened(store_url: str) -> Iterator[OpenStore]:
    """Open the store, with `open_store`'s options; closed with the test."""
    with ExitStack() as stack:

        def open_it(**options: Any) -> SqlStore:
            return stack.enter_context(open_store(store_url, **{"session": SESSION, **options}))

        yield open_it


@pytest.fixture
def store(opened: OpenStore) -> SqlStore:
    """An empty store."""
    return opened()


@pytest.fixture
def reader(store: SqlStore, store_url: str) -> Iterator[Reader]:
    """A reader of that store."""
    with open_reader(store_url) as reader:
        yield reader
