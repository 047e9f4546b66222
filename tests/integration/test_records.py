"""Jobs and the state history over both APIs of a worker: lists, exports, custom results, and what is out of reach."""

from __future__ import annotations

import csv
import io
import json
import math
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integration.modern_rig import modern_site
from servers.api import LOGIN, PASSWORD, Site
from servers.client import MqttClient

pytestmark = pytest.mark.external_service

CONFIGURATION = """
states: [{id: 1, name: OK}, {id: 3, name: ALARM}, {id: fault, name: FAULT}]
classes:
  - id: pump
    operations:
      - {id: tell, type: mqtt, topic: "out/{{id}}", message: "{{state.name}}"}
      - {id: open, type: mqtt, topic: "out/{{id}}/open", message: "{{args.how}}"}
    triggers: [{states: [3, FAULT], operation: tell}]
  - {id: tank}
objects: [{id: p1, class: pump}, {id: p2, class: pump}, {id: t1, class: tank}]
links: [{id: pipe, class: pump, source: p1, target: p2}]
intake: [{topic: "in/+", entity: "{1}", state: "$"}]
"""
WHO = (LOGIN, PASSWORD)
SAID_OF = "entityId=p1&entityId=p2&entityId=pipe&entityId=t1"
SAID = [("p1", "3"), ("p2", "fault"), ("pipe", "3"), ("t1", "1"), ("p1", "1"), ("p1", "fault"), ("t1", "3")]
"""What is reported, in this order; each is a change, and those of pumps to 3 and to fault make a job."""


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with modern_site(CONFIGURATION) as made:
        with MqttClient(made.broker) as client:
            for number, (entity, state) in enumerate(SAID):
                client.publish(f"in/{entity}", json.dumps(state))
                _until(lambda number=number: len(get(made, "/api/v1/history").json()["items"]) == number + 1)
        for entity, how in (("p1", "half"), ("p2", "whole"), ("p1", 2**70)):
            made.call("POST", f"/node/api/objects/{entity}/operations/open/execute", {"how": how})
        made.call("POST", "/node/api/objects/p1/operations/open/execute", {})  # fails: it has no {{args.how}}
        _until(lambda: not [job for job in jobs(made) if job["finished"] is None])
        made.call(
            "POST", "/api/v1/users", {"id": "eve", "login": "eve", "password": PASSWORD, "objectPermissions": {"include": ["p1"]}}
        )
        yield made


def _until(is_so: Any) -> None:
    until = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.02)


def get(site: Site, path: str, who: tuple[str, str] = WHO, **query: Any) -> requests.Response:
    return requests.get(site.url + path, params=query, auth=who, timeout=30)


def jobs(site: Site, who: tuple[str, str] = WHO, **query: Any) -> list[dict[str, Any]]:
    answer = get(site, "/api/v1/jobs", who, **query)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


def ids(found: list[dict[str, Any]]) -> list[str]:
    return [each["id"] for each in found]


def test_a_page_of_jobs_is_of_the_newest_and_says_where_the_next_begins(site: Site) -> None:
    everything = jobs(site)
    assert len(everything) == 8
    assert ids(everything) == sorted(ids(everything), reverse=True)
    pages, query = [], {"limit": 3}
    while True:
        page = get(site, "/api/v1/jobs", **query).json()
        pages.append(len(page["items"]))
        if page["next"] is None:
            break
        query = {"limit": 3, "cursor": page["next"]}
    assert pages == [3, 3, 2]
    assert jobs(site, order="oldest") == everything[::-1]


def test_jobs_are_filtered_by_all_that_is_given(site: Site) -> None:
    everything = jobs(site)
    middle = sorted(job["timestamp"] for job in everything)[4]
    for query, wanted in (
        ({"owner": "p1"}, lambda job: job["owner_id"] == "p1"),
        ({"owner": ["p1", "pipe"]}, lambda job: job["owner_id"] in ("p1", "pipe")),
        ({"operation": "open"}, lambda job: job["operation_id"] == "open"),
        ({"status": "failed"}, lambda job: job["status"] == "failed"),
        ({"status": ["failed", "succeeded"]}, lambda job: True),
        ({"user": "admin"}, lambda job: job["user_id"] == "admin"),
        ({"user": "system", "owner": "p1"}, lambda job: (job["user_id"], job["owner_id"]) == ("system", "p1")),
        ({"trigger_state": "fault"}, lambda job: (job["process_meta"] or {}).get("state") == "fault"),
        ({"from": middle}, lambda job: job["timestamp"] >= middle),
        ({"to": middle}, lambda job: job["timestamp"] <= middle),
        ({"from": middle, "to": middle}, lambda job: job["timestamp"] == middle),
        ({"owner": "none"}, lambda job: False),
    ):
        assert jobs(site, **query) == [job for job in everything if wanted(job)], query


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=1001", "status=done", "from=x", f"from={10**30}", "order=up", "format=xml", "limit=x"]
)
def test_a_question_that_makes_no_sense_is_a_400_that_says_why(site: Site, query: str) -> None:
    path = "/api/v1/jobs/export" if "format" in query else "/api/v1/jobs"
    answer = requests.get(f"{site.url}{path}?{query}", auth=WHO, timeout=30)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert query.partition("=")[0] in answer.json()["detail"]


