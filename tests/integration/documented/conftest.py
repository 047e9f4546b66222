"""One worker for all tests of the documented API: each makes what it changes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from integration.documented_rig import CONFIGURATION, MANY, PASSWORD, Platform
from servers.mosquitto import Broker
from servers.ports import wait_until
from servers.worker import Worker


@pytest.fixture(scope="session")
def worker(broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    directory: Path = tmp_path_factory.mktemp("documented")
    more = "".join(f"  - {{id: {id_}, source: filed, target: other}}\n" for id_ in MANY)
    own = {"HTTP__LISTEN": "127.0.0.1:0", "HTTP__ADMIN_PASSWORD": PASSWORD, "MQTT__BASE_TOPIC": "documented"}
    made = Worker(directory, broker, configuration=CONFIGURATION + more, node="documented", settings=own)
    made.start(base="documented")
    yield made
    made.stop()


@pytest.fixture(scope="session")
def platform(worker: Worker) -> Platform:
    found: list[str] = []

    def listens() -> bool:
        found[:] = [line.split('"address": "')[1].split('"')[0] for line in worker.log.splitlines() if '"address": "http' in line]
        return bool(found)

    assert wait_until(listens), worker.log
    return Platform(found[-1])


@pytest.fixture
def pump(platform: Platform) -> str:
    """A new object of the class 29; its id."""
    return str(platform.call("POST", "/objects", {"name": "A pump", "class_id": 29})["id"])
