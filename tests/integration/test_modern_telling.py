"""Explain, simulate and the worker as a whole under /api/v1: the command line's answers, over HTTP, within the caller's reach."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from typing import Any

import pytest

from integration.modern_rig import ask, execute, modern_site, says
from servers.api import Site
from servers.client import MqttClient

pytestmark = pytest.mark.external_service


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """In which the pump p1 went to ALARM."""
    with modern_site() as made:
        says(made, '{"state": "OK", "t": 12}')
        says(made, '{"state": "ALARM", "t": 12}')
        yield made


def triggered(site: Site) -> dict[str, Any]:
    [job] = [each for each in site.worker.jobs() if each["change_id"] is not None]
    return job


# Explaining


def test_a_job_that_a_trigger_made_is_explained_as_the_command_line_does(site: Site) -> None:
    job = triggered(site)
    found = ask(site, "GET", f"/jobs/{job['id']}/explain").json()
    assert [found["change"]] == site.worker.json("explain", job["id"])
    assert found["words"] == f"a trigger ran it at the change {job['change_id']}"
    assert [(each["trigger"], each["skipped"], each["job"]) for each in found["change"]["triggers"]] == [
        ("t", None, job["id"]),
        ("cold", "condition", None),
    ]
    assert found["change"]["triggers"][1]["words"] == "its condition was not true (payload.t is 12)"


def test_a_change_is_explained_as_the_command_line_does(site: Site) -> None:
    id_ = triggered(site)["change_id"]
    assert [ask(site, "GET", f"/history/{id_}/explain").json()] == site.worker.json("explain", id_)


def test_a_job_that_a_user_asked_for_says_who(site: Site) -> None:
    job = execute(site, "open", {"how": "wide"}).json()["id"]
    found = ask(site, "GET", f"/jobs/{job}/explain").json()
    assert (found["words"], found["change"]) == ("executed by admin, not by a change of state", None)


def test_why_an_operation_ran_or_did_not_is_told_as_on_the_command_line(site: Site) -> None:
    found = ask(site, "GET", "/entities/p1/operations/note/explain").json()["items"]
    assert found == site.worker.json("explain", "p1", "--operation", "note")
    assert [each["reason"] for each in found][:2] == ["ran", "condition"]


def test_it_is_told_of_a_time(site: Site) -> None:
    at = triggered(site)["timestamp"] - 90_000
    [found] = ask(site, "GET", f"/entities/p1/operations/note/explain?at={at}").json()["items"]
    assert found["reason"] == "no_history"


@pytest.mark.parametrize(
    "path",
    ["/jobs/no/explain", "/history/no/explain", "/entities/p9/operations/note/explain", "/entities/p1/operations/no/explain"],
)
def test_what_there_is_not_is_not_explained(site: Site, path: str) -> None:
    assert ask(site, "GET", path).status_code == 404


# Simulating


def test_a_message_is_simulated_as_the_command_line_does_and_sends_nothing(site: Site) -> None:
    message = '{"state": "ALARM", "t": 40}'
    before = site.worker.jobs()
    with MqttClient(site.broker) as client:
        client.subscribe("note/+", "pointsman/jobs/+")
        found = ask(site, "POST", "/simulate", {"topic": "plant/p2/state", "message": message}).json()
        assert client.quiet() == []
    assert found == site.worker.json("simulate", "plant/p2/state", message)
    assert [each["would"]["message"] for each in found["commands"][0]["jobs"]] == ["ALARM", "ALARM"]
    assert site.worker.jobs() == before
    assert ask(site, "GET", "/entities/p2/operations/note/explain").json()["items"][0]["reason"] == "never_reported"


def test_a_simulation_goes_by_the_state_that_an_entity_is_in_unless_it_is_given_another(site: Site) -> None:
    asked = {"topic": "plant/p1/state", "message": {"state": "ALARM"}}
    assert ask(site, "POST", "/simulate", asked).json()["commands"][0]["change"] is None, "it is in ALARM already"
    found = ask(site, "POST", "/simulate", {**asked, "from": "OK"}).json()["commands"][0]
    assert found["change"] == {"previous": "1", "state": "3"}
    assert found["jobs"][0]["would"]["topic"] == "note/p1"


def test_an_execution_is_simulated_and_makes_no_job(site: Site) -> None:
    before = site.worker.jobs()
    body = {"execute": {"entity": "p1", "operation": "open", "args": {"how": "half"}}}
    [found] = ask(site, "POST", "/simulate", body).json()["commands"]
    assert found["jobs"][0]["would"] == {"topic": "valve/p1", "message": "half for admin", "qos": 1, "retain": False}
    [failed] = ask(site, "POST", "/simulate", {"execute": {"entity": "p1", "operation": "open"}}).json()["commands"]
    assert (failed["jobs"][0]["status"], failed["jobs"][0]["would"]) == ("failed", None)
    assert site.worker.jobs() == before


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"topic": "a", "message": "b", "execute": {"entity": "p1", "operation": "open"}}, 400),
        ({"topic": "a/#", "message": "b"}, 400),
        ({"topic": "plant/p1/state", "message": "b", "from": "NO"}, 400),
        ({"execute": {"entity": "p9", "operation": "open"}}, 404),
        ({"execute": {"entity": "p1", "operation": "close"}}, 404),
    ],
)
def test_what_cannot_be_simulated_is_refused(site: Site, body: dict[str, Any], status: int) -> None:
    answer = ask(site, "POST", "/simulate", body)
    assert answer.status_code == status, answer.text


# Within reach

SECRET = "right horse battery"


def user(site: Site, permissions: list[str], **reach: Any) -> tuple[str, str]:
    """Somebody new, who may that, and reaches p2 but not p1."""
    login = f"user-{secrets.token_hex(4)}"
    body = {"login": login, "password": SECRET, "permissions": permissions, "objectPermissions": {"exclude": ["p1"]}, **reach}
    assert ask(site, "POST", "/users", body).status_code == 201
    return login, SECRET


def test_a_simulation_leaves_out_what_is_out_of_reach(site: Site) -> None:
    who = user(site, ["manage-configuration"])
    for entity, told in (("p1", 0), ("p2", 1)):
        answer = ask(site, "POST", "/simulate", {"topic": f"plant/{entity}/state", "message": {"state": "OK"}}, who)
        assert (answer.status_code, len(answer.json()["commands"])) == (200, told)
    execute_ = {"execute": {"entity": "p2", "operation": "open"}}
    assert ask(site, "POST", "/simulate", execute_, who).json()["permissions"] == ["execute-operations"]


def test_an_execution_is_simulated_for_those_who_may_execute_it(site: Site) -> None:
    who = user(site, ["execute-operations"])
    answers = [
        ask(site, "POST", "/simulate", {"execute": {"entity": entity, "operation": "note"}}, who).status_code
        for entity in ("p1", "p2")
    ]
    assert answers == [404, 200]
    message = ask(site, "POST", "/simulate", {"topic": "plant/p2/state", "message": "x"}, who)
    assert (message.status_code, message.json()["permissions"]) == (403, ["manage-configuration"])


def test_what_is_out_of_reach_is_explained_as_if_it_were_not_there(site: Site) -> None:
    who, job = user(site, ["manage-configuration"]), triggered(site)
    for path in (f"/jobs/{job['id']}", f"/history/{job['change_id']}", "/entities/p1/operations/note"):
        assert ask(site, "GET", f"{path}/explain", who=who).status_code == 404
        assert ask(site, "GET", f"{path}/explain").ok
    assert ask(site, "GET", "/entities/p2/operations/note/explain", who=who).ok
    assert ask(site, "GET", "/entities/pipe/operations/flush/explain", who=who).status_code == 404, "a link with both its ends"


# The worker as a whole


def test_info_says_what_the_worker_is(site: Site) -> None:
    found = ask(site, "GET", "/info").json()
    assert found["version"] in site.worker.run("version").stdout
    assert found["node"] == "test-worker"
    assert found["counts"] == {"objects": 2, "links": 1, "classes": 1, "states": 2, "scripts": 0}
    assert (found["health"]["alive"], found["health"]["ready"]) == (True, True)


def test_rejects_and_reasons_are_those_of_the_command_line(site: Site) -> None:
    with MqttClient(site.broker) as client:
        client.publish("plant/p1/state", "{broken")
    execute(site, "open", {"how": "wide"}, "?wait=30")  # what came before it is durable then
    assert ask(site, "GET", "/rejects").json()["items"] == site.worker.json("rejects")
    assert ask(site, "GET", "/reasons").json()["items"] == site.worker.json("reasons")
    assert [each["topic"] for each in ask(site, "GET", "/rejects").json()["items"]] == ["plant/p1/state"]


def test_the_audit_is_read_page_by_page(site: Site) -> None:
    job = execute(site, "open", {"how": "wide"}, "?wait=30").json()["id"]
    seen: list[dict[str, Any]] = []
    cursor: str | None = ""
    while cursor is not None:
        page = ask(site, "GET", f"/audit?limit=2{cursor and '&cursor=' + cursor}").json()
        assert len(page["items"]) <= 2
        seen += page["items"]
        cursor = page["next"]
    assert (seen[0]["actor"], seen[0]["action"], seen[0]["after"]) == ("admin", "execute", {"job": job})
    assert len({each["id"] for each in seen}) == len(seen)
    assert [each["id"] for each in seen] == sorted([each["id"] for each in seen], reverse=True)
    assert "worker.start" in {each["action"] for each in seen}
    assert json.dumps(seen).count("correct horse") == 0, "no secret is in it"