def test_a_strange_cursor_or_id_finds_nothing_and_breaks_nothing(site: Site) -> None:
    for cursor in ("", "\0", "\ud7ff", "zzz", "%", "'"):
        assert get(site, "/api/v1/jobs", cursor=cursor, owner=cursor).status_code == 200
    assert get(site, "/api/v1/jobs/%00").status_code == 404


def test_the_job_of_an_operation_is_told_to_the_letter(site: Site) -> None:
    """Reference, *Job*."""
    job = jobs(site, owner="p1", trigger_state="3")[0]
    told = site.call("GET", f"/node/api/jobs/{job['id']}")
    assert told == job == site.call("GET", f"/api/v1/jobs/{job['id']}")
    assert told["process_meta"]["triggerStates"] == [3, "fault"], "an integer where it was declared as one"
    assert isinstance(told["owner_type"], int)
    assert isinstance(told["timestamp"], int)
    assert told["results"] == []
    assert told["description"] == {"topic": f"out/{told['owner_id']}", "message": "ALARM"}
    assert "code" not in told


def test_the_jobs_of_an_entity_are_an_array_of_all_the_newest_first(site: Site) -> None:
    everything = jobs(site)
    for path, owner in (("objects/p1", "p1"), ("objects/t1", "t1"), ("links/pipe", "pipe")):
        assert site.call("GET", f"/node/api/{path}/jobs") == [job for job in everything if job["owner_id"] == owner]
    assert site.call("GET", "/node/api/objects/p1/jobs?skip=1&limit=2") == jobs(site, owner="p1")[1:3]
    assert get(site, "/node/api/objects/none/jobs").json()["code"] == "ResourceNotFound"


