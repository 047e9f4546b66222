"""`docker-compose up` gives a broker that refuses strangers and a worker that makes jobs: run with whatever images are named.

POINTSMAN_TEST_MOSQUITTO_IMAGE and POINTSMAN_PYTHON_IMAGE name other images than the public ones, POINTSMAN_BUILD_NETWORK the
network that the build uses.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from servers.absence import missing
from servers.client import MqttClient, Refused
from servers.engines import MOSQUITTO_IMAGE, POSTGRES_IMAGE, docker_answers, have_image
from servers.mosquitto import Broker
from servers.ports import free_port, wait_until

ROOT = Path(__file__).resolve().parents[2]
PYTHON_IMAGE = os.environ.get("POINTSMAN_PYTHON_IMAGE", "python:3.12-slim")

pytestmark = [pytest.mark.external_service, pytest.mark.slow, pytest.mark.timeout(420)]


Connect = Callable[..., MqttClient]


class Deployment:
    """The services of docker-compose.yml under a project name of their own."""

    def __init__(self, command: Sequence[str], **variables: str) -> None:
        self.port, self.http_port = free_port(), free_port()
        self._command = command
        self._environment = {
            **os.environ,
            "COMPOSE_PROJECT_NAME": f"pointsman-test-{secrets.token_hex(4)}",
            "POINTSMAN_MQTT_PORT": f"127.0.0.1:{self.port}",
            "POINTSMAN_HTTP_PORT": f"127.0.0.1:{self.http_port}",
            "POINTSMAN_MOSQUITTO_IMAGE": MOSQUITTO_IMAGE,
            "POINTSMAN_POSTGRES_IMAGE": POSTGRES_IMAGE,
            "POINTSMAN_IMAGE": "pointsman:test",
            **variables,
        }

    @property
    def broker(self) -> Broker:
        return Broker("127.0.0.1", self.port)

    def compose(self, *arguments: str, check: bool = True) -> str:
        """Run docker-compose; what it prints."""
        result = subprocess.run(
            [*self._command, *arguments],
            cwd=ROOT,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=400,
            check=False,
        )
        assert not check or result.returncode == 0, f"{' '.join(arguments)}\n{result.stdout}\n{result.stderr}\n{self.logs()}"
        return result.stdout

    def logs(self) -> str:
        """The last that the services said."""
        return subprocess.run(
            [*self._command, "logs", "--no-color", "--tail", "40"],
            cwd=ROOT,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        ).stdout

    def password(self, user: str) -> str:
        return self.compose("exec", "-T", "mosquitto", "cat", f"/credentials/{user}").strip()

    def jobs(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.compose("exec", "-T", "worker", "pointsman", "jobs", "list", "--json"))
        return found

    def health(self, service: str) -> str:
        container = self.compose("ps", "-q", service).strip()
        form = "{{.State.Health.Status}}"
        return subprocess.run(
            ["docker", "inspect", "-f", form, container], capture_output=True, text=True, timeout=30, check=False
        ).stdout.strip()


@pytest.fixture(scope="module")
def compose_command() -> list[str]:
    """docker-compose, or the plugin. Without an engine there is nothing to test here, as in test_containers.py."""
    if os.environ.get("POINTSMAN_TEST_NO_CONTAINERS") or not docker_answers():
        pytest.skip("no Docker engine answers")
    for image in (MOSQUITTO_IMAGE, POSTGRES_IMAGE, PYTHON_IMAGE):
        if not have_image(image):
            missing(f"The image {image}", "let the engine reach a registry, or name another: see this file's head")
    if subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode == 0:
        return ["docker", "compose"]
    if shutil.which("docker-compose"):
        return ["docker-compose"]
    pytest.skip("there is a Docker engine, but neither docker-compose nor the compose plugin")


@contextmanager
def brought_up(command: Sequence[str], **variables: str) -> Iterator[Deployment]:
    """A deployment whose worker is ready; gone afterwards, with its volumes."""
    deployment = Deployment(command, **variables)
    try:
        deployment.compose("up", "-d", "--build")
        assert wait_until(lambda: deployment.health("worker") == "healthy", seconds=120), deployment.logs()
        yield deployment
    finally:
        deployment.compose("down", "--volumes", "--timeout", "5", check=False)


@pytest.fixture(scope="module")
def deployment(compose_command: list[str]) -> Iterator[Deployment]:
    with brought_up(compose_command) as deployment:
        yield deployment


def set_off_an_alarm(deployment: Deployment, mqtt_client: Connect, pump: str) -> str:
    """A device reports ALARM, its valve is told to open, the operator sees the job succeed: the job's id."""
    operator = mqtt_client(deployment.broker, username="operator", password=deployment.password("operator"))
    operator.subscribe("pointsman/jobs/+")
    device = mqtt_client(deployment.broker, username="device", password=deployment.password("device"))
    device.subscribe(f"plant/{pump}/valve/set")
    device.publish(f"plant/{pump}/state", {"state": "ALARM"})
    job = str(device.wait_for(f"plant/{pump}/valve/set", timeout=20).json()["job"])
    operator.wait_for(lambda seen: seen.topic == f"pointsman/jobs/{job}" and seen.json()["status"] == "succeeded", timeout=20)
    return job


