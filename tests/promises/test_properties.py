"""Properties as a user sees them: set over MQTT or by a device's own word, they run what asks for it, and are remembered."""

from __future__ import annotations

import json
from collections.abc import Callable

from servers.client import MqttClient
from servers.mosquitto import Mosquitto
from servers.worker import Worker

CONFIGURATION = """
classes:
  - id: pump
    properties: [{name: Setpoint, value: 20, writable: true}, {name: Temperature}]
    operations:
      - id: apply
        type: mqtt
        topic: plant/{{id}}/setpoint/set
        message: '{"{{args.property}}": {{args.value}}, "was": {{args.previous}}, "now": {{properties.Setpoint}}}'
        runOnReadWritePropertyModification: true
      - {id: show, type: program, command: [/bin/cat]}
objects: [{id: p1, class: pump}, {id: p2, class: pump, properties: {Setpoint: 15}}]
intake:
  - {topic: "plant/+/setpoint", entity: "{1}", property: Setpoint, value: "$.is"}
  - {topic: "plant/+/temperature", entity: "{1}", property: Temperature}
"""
SET = "pointsman/objects/p1/properties/Setpoint/set"


def test_a_property_that_is_set_over_mqtt_runs_the_operation_and_is_remembered(
    plant: tuple[Worker, Mosquitto], mqtt_client: Callable[..., MqttClient]
) -> None:
    worker, broker = plant
    client = mqtt_client(broker).subscribe("plant/p1/setpoint/set", "answers/me")
    client.publish(SET, "21.5", response_topic="answers/me", correlation=b"7")
    assert json.loads(client.wait_for("plant/p1/setpoint/set").text) == {"Setpoint": 21.5, "was": 20, "now": 21.5}
    answer = json.loads(client.wait_for("answers/me").text)
    [job] = worker.jobs()
    assert answer == {"property": "Setpoint", "value": 21.5, "changed": True, "jobs": [job["id"]]}
    assert (job["user_id"], job["process_meta"]) == ("mqtt", None)
    assert job["args"] == {"property": "Setpoint", "value": 21.5, "previous": 20}
    client.clear()
    client.publish(SET, "21.50", response_topic="answers/me")
    assert json.loads(client.wait_for("answers/me").text) == {"property": "Setpoint", "value": 21.5, "changed": False, "jobs": []}

    worker.kill()
    worker.start()
    shown = json.loads(worker.json("execute", "p1", "show", "--wait")["description"]["stdout"])
    assert shown["entity"]["properties"] == {"Setpoint": 21.5, "Temperature": None}
    shown = json.loads(worker.json("execute", "p2", "show", "--wait")["description"]["stdout"])
    assert shown["entity"]["properties"]["Setpoint"] == 15
    assert [job["operation_id"] for job in worker.jobs()] == ["show", "show", "apply"]


def test_what_a_device_reports_counts_and_only_what_can_be_set_runs_anything(
    plant: tuple[Worker, Mosquitto], mqtt_client: Callable[..., MqttClient]
) -> None:
    worker, broker = plant
    client = mqtt_client(broker).subscribe("plant/+/setpoint/set")
    client.publish("plant/p2/temperature", "63.5")
    client.publish("plant/p2/setpoint", '{"is": 16}')
    assert json.loads(client.wait_for("plant/p2/setpoint/set").text) == {"Setpoint": 16, "was": 15, "now": 16}
    found = {each["name"]: each for each in worker.json("property", "list", "p2")}
    assert {name: (each["value"], each["type_id"], each["by"]) for name, each in found.items()} == {
        "Setpoint": (16, 3, "mqtt"),
        "Temperature": (63.5, 1, "mqtt"),
    }
    assert len(worker.jobs()) == 1


def test_the_command_line_sets_lists_and_is_told_why_not(plant: tuple[Worker, Mosquitto]) -> None:
    worker, _ = plant
    answer = worker.json("property", "set", "p1", "Setpoint", "18")
    assert (answer["changed"], answer["value"], len(answer["jobs"])) == (True, 18, 1)
    assert worker.run("property", "set", "p1", "Setpoint", "18").stdout == "Setpoint has that value already\n"
    assert worker.run("property", "set", "p1", "Setpoint", "eco").stdout.startswith("Setpoint is set; it runs 1 job\n")
    table = worker.run("property", "list", "p1").stdout.splitlines()
    assert table[0].split() == ["NAME", "ACCESS", "SET", "BY", "VALUE"]
    assert table[1].split()[:2] == ["Setpoint", "writable"]
    assert table[1].endswith('mqtt  "eco"')
    assert table[2].split() == ["Temperature", "read-only", "-", "-", "null"]
    refused = worker.run("property", "set", "p1", "Temperature", "1", expect=1).stderr
    assert "'Temperature' of object p1 is not writable (type_id 3); those that are: Setpoint" in refused
    assert "has no property 'setpoint'" in worker.run("property", "set", "p1", "setpoint", "1", expect=1).stderr
    assert "expected the id of an object or link" in worker.run("property", "set", "p9", "x", "1", expect=1).stderr
    assert "can be one level of a topic" in worker.run("property", "set", "p1", "a/b", "1", expect=1).stderr
    assert {each["reason"] for each in worker.json("rejects")} == {"not_writable", "unknown_property"}


def test_a_simulation_knows_the_value_that_was_set(plant: tuple[Worker, Mosquitto]) -> None:
    worker, _ = plant
    worker.run("property", "set", "p1", "Setpoint", "18")
    [command] = worker.json("simulate", SET, "19")["commands"]
    assert command["property"] == {"name": "Setpoint", "value": 19}
    assert json.loads(command["jobs"][0]["would"]["message"]) == {"Setpoint": 19, "was": 18, "now": 19}
    assert worker.run("simulate", SET, "18").stdout == "object p1: the property has that value\n"
    assert worker.run("simulate", SET, "19").stdout.startswith(
        "object p1: Setpoint = 19\n  apply would publish plant/p1/setpoint/set"
    )
