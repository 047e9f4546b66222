"""Schedules as a user sees them: they run by the clock, and what was missed while no worker ran is made up for as it says."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from servers.client import MqttClient
from servers.mosquitto import Mosquitto
from servers.worker import Worker

CONFIGURATION = """
objects:
  - id: p1
    operations:
      - {id: tick, type: mqtt, topic: tick, message: "{{args.scheduled}} {{state.id}}", schedule: {every: 2s}}
      - id: cron
        type: mqtt
        topic: cron
        message: "{{id}}"
        schedule: {cron: "*/2 * * * * *", zone: Europe/Berlin, missed: skip}
      - {id: all, type: mqtt, topic: all, message: "{{args.scheduled}}", schedule: {every: 1s, missed: all, latest: 5m}}
"""
PUNCTUAL = 5_000
"""So late, in ms, is on time."""


def of(worker: Worker, operation: str) -> list[dict[str, Any]]:
    """The jobs of an operation, oldest first."""
    return [job for job in worker.jobs() if job["operation_id"] == operation][::-1]


def times(worker: Worker, operation: str) -> list[int]:
    return [job["args"]["scheduled"] for job in of(worker, operation)]


def test_a_schedule_runs_its_operation_by_the_clock_and_makes_up_for_what_was_missed(
    make_broker: Callable[..., Mosquitto], mqtt_client: Callable[..., MqttClient], tmp_path: Path
) -> None:
    broker = make_broker()
    device = mqtt_client(broker).subscribe("tick", "cron", "all")
    worker = Worker(tmp_path, broker, configuration=CONFIGURATION).start()
    device.wait_for("tick", timeout=20)
    device.wait_for("cron", timeout=20)
    device.wait_for("all", timeout=20)
    worker.kill()
    down = time.time() * 1000
    before = {operation: times(worker, operation) for operation in ("tick", "cron", "all")}
    time.sleep(8)
    device.clear()
    worker.start()
    device.wait_count(4, timeout=20)
    device.wait_for("all", timeout=20)
    worker.stop()

    # Every time while it ran, and every one that it missed: each once, none before its time.
    found = times(worker, "all")
    assert found == list(range(found[0], found[-1] + 1, 1_000)), "a time is missing, or there twice"
    missed = [job for job in of(worker, "all") if job["timestamp"] - job["args"]["scheduled"] > PUNCTUAL]
    assert missed
    assert all(down - 2_000 < job["args"]["scheduled"] for job in missed)

    # One run makes up for all; none does where they are to be skipped.
    ticks = of(worker, "tick")
    assert ticks[0]["user_id"] == "system"
    assert ticks[0]["process_meta"] is None
    assert ticks[0]["description"]["message"] == f"{ticks[0]['args']['scheduled']} unknown"
    first_after = next(job for job in ticks if job["args"]["scheduled"] not in before["tick"])
    assert first_after["timestamp"] >= down + 8_000
    assert all(job["timestamp"] - job["args"]["scheduled"] <= PUNCTUAL for job in of(worker, "cron"))
    for operation in ("tick", "cron", "all"):
        jobs = of(worker, operation)
        assert all(job["timestamp"] >= job["args"]["scheduled"] for job in jobs), "a run before its time"
        assert len({job["args"]["scheduled"] for job in jobs}) == len(jobs), "two runs for one time"


def test_a_schedule_that_is_taken_out_of_the_file_runs_no_more(
    make_broker: Callable[..., Mosquitto], mqtt_client: Callable[..., MqttClient], tmp_path: Path
) -> None:
    broker = make_broker()
    device = mqtt_client(broker).subscribe("tick", "all")
    worker = Worker(tmp_path, broker, configuration=CONFIGURATION).start()
    device.wait_for("tick", timeout=20)
    worker.stop()
    worker.configuration.write_text(CONFIGURATION.replace(", schedule: {every: 2s}", ""))
    device.quiet()
    device.clear()
    worker.start()
    device.wait_count(5, timeout=20)
    assert {message.topic for message in device.messages} == {"all"}
    worker.stop()
