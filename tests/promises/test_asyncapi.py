"""What a worker says on MQTT is what the AsyncAPI document says of it, message by message."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from documents.published import faults
from pointsman.model.topic import TopicFilter
from pointsman.mqtt.asyncapi import asyncapi_document
from pointsman.mqtt.topics import Topics
from servers.client import MqttClient, Received
from servers.mosquitto import Mosquitto
from servers.worker import Worker

CONFIGURATION = """
classes:
  - id: pump
    properties: [{name: Setpoint, value: 20, writable: true}]
    operations:
      - {id: apply, type: mqtt, topic: "plant/{{id}}/set", message: "{{properties.Setpoint}}"}
      - {id: count, type: program, command: [/bin/sleep, "60"]}
    triggers: [{states: [5], operation: apply}]
objects: [{id: p1, class: pump}]
"""
DOCUMENT: dict[str, Any] = json.loads(json.dumps(asyncapi_document("0", Topics("pointsman", "test-worker"))))
P1 = "pointsman/objects/p1"


def test_what_a_worker_says_is_what_the_document_says(
    plant: tuple[Worker, Mosquitto], mqtt_client: Callable[..., MqttClient]
) -> None:
    _, broker = plant
    client = mqtt_client(broker).subscribe("pointsman/#", "answers/+")

    def ask(name: str, topic: str, body: str) -> Any:
        """Ask, and check the answer with the schemas that the document has for answers to it."""
        client.clear()
        client.publish(topic, body, response_topic=f"answers/{name}", correlation=b"1")
        heard = client.wait_for(lambda message: message.topic == f"answers/{name}")
        said = [reference["$ref"].rsplit("/", 1)[1] for reference in DOCUMENT["operations"][name]["reply"]["messages"]]
        assert any(not _faults(each, heard.json()) for each in said), (name, heard.json())
        return heard.json()

    assert "error" in ask("objectExecute", f"{P1}/operations/none/execute", "")
    assert ask("objectProperty", f"{P1}/properties/Setpoint/set", "21")["changed"]
    assert ask("objectManualState", f"{P1}/manual-state", '{"stateId": 9, "until": 99999999999999}')["manual_state"]
    assert ask("objectManualState", f"{P1}/manual-state", '{"clear": true}')["manual_state"] is None
    ended = ask("objectExecute", f"{P1}/operations/apply/execute", "{}")["job"]
    assert ask("jobResults", f"pointsman/jobs/{ended}/results", '{"opened": true}')["results"] == 1
    job = ask("objectExecute", f"{P1}/operations/count/execute", "")["job"]
    assert ask("jobCancel", f"pointsman/jobs/{job}/cancel", "")["job"] == job
    client.publish(f"{P1}/state", "Alarm")
    client.wait_for(lambda message: TopicFilter("pointsman/jobs/+").match(message.topic) and message.json()["process_meta"])

    heard = mqtt_client(broker).subscribe("pointsman/test-worker/+")
    for topic in ("state", "info", "health"):
        heard.wait_for(f"pointsman/test-worker/{topic}")
    checked = [_check(message) for message in (*client.messages, *heard.messages)]
    assert {"job", "workerState", "workerInfo", "workerHealth"} <= set(checked)


def _check(message: Received) -> str | None:
    """The channel that a message of the worker's is on, once its payload has been held against the schema."""
    for name, operation in DOCUMENT["operations"].items():
        address = DOCUMENT["channels"][name]["address"]
        if (
            operation["action"] == "send"
            and address is not None
            and TopicFilter(_filter(address)).match(message.topic) is not None
        ):
            [said] = DOCUMENT["channels"][name]["messages"]
            text = DOCUMENT["components"]["messages"][said]["contentType"] == "text/plain"
            assert _faults(said, message.text if text else message.json()) == [], message
            return str(name)
    return None


def _faults(message: str, value: Any) -> list[str]:
    return faults(DOCUMENT, DOCUMENT["components"]["messages"][message]["payload"], value)


def _filter(address: str) -> str:
    return "/".join("+" if part.startswith("{") else part for part in address.split("/"))
