"""Servers from containers: what stands in where the machine has no binaries, and what the container tests run."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from servers.mosquitto import Broker
from servers.ports import listens, wait_until
from servers.postgres import Databases

if TYPE_CHECKING:
    from testcontainers.core.container import DockerContainer

MOSQUITTO_IMAGE = os.environ.get("POINTSMAN_TEST_MOSQUITTO_IMAGE", "eclipse-mosquitto:2")
POSTGRES_IMAGE = os.environ.get("POINTSMAN_TEST_POSTGRES_IMAGE", "postgres:16")


def docker_answers() -> bool:
    """Whether a Docker engine answers."""
    try:
        return subprocess.run(["docker", "info"], capture_output=True, timeout=20, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def have_image(name: str) -> bool:
    """Whether the engine has the image, or can pull it."""
    try:
        if subprocess.run(["docker", "image", "inspect", name], capture_output=True, timeout=20, check=False).returncode == 0:
            return True
        return subprocess.run(["docker", "pull", "--quiet", name], capture_output=True, timeout=180, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def prepare_testcontainers() -> None:
    """Do without testcontainers' reaper where its image cannot be had: containers then go with the test, not with the process."""
    from testcontainers.core.config import testcontainers_config

    if "TESTCONTAINERS_RYUK_DISABLED" not in os.environ and not have_image(testcontainers_config.ryuk_image):
        os.environ["TESTCONTAINERS_RYUK_DISABLED"] = "true"
        testcontainers_config.ryuk_disabled = True


@contextmanager
def mosquitto_container(directory: Path) -> Iterator[Broker]:
    """A Mosquitto in a container, open to everybody who reaches its port."""
    from testcontainers.core.container import DockerContainer

    configuration = directory / "mosquitto.conf"
    configuration.write_text("listener 1883\nallow_anonymous true\nmax_queued_messages 100000\n")
    configuration.chmod(0o644)
    prepare_testcontainers()
    container = DockerContainer(MOSQUITTO_IMAGE).with_exposed_ports(1883)
    container.with_volume_mapping(str(configuration), "/mosquitto/config/mosquitto.conf", "ro")
    with container:
        broker = Broker(*_address(container, 1883))
        _expect(lambda: _speaks_mqtt(broker), MOSQUITTO_IMAGE)
        yield broker


@contextmanager
def postgres_container() -> Iterator[Databases]:
    """A PostgreSQL in a container."""
    from testcontainers.core.container import DockerContainer

    prepare_testcontainers()
    container = DockerContainer(POSTGRES_IMAGE).with_exposed_ports(5432)
    container.with_env("POSTGRES_USER", "test").with_env("POSTGRES_PASSWORD", "test").with_env("POSTGRES_DB", "test")
    with container:
        databases = Databases(
            f"postgresql://test:test@{container.get_container_host_ip()}:{container.get_exposed_port(5432)}/test"
        )
        _expect(databases.answer, POSTGRES_IMAGE)
        yield databases


def _address(container: DockerContainer, port: int) -> tuple[str, int]:
    """Where the container's port is reached: loopback where the engine is on this machine."""
    exposed = int(container.get_exposed_port(port))
    here = wait_until(lambda: listens("127.0.0.1", exposed), seconds=1)
    return ("127.0.0.1" if here else container.get_container_host_ip()), exposed


def _expect(answers: Callable[[], bool], image: str) -> None:
    if not wait_until(answers, seconds=60):
        raise RuntimeError(f"The container from {image} started, and its server did not answer within 60 s")


def _speaks_mqtt(broker: Broker) -> bool:
    """Whether a CONNACK comes: Docker's proxy accepts connections before anybody listens behind it."""
    connect = bytes.fromhex("100e 0004 4d515454 04 02 000a 0002 7463")
    try:
        with socket.create_connection((broker.host, broker.port), timeout=2) as connection:
            connection.sendall(connect)
            return connection.recv(4)[:1] == b"\x20"
    except OSError:
        return False
