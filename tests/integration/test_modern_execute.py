"""Execute and cancel under /api/v1: jobs over HTTP, waiting for their end, and keys under which nothing is done twice."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from integration.modern_rig import ask, execute, modern_site, until
from servers.api import Site
from servers.client import MqttClient

pytestmark = pytest.mark.external_service


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with modern_site() as made:
        yield made


def test_an_execute_is_answered_with_the_job_and_where_it_is(site: Site) -> None:
    answer = execute(site, "hang")
    job = answer.json()
    assert answer.status_code == 202
    assert answer.headers["location"] == f"/api/v1/jobs/{job['id']}"
    assert (job["owner_id"], job["operation_id"], job["user_id"]) == ("p1", "hang", "admin")
    assert job["status"] in ("queued", "running")
    assert ask(site, "POST", f"/jobs/{job['id']}/cancel?wait=30").status_code == 200


def test_arguments_come_in_the_body_and_go_out_in_the_message(site: Site) -> None:
    with MqttClient(site.broker) as client:
        client.subscribe("valve/p1")
        answer = execute(site, "open", {"how": "half", "n": 2**70}, "?wait=30")
        assert client.wait_for("valve/p1").text == "half for admin"
    assert answer.status_code == 200
    assert answer.json()["args"] == {"how": "half", "n": 2**70}
    assert answer.json()["description"] == {"topic": "valve/p1", "message": "half for admin"}


def test_a_missing_argument_is_a_job_that_failed_and_says_why(site: Site) -> None:
    answer = execute(site, "open")
    assert (answer.status_code, answer.json()["status"]) == (200, "failed")
    assert "{{args.how}}" in answer.json()["error"]


def test_wait_holds_the_answer_until_the_job_has_ended(site: Site) -> None:
    answer = execute(site, "slow", query="?wait=30")
    assert (answer.status_code, answer.json()["status"]) == (200, "succeeded")
    assert answer.json()["description"]["stdout"] == "done\n"


def test_wait_ends_with_its_time_and_the_job_as_it_is_then(site: Site) -> None:
    began = time.monotonic()
    answer = execute(site, "hang", query="?wait=0.5")
    assert time.monotonic() - began >= 0.5
    assert (answer.status_code, answer.json()["status"]) == (202, "running")
    assert ask(site, "POST", f"/jobs/{answer.json()['id']}/cancel").ok


def test_many_wait_at_once_and_others_are_answered_meanwhile(site: Site) -> None:
    """More than the API has threads to look into the store."""
    hung = execute(site, "hang").json()["id"]
    with ThreadPoolExecutor(60) as pool:
        waiting = [pool.submit(execute, site, "slow", None, "?wait=60") for _ in range(40)]
        meanwhile = [pool.submit(ask, site, "GET", "/info") for _ in range(20)]
        assert all(each.result().ok for each in meanwhile)
        assert not all(each.done() for each in waiting), "they waited while others were answered"
        statuses = {each.result().json()["status"] for each in waiting}
    assert statuses == {"succeeded"}
    assert ask(site, "POST", f"/jobs/{hung}/cancel?wait=30").json()["status"] == "cancelled"


@pytest.mark.parametrize("query", ["?wait=-1", "?wait=61", "?wait=soon", "?wait=nan", "?wait=inf"])
def test_a_wait_that_cannot_be_is_refused_by_name(site: Site, query: str) -> None:
    answer = execute(site, "slow", query=query)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert [each["at"] for each in answer.json()["errors"]] == ["query.wait"]


@pytest.mark.parametrize("body", [[1], "text", 3])
def test_arguments_that_are_no_object_are_refused(site: Site, body: object) -> None:
    assert execute(site, "open", body).status_code == 400


def test_an_operation_of_a_link_is_executed_alike(site: Site) -> None:
    for plural in ("links", "entities"):
        answer = ask(site, "POST", f"/{plural}/pipe/operations/flush/execute?wait=30")
        assert (answer.status_code, answer.json()["owner_type"]) == (200, 2)
    assert ask(site, "POST", "/objects/pipe/operations/flush/execute").status_code == 404


def test_what_there_is_not_is_not_found(site: Site) -> None:
    assert execute(site, "close").status_code == 404
    assert ask(site, "POST", "/objects/p9/operations/open/execute").status_code == 404
    assert ask(site, "POST", "/jobs/nonsense/cancel").status_code == 404


def test_a_cancelled_job_says_who_and_why_and_is_cancelled_once(site: Site) -> None:
    job = execute(site, "hang").json()["id"]
    answer = ask(site, "POST", f"/jobs/{job}/cancel?wait=30", {"reason": "enough"})
    assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")
    assert answer.json()["error"] == "cancelled by admin: enough"
    again = ask(site, "POST", f"/jobs/{job}/cancel")
    assert (again.status_code, again.json()["reason"]) == (409, "not_open")


def test_the_same_request_under_the_same_key_is_answered_with_the_same_job(site: Site) -> None:
    first = execute(site, "open", {"how": "wide"}, "?wait=30", Idempotency_Key="k-1")
    again = execute(site, "open", {"how": "wide"}, Idempotency_Key="k-1")
    assert first.ok
    assert again.json()["id"] == first.json()["id"]
    assert execute(site, "open", {"how": "wide"}, Idempotency_Key="k-2").json()["id"] != first.json()["id"]


def test_another_request_under_the_same_key_is_refused(site: Site) -> None:
    assert execute(site, "open", {"how": "wide"}, Idempotency_Key="k-3").ok
    other = execute(site, "open", {"how": "shut"}, Idempotency_Key="k-3")
    assert (other.status_code, other.json()["reason"]) == (422, "key_reused")


def test_many_at_once_under_one_key_are_one_job(site: Site) -> None:
    with ThreadPoolExecutor(16) as pool:
        asked = [pool.submit(execute, site, "open", {"how": "wide"}, "", Idempotency_Key="k-4") for _ in range(32)]
        assert len({each.result().json()["id"] for each in asked}) == 1


@pytest.mark.parametrize("key", ["", "x" * 256])
def test_a_key_has_a_length(site: Site, key: str) -> None:
    assert execute(site, "open", {"how": "wide"}, Idempotency_Key=key).status_code == 400


def test_a_key_outlives_the_worker_so_a_retry_after_a_kill_makes_no_second_job() -> None:
    with modern_site() as own:
        first = execute(own, "hang", Idempotency_Key="once").json()["id"]
        own.worker.kill()
        own.worker.start()
        assert execute(own, "hang", Idempotency_Key="once").json()["id"] == first
        until(lambda: ask(own, "GET", "/info").ok)
        assert [each["id"] for each in own.worker.jobs()] == [first]
        own.worker.stop()
