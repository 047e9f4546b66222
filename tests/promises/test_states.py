"""States as a user sees them: derived from values, lost in silence, set by hand; and each change says why."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from servers.client import MqttClient
from servers.mosquitto import Mosquitto
from servers.worker import Worker

AFTER = 2_000
CONFIGURATION = f"""
states: [{{id: 1, name: OK}}, {{id: 3, name: ALARM}}, {{id: 4, name: FAULT}}, {{id: 7, name: NoData}}]
classes:
  - id: noting
    operations: [{{id: note, type: mqtt, topic: "note/{{{{id}}}}", message: "{{{{previous.name}}}} {{{{state.name}}}}"}}]
    triggers: [{{not_from: [], not_to: [], states: [OK, ALARM, FAULT, NoData], operation: note}}]
objects:
  - id: boiler
    class: noting
    conditions:
      - {{state: FAULT, when: "payload.code == 'broken' or payload.t > 200"}}
      - {{state: ALARM, value: $.t, above: 80, hysteresis: 5}}
      - {{state: OK}}
  - {{id: sensor, class: noting, no_data: {{after: {AFTER}, state: NoData}}}}
  - {{id: pump, class: noting}}
intake: [{{topic: "plant/+/values", entity: "{{1}}", values: true}}]
"""
MARK = "pointsman/jobs/none/results"
"""A custom result for a job that there is not: its answer says that all that was sent before it is durable."""


@dataclass
class Plant:
    """A worker, and a client that is all of its devices and its operator."""

    worker: Worker
    client: MqttClient
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def ask(self, topic: str, body: Any) -> dict[str, Any]:
        """Publish a request, and give the worker's answer: all that was sent before is durable by then."""
        mark = b"%d" % next(self.numbers)
        self.client.publish(topic, json.dumps(body), response_topic="answers", correlation=mark)
        answer: dict[str, Any] = self.client.wait_for(lambda message: message.correlation == mark, timeout=30).json()
        return answer

    def by_hand(self, **body: Any) -> dict[str, Any]:
        return self.ask("pointsman/objects/pump/manual-state", body)

    def report(self, entity: str, state: str, **more: Any) -> None:
        self.client.publish(f"pointsman/objects/{entity}/state", state, **more)

    def changes(self, entity: str) -> list[dict[str, Any]]:
        """The changes of an entity, oldest first, with all that was sent."""
        self.ask(MARK, 1)
        found: list[dict[str, Any]] = self.worker.json("explain", entity, "--limit", "50")
        return found[::-1]

    def notes(self, entity: str) -> list[str]:
        """What the triggers of an entity have published."""
        return [message.text for message in self.client.messages if message.topic == f"note/{entity}"]


@pytest.fixture
def plant(make_broker: Callable[..., Mosquitto], tmp_path: Path) -> Iterator[Plant]:
    broker = make_broker()
    with MqttClient(broker) as client:
        client.subscribe("answers", "note/#", "pointsman/+/info")
        worker = Worker(tmp_path, broker, configuration=CONFIGURATION).start()
        yield Plant(worker, client)
        worker.kill()


def test_a_state_is_derived_from_values_and_does_not_chatter_within_its_hysteresis(plant: Plant) -> None:
    for temperature in (20, 81, 79, 80.5, 76, 81, 75, 79, 80, 81):
        plant.client.publish("plant/boiler/values", {"t": temperature})
    plant.client.publish("pointsman/objects/boiler/state", {"t": 90, "code": "broken"})
    changes = plant.changes("boiler")
    assert [change["state"] for change in changes] == ["1", "3", "1", "3", "4"]
    assert [change["reason"] for change in changes] == [
        "condition 3: otherwise",
        "condition 2: number(payload.t) > 80",
        "condition 3: otherwise",
        "condition 2: number(payload.t) > 80",
        "condition 1: payload.code == 'broken' or payload.t > 200",
    ]
    plant.client.wait_for(lambda message: message.text == "ALARM FAULT")
    assert plant.notes("boiler") == ["unknown OK", "OK ALARM", "ALARM OK", "OK ALARM", "ALARM FAULT"]
    assert "because: condition 1: payload.code == 'broken' or" in plant.worker.run("explain", "boiler").stdout


def test_values_that_conditions_cannot_compute_or_nobody_wants_are_rejected_and_stop_nothing(plant: Plant) -> None:
    plant.client.publish("plant/pump/values", "1")
    plant.client.publish("plant/boiler/values", {"code": 5, "t": "hot"})
    plant.client.publish("plant/boiler/values", {"t": 81})
    assert [change["state"] for change in plant.changes("boiler")] == ["3"]
    rejects = {each["reason"] for each in plant.worker.json("rejects")}
    assert rejects == {"no_conditions", "condition_fault", "unknown_job"}


def test_a_device_that_falls_silent_is_told_and_comes_back_with_its_next_report(plant: Plant) -> None:
    plant.report("sensor", "OK")
    plant.client.wait_for(lambda message: message.text == "OK NoData", timeout=30)
    plant.report("sensor", "OK")
    plant.client.wait_for(lambda message: message.text == "NoData OK", timeout=30)
    changes = plant.changes("sensor")
    first = [change["state"] for change in changes].index("1")
    heard, silent, back = changes[first : first + 3]
    assert (heard["state"], silent["state"], back["state"]) == ("1", "7", "1")
    assert silent["reason"] == "nothing heard for 2s"
    assert silent["timestamp"] - heard["timestamp"] >= AFTER - 5, "the clock's readings are rounded, and no more"


