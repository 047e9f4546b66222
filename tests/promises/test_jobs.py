"""A job's life as a user sees it: it takes its turn, is tried again, waits for device or effect, and can be called off."""

from __future__ import annotations

import itertools
import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from servers.client import MqttClient, Received
from servers.mosquitto import Mosquitto
from servers.worker import Worker

CONFIGURATION = """
states: [{id: "1", name: OK}, {id: "3", name: ALARM}]
classes:
  - id: pump
    operations:
      - {id: ask, type: mqtt, topic: "pumps/{{id}}/ask", message: "{{job.id}}", expect_result: 2s, on_timeout: call}
      - {id: call, type: mqtt, topic: "operator/{{id}}", message: "{{args.operation}}: {{args.error}}"}
      - {id: reset, type: mqtt, topic: "pumps/{{id}}/reset", message: "", confirm: {state: OK, within: 20s}}
      - {id: tell, type: mqtt, topic: "pumps/{{id}}/tell", message: ""}
      - {id: nap, type: program, command: [/bin/sleep, "{{args.seconds}}"], mode: queued}
      - {id: alone, type: program, command: [/bin/sleep, "{{args.seconds}}"], mode: single}
      - {id: anew, type: program, command: [/bin/sleep, "{{args.seconds}}"], mode: restart}
      - id: stubborn
        type: program
        text: 'n=$(cat {{args.file}} 2>/dev/null || echo 0); echo $((n + 1)) > {{args.file}}; test $n -ge 2'
        retries: 3
        backoff: 200ms
    triggers: []
objects: [{id: p1, class: pump}, {id: p2, class: pump}]
intake: [{topic: "plant/+/state", entity: "{1}", state: "$"}]
replies: [{topic: "old/+/answer", job: "$.job", result: "$.said"}]
"""


def ask(client: MqttClient, operation: str, entity: str = "p1", **args: Any) -> str:
    """Run an operation over MQTT; the job's id."""
    mine = f"answers/{operation}/{time.monotonic_ns()}"
    client.subscribe(mine)
    topic = f"pointsman/objects/{entity}/operations/{operation}/execute"
    client.publish(topic, json.dumps(args), response_topic=mine)
    return str(client.wait_for(mine, timeout=20).json()["job"])


def job_of(worker: Worker, id_: str) -> dict[str, Any]:
    found: dict[str, Any] = worker.json("jobs", "show", id_)
    return found


def ended(worker: Worker, id_: str, timeout: float = 40) -> dict[str, Any]:
    """The job, once it has ended."""
    until = time.monotonic() + timeout
    while (job := job_of(worker, id_))["status"] in ("queued", "running"):
        assert time.monotonic() < until, f"it does not end: {job}"
        time.sleep(0.1)
    return job


@contextmanager
def device(broker: Mosquitto, topic: str, answer: Callable[[MqttClient, Received], object]) -> Iterator[None]:
    """A device that listens to `topic` and does something at each message."""
    stop = threading.Event()
    ready = threading.Event()

    def live() -> None:
        with MqttClient(broker) as client:
            client.subscribe(topic)
            ready.set()
            done = 0
            while not stop.is_set():
                for message in client.messages[done:]:
                    answer(client, message)
                    done += 1
                time.sleep(0.01)

    thread = threading.Thread(target=live)
    thread.start()
    try:
        assert ready.wait(20)
        yield
    finally:
        stop.set()
        thread.join()


def reply(client: MqttClient, message: Received) -> None:
    assert message.response_topic is not None
    client.publish(message.response_topic, json.dumps({"pressure": 4}), correlation=message.correlation)


# The device


def test_a_device_that_answers_makes_the_job_succeed_and_its_answer_is_a_result(
    plant: tuple[Worker, Mosquitto], mqtt_client: Callable[..., MqttClient]
) -> None:
    worker, broker = plant
    client = mqtt_client(broker)
    with device(broker, "pumps/p1/ask", reply):
        job = ended(worker, ask(client, "ask"))
    assert (job["status"], job["error"]) == ("succeeded", None)
    assert [result["payload"] for result in job["results"]] == [{"pressure": 4}]
    ladder = job["delivery"]
    assert ladder["rung"] == "answered"
    assert job["timestamp"] == ladder["recorded"] <= ladder["acknowledged"] <= ladder["answered"] == job["finished"]
    assert ladder["reason_code"] == 0


def test_a_silent_device_times_out_and_the_escalation_runs(
    plant: tuple[Worker, Mosquitto], mqtt_client: Callable[..., MqttClient]
) -> None:
    worker, broker = plant
    client = mqtt_client(broker).subscribe("operator/p1")
    job = ended(worker, ask(client, "ask"))
    assert job["status"] == "timed_out"
    assert job["delivery"]["rung"] == "acknowledged"
    said = client.wait_for("operator/p1", timeout=20)
    assert said.text == f"ask: {job['error']}" == "ask: expected an answer from the device within 2000 ms, none came"
    [escalation] = [each for each in worker.jobs() if each["operation_id"] == "call"]
    assert (escalation["caused_by"], escalation["root_id"], escalation["hop"]) == (job["id"], job["id"], 1)
    assert escalation["user_id"] == "system"


def test_an_answer_that_came_while_the_worker_was_down_counts(
    plant: tuple[Worker, Mosquitto], mqtt_client: Callable[..., MqttClient]
) -> None:
    worker, broker = plant
    client = mqtt_client(broker).subscribe("pumps/p1/ask")
    id_ = ask(client, "ask")
    question = client.wait_for("pumps/p1/ask", timeout=20)
    worker.kill()
    reply(client, question)
    time.sleep(2.5)
    worker.start()
    job = ended(worker, id_)
    assert (job["status"], job["delivery"]["rung"]) == ("succeeded", "answered")


