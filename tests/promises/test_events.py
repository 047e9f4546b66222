"""Whoever follows jobs and states misses nothing and sees nothing twice, however often it is cut off."""

from __future__ import annotations

import json
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from servers.api import LOGIN, PASSWORD, Site, served
from servers.client import MqttClient
from servers.following import Follower, Told

CONFIGURATION = """
mqtt: {announce: none}
states: [{id: "1", name: OK}, {id: "3", name: ALARM}]
classes:
  - id: pump
    operations: [{id: tell, type: mqtt, topic: "out/{{id}}", message: "{{state.name}}"}]
    triggers: [{states: [OK, ALARM], operation: tell}]
objects: [%s]
links: [{id: pipe, source: p0, target: p1}]
intake: [{topic: "in/+", entity: "{1}", state: "$"}]
"""
ENTITIES = 50
WHO = (LOGIN, PASSWORD)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    objects = ", ".join(f"{{id: p{n}, class: pump}}" for n in range(ENTITIES))
    with served(tmp_path, configuration=CONFIGURATION % objects) as site:
        yield site


def follow(site: Site, query: str = "", last: str | None = None, who: tuple[str, str] = WHO, **more: int) -> Follower:
    return Follower(f"{site.url}/api/v1/events?{query}", who, last, **more)


@contextmanager
def changing(site: Site, jobs: int) -> Iterator[threading.Thread]:
    """So many changes of state, each of which makes a job, while the block runs."""

    def run() -> None:
        with MqttClient(site.broker) as client:
            for number in range(jobs):
                state = "OK" if number // ENTITIES % 2 else "ALARM"
                client.publish(f"in/p{number % ENTITIES}", json.dumps(state))
                if number % 500 == 499:
                    time.sleep(0.05)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    yield thread
    thread.join(120)
    assert not thread.is_alive()


@dataclass
class Ledger:
    """What a reader has seen, over all its connections."""

    ends: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    gaps: int = 0
    last: str | None = None

    def read(self, follower: Follower, size: float, wanted: int) -> None:
        """Until so many bytes have come, or so many jobs and states have been seen."""
        with follower, suppress(OSError, ValueError):
            for event in follower.events(size):
                self._note(event)
                if len(self.ends) >= wanted and len(self.states) >= wanted:
                    break
        self.last = follower.last

    def _note(self, event: Told) -> None:
        if event.name == "state":
            self.states[event.data["id"]] += 1
        elif event.name == "job":
            self.ends.update([event.data["id"]] if event.data["finished"] is not None else [])
        self.gaps += event.name == "gap"


@pytest.mark.timeout(300)
def test_a_reader_that_is_cut_off_ten_times_has_seen_each_finished_job_once(site: Site) -> None:
    jobs, seen, cuts = 10_000, Ledger(), random.Random(7)
    seen.read(follow(site), 30, 0)  # the beginning of its first answer: where it is
    with changing(site, jobs):
        for number in range(10):
            seen.read(follow(site, last=seen.last), cuts.randint(100_000, 900_000), jobs)
            if number in (3, 6):
                site.worker.stop()
                site.worker.start()
        until = time.monotonic() + 120
        while (len(seen.ends) < jobs or len(seen.states) < jobs) and time.monotonic() < until:
            seen.read(follow(site, last=seen.last), float("inf"), jobs)
    made = {job["id"] for job in site.worker.jobs(jobs + 10)}
    assert len(made) == jobs
    assert seen.ends == Counter(dict.fromkeys(made, 1))
    assert set(seen.states.values()) == {1}
    assert len(seen.states) == jobs
    assert seen.gaps == 0