def test_the_jobs_of_several_entities_come_without_owner_type(site: Site) -> None:
    def lacking(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [{name: value for name, value in job.items() if name != "owner_type"} for job in found]

    told = site.call("POST", "/node/api/jobs", {"objects": ["p1", "p2", "none"]})
    assert told == lacking(jobs(site, owner=["p1", "p2"]))
    middle = told[2]["timestamp"]
    assert site.call("POST", "/node/api/jobs", {"objects": ["p1", "p2"], "from": middle, "to": middle}) == [
        job for job in told if job["timestamp"] == middle
    ]
    assert site.call("POST", "/node/api/jobs", {"links": ["pipe"]}) == lacking(jobs(site, owner="pipe"))
    assert site.call("POST", "/node/api/jobs", {"objects": [f"none-{n}" for n in range(3_000)] + ["p2"]}) == lacking(
        jobs(site, owner="p2")
    )
    assert site.call("POST", "/node/api/jobs", {"objects": []}) == []


@pytest.mark.parametrize("body", [{}, {"objects": ["p1"], "links": ["pipe"]}, {"objects": "p1"}, [], {"objects": [None]}, None])
def test_objects_and_links_are_not_asked_for_together(site: Site, body: Any) -> None:
    answer = requests.post(f"{site.url}/node/api/jobs", json=body, auth=WHO, timeout=30)
    assert (answer.status_code, answer.json()["code"]) == (400, "InvalidContent")
    assert set(answer.json()) == {"code", "message"}


def test_the_history_of_an_entity_is_told_to_the_letter(site: Site) -> None:
    told = site.call("GET", "/node/api/objects/p1/state-history")
    assert [entry["stateId"] for entry in told] == ["fault", 1, 3]
    assert {"id", "stateId", "timestamp", "comment", "reason"} <= set(told[0])
    assert site.call("GET", "/node/api/objects/p1/state-history?skip=1&limit=1") == told[1:2]
    at = told[1]["timestamp"]
    assert told[1] in site.call("GET", f"/node/api/objects/p1/state-history?from={at}&to={at}")
    assert [entry["stateId"] for entry in site.call("GET", "/node/api/links/pipe/state-history")] == [3]


def test_the_log_is_of_all_and_cut_by_entity_state_class_time_and_order(site: Site) -> None:
    log = site.call("GET", f"/node/api/state-history-log?{SAID_OF}")
    assert [(entry["entityId"], str(entry["stateId"])) for entry in log] == SAID[::-1]

    def asked(query: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = site.call("GET", f"/node/api/state-history-log?{query}&{SAID_OF}")
        return found

    assert asked("inverse=true") == log[::-1]
    assert asked("skip=2&limit=3") == log[2:5]
    assert asked("limit=0") == log
    assert site.call("GET", "/node/api/state-history-log?entityId=p1&entityId=t1") == [
        entry for entry in log if entry["entityId"] in ("p1", "t1")
    ]
    assert asked("stateId=3") == [entry for entry in log if entry["stateId"] == 3] == asked("stateId=ALARM")
    assert asked("stateId=none") == []
    assert asked("classId=tank") == [entry for entry in log if entry["entityId"] == "t1"]
    assert site.call("GET", "/node/api/state-history-log?classId=pump&entityId=t1") == asked("tagId=none") == []
    at = log[3]["timestamp"]
    assert asked(f"from={at}&to={at}") == [entry for entry in log if entry["timestamp"] == at]


def test_the_log_is_cut_by_tag(site: Site) -> None:
    made = site.call("POST", "/node/api/objects", {"name": "T2", "class_id": "tank", "tags": ['hall "2"', "öl"]})
    site.call("PUT", f"/node/api/objects/{made['id']}/state", {"state_id": 3})
    for tag in ('hall "2"', "öl"):
        told = get(site, "/node/api/state-history-log", tagId=tag).json()
        assert [entry["entityId"] for entry in told] == [made["id"]], tag
    assert get(site, "/node/api/state-history-log", tagId="hall").json() == []
    site.call("DELETE", f"/node/api/objects/{made['id']}")


def test_exports_have_all_oldest_first_as_lines_or_as_a_table(site: Site) -> None:
    everything = jobs(site, order="oldest")
    answer = get(site, "/api/v1/jobs/export")
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert answer.headers["content-disposition"] == 'attachment; filename="jobs.ndjson"'
    assert [json.loads(line) for line in answer.text.splitlines()] == everything
    some = get(site, "/api/v1/jobs/export", owner="p1", operation="open").text
    assert ids([json.loads(line) for line in some.splitlines()]) == ids(
        [job for job in everything if (job["owner_id"], job["operation_id"]) == ("p1", "open")]
    )
    table = list(csv.DictReader(io.StringIO(get(site, "/api/v1/jobs/export", format="csv").text)))
    assert [row["id"] for row in table] == ids(everything)
    assert [json.loads(row["description"]) for row in table] == [job["description"] for job in everything]
    assert list(table[0]) == list(dict.fromkeys(table[0])), "each field has a column"
    assert set(table[0]) == set(everything[0])


def test_the_history_is_listed_and_exported(site: Site) -> None:
    listed = get(site, "/api/v1/history", order="oldest").json()["items"]
    of_first = [each for each in listed if each["entity_id"] in ("p1", "p2", "pipe", "t1")]
    assert [(each["entity_id"], each["state"]) for each in of_first][: len(SAID)] == SAID
    assert [json.loads(line) for line in get(site, "/api/v1/history/export").text.splitlines()] == listed
    table = list(csv.DictReader(io.StringIO(get(site, "/api/v1/history/export", format="csv").text)))
    assert [row["id"] for row in table] == ids(listed)
    assert set(table[0]) == set(listed[0])
    assert get(site, f"/api/v1/history/{listed[0]['id']}").json() == listed[0]
    assert get(site, "/api/v1/history", entity="p1", state="1").json()["items"] == [
        each for each in listed if (each["entity_id"], each["state"]) == ("p1", "1")
    ]


def test_nothing_is_told_of_what_is_out_of_reach(site: Site) -> None:
    eve = ("eve", PASSWORD)
    mine = jobs(site, owner="p1")
    assert jobs(site, eve) == mine
    assert jobs(site, eve, owner=["p1", "p2", "pipe"]) == mine
    assert [json.loads(line) for line in get(site, "/api/v1/jobs/export", eve).text.splitlines()] == mine[::-1]
    assert {entry["entityId"] for entry in get(site, "/node/api/state-history-log", eve).json()} == {"p1"}
    assert {entry["entity_id"] for entry in get(site, "/api/v1/history", eve).json()["items"]} == {"p1"}
    other = jobs(site, owner="p2")[0]["id"]
    for path in (f"/node/api/jobs/{other}", "/node/api/objects/p2/jobs", "/node/api/links/pipe/jobs", f"/api/v1/jobs/{other}"):
        assert get(site, path, eve).status_code == 404
    told = requests.post(f"{site.url}/node/api/jobs", json={"links": ["pipe"]}, auth=eve, timeout=30)
    assert told.json() == []


def test_a_result_needs_modify_objects_and_says_who_and_when(site: Site) -> None:
    job = jobs(site, owner="p2")[0]["id"]
    before = int(time.time() * 1000) - 1_000
    answer = requests.patch(f"{site.url}/node/api/jobs/{job}/results", json={"opened": True}, auth=WHO, timeout=30)
    assert (answer.status_code, answer.content) == (204, b"")
    told = site.call("GET", f"/node/api/jobs/{job}")["results"]
    assert [(result["payload"], result["by"]) for result in told] == [({"opened": True}, "admin")]
    assert before <= told[0]["timestamp"] <= time.time() * 1000 + 1_000
    mine = jobs(site, owner="p1")[0]["id"]
    refused = requests.patch(f"{site.url}/node/api/jobs/{mine}/results", json={}, auth=("eve", PASSWORD), timeout=30)
    assert (refused.status_code, refused.json()["code"]) == (403, "Forbidden")
    assert "modify-objects" in refused.json()["message"]


@pytest.mark.parametrize("body", ["[]", "1", "null", '"text"', "", "{", "NaN", '{"a": NaN}', '{"a": 1e999}', "\xff"])
def test_the_documented_result_is_an_object_of_json(site: Site, body: str) -> None:
    job = jobs(site)[0]["id"]
    url = f"{site.url}/node/api/jobs/{job}/results"
    answer = requests.patch(url, data=body.encode("latin-1"), auth=WHO, timeout=30, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert set(answer.json()) == {"code", "message"}


ANY_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**40), 10**40)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec=None), max_size=8)
    | st.sampled_from(["\0", "\ud800", "😀", "code", "__proto__", "1" * 400]),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(codec=None), max_size=4), inner, max_size=4)
    ),
    max_leaves=12,
)