def test_a_device_with_a_topic_of_its_own_for_answers_is_understood(
    plant: tuple[Worker, Mosquitto], mqtt_client: Callable[..., MqttClient]
) -> None:
    """As on MQTT 3.1.1, which has no Response Topic."""
    worker, broker = plant
    client = mqtt_client(broker)
    old = mqtt_client(broker, v5=False)

    def answer(_client: MqttClient, message: Received) -> None:
        old.publish("old/p1/answer", json.dumps({"job": message.text, "said": ["done"]}))

    with device(broker, "pumps/p1/ask", answer):
        job = ended(worker, ask(client, "ask"))
    assert job["status"] == "succeeded"
    assert [result["payload"] for result in job["results"]] == [["done"]]


def test_an_effect_is_seen_in_the_states_that_come_in(
    plant: tuple[Worker, Mosquitto], mqtt_client: Callable[..., MqttClient]
) -> None:
    """The device cannot answer; that it says OK again is what proves it."""
    worker, broker = plant
    client = mqtt_client(broker)
    client.publish("plant/p1/state", "ALARM")

    def obey(device: MqttClient, _message: Received) -> None:
        device.publish("plant/p1/state", "OK")

    with device(broker, "pumps/p1/reset", obey):
        job = ended(worker, ask(client, "reset"))
    assert (job["status"], job["delivery"]["rung"], job["results"]) == ("succeeded", "confirmed", [])


def test_a_message_that_nobody_had_subscribed_to_says_so(
    plant: tuple[Worker, Mosquitto], mqtt_client: Callable[..., MqttClient]
) -> None:
    worker, broker = plant
    client = mqtt_client(broker)
    unheard = ended(worker, ask(client, "tell"))
    client.subscribe("pumps/p1/tell")
    heard = ended(worker, ask(client, "tell"))
    assert [job["delivery"]["reason_code"] for job in (unheard, heard)] == [16, 0]
    assert "nobody had subscribed" in worker.run("jobs", "show", unheard["id"]).stdout


# Beside each other, and once more


def test_queued_programs_run_one_after_the_other(plant: tuple[Worker, Mosquitto], mqtt_client: Callable[..., MqttClient]) -> None:
    worker, broker = plant
    client = mqtt_client(broker)
    ids = [ask(client, "nap", seconds="0.3") for _ in range(3)]
    other = ended(worker, ask(client, "nap", "p2", seconds="0"))
    jobs = [ended(worker, id_) for id_ in ids]
    assert {job["status"] for job in jobs} == {"succeeded"}
    ends = [job["finished"] for job in jobs]
    assert all(later - earlier >= 300 for earlier, later in itertools.pairwise(ends)), "they ran beside each other"
    assert other["finished"] < ends[-1], "it waited for another entity's"


def test_single_is_suppressed_while_one_runs_and_restart_takes_its_place(
    plant: tuple[Worker, Mosquitto], mqtt_client: Callable[..., MqttClient]
) -> None:
    worker, broker = plant
    client = mqtt_client(broker)
    first, second = ask(client, "alone", seconds="60"), ask(client, "alone", seconds="0")
    suppressed = ended(worker, second)
    assert suppressed["status"] == "suppressed"
    assert first in suppressed["error"]
    before, after = ask(client, "anew", seconds="60"), ask(client, "anew", seconds="0")
    assert ended(worker, after)["status"] == "succeeded"
    assert ended(worker, before)["status"] == "cancelled"
    worker.run("jobs", "cancel", first)
    assert ended(worker, first)["status"] == "cancelled"


def test_a_program_that_fails_is_tried_again_until_it_does_not(
    plant: tuple[Worker, Mosquitto], mqtt_client: Callable[..., MqttClient], tmp_path: Path
) -> None:
    worker, broker = plant
    job = ended(worker, ask(mqtt_client(broker), "stubborn", file=str(tmp_path / "tries")))
    assert (job["status"], job["attempts"]) == ("succeeded", 3)
    assert (tmp_path / "tries").read_text() == "3\n"


def test_a_running_program_is_called_off_over_mqtt_and_is_gone(
    plant: tuple[Worker, Mosquitto], mqtt_client: Callable[..., MqttClient], tmp_path: Path
) -> None:
    worker, broker = plant
    client = mqtt_client(broker).subscribe("answers/cancel")
    id_ = ask(client, "nap", seconds="61.5")
    until = time.monotonic() + 20
    while job_of(worker, id_)["status"] != "running" or not _running("61.5"):
        assert time.monotonic() < until
        time.sleep(0.1)
    client.publish(f"pointsman/jobs/{id_}/cancel", json.dumps({"reason": "not now"}), response_topic="answers/cancel")
    assert client.wait_for("answers/cancel", timeout=20).json()["job"] == id_
    assert ended(worker, id_)["status"] == "cancelled"
    assert not _running("61.5")


def _running(seconds: str) -> bool:
    """Whether a `sleep` of so many seconds runs on this machine."""
    wanted = f"/bin/sleep\0{seconds}\0".encode()
    for process in filter(str.isdigit, os.listdir("/proc")):
        try:
            if Path("/proc", process, "cmdline").read_bytes().endswith(wanted):
                return True
        except OSError:
            continue
    return False
