"""The worker's line against servers from containers: runs whenever a Docker engine answers.

The images are named by POINTSMAN_TEST_MOSQUITTO_IMAGE and POINTSMAN_TEST_POSTGRES_IMAGE; the public ones are the defaults.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from servers.absence import missing
from servers.client import MqttClient
from servers.engines import MOSQUITTO_IMAGE, POSTGRES_IMAGE, docker_answers, have_image, mosquitto_container, postgres_container
from servers.mosquitto import Broker
from servers.postgres import Databases
from servers.worker import Worker

pytestmark = pytest.mark.external_service

Connect = Callable[..., MqttClient]


@pytest.fixture(scope="module")
def engine() -> None:
    """A Docker engine. Without one there is nothing to test here: others have the same line against the machine's servers."""
    if os.environ.get("POINTSMAN_TEST_NO_CONTAINERS") or not docker_answers():
        pytest.skip("no Docker engine answers")


@pytest.fixture(scope="module")
def contained_broker(engine: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    if not have_image(MOSQUITTO_IMAGE):
        missing(f"The image {MOSQUITTO_IMAGE}", "let the engine reach a registry, or set POINTSMAN_TEST_MOSQUITTO_IMAGE")
    with mosquitto_container(tmp_path_factory.mktemp("mosquitto")) as broker:
        yield broker


@pytest.fixture(scope="module")
def contained_databases(engine: None) -> Iterator[Databases]:
    if not have_image(POSTGRES_IMAGE):
        missing(f"The image {POSTGRES_IMAGE}", "let the engine reach a registry, or set POINTSMAN_TEST_POSTGRES_IMAGE")
    with postgres_container() as databases:
        yield databases


@pytest.fixture(params=["sqlite", "postgresql"])
def worker(request: pytest.FixtureRequest, tmp_path: Path, contained_broker: Broker) -> Iterator[Worker]:
    settings = {}
    if request.param == "postgresql":
        databases: Databases = request.getfixturevalue("contained_databases")
        settings["STORE__URL"] = databases.create("line")
    worker = Worker(tmp_path, contained_broker, settings=settings)
    worker.run("db", "upgrade")
    yield worker.start()
    worker.stop()


def test_a_state_message_becomes_a_job_and_a_valve_opens(worker: Worker, contained_broker: Broker, mqtt_client: Connect) -> None:
    device = mqtt_client(contained_broker).subscribe("plant/pump-1/valve/set", "pointsman/jobs/+")
    device.publish("plant/pump-1/state", {"state": "ALARM"})
    message = device.wait_for("plant/pump-1/valve/set")
    done = device.wait_for(lambda seen: seen.topic.startswith("pointsman/jobs/") and seen.json()["status"] == "succeeded").json()
    assert message.json()["job"] == done["id"]
    assert [job["id"] for job in worker.jobs()] == [done["id"]]
    assert done["process_meta"]["triggerStates"] == ["3", "4"]
