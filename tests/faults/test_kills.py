"""Killed in the middle of the work: one job for each change, through any crash (README: *What you can rely on*).

Small sizes; `POINTSMAN_FAULTS_SEED` reruns one, `POINTSMAN_FAULTS_CHANGES` makes it larger.
"""

from __future__ import annotations

import os
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from servers.client import MqttClient
from servers.mosquitto import Mosquitto
from servers.worker import Worker

CHANGES = int(os.environ.get("POINTSMAN_FAULTS_CHANGES", "5000"))
ENTITIES = 50
SEED = int(os.environ.get("POINTSMAN_FAULTS_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 31)

CONFIGURATION = """
states: [{id: "1", name: OK}, {id: "3", name: ALARM}]
classes:
  - id: pump
    operations: [{id: valve, type: mqtt, topic: "out/{{id}}", message: "{{job.id}} {{payload.n}}"}]
    triggers: [{states: [OK, ALARM], operation: valve}]
objects: [OBJECTS]
intake: [{topic: "in/+/state", entity: "{1}", state: "$.state"}]
""".replace("OBJECTS", ", ".join(f"{{id: e{number}, class: pump}}" for number in range(ENTITIES)))


class Ledger:
    """What was accepted by the broker, and what was seen to be carried out."""

    def __init__(self, broker: Mosquitto) -> None:
        self._broker = broker
        self.carried_out: Counter[tuple[str, int]] = Counter()
        """By job id and number of the change, as the messages of the operations say."""
        self.accepted = 0

    def publish(self, count: int, pace: float) -> None:
        """Publish so many changes, each acknowledged before the next, also over a restart of the broker."""
        with MqttClient(self._broker) as client:
            for number in range(count):
                state = "ALARM" if number // ENTITIES % 2 == 0 else "OK"
                payload = f'{{"state": "{state}", "n": {number}}}'
                while True:
                    try:
                        client.publish(f"in/e{number % ENTITIES}/state", payload)
                        break
                    except TimeoutError:
                        continue
                self.accepted += 1
                time.sleep(pace)


def settled_jobs(worker: Worker, count: int, timeout: float = 90) -> list[dict[str, Any]]:
    """All jobs, oldest first, once there are `count` and all are final."""
    deadline = time.monotonic() + timeout
    while True:
        jobs = worker.jobs(limit=2 * count)
        if len(jobs) >= count and all(job["status"] == "succeeded" for job in jobs):
            return jobs[::-1]
        assert time.monotonic() < deadline, (
            f"expected {count} jobs that succeeded, found {Counter(job['status'] for job in jobs)}"
        )
        time.sleep(0.5)


def check(jobs: list[dict[str, Any]], count: int, seen: list[str] | None) -> None:
    """One job for each change, in the order of each entity's changes, and each carried out under its one id."""
    numbers = [int(job["description"]["message"].split()[1]) for job in jobs]
    doubled = [number for number, times in Counter(numbers).items() if times > 1]
    lost = sorted(set(range(count)).difference(numbers))
    print(f"seed {SEED}: accepted {count}, recorded {len(jobs)}, lost {len(lost)}, doubled {len(doubled)}")
    assert not lost, f"lost: {lost[:10]}"
    assert not doubled, f"doubled: {doubled[:10]}"
    for entity in range(ENTITIES):
        mine = [number for number in numbers if number % ENTITIES == entity]
        assert mine == sorted(mine), f"the jobs of e{entity} are out of order"
    if seen is not None:
        print(f"carried out {len(set(seen))}, copies too many {len(seen) - len(set(seen))}")
        assert set(seen) == {job["description"]["message"] for job in jobs}, (
            "an operation was not carried out, or under another id"
        )


@pytest.fixture(params=["sqlite", "postgresql"])
def store_settings(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    """Settings for each store."""
    if request.param == "sqlite":
        return {"STORE__URL": f"sqlite:///{tmp_path}/jobs.db"}
    return {"STORE__URL": request.getfixturevalue("postgres_url"), "STORE__MIGRATE": "auto"}


@pytest.mark.external_service
@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_worker_killed_again_and_again_makes_one_job_for_each_change(
    store_settings: dict[str, str], make_broker: Callable[..., Mosquitto], tmp_path: Path
) -> None:
    chance = random.Random(SEED)
    broker = make_broker(max_queued_messages=100_000)
    worker = Worker(tmp_path, broker, configuration=CONFIGURATION, settings={**store_settings, "MQTT__ANNOUNCE": "none"})
    worker.start()
    ledger = Ledger(broker)
    with MqttClient(broker) as device:
        device.subscribe("out/#")
        publishing = threading.Thread(target=ledger.publish, args=(CHANGES, 0.0))
        publishing.start()
        kills = 0
        while publishing.is_alive() or kills < 5:
            time.sleep(chance.uniform(0.2, 1.2))
            worker.kill()
            kills += 1
            worker.start()
        publishing.join()
        jobs = settled_jobs(worker, CHANGES)
        time.sleep(0.5)
        print(f"{kills} kills of the worker")
        check(jobs, CHANGES, [message.text for message in device.quiet()])
    worker.stop()


@pytest.mark.external_service
@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_broker_restarted_in_the_middle_loses_and_doubles_nothing(
    store_settings: dict[str, str], make_broker: Callable[..., Mosquitto], tmp_path: Path
) -> None:
    broker = make_broker(max_queued_messages=100_000)
    settings = {**store_settings, "MQTT__ANNOUNCE": "none", "MQTT__RECONNECT_MIN": "100ms", "MQTT__RECONNECT_MAX": "300ms"}
    worker = Worker(tmp_path, broker, configuration=CONFIGURATION, settings=settings).start()
    ledger = Ledger(broker)
    with MqttClient(broker) as device:
        device.subscribe("out/#")
        publishing = threading.Thread(target=ledger.publish, args=(CHANGES, 0.0))
        publishing.start()
        restarts = 0
        while publishing.is_alive():
            time.sleep(0.01)
            if ledger.accepted > (restarts + 1) * CHANGES / 4:
                broker.restart()
                restarts += 1
        publishing.join()
        assert restarts >= 2, "the broker was not restarted in the middle"
        jobs = settled_jobs(worker, CHANGES)
        print(f"{restarts} restarts of the broker")
        check(jobs, CHANGES, None)
    worker.stop()
