"""Fixtures that every test may use: a real broker, a real PostgreSQL, a client to speak to the broker with.

Where a server comes from: an address in the environment, else a binary of this machine, else a container. With none of them
a test fails in CI and is skipped at home. Each test process has servers of its own, so nothing is shared under pytest-xdist.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import hypothesis
import pytest

from servers.absence import missing
from servers.certificates import Certificates
from servers.client import MqttClient
from servers.engines import docker_answers, mosquitto_container, postgres_container
from servers.mosquitto import REMEDY as MOSQUITTO_REMEDY
from servers.mosquitto import Broker, Mosquitto
from servers.mosquitto import program as mosquitto_program
from servers.postgres import REMEDY as POSTGRES_REMEDY
from servers.postgres import Databases, PostgresServer, binaries, initialise

NEEDS_SERVER = frozenset({"broker", "make_broker", "databases", "postgres_url", "make_postgres"})
"""Fixtures that stand for a server: whoever asks for one carries the marker `external_service`."""

hypothesis.settings.register_profile("default", print_blob=True, deadline=None)
# In CI a property gets the same examples each time: a change is judged by what it changed.
hypothesis.settings.register_profile("ci", print_blob=True, deadline=None, derandomize=True, database=None)
hypothesis.settings.register_profile("thorough", print_blob=True, deadline=None, max_examples=10_000)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "default"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark whatever uses a server, and begin with the files that have slow tests: run last, one would keep all others waiting."""
    for item in items:
        if NEEDS_SERVER.intersection(getattr(item, "fixturenames", ())):
            item.add_marker("external_service")
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(scope="session")
def server_directory() -> Iterator[Path]:
    """A directory that other users may pass through: PostgreSQL doesn't run as root, and pytest's own are closed to it."""
    directory = Path(tempfile.mkdtemp(prefix="pointsman-test-"))
    directory.chmod(0o755)
    yield directory
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="session")
def broker(server_directory: Path) -> Iterator[Broker | Mosquitto]:
    """A broker for all tests of this process; each keeps to its own `topic_root`, and none takes it down (see `make_broker`)."""
    url = os.environ.get("POINTSMAN_TEST_BROKER_URL")
    if url:
        parts = urlsplit(url)
        yield Broker(parts.hostname or "127.0.0.1", parts.port or 1883)
        return
    directory = server_directory / "broker"
    directory.mkdir()
    if mosquitto_program():
        own = Mosquitto(directory)
        own.start()
        yield own
        own.stop()
    elif docker_answers():
        with mosquitto_container(directory) as contained:
            yield contained
    else:
        missing("An MQTT broker", MOSQUITTO_REMEDY)


@pytest.fixture
def make_broker(server_directory: Path) -> Iterator[Callable[..., Mosquitto]]:
    """Start a Mosquitto of the test's own, with lines of mosquitto.conf by name: `make_broker(max_inflight_messages=5)`.

    It may be killed and configured anew. Always from the machine's binary: a test that kills its broker needs its process.
    """
    if mosquitto_program() is None:
        missing("Mosquitto", "apt-get install mosquitto")
    with contextlib.ExitStack() as stack:

        def make(**options: Any) -> Mosquitto:
            directory = Path(tempfile.mkdtemp(prefix="mosquitto-", dir=server_directory))
            made = Mosquitto(directory, **options)
            stack.callback(made.stop)
            made.start()
            return made

        yield make


@pytest.fixture(scope="session")
def certificates(server_directory: Path) -> Certificates:
    """A certificate authority, and what it signed for 127.0.0.1: for tests of TLS."""
    directory = server_directory / "certificates"
    directory.mkdir()
    return Certificates.make(directory)


@pytest.fixture(scope="session")
def postgres_cluster(server_directory: Path) -> Path:
    """An initialised, empty cluster, to be copied."""
    if binaries() is None:
        missing("PostgreSQL", "apt-get install postgresql")
    cluster = server_directory / "cluster"
    initialise(cluster)
    return cluster


@pytest.fixture(scope="session")
def databases(server_directory: Path, request: pytest.FixtureRequest) -> Iterator[Databases]:
    """A PostgreSQL for all tests of this process."""
    url = os.environ.get("POINTSMAN_TEST_POSTGRES_URL")
    if url:
        yield Databases(url.replace("postgresql+psycopg://", "postgresql://", 1))
    elif binaries():
        server = PostgresServer(server_directory / "postgres", request.getfixturevalue("postgres_cluster"))
        server.start()
        yield Databases(server.url)
        server.stop()
    elif docker_answers():
        with postgres_container() as contained:
            yield contained
    else:
        missing("PostgreSQL", POSTGRES_REMEDY)


@pytest.fixture
def postgres_url(databases: Databases) -> Iterator[str]:
    """The SQLAlchemy URL of a database of the test's own, empty, gone afterwards."""
    name = f"test_{secrets.token_hex(8)}"
    yield databases.create(name)
    databases.drop(name)


@pytest.fixture
def make_postgres(server_directory: Path, postgres_cluster: Path) -> Iterator[Callable[[], PostgresServer]]:
    """Start a PostgreSQL of the test's own, which it may stop and kill."""
    with contextlib.ExitStack() as stack:

        def make() -> PostgresServer:
            server = PostgresServer(server_directory / f"postgres-{secrets.token_hex(4)}", postgres_cluster)
            stack.callback(server.stop)
            server.start()
            return server

        yield make


@pytest.fixture
def topic_root(request: pytest.FixtureRequest) -> str:
    """A topic prefix of the test's own, made from its name. Unlike any before: a broker may still hold what was retained."""
    name = re.sub(r"[^A-Za-z0-9]+", "-", request.node.name).strip("-")[:60]
    return f"{name}-{secrets.token_hex(4)}"


@pytest.fixture
def mqtt_client() -> Iterator[Callable[..., MqttClient]]:
    """Connect a client: `mqtt_client(broker, username="device", password="…")`. It is closed with the test."""
    with contextlib.ExitStack() as stack:

        def connect(broker: Broker | Mosquitto, **options: Any) -> MqttClient:
            client = MqttClient(broker, **options)
            stack.callback(client.close)
            return client

        yield connect
