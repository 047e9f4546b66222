"""Memory stays bounded: what a worker holds does not grow with the jobs that it has done.

Over its idle self a worker holds what its own limits let it hold, and no more: the last 10,000 deliveries
(`engine/redelivery.py`), what waits for the engine (`engine.queue`), 2,000 operations under way (`mqtt/options.py`), SQLite's
page cache. All of that is full after some 10,000 jobs; ten times as many must make no difference.

The size here is a small one. The figures of a large one: `POINTSMAN_MEMORY_JOBS=100000 make test ARGS="-k memory -n 0 -s"`.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from servers.client import MqttClient
from servers.mosquitto import Mosquitto
from servers.worker import Worker

JOBS = int(os.environ.get("POINTSMAN_MEMORY_JOBS", "5000"))
ENTITIES = 50
LIMITS = 1.5
"""How much its limits may make of an idle worker. With messages as small as these all of them, full, add a third."""
DRIFT = 0.1
"""How much of an idle worker the second half of the jobs may add: at 100,000 jobs that is some 120 bytes for each of them."""

CONFIGURATION = """
states: [{id: "1", name: OK}, {id: "3", name: ALARM}]
classes:
  - id: pump
    operations: [{id: valve, type: mqtt, topic: "out/{{id}}", message: '{"job": "{{job.id}}", "n": {{payload.n}}}'}]
    triggers: [{states: [OK, ALARM], operation: valve}]
objects: [OBJECTS]
intake: [{topic: "in/+/state", entity: "{1}", state: "$.state"}]
""".replace("OBJECTS", ", ".join(f"{{id: e{number}, class: pump}}" for number in range(ENTITIES)))


def resident(worker: Worker, what: str = "VmRSS") -> int:
    """Its memory in RAM, in bytes: at present (`VmRSS`), or at its most (`VmHWM`); proc(5)."""
    found = re.search(rf"^{what}:\s+(\d+) kB$", Path(f"/proc/{worker.pid}/status").read_text(), re.MULTILINE)
    assert found is not None
    return int(found[1]) * 1024


def make_jobs(device: MqttClient, first: int, last: int) -> None:
    """Changes of state, each of which is a job; wait until every job's message has come.

    No more than 1,000 wait at once: how full the worker's limits are would else be a matter of how fast the machine is just then.
    """
    for start in range(first, last, 1000):
        numbers = []
        for number in range(start, min(start + 1000, last)):
            state = "ALARM" if number // ENTITIES % 2 == 0 else "OK"
            numbers.append(device.send(f"in/e{number % ENTITIES}/state", f'{{"state": "{state}", "n": {number}}}'))
        device.settle(numbers)
        device.wait_count(min(start + 1000, last) - first, timeout=60)


def settled(worker: Worker) -> int:
    """Its memory once nothing is under way any more."""
    while worker.json("jobs", "list", "--status", "queued", "--status", "running", "--limit", "1"):
        time.sleep(0.2)
    time.sleep(1)
    return resident(worker)


@pytest.fixture
def broker_of_its_own(make_broker: Callable[..., Mosquitto]) -> Mosquitto:
    return make_broker()


@pytest.fixture
def worker(broker_of_its_own: Mosquitto, tmp_path: Path) -> Iterator[Worker]:
    worker = Worker(tmp_path, broker_of_its_own, configuration=CONFIGURATION)
    yield worker
    worker.kill()


@pytest.mark.slow
@pytest.mark.timeout(60 + JOBS / 50)
def test_memory_does_not_grow_with_the_number_of_jobs(worker: Worker, broker_of_its_own: Mosquitto) -> None:
    worker.start().stop()  # the first start makes the store, and holds what it took to make it
    idle = settled(worker.start())
    with MqttClient(broker_of_its_own) as device:
        device.subscribe("out/#")
        make_jobs(device, 0, JOBS // 2)
        half_way = settled(worker)
        device.clear()
        make_jobs(device, JOBS // 2, JOBS)
        after = settled(worker)
    peak = resident(worker, "VmHWM")
    worker.stop()
    again = settled(worker.start())
    print(
        f"\nresident memory: idle {idle / 2**20:.1f} MiB, after {JOBS // 2} jobs {half_way / 2**20:.1f} MiB, "
        f"after {JOBS} jobs {after / 2**20:.1f} MiB (at most {peak / 2**20:.1f} MiB); "
        f"restarted with {JOBS} jobs in the store {again / 2**20:.1f} MiB"
    )
    assert max(after, peak) < LIMITS * idle, "it holds more than its limits let it hold"
    assert after - half_way < DRIFT * idle, "it grows with every job"
    assert again < LIMITS * idle, "what is in the store does not belong in memory"
