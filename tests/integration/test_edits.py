"""What users define over HTTP, with a real worker: in force for the next message, after a restart, and for the command line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pointsman.store import open_reader
from pointsman.store.reads import audit
from servers.api import Site, served
from servers.client import MqttClient

VALVE = {"id": "open", "type": "1", "parameters": {"topic": "valve/{{id}}", "message": "{{state.name}}"}}
TANK = {"id": "tank", "operations": [VALVE], "properties": [{"name": "Level", "value": 1, "type_id": 3}]}
ON_FAULT = {"states": [4], "type": "operation", "payload": {"operation": "open"}}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with served(tmp_path) as site:
        yield site


def audited(site: Site) -> list[tuple[str, str]]:
    """What the audit says was done to the catalog."""
    with open_reader(f"sqlite:///{site.worker.directory}/jobs.db") as reader:
        return [(each.action, each.subject) for each in audit.entries(reader) if each.actor == "admin"][::-1]


def test_what_is_defined_over_http_is_in_force_for_the_next_message_and_for_the_command_line(site: Site) -> None:
    with MqttClient(site.broker) as client:
        client.subscribe("valve/#")
        site.call("POST", "/node/api/classes", TANK)
        site.call("POST", "/node/api/objects", {"id": "t1", "class_id": "tank"})
        site.call("PUT", "/node/api/objects/t1/state-triggers", [ON_FAULT])
        client.publish("pointsman/objects/t1/state", "FAULT")
        assert client.wait_for(lambda message: message.topic == "valve/t1").text == "FAULT"

        site.worker.stop()
        site.worker.start()
        client.publish("pointsman/objects/t1/state", "OK")
        client.publish("pointsman/objects/t1/state", "FAULT")
        client.wait_for(lambda message: message.topic == "valve/t1")
        run = site.worker.run
        assert "valve/t1" in run("simulate", "pointsman/objects/t1/state", "FAULT", "--from", "OK").stdout
        assert "object t1, trigger 1" in run("explain", "t1", "--operation", "open").stdout
        assert [each["name"] for each in site.worker.json("property", "list", "t1")] == ["Level"]
        run("property", "set", "t1", "Level", "7")
        assert site.worker.json("manual-state", "t1", "ALARM")["state"] == "3"
        run("execute", "t1", "open", "--wait")
        assert len(site.call("GET", "/node/api/objects/t1/jobs")) == 3


def test_the_audit_says_who_edited_what(site: Site) -> None:
    site.call("POST", "/node/api/objects", {"id": "t1", "name": "One"})
    site.call("PATCH", "/node/api/objects/t1", {"name": "Two"})
    site.call("DELETE", "/node/api/objects/t1")
    wanted = [("catalog.set", "object t1"), ("catalog.set", "object t1"), ("catalog.remove", "object t1")]
    assert [each for each in audited(site) if each[0].startswith("catalog.")] == wanted