def test_a_state_message_with_the_deployments_credentials_makes_a_job(deployment: Deployment, mqtt_client: Connect) -> None:
    job = set_off_an_alarm(deployment, mqtt_client, "pump-1")
    assert (job, "succeeded") in [(entry["id"], entry["status"]) for entry in deployment.jobs()]


def test_with_the_profile_postgres_jobs_are_kept_in_postgresql(compose_command: list[str], mqtt_client: Connect) -> None:
    password = secrets.token_hex(16)
    variables = {
        "COMPOSE_PROFILES": "postgres",
        "POINTSMAN_POSTGRES_PASSWORD": password,
        "POINTSMAN_STORE_URL": f"postgresql+psycopg://pointsman:{password}@postgres/pointsman",
    }
    with brought_up(compose_command, **variables) as deployment:
        job = set_off_an_alarm(deployment, mqtt_client, "pump-1")
        assert [entry["id"] for entry in deployment.jobs()] == [job]
        query = ("psql", "-U", "pointsman", "-d", "pointsman", "-h", "127.0.0.1", "-tAc", "SELECT id FROM jobs")
        assert deployment.compose("exec", "-T", "-e", f"PGPASSWORD={password}", "postgres", *query).split() == [job]


def test_the_api_lets_the_administrator_in_with_the_deployments_password_and_nobody_without(deployment: Deployment) -> None:
    address = f"http://127.0.0.1:{deployment.http_port}/node/api/users/current"
    answer = requests.get(address, auth=("admin", deployment.password("admin")), timeout=20)
    assert (answer.status_code, answer.json()["login"]) == (200, "admin")
    assert requests.get(address, timeout=20).status_code == 401


def test_a_client_without_a_name_is_refused(deployment: Deployment, mqtt_client: Connect) -> None:
    with pytest.raises(Refused, match="Not authorized"):
        mqtt_client(deployment.broker)
    with pytest.raises(Refused, match="Not authorized"):
        mqtt_client(deployment.broker, username="device", password="device")


def test_a_device_cannot_give_orders(deployment: Deployment, mqtt_client: Connect) -> None:
    device = mqtt_client(deployment.broker, username="device", password=deployment.password("device"))
    for topic in ("plant/pump-1/valve/set", "pointsman/objects/pump-1/operations/open-valve/execute", "pointsman/worker/state"):
        with pytest.raises(Refused, match="Not authorized"):
            device.publish(topic, "x")


def test_the_worker_is_nobody_and_can_write_nowhere_else(deployment: Deployment) -> None:
    status = "grep -E '^(CapEff|NoNewPrivs)' /proc/self/status"
    script = f"id -u; {status}; touch /etc/x /opt/x 2>&1 | grep -c 'Read-only'; cat /proc/1/comm"
    uid, *rest = deployment.compose("exec", "-T", "worker", "sh", "-c", script).split("\n")
    assert uid == "10001"
    assert [line.split() for line in rest[:2]] == [["CapEff:", "0000000000000000"], ["NoNewPrivs:", "1"]]
    assert rest[2] == "2"
    assert rest[3] in ("docker-init", "tini", "init"), "programs are started there: somebody must reap them"


def test_no_password_can_be_read_from_the_environment(deployment: Deployment) -> None:
    container = deployment.compose("ps", "-q", "worker").strip()
    shown = subprocess.run(["docker", "inspect", container], capture_output=True, text=True, check=True).stdout
    assert deployment.password("pointsman") not in shown
    assert deployment.password("admin") not in shown
    assert deployment.compose("exec", "-T", "worker", "sh", "-c", "cat /credentials/device 2>&1 || true").count("denied") == 1


def test_jobs_outlive_the_containers(deployment: Deployment, mqtt_client: Connect) -> None:
    job = set_off_an_alarm(deployment, mqtt_client, "pump-2")
    deployment.compose("up", "-d", "--force-recreate", "--no-deps", "worker")
    assert wait_until(lambda: deployment.health("worker") == "healthy", seconds=120), deployment.logs()
    assert job in {entry["id"] for entry in deployment.jobs()}