def same(first: Any, second: Any) -> bool:
    """The same in meaning: of the same types, also -0.0."""
    if isinstance(first, float) and isinstance(second, float):
        return first == second and math.copysign(1, first) == math.copysign(1, second)
    if isinstance(first, dict):
        return isinstance(second, dict) and list(first) == list(second) and all(same(first[key], second[key]) for key in first)
    if isinstance(first, list):
        return isinstance(second, list) and len(first) == len(second) and all(map(same, first, second))
    return type(first) is type(second) and bool(first == second)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(payload=ANY_JSON, escaped=st.booleans())
def test_any_json_comes_back_as_it_was_given(site: Site, payload: Any, escaped: bool) -> None:
    job = site.call("GET", "/api/v1/jobs?owner=pipe")["items"][0]["id"]
    try:
        body = json.dumps(payload, ensure_ascii=escaped).encode()
    except UnicodeEncodeError:  # a lone surrogate, which JSON can only say escaped
        body = json.dumps(payload).encode()
    headers = {"Content-Type": "application/json"}
    answer = requests.post(f"{site.url}/api/v1/jobs/{job}/results", data=body, auth=WHO, headers=headers, timeout=30)
    assert answer.status_code == 201, answer.text
    for told in (answer, get(site, f"/node/api/jobs/{job}")):
        assert same(json.loads(told.content)["results"][-1]["payload"], payload)


def test_a_deep_result_comes_back(site: Site) -> None:
    job = jobs(site, owner="pipe")[0]["id"]
    payload: Any = "bottom"
    for _ in range(99):
        payload = [payload]
    assert site.call("POST", f"/api/v1/jobs/{job}/results", payload)["results"][-1]["payload"] == payload


def test_results_that_are_added_at_once_are_all_there(site: Site) -> None:
    job = jobs(site, owner="p2")[-1]["id"]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: site.call("PATCH", f"/node/api/jobs/{job}/results", {"n": n}), range(40)))
    told = site.call("GET", f"/node/api/jobs/{job}")["results"]
    assert sorted(result["payload"]["n"] for result in told) == list(range(40))
    assert [result["timestamp"] for result in told] == sorted(result["timestamp"] for result in told)
