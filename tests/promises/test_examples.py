"""The files in config/examples work with real devices: a worker runs each, gets what they send, and does what stands beside it.

`NAME.messages.yaml` lists what is published, in order, and what must come of each message; its keys are explained in
`zigbee2mqtt.messages.yaml`. Unit tests run the same lists through the rules alone; here they go through a broker, a worker and a
store.
"""

from __future__ import annotations

import itertools
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from pointsman.model.catalog import Catalog
from pointsman.model.ids import EntityRef
from pointsman.model.job import Job
from pointsman.model.state import StateChange
from pointsman.settings import load_configuration
from pointsman.store.opening import open_reader
from pointsman.store.reads.entities import states
from pointsman.store.reads.history import changes
from pointsman.store.reads.jobs import every
from pointsman.store.reads.reader import Reader
from pointsman.store.reads.rejects import rejected
from servers.client import MqttClient
from servers.mosquitto import Mosquitto
from servers.worker import Worker

EXAMPLES = Path(__file__).resolve().parents[2] / "config" / "examples"
NAMES = sorted(path.name.removesuffix(".messages.yaml") for path in EXAMPLES.glob("*.messages.yaml"))
OURS = "pointsman/jobs/none/results"
"""A custom result for a job that there is not: its answer says that all that was sent before it is durable."""


@dataclass(frozen=True)
class Record:
    """What the store says at one moment."""

    states: dict[EntityRef, str]
    """By name."""
    changes: tuple[StateChange, ...]
    """Newest first."""
    jobs: tuple[Job, ...]
    """Oldest first."""
    rejects: Counter[tuple[str, str]]
    """By reason and topic."""


@dataclass
class Plant:
    """A worker with an example, and a client that is all of its devices."""

    worker: Worker
    client: MqttClient
    catalog: Catalog
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def send(self, message: dict[str, Any]) -> None:
        """Publish one message of the list."""
        self.client.publish(message["topic"], str(message["payload"]), retain=message.get("retain", False))

    def settle(self) -> None:
        """Wait until the worker has taken in all that was sent. A broker delivers in order what one client sends at one QoS."""
        mark = b"%d" % next(self.numbers)
        self.client.publish(OURS, "1", response_topic="answers", correlation=mark)
        self.client.wait_for(lambda message: message.topic == "answers" and message.correlation == mark)

    def record(self) -> Record:
        """What the store says, once every job has ended."""
        with open_reader(f"sqlite:///{self.worker.directory}/jobs.db") as store:
            until = time.monotonic() + 15
            while any(not job.status.final for job in every(store)):
                assert time.monotonic() < until, "a job does not end"
                time.sleep(0.02)
            return self._read(store)

    def _read(self, store: Reader) -> Record:
        known = {each.entity: self.catalog.states[each.state].name for each in states(store)}
        counts = Counter({(each.reason.value, each.topic): each.count for each in rejected(store) if each.topic != OURS})
        return Record(known, tuple(changes(store, limit=1_000)), tuple(every(store)), counts)


@pytest.fixture(params=NAMES)
def plant(request: pytest.FixtureRequest, make_broker: Callable[..., Mosquitto], tmp_path: Path) -> Iterator[Plant]:
    configuration = EXAMPLES / f"{request.param}.yaml"
    broker = make_broker()
    with MqttClient(broker) as client:
        worker = Worker(tmp_path, broker, configuration=configuration)
        client.subscribe("#")
        yield Plant(worker.start(), client, load_configuration(configuration, {}).catalog)
        worker.kill()


@pytest.fixture
def messages(plant: Plant) -> list[dict[str, Any]]:
    """The list that belongs to the example."""
    path = plant.worker.configuration.with_suffix(".messages.yaml")
    found: list[dict[str, Any]] = YAML(typ="safe").load(path)
    assert found
    return found


def test_each_message_has_the_consequence_that_stands_beside_it(plant: Plant, messages: list[dict[str, Any]]) -> None:
    before = plant.record()
    for number, message in enumerate(messages, 1):
        plant.client.clear()
        plant.send(message)
        plant.settle()
        after = plant.record()
        where = f"message {number} of {plant.worker.configuration.stem}: {message['topic']} {message['payload']!r}"
        check_entities(plant, message, before, after, where)
        check_jobs(plant, message, after.jobs[len(before.jobs) :], where)
        wanted = {(message["rejected"], message["topic"]): 1} if "rejected" in message else {}
        assert after.rejects - before.rejects == wanted, where
        before = after


def check_entities(plant: Plant, message: dict[str, Any], before: Record, after: Record, where: str) -> None:
    """The entity has the state that the message says, by a change where it is another than before; no other has changed."""
    wanted = message.get("becomes")
    fresh = after.changes[: len(after.changes) - len(before.changes)]
    if wanted is None:
        assert (after.states, fresh) == (before.states, ()), where
        return
    ref = plant.catalog.find(wanted["entity"])
    assert ref is not None, where
    assert after.states == {**before.states, ref: wanted["state"]}, where
    assert [change.entity for change in fresh] == ([ref] if before.states.get(ref) != wanted["state"] else []), where
    if "reported" in wanted:
        assert [change.reported for change in fresh] == [wanted["reported"]], where


def check_jobs(plant: Plant, message: dict[str, Any], fresh: tuple[Job, ...], where: str) -> None:
    """The operations that the message says have run, for its entity, and the message that they publish has come."""
    assert [job.operation_id for job in fresh] == message.get("runs", []), where
    for job in fresh:
        assert (job.owner.id, job.status.value, job.error) == (message["becomes"]["entity"], "succeeded", None), where
        assert any(
            (each.topic, each.text) == (job.description["topic"], job.description["message"]) for each in plant.client.messages
        ), where
    if "publishes" in message:
        topic, text = message["publishes"]["topic"], message["publishes"]["contains"]
        plant.client.wait_for(lambda each: each.topic == topic and text in each.text)


def test_what_the_devices_have_retained_fires_nothing_at_a_restart(plant: Plant, messages: list[dict[str, Any]]) -> None:
    for message in messages:
        plant.send(message)
    plant.settle()
    before = plant.record()
    assert before.jobs, "an example without a job shows nothing"
    plant.worker.stop()
    plant.worker.start()
    plant.settle()
    after = plant.record()
    assert (after.jobs, after.states, after.changes) == (before.jobs, before.states, before.changes)
