"""A plain `requests` client does a day's work over the documented API, and finds what its documentation says, field by field."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import requests

from clients.shapes import CLASS, HISTORY, JOB, LINK, OBJECT, OPERATION, PROPERTY, RESULT, USER, check
from servers.api import LOGIN, PASSWORD, Site
from servers.client import MqttClient

PUBLISH = {"topic": "plant/{{id}}/set", "message": '{"level": {{args.level}}, "by": "{{user.login}}"}'}
ALARM = {"topic": "plant/{{id}}/alarm", "message": "{{state.id}}"}


class Client:
    """As people write them: a session, a base address."""

    def __init__(self, url: str) -> None:
        self._session, self._url = requests.Session(), f"{url}/node/api"

    def __call__(self, method: str, path: str, body: Any = None) -> Any:
        answer = self._session.request(method, self._url + path, json=body, timeout=30)
        given = answer.json() if answer.content else None
        assert answer.ok, f"{method} {path}: {answer.status_code} {given}"
        assert not (isinstance(given, dict) and "code" in given), given
        return given


def test_a_client_of_requests_does_a_days_work(site: Site, mqtt_client: Callable[..., MqttClient]) -> None:
    ask = Client(site.url)
    device = mqtt_client(site.broker).subscribe("plant/#")
    check(ask("POST", "/users/session", {"login": LOGIN, "password": PASSWORD}), USER)
    assert check(ask("GET", "/users/current"), USER)["login"] == LOGIN

    made = check(ask("POST", "/classes", {"name": "Pump"}), CLASS)
    pump = made["id"]
    first = check(ask("POST", "/objects", {"name": "Pump 1", "class_id": pump, "tags": ["hall"], "weight": 7}), OBJECT)
    second = check(ask("POST", "/objects", {"name": "Pump 2", "class_id": pump, "parent_id": [first["id"]]}), OBJECT)
    assert (first["weight"], first["tags"], second["parent_id"]) == (7, ["hall"], [first["id"]])
    link = check(ask("POST", "/links", {"source": first["id"], "target": second["id"]}), LINK)
    prop = check(ask("POST", f"/objects/{first['id']}/props", {"name": "Setpoint", "value": 20, "type_id": 3}), PROPERTY)

    operation = check(ask("POST", f"/classes/{pump}/operations", {"name": "Set", "type": "1", "parameters": PUBLISH}), OPERATION)
    on_alarm = check(ask("POST", f"/objects/{first['id']}/operations", {"type": 1, "parameters": ALARM}), OPERATION)
    on_link = check(ask("POST", f"/links/{link['id']}/operations", {"type": "1", "parameters": ALARM}), OPERATION)
    assert (operation["parameters"], operation["type"]) == (PUBLISH, 1)
    triggers = [{"states": [5], "type": "operation", "payload": {"operation": on_alarm["id"]}}]
    ask("PUT", f"/objects/{first['id']}/state-triggers", triggers)
    assert ask("GET", f"/objects/{first['id']}/state-triggers")[0]["states"] == [5]

    after = check(ask("PUT", f"/objects/{first['id']}/state", {"state_id": 5}), OBJECT)
    assert after["state_id"] == 5
    assert device.wait_for(f"plant/{first['id']}/alarm").text == "5"
    job = ask("POST", f"/objects/{first['id']}/operations/{operation['id']}/execute", {"level": 3})
    assert isinstance(job, str)
    assert device.wait_for(f"plant/{first['id']}/set").json() == {"level": 3, "by": LOGIN}
    other = ask("POST", f"/links/{link['id']}/operations/{on_link['id']}/execute")

    done = _until(lambda: check(ask("GET", f"/jobs/{job}"), JOB), lambda each: each["status"] == "succeeded")
    assert done["description"] == {"topic": f"plant/{first['id']}/set", "message": '{"level": 3, "by": "admin"}'}
    assert (done["owner_id"], done["owner_type"], done["process_meta"], done["results"]) == (first["id"], 1, None, [])
    assert check(ask("GET", f"/jobs/{other}"), JOB)["owner_type"] == 2
    ask("PATCH", f"/jobs/{job}/results", {"big": 123456789012345678901234567890, "deep": [{"ä": None}]})
    [result] = [check(each, RESULT) for each in ask("GET", f"/jobs/{job}")["results"]]
    assert result["payload"] == {"big": 123456789012345678901234567890, "deep": [{"ä": None}]}
    assert result["by"] == done["user_id"]

    jobs = [check(each, JOB) for each in ask("GET", f"/objects/{first['id']}/jobs")]
    by_trigger = next(each for each in jobs if each["operation_id"] == on_alarm["id"])
    assert by_trigger["process_meta"]["triggerStates"] == [5]
    listed = ask("POST", "/jobs", {"objects": [first["id"]], "from": 0, "to": done["timestamp"]})
    assert {each["id"] for each in listed} == {each["id"] for each in jobs}
    assert all("owner_type" not in each for each in listed)

    changed = check(ask("PATCH", f"/objects/{first['id']}/props/{prop['id']}", {"value": 21.5}), PROPERTY)
    assert changed["value"] == 21.5
    retyped = check(ask("PATCH", f"/objects/{first['id']}/props/{prop['id']}", {"name": None, "type_id": 101}), PROPERTY)
    assert (retyped["name"], retyped["type_id"], retyped["value"]) == ("Setpoint", 101, 21.5)
    history = [check(each, HISTORY) for each in ask("GET", f"/objects/{first['id']}/state-history")]
    assert history[0]["stateId"] == 5
    assert [check(each, HISTORY)["id"] for each in ask("GET", f"/state-history-log?entityId={first['id']}")] == [
        each["id"] for each in history
    ]
    assert {check(each, OBJECT)["id"] for each in ask("GET", "/objects")} == {"from-file", first["id"], second["id"]}
    ask("DELETE", f"/links/{link['id']}")
    ask("DELETE", "/users/session")


def _until(look: Callable[[], Any], is_so: Callable[[Any], bool]) -> Any:
    """What is seen, once it is so."""
    end = time.monotonic() + 20
    while not is_so(seen := look()):
        assert time.monotonic() < end, seen
        time.sleep(0.02)
    return seen
