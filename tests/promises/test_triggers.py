"""Triggers as a user sees them: a hold survives a kill and fires once, at its time; and whatever ran or did not is explained."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from servers.client import MqttClient
from servers.mosquitto import Mosquitto
from servers.ports import wait_until
from servers.worker import Worker

CONFIGURATION = """
states: [{id: "1", name: OK}, {id: "3", name: ALARM}, {id: "4", name: FAULT}]
classes:
  - id: pump
    operations:
      - {id: held, type: mqtt, topic: "held/{{id}}", message: "{{state.name}} {{payload.t}}"}
      - {id: note, type: mqtt, topic: "note/{{id}}", message: "{{previous.name}} {{state.name}}"}
    triggers:
      - {id: held, states: ALARM, for: 2s, operation: held}
      - {id: hot, from: OK, to: ALARM, when: "payload.t > 30", cooldown: 1h, operation: note}
      - {id: nag, states: FAULT, every: 1s, operation: note}
objects: [{id: p1, class: pump}, {id: p2, class: pump}]
intake: [{topic: "plant/+/state", entity: "{1}", state: "$.state"}]
"""


def changes_of(worker: Worker, entity: str) -> list[Any]:
    """What is recorded of an entity, if anything is yet."""
    try:
        found: list[Any] = worker.json("explain", entity)
    except AssertionError:
        return []
    return found


def tell(client: MqttClient, state: str, temperature: int = 0, entity: str = "p1") -> None:
    client.publish(f"plant/{entity}/state", json.dumps({"state": state, "t": temperature}))


def test_a_hold_survives_a_kill_and_fires_once_at_its_time(
    plant: tuple[Worker, Mosquitto], mqtt_client: Callable[..., MqttClient]
) -> None:
    worker, broker = plant
    device = mqtt_client(broker).subscribe("held/p1")
    tell(device, "ALARM", 7)
    began = time.monotonic()
    time.sleep(1)
    worker.kill()
    worker.start()
    message = device.wait_for("held/p1", timeout=20)
    assert time.monotonic() - began >= 2, "the hold fired before its time"
    assert message.text == "ALARM 7"
    assert len(device.quiet(2.5)) == 1
    [job] = worker.jobs()
    assert job["process_meta"]["trigger"] == "held"
    assert f"held: fired when its time had come: job {job['id']}" in worker.run("explain", job["id"]).stdout
    [ran] = worker.json("explain", "p1", "--operation", "held")
    assert (ran["reason"], ran["job"]) == ("ran", job["id"])
    assert job["finished"] - job["timestamp"] < 60_000


def test_a_state_that_does_not_hold_fires_nothing_and_the_explanation_says_so(
    plant: tuple[Worker, Mosquitto], mqtt_client: Callable[..., MqttClient]
) -> None:
    worker, broker = plant
    device = mqtt_client(broker)
    tell(device, "ALARM")
    assert wait_until(lambda: bool(changes_of(worker, "p1"))), "so that the two are not taken in together"
    tell(device, "OK")
    time.sleep(3)
    assert worker.jobs() == []
    found: list[dict[str, Any]] = worker.json("explain", "p1")
    assert [change["state"] for change in found] == ["1", "3"]
    skipped = {each["trigger"]: each["skipped"] for each in found[1]["triggers"]}
    assert skipped == {"held": "holding", "hot": "other_origin", "nag": "other_state"}
    assert "the state had to hold first" in worker.run("explain", "p1").stdout
    [reset] = found[1]["afterwards"]
    assert (reset["trigger"], reset["skipped"], reset["waited"]) == ("held", "reset", "hold")
    at = str(found[1]["timestamp"])
    why = worker.json("explain", "p1", "--operation", "held", "--at", at)
    assert [each["reason"] for each in why] == ["reset", "other_state"]
    assert "the state changed before it had held" in worker.run("explain", "p1", "--operation", "held", "--at", at).stdout


def test_what_became_of_triggers_is_counted_in_the_store_and_adds_up(
    make_broker: Callable[..., Mosquitto], mqtt_client: Callable[..., MqttClient], tmp_path: Path
) -> None:
    """Each of the three triggers is counted once at each change, and the hold once more at its end."""
    broker = make_broker()
    worker = Worker(tmp_path, broker, configuration=CONFIGURATION.replace("for: 2s", "for: 1h")).start()
    device = mqtt_client(broker)
    for state, temperature in (("OK", 0), ("ALARM", 29), ("OK", 0), ("ALARM", 31)):
        tell(device, state, temperature)
    expected = {"other_state": 8, "holding": 2, "condition": 1, "fired": 1, "reset": 1}

    def counted() -> dict[str, int]:
        return {each["reason"]: each["count"] for each in worker.json("reasons")}

    assert wait_until(lambda: counted() == expected), "they are written while it runs"
    assert worker.stop() == 0
    assert counted() == expected, "and not once more when it stops"
    [condition] = worker.json("reasons", "condition")
    assert [(each["trigger"], each["detail"]) for each in condition["examples"]] == [("hot", "payload.t is 29")]


def test_a_condition_and_a_rest_decide_and_survive_a_restart(
    plant: tuple[Worker, Mosquitto], mqtt_client: Callable[..., MqttClient]
) -> None:
    worker, broker = plant
    device = mqtt_client(broker).subscribe("note/p1")
    for temperature in (29, 31, 32):
        tell(device, "OK")
        tell(device, "ALARM", temperature)
    device.wait_for("note/p1")
    # Before the acknowledgement is on record, a restart would publish the job's message again.
    assert wait_until(lambda: [job["status"] for job in worker.jobs() if job["operation_id"] == "note"] == ["succeeded"])
    worker.kill()
    worker.start()
    tell(device, "OK")
    tell(device, "ALARM", 33)
    assert len(device.quiet(1)) == 1
    changes = [change for change in worker.json("explain", "p1", "--limit", "20") if change["state"] == "3"]
    verdicts = [each["skipped"] for change in changes for each in change["triggers"] if each["trigger"] == "hot"]
    assert verdicts[::-1] == ["condition", None, "cooldown", "cooldown"]
    [job] = [job for job in worker.jobs() if job["operation_id"] == "note"]
    assert f"fired: job {job['id']}" in worker.run("explain", job["id"]).stdout


def test_an_operation_repeats_while_the_state_holds(
    plant: tuple[Worker, Mosquitto], mqtt_client: Callable[..., MqttClient]
) -> None:
    worker, broker = plant
    device = mqtt_client(broker).subscribe("note/p1")
    tell(device, "FAULT")
    device.wait_count(3, timeout=20)
    tell(device, "OK")
    time.sleep(0.5)
    device.clear()
    assert device.quiet(2) == []
    assert {job["status"] for job in worker.jobs()} == {"succeeded"}


def test_a_simulation_says_what_would_happen_and_sends_nothing(
    plant: tuple[Worker, Mosquitto], mqtt_client: Callable[..., MqttClient]
) -> None:
    worker, broker = plant
    device = mqtt_client(broker).subscribe("note/#", "held/#")
    tell(device, "OK", entity="p2")
    time.sleep(1)
    told = worker.json("simulate", "plant/p2/state", '{"state": "ALARM", "t": 31}')
    [command] = told["commands"]
    assert command["change"] == {"previous": "1", "state": "3"}
    assert {each["trigger"]: each["skipped"] for each in command["triggers"]} == {
        "held": "holding",
        "hot": None,
        "nag": "other_state",
    }
    assert command["jobs"][0]["would"]["topic"] == "note/p2"
    assert command["jobs"][0]["would"]["message"] == "OK ALARM"
    assert device.quiet(0.5) == []
    assert worker.jobs() == []
    assert "rejected: unknown_entity" in worker.run("simulate", "plant/p9/state", "{}").stdout
