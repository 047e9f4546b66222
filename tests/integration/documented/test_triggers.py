"""State triggers and state conditions: whole lists, which hold as a whole or not at all."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integration.documented_rig import CONDITIONS, TRIGGERS, Platform
from servers.client import MqttClient
from servers.mosquitto import Broker

few = settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def test_state_triggers_come_back_as_they_were_set(platform: Platform, pump: str) -> None:
    path = f"/objects/{pump}/state-triggers"
    assert platform.refused("GET", path) == (404, "ResourceNotFound")
    assert platform.call("PUT", path, TRIGGERS) is None
    assert platform.get(path) == TRIGGERS
    platform.call("PUT", path, [])
    assert platform.get(path) == []


@few
@given(chosen=st.lists(st.sampled_from(TRIGGERS), max_size=5))
def test_whatever_list_of_triggers_is_put_is_the_list_there_is(
    platform: Platform, pump: str, chosen: list[dict[str, Any]]
) -> None:
    path = f"/objects/{pump}/state-triggers"
    platform.call("PUT", path, chosen)
    assert platform.get(path) == chosen


@pytest.mark.parametrize(
    "bad",
    [
        {"states": [77], "type": "operation", "payload": {"operation": "stop"}},
        {"states": [5], "type": "operation", "payload": {"operation": "nope"}},
        {"states": [5], "type": "operation"},
        {"states": [5], "type": "script", "payload": {"execPath": "relative"}},
        {"states": [5], "type": "operation", "payload": {"operation": "stop"}, "duration": -1},
        {"states": [5], "type": "operation", "payload": {"operation": "stop"}, "periodicity": {"value": 1, "unit": "weeks"}},
        {"states": [5], "type": "operations", "payload": {"operation": "stop"}},
        "stop",
    ],
)
def test_a_list_of_triggers_that_cannot_be_honoured_changes_nothing(platform: Platform, pump: str, bad: Any) -> None:
    path = f"/objects/{pump}/state-triggers"
    platform.call("PUT", path, TRIGGERS[:1])
    before = platform.get(f"/objects/{pump}")
    assert platform.refused("PUT", path, [TRIGGERS[1], bad]) == (400, "InvalidContent")
    assert platform.get(path) == TRIGGERS[:1]
    assert platform.get(f"/objects/{pump}") == before


def test_a_body_that_is_no_list_is_refused(platform: Platform, pump: str) -> None:
    for name in ("state-triggers", "state-conditions"):
        assert platform.refused("PUT", f"/objects/{pump}/{name}", {"states": [5]}) == (400, "InvalidContent")


@pytest.mark.parametrize("path", ["/objects/{pump}", "/links/{link}", "/classes/{class}"])
def test_triggers_that_were_set_act_on_the_next_change(platform: Platform, broker: Broker, path: str) -> None:
    class_ = platform.call("POST", "/classes", {"name": "C"})["id"]
    platform.call(
        "POST",
        f"/classes/{class_}/operations",
        {"id": "go", "type": 1, "parameters": {"topic": "acted/{{id}}", "message": "{{state.id}}"}},
    )
    pump = platform.call("POST", "/objects", {"name": "p", "class_id": class_})["id"]
    link = platform.call("POST", "/links", {"source": pump, "target": "other", "class_id": class_})["id"]
    owner = path.format(pump=pump, link=link, **{"class": class_})
    platform.call("PUT", f"{owner}/state-triggers", [{"states": ["Alarm"], "type": "operation", "payload": {"operation": "go"}}])
    entity = f"/links/{link}" if "links" in path else f"/objects/{pump}"
    with MqttClient(broker) as device:
        device.subscribe(f"acted/{entity.split('/')[-1]}")
        told = platform.call("PUT", f"{entity}/state", {"state_id": 5})
        assert (told["id"], told["state_id"]) == (entity.split("/")[-1], 5)
        assert device.wait_for(lambda message: True).text == "5"


def test_state_conditions_come_back_as_they_were_set_and_derive_the_state(platform: Platform, pump: str) -> None:
    path = f"/objects/{pump}/state-conditions"
    assert platform.refused("GET", path) == (404, "ResourceNotFound")
    assert platform.call("PUT", path, CONDITIONS) is None
    assert platform.get(path) == CONDITIONS
    assert platform.refused("PUT", path, [{"condition": {"when": "payload.t >"}, "state": 5}])[0] == 400
    assert platform.refused("PUT", path, [{"condition": {}, "state": 77}])[0] == 400
    assert platform.get(path) == CONDITIONS
