"""A worker for a file of promises: with the configuration that the file has in `CONFIGURATION`, and a broker of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from servers.mosquitto import Mosquitto
from servers.worker import Worker


@pytest.fixture
def plant(
    request: pytest.FixtureRequest, make_broker: Callable[..., Mosquitto], tmp_path: Path
) -> Iterator[tuple[Worker, Mosquitto]]:
    """A worker with the configuration of the test's file, and its broker."""
    broker = make_broker()
    worker = Worker(tmp_path, broker, configuration=request.module.CONFIGURATION).start()
    yield worker, broker
    worker.stop()