def test_a_device_that_never_speaks_is_told_too(plant: Plant) -> None:
    plant.client.wait_for(lambda message: message.text == "unknown NoData", timeout=30)


def test_while_the_worker_was_down_nobody_was_silent(plant: Plant) -> None:
    plant.report("sensor", "OK")
    plant.ask(MARK, 1)
    plant.worker.kill()
    time.sleep(AFTER / 1000 + 0.5)
    plant.report("sensor", "ALARM")
    plant.client.clear()
    plant.worker.start()
    plant.client.wait_for("note/sensor", timeout=30)
    plant.client.wait_for(lambda message: message.text == "ALARM NoData", timeout=30)
    alarm, *rest = [note for note in plant.notes("sensor") if "ALARM" in note]
    assert (alarm.split()[1], rest) == ("ALARM", ["ALARM NoData"])
    started = plant.client.wait_for(lambda message: message.topic == "pointsman/test-worker/info").json()["started"]
    assert plant.changes("sensor")[-1]["timestamp"] - started >= AFTER


def test_a_state_that_was_set_by_hand_stands_until_it_is_cleared(plant: Plant) -> None:
    plant.report("pump", "OK")
    answer = plant.by_hand(stateId="ALARM", reason="bearing worn")
    assert (answer["state"], answer["manual_state"]["reported"]) == ("3", "1")
    for state in ("FAULT", "OK", "FAULT"):
        plant.report("pump", state)
    plant.ask(MARK, 1)
    plant.worker.kill()
    plant.worker.start()
    assert plant.by_hand(clear=True) == {"state": "4", "manual_state": None}
    assert [(change["state"], change["reason"]) for change in plant.changes("pump")] == [
        ("1", None),
        ("3", "manual state set by mqtt: bearing worn"),
        ("4", "manual state cleared by mqtt"),
    ]


def test_a_report_of_a_state_that_clears_it_clears_it(plant: Plant) -> None:
    plant.report("pump", "OK")
    plant.by_hand(stateId=3, clearedByStateId=[4, "OK"])
    plant.report("pump", "ALARM")
    plant.report("pump", "FAULT")
    plant.report("pump", "OK")
    assert [change["state"] for change in plant.changes("pump")] == ["1", "3", "4", "1"]
    plant.client.wait_for(lambda message: message.text == "FAULT OK")
    assert plant.notes("pump") == ["unknown OK", "OK ALARM", "ALARM FAULT", "FAULT OK"]


def test_an_until_that_passed_while_the_worker_was_down_is_applied_on_start(plant: Plant) -> None:
    plant.report("pump", "OK")
    until = time.time_ns() // 1_000_000 + 5_000
    assert plant.by_hand(stateId=3, until=until)["manual_state"]["until"] == until
    plant.report("pump", "FAULT")
    plant.ask(MARK, 1)
    plant.worker.kill()
    time.sleep(max(0.0, until / 1000 - time.time()) + 0.5)
    plant.worker.start()
    plant.client.wait_for(lambda message: message.text == "ALARM FAULT", timeout=30)
    assert plant.changes("pump")[-1]["reason"] == "the time of the manual state is over"
    assert plant.by_hand(clear=True) == {"state": "4", "manual_state": None}


def test_one_that_is_to_begin_later_begins_then_and_ends_at_its_time(plant: Plant) -> None:
    plant.report("pump", "OK")
    now = time.time_ns() // 1_000_000
    plant.by_hand(stateId=3, since=now + 1_500, until=now + 4_000)
    plant.client.wait_for(lambda message: message.text == "ALARM OK", timeout=30)
    assert plant.notes("pump") == ["unknown OK", "OK ALARM", "ALARM OK"]


def test_the_command_line_sets_and_clears_it_and_says_what_is_wrong(plant: Plant) -> None:
    plant.report("pump", "OK")
    worker = plant.worker
    options = ["--until", "2h", "--reason", "bearing worn", "--cleared-by", "FAULT"]
    shown = worker.run("manual-state", "pump", "ALARM", *options).stdout
    names = ["state", "manual", "since", "until", "cleared", "reported", "reason"]
    assert [line.split()[0] for line in shown.splitlines()] == names
    told = worker.json("manual-state", "pump", "FAULT", "--since", "1h")
    assert (told["state"], told["manual_state"]["pending"]) == ("1", True)
    assert worker.run("manual-state", "pump", "--clear").stdout.split() == ["state", "1", "manual", "state", "none"]
    assert "expected STATE or --clear" in worker.run("manual-state", "pump", expect=2).stderr
    assert "with no more than --reason" in worker.run("manual-state", "pump", "--clear", "--until", "2h", expect=2).stderr
    assert "no state is declared" in worker.run("manual-state", "pump", "MELTED", expect=1).stderr
    assert "found 'pomp'" in worker.run("manual-state", "pomp", "OK", expect=1).stderr
    assert "expected until to be after" in worker.run("manual-state", "pump", "OK", "--until", "2026-01-01", expect=1).stderr


def test_a_simulation_knows_conditions_and_manual_states(plant: Plant) -> None:
    plant.report("pump", "OK")
    plant.by_hand(stateId=3)
    said = plant.worker.run("simulate", "plant/boiler/values", '{"t": 81}').stdout
    assert "object boiler: state unknown → 3 (condition 2: number(payload.t) > 80)" in said
    assert "no change" in plant.worker.run("simulate", "pointsman/objects/pump/state", "FAULT").stdout
