"""Loops end by themselves (README: *What you can rely on*): through the broker, through devices that tell where their state comes
from, and through those that drop all that could tell.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from servers.client import MqttClient, Received
from servers.mosquitto import Mosquitto
from servers.ports import wait_until
from servers.worker import Worker

CONFIGURATION = """
states: [{id: "1", name: OK}, {id: "3", name: ALARM}]
engine: {ENGINE}
classes:
  - id: pump
    operations:
      - {id: calm, type: mqtt, topic: "TOPIC", message: 'CALM'}
      - {id: alarm, type: mqtt, topic: "TOPIC", message: 'ALARM'}
    triggers: [{id: calm, states: ALARM, operation: calm}, {id: alarm, states: OK, operation: alarm}]
objects:
  - {id: p1, class: pump}
  - {id: innocent, triggers: [{states: ALARM, operation: note}], operations: [{id: note, type: mqtt, topic: note, message: x}]}
intake: [{topic: "plant/+/state", entity: "{1}", state: "$.state"}]
"""
"""Two operations that lead to each other: *calm* makes the state OK, which runs *alarm*, which makes it ALARM."""

Start = Callable[..., Worker]


@pytest.fixture
def broker_of_its_own(make_broker: Callable[..., Mosquitto]) -> Mosquitto:
    return make_broker()


@pytest.fixture
def start_worker(broker_of_its_own: Mosquitto, tmp_path: Path) -> Iterator[Start]:
    """Start a worker whose two operations publish these messages on this topic."""
    workers: list[Worker] = []

    def start(topic: str, calm: str, alarm: str, **engine: object) -> Worker:
        text = CONFIGURATION.replace("TOPIC", topic).replace("'CALM'", f"'{calm}'").replace("'ALARM'", f"'{alarm}'")
        text = text.replace("{ENGINE}", json.dumps(engine))
        workers.append(Worker(tmp_path, broker_of_its_own, configuration=text))
        return workers[-1].start()

    yield start
    for worker in workers:
        worker.kill()


def tell(client: MqttClient, state: str, entity: str = "p1") -> None:
    client.publish(f"plant/{entity}/state", json.dumps({"state": state}))


def loop_jobs(worker: Worker, count: int) -> list[dict[str, Any]]:
    """The jobs of the loop, oldest first, once there are so many and all have ended."""
    found: list[dict[str, Any]] = []

    def look() -> bool:
        found[:] = [job for job in reversed(worker.jobs()) if job["owner_id"] == "p1"]
        return len(found) >= count and all(job["finished"] for job in found)

    assert wait_until(look, 30), [(job["operation_id"], job["status"]) for job in found]
    return found


def check_chain(jobs: list[dict[str, Any]], hops: int) -> None:
    """One chain, each job led to by the one before it; the last is suppressed, and says why."""
    assert [job["status"] for job in jobs] == ["succeeded"] * (hops + 1) + ["suppressed"]
    assert [job["hop"] for job in jobs] == list(range(hops + 2))
    assert {job["root_id"] for job in jobs} == {jobs[0]["id"]}
    assert [job["caused_by"] for job in jobs] == [None, *[job["id"] for job in jobs[:-1]]]
    error = jobs[-1]["error"]
    assert "a loop" in error
    assert jobs[0]["id"] in error
    assert f"after {hops + 1} jobs" in error


def skipped(worker: Worker) -> set[str | None]:
    """The verdicts on the newest change of the loop's entity."""
    return {each["skipped"] for each in worker.json("explain", "p1")[0]["triggers"]}


