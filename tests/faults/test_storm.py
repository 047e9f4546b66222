"""A storm: thousands of entities flap at once. Memory stays bounded, each of them is left alone after a while, and what happens
to everybody else's jobs is printed: how late a bystander's come.

The size here is a small one. The figures of a large one, of 10,000 entities:
`POINTSMAN_STORM_ENTITIES=10000 make test ARGS="-k storm -n 0 -s"`; `POINTSMAN_STORM_RATE` is how many changes a second there are
(0: as many as the broker takes).
"""

from __future__ import annotations

import itertools
import json
import os
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from servers.client import MqttClient
from servers.flood import Flood
from servers.mosquitto import Mosquitto
from servers.ports import wait_until
from servers.worker import Worker

ENTITIES = int(os.environ.get("POINTSMAN_STORM_ENTITIES", "200"))
RATE = int(os.environ.get("POINTSMAN_STORM_RATE", "1000"))
ROUNDS = 10
"""How often each of them changes its state."""
BURST = 3
INNOCENT = max(500, ENTITIES // 2)
"""How many bystanders there are; each is asked in turn, so that none comes near the limit itself."""
ASKED = 100
"""How often one is asked in peace."""
LIMITS = 1.5
"""How much the storm may make of an idle worker."""

CONFIGURATION = """
states: [{id: "1", name: OK}, {id: "3", name: ALARM}]
engine: {burst: BURST, refill: 1h, quarantine: 1h}
mqtt: {announce: final}
classes:
  - {id: flapping, operations: [{id: note, type: mqtt, topic: "noise/{{id}}", message: x}], triggers: TRIGGERS}
  - {id: calm, operations: [{id: note, type: mqtt, topic: "out/{{id}}", message: x}], triggers: TRIGGERS}
objects:
OBJECTS
intake: [{topic: "plant/+/state", entity: "{1}", state: "$.state"}]
""".replace("TRIGGERS", "[{states: [OK, ALARM], operation: note}]")


class Bystander:
    """Asks innocent entities in turn, and measures from the message to the operation's."""

    def __init__(self, client: MqttClient) -> None:
        self._client = client.subscribe("out/+")
        self._names = itertools.cycle(f"innocent-{number}" for number in range(INNOCENT))
        self._states = (state for state in itertools.cycle(("ALARM", "OK")) for _ in range(INNOCENT))
        self.asked = 0

    def ask(self) -> float:
        """How long it took, in ms."""
        name, began = next(self._names), time.monotonic()
        self._client.publish(f"plant/{name}/state", json.dumps({"state": next(self._states)}), timeout=300)
        self._client.wait_for(f"out/{name}", timeout=300)
        took = (time.monotonic() - began) * 1000
        self._client.clear()
        self.asked += 1
        time.sleep(0.01)
        return took


def figures(took: list[float]) -> str:
    ordered = sorted(took)
    return f"median {ordered[len(ordered) // 2]:.0f} ms, p99 {ordered[int(len(ordered) * 0.99)]:.0f} ms (of {len(ordered)})"


def resident(worker: Worker, what: str = "VmRSS") -> int:
    """Its memory in RAM, in bytes: at present (`VmRSS`), or at its most (`VmHWM`); proc(5)."""
    found = re.search(rf"^{what}:\s+(\d+) kB$", Path(f"/proc/{worker.pid}/status").read_text(), re.MULTILINE)
    assert found is not None
    return int(found[1]) * 1024


@pytest.fixture
def broker_of_its_own(make_broker: Callable[..., Mosquitto]) -> Mosquitto:
    # Mosquitto keeps Nagle's algorithm on by default: what a bystander waits for would mostly be that.
    return make_broker(max_queued_messages=0, set_tcp_nodelay=True)


@pytest.fixture
def worker(broker_of_its_own: Mosquitto, tmp_path: Path) -> Iterator[Worker]:
    kinds = {"e": ("flapping", ENTITIES), "innocent-": ("calm", INNOCENT)}
    named = [(f"{name}{number}", kind) for name, (kind, count) in kinds.items() for number in range(count)]
    objects = "\n".join(f"  - {{id: {name}, class: {kind}}}" for name, kind in named)
    text = CONFIGURATION.replace("OBJECTS", objects).replace("BURST", str(BURST))
    worker = Worker(tmp_path, broker_of_its_own, configuration=text)
    yield worker
    worker.kill()


@pytest.mark.slow
@pytest.mark.timeout(120 + ENTITIES * ROUNDS / 50)
def test_a_storm_is_left_alone_after_a_while_with_bounded_memory_and_bystanders_go_on(
    worker: Worker, broker_of_its_own: Mosquitto
) -> None:
    worker.start(timeout=60)
    with MqttClient(broker_of_its_own) as client:
        bystander = Bystander(client)
        quiet = [bystander.ask() for _ in range(ASKED)]
        before = resident(worker)
        with Flood(broker_of_its_own, "plant/e{}/state", ENTITIES, ROUNDS, RATE) as flood:
            began = time.monotonic()
            storm = [bystander.ask()]
            while not flood.over:
                storm.append(bystander.ask())
            lasted = time.monotonic() - began
        storm.append(bystander.ask())  # what came before it has been decided, too
    assert wait_until(lambda: not worker.json("jobs", "list", "--status", "queued", "--limit", "1"), 60)
    after, peak = resident(worker), resident(worker, "VmHWM")
    print(
        f"\na storm of {ENTITIES} entities, {ENTITIES * ROUNDS} changes in {lasted:.1f} s; a bystander's job, in peace: "
        f"{figures(quiet)}; in the storm: {figures(storm)}; resident memory {before / 2**20:.1f} MiB before, "
        f"{after / 2**20:.1f} MiB after, {peak / 2**20:.1f} MiB at most"
    )
    jobs = worker.jobs(limit=20 * ENTITIES + 2 * INNOCENT + 1_000_000)
    made = Counter((job["owner_id"].startswith("innocent"), job["status"]) for job in jobs)
    assert made == {
        (False, "succeeded"): BURST * ENTITIES,
        (False, "suppressed"): ENTITIES,
        (True, "succeeded"): bystander.asked,
    }
    assert max(after, peak) < LIMITS * before
