"""The README's first promise, as a user sees it: a device speaks, the operation runs, the job says all that is known."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from servers.client import MqttClient
from servers.mosquitto import Broker
from servers.worker import Worker


@pytest.fixture
def worker(make_broker: Callable[..., Broker], tmp_path: Path) -> Iterator[tuple[Worker, Broker]]:
    """A worker with the sample configuration, and a broker of its own: its topics are those of the configuration."""
    broker = make_broker()
    worker = Worker(tmp_path, broker).start()
    yield worker, broker
    worker.stop()


def until(worker: Worker, count: int, timeout: float = 15) -> list[dict[str, Any]]:
    """So many jobs, all final, oldest first."""
    deadline = time.monotonic() + timeout
    while True:
        jobs = worker.jobs()
        if len(jobs) >= count and all(job["status"] not in ("queued", "running") for job in jobs):
            return jobs[::-1]
        assert time.monotonic() < deadline, f"expected {count} final jobs, found {jobs}"
        time.sleep(0.1)


def test_an_alarm_opens_the_valve_and_the_job_says_what_was_published(
    worker: tuple[Worker, Broker], mqtt_client: Callable[..., MqttClient]
) -> None:
    running, broker = worker
    client = mqtt_client(broker).subscribe("plant/pump-1/valve/set")
    client.publish("plant/pump-1/state", '{"state":"ALARM"}')
    message = client.wait_for("plant/pump-1/valve/set").json()
    [job] = until(running, 1)
    assert message == {"cmd": "open", "because": "ALARM", "serial": "A-17", "job": job["id"]}
    assert job["description"] == {"topic": "plant/pump-1/valve/set", "message": json.dumps(message)}
    assert job["process_meta"]["triggerStates"] == ["3", "4"]
    assert job["process_meta"]["trigger"] == "class pump, trigger 1"
    assert (job["owner_id"], job["owner_type"], job["operation_id"]) == ("pump-1", 1, "open-valve")
    assert (job["status"], job["user_id"], job["results"], job["error"]) == ("succeeded", "system", [], None)


def test_a_fault_gives_two_jobs_and_its_repetition_none(
    worker: tuple[Worker, Broker], mqtt_client: Callable[..., MqttClient]
) -> None:
    running, broker = worker
    client = mqtt_client(broker)
    for state in ("ALARM", "FAULT", "FAULT", "FAULT"):
        client.publish("plant/pump-1/state", json.dumps({"state": state}))
    jobs = until(running, 3)
    time.sleep(0.5)
    assert [job["operation_id"] for job in until(running, 3)] == ["open-valve", "open-valve", "diagnose"]
    description = jobs[-1]["description"]
    assert (description["exitCode"], description["stdout"]) == (0, "diagnosing Pump 1 was ALARM\n")
    assert jobs[-1]["status"] == "succeeded"


def test_a_device_that_never_spoke_before_may_begin_with_a_fault(
    worker: tuple[Worker, Broker], mqtt_client: Callable[..., MqttClient]
) -> None:
    running, broker = worker
    mqtt_client(broker).publish("tele/pump-2/LWT", "Offline")
    jobs = until(running, 2)
    assert {job["owner_id"] for job in jobs} == {"pump-2"}
    assert jobs[1]["description"]["stdout"] == "diagnosing Pump 2 was unknown\n"


def test_a_custom_result_is_appended_as_it_was_given_and_announced(
    worker: tuple[Worker, Broker], mqtt_client: Callable[..., MqttClient]
) -> None:
    running, broker = worker
    client = mqtt_client(broker).subscribe("pointsman/jobs/+")
    client.publish("pointsman/objects/pump-1/state", "ALARM")
    [job] = until(running, 1)
    payload = {"measured": 12345678901234567890, "name": "größer", "deep": [[{"x": None}]], "share": 0.1}
    client.publish(f"pointsman/jobs/{job['id']}/results", json.dumps(payload))
    announced = client.wait_for(lambda message: bool(message.json()["results"])).json()
    [result] = running.json("jobs", "show", job["id"])["results"]
    assert result["payload"] == payload
    assert result["by"] == "mqtt"
    assert announced["results"] == [result]
    running.run("result", "add", job["id"], '{"second": 2}')
    assert [each["payload"] for each in running.json("jobs", "show", job["id"])["results"]] == [payload, {"second": 2}]


def test_a_device_answers_on_the_response_topic_and_its_answer_becomes_a_result(
    worker: tuple[Worker, Broker], mqtt_client: Callable[..., MqttClient]
) -> None:
    running, broker = worker
    device = mqtt_client(broker).subscribe("plant/+/valve/set")
    device.publish("plant/pump-1/state", '{"state":"ALARM"}')
    order = device.wait_for("plant/pump-1/valve/set")
    assert (order.correlation or b"").decode() == order.json()["job"]
    assert order.user["job-id"] == order.json()["job"]
    device.publish(order.response_topic or "", '{"valve": "open"}')
    device.subscribe("pointsman/jobs/+").publish(order.response_topic or "", '{"position": 100}')
    device.wait_for(lambda message: message.topic.startswith("pointsman/jobs/") and len(message.json()["results"]) == 2)
    [job] = until(running, 1)
    assert [each["payload"] for each in job["results"]] == [{"valve": "open"}, {"position": 100}]


def test_what_cannot_be_read_stops_nothing_and_is_listed(
    worker: tuple[Worker, Broker], mqtt_client: Callable[..., MqttClient]
) -> None:
    running, broker = worker
    client = mqtt_client(broker)
    for topic, payload in (
        ("plant/pump-9/state", '{"state":"ALARM"}'),
        ("plant/pump-1/state", '{"state":"PURPLE"}'),
        ("plant/pump-1/state", "{"),
        ("plant/pump-1/state", '{"state":"PURPLE"}'),
        ("pointsman/jobs/none/results", "1"),
    ):
        client.publish(topic, payload)
    client.publish("plant/pump-1/state", '{"state":"ALARM"}')
    until(running, 1)
    rejects = {(each["reason"], each["topic"]): each["count"] for each in running.json("rejects")}
    assert rejects == {
        ("unknown_entity", "plant/pump-9/state"): 1,
        ("unknown_state", "plant/pump-1/state"): 2,
        ("unparsable", "plant/pump-1/state"): 1,
        ("unknown_job", "pointsman/jobs/none/results"): 1,
    }
    assert running.log.count("PURPLE") == 1


def test_a_retained_state_sets_the_baseline_and_one_that_changed_meanwhile_is_one_change(
    make_broker: Callable[..., Broker], mqtt_client: Callable[..., MqttClient], tmp_path: Path
) -> None:
    broker = make_broker()
    client = mqtt_client(broker)
    client.publish("plant/pump-1/state", '{"state":"ALARM"}', retain=True)
    client.publish("plant/pump-2/state", '{"state":"OK"}', retain=True)
    worker = Worker(tmp_path, broker).start()
    time.sleep(1)
    assert worker.jobs() == [], "a retained first report must not fire"
    worker.stop()
    # At QoS 0: no broker keeps it for the session, so that only the retained copy tells.
    client.publish("plant/pump-2/state", '{"state":"FAULT"}', retain=True, qos=0)
    for _ in range(3):
        worker.start()
        assert [job["owner_id"] for job in until(worker, 2)] == ["pump-2", "pump-2"]
        worker.stop()


def test_a_late_message_that_the_session_queued_is_an_event_even_when_it_was_retained(
    worker: tuple[Worker, Broker], mqtt_client: Callable[..., MqttClient]
) -> None:
    running, broker = worker
    client = mqtt_client(broker)
    client.publish("plant/pump-1/state", '{"state":"OK"}', retain=True)
    time.sleep(0.5)
    running.stop()
    for state in ("ALARM", "OK", "FAULT"):
        client.publish("plant/pump-1/state", json.dumps({"state": state}), retain=True)
    running.start()
    jobs = until(running, 3)
    assert [job["operation_id"] for job in jobs] == ["open-valve", "open-valve", "diagnose"]
    assert [json.loads(job["description"]["message"])["because"] for job in jobs[:2]] == ["ALARM", "FAULT"]
    assert jobs[2]["description"]["stdout"] == "diagnosing Pump 1 was OK\n"


def test_the_worker_says_online_and_offline_also_when_it_dies(
    worker: tuple[Worker, Broker], mqtt_client: Callable[..., MqttClient]
) -> None:
    running, broker = worker
    client = mqtt_client(broker).subscribe("pointsman/test-worker/state")
    assert client.wait_for().text == "online"
    running.kill()
    assert client.wait_for(lambda message: not message.retain).text == "offline"
    running.start()
    client.wait_for(lambda message: message.text == "online" and not message.retain)
    assert running.stop() == 0
    client.clear()
    assert mqtt_client(broker).subscribe("pointsman/test-worker/state").wait_for().text == "offline"