def test_a_loop_through_the_broker_ends_by_itself_and_is_left_alone_for_a_while_also_after_a_kill(
    start_worker: Start, broker_of_its_own: Mosquitto, mqtt_client: Callable[..., MqttClient]
) -> None:
    own = "plant/{{id}}/state"
    worker = start_worker(own, '{"state": "OK"}', '{"state": "ALARM"}', quarantine="1h")
    device = mqtt_client(broker_of_its_own).subscribe("note", "plant/p1/state")
    tell(device, "ALARM")
    tell(device, "ALARM", entity="innocent")
    device.wait_for("note")
    check_chain(loop_jobs(worker, 10), hops=8)
    assert "loop" in skipped(worker)
    orders = [message for message in device.quiet() if message.user and message.topic != "note"]
    assert [message.user["hop"] for message in orders] == [str(hop) for hop in range(9)]
    assert len({message.user["root-id"] for message in orders}) == 1
    # The tenth job was to be an alarm: from now on that operation alone is quarantined.
    worker.kill()
    worker.start()
    device.clear()
    tell(device, "ALARM")
    device.wait_for(lambda message: bool(message.user))
    assert wait_until(lambda: "quarantined" in skipped(worker), 30)
    assert len(device.quiet()) == 2, "the device's message, the message of calm, and nothing that follows from it"
    jobs = [job["operation_id"] for job in loop_jobs(worker, 11)]
    assert jobs[10:] == ["calm"]
    asked = json.loads(worker.run("execute", "p1", "alarm", "--wait", "--json").stdout)
    assert asked["status"] == "succeeded", "what a user asks for is not limited"


@pytest.mark.parametrize("max_hops", [1, 8])
def test_a_loop_through_a_device_that_drops_user_properties_but_echoes_the_job_is_a_chain_too(
    start_worker: Start, broker_of_its_own: Mosquitto, mqtt_client: Callable[..., MqttClient], max_hops: int
) -> None:
    def message(state: str) -> str:
        return f'{{"to": "{state}", "ref": "{{{{job.id}}}}"}}'

    worker = start_worker("plant/{{id}}/set", message("OK"), message("ALARM"), max_hops=max_hops)

    def echo(order: Received) -> dict[str, str]:
        return {"state": order.json()["to"], "because": f"order {order.json()['ref']}"}

    with Device(mqtt_client(broker_of_its_own, v5=False), echo) as device:
        tell(device.client, "ALARM")
        check_chain(loop_jobs(worker, max_hops + 2), hops=max_hops)
    assert len(device.answered) == max_hops + 1


def test_a_loop_through_a_device_that_drops_all_that_could_tell_ends_when_the_bucket_is_dry(
    start_worker: Start, broker_of_its_own: Mosquitto, mqtt_client: Callable[..., MqttClient]
) -> None:
    worker = start_worker("plant/{{id}}/set", "OK", "ALARM", burst=20, refill="1h")
    with Device(mqtt_client(broker_of_its_own, v5=False), lambda order: {"state": order.text}) as device:
        tell(device.client, "ALARM")
        jobs = loop_jobs(worker, 41)
    statuses = [job["status"] for job in jobs]
    assert statuses == ["succeeded"] * 40 + ["suppressed"]
    assert "more than 20 times" in jobs[-1]["error"]
    assert {job["hop"] for job in jobs} == {0}
    assert "limit" in skipped(worker)


def test_after_its_pause_a_loop_is_tried_again_and_ended_again(
    start_worker: Start, broker_of_its_own: Mosquitto, mqtt_client: Callable[..., MqttClient]
) -> None:
    own = "plant/{{id}}/state"
    worker = start_worker(own, '{"state": "OK"}', '{"state": "ALARM"}', quarantine="300ms", max_hops=2)
    device = mqtt_client(broker_of_its_own)

    def suppressed() -> list[dict[str, Any]]:
        tell(device, "OK")
        tell(device, "ALARM")
        found: list[dict[str, Any]] = worker.json("jobs", "list", "--status", "suppressed")
        return found

    assert wait_until(lambda: len(suppressed()) >= 2, 60)
    assert len({job["root_id"] for job in suppressed()}) >= 2, "each ends a chain of its own"


class Device:
    """Sets its state as it is told on `plant/p1/set`, and reports it with what `echo` makes of the order."""

    def __init__(self, client: MqttClient, echo: Callable[[Received], dict[str, str]]) -> None:
        self.client = client.subscribe("plant/p1/set")
        self.answered: list[Received] = []
        self._echo = echo
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Device:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(0.005):
            for order in self.client.messages[len(self.answered) :]:
                self.answered.append(order)
                self.client.publish("plant/p1/state", self._echo(order))
