"""Verbs beside a running worker: real processes, a real broker, a real store; what people and scripts see of them."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import secrets
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pointsman.cli.main import main
from servers.client import MqttClient
from servers.command import COMMAND, environment, pointsman
from servers.mosquitto import Broker, Mosquitto
from servers.ports import free_port, wait_until
from servers.worker import Worker

CONFIGURATION = """
mqtt: {{url: "{url}", base_topic: {base}}}
node: {{id: {base}, health_file: "{directory}/health.json"}}
store: {{url: "sqlite:///{directory}/jobs.db"}}
programs: {{on_stop: end}}
states: [{{id: "1", name: OK}}, {{id: "3", name: ALARM}}]
objects:
  - id: pump-1
    name: Pump 1
    triggers: [{{states: [ALARM], operation: greet}}]
    operations:
      - {{id: greet, type: mqtt, topic: {base}/out, message: "state {{{{state.name}}}}"}}
      - {{id: tell, type: mqtt, topic: {base}/out, message: "{{{{args.text}}}} {{{{args.number}}}}"}}
      - {{id: say, type: program, command: [/bin/echo, "hello {{{{args.who}}}}"]}}
      - {{id: fail, type: program, command: [/bin/sh, -c, "echo half; echo bad >&2; exit 3"]}}
      - {{id: sleep, type: program, command: [/bin/sleep, "20"]}}
links:
  - id: pipe-1
    source: pump-1
    target: pump-1
    operations: [{{id: flush, type: mqtt, topic: {base}/out, message: flush}}]
intake:
  - {{topic: "{base}/plant/+/state", entity: "{{1}}", state: "$"}}
"""


def worker_in(directory: Path, broker: Broker | Mosquitto, base: str) -> Worker:
    text = CONFIGURATION.format(base=base, url=broker.url, directory=directory)
    return Worker(directory, broker, configuration=text, node=base).start(base=base)


@pytest.fixture
def worker(tmp_path: Path, broker: Broker | Mosquitto, topic_root: str) -> Iterator[Worker]:
    """A worker of the test's own, with an empty store."""
    made = worker_in(tmp_path, broker, topic_root)
    yield made
    made.stop()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, broker: Broker | Mosquitto) -> Iterator[Worker]:
    """A worker for tests that do not mind what else it has done. None of them stops it."""
    made = worker_in(tmp_path_factory.mktemp("shared"), broker, f"shared-{secrets.token_hex(4)}")
    yield made
    made.stop()


def process(worker: Worker, *words: str) -> subprocess.Popen[str]:
    """`pointsman …` that goes on, with pipes."""
    return subprocess.Popen(
        [*COMMAND, *words, "--config", str(worker.configuration)],
        cwd=worker.directory,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def here(worker: Worker, *words: str, expect: int = 0) -> str:
    """`pointsman …` in this process: what it prints, errors included. Each verb is also run as a process, here or elsewhere."""
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="", write_through=True)
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out), pytest.raises(SystemExit) as end:
        main([*words, "--config", str(worker.configuration)])
    text = out.buffer.getvalue().decode()  # type: ignore[attr-defined]
    assert end.value.code == expect, text
    return str(text)


def here_json(worker: Worker, *words: str) -> Any:
    """The same, with `--json`."""
    return json.loads(here(worker, *words, "--json"))


def error_of(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    error: dict[str, Any] = json.loads(done.stdout)["error"]
    return error


def finished(worker: Worker, job: str) -> dict[str, Any]:
    def look() -> dict[str, Any]:
        found: dict[str, Any] = here_json(worker, "jobs", "show", job)
        return found

    assert wait_until(lambda: look()["finished"] is not None)
    return look()


# execute


def test_execute_prints_the_id_of_a_job_that_is_recorded(shared: Worker) -> None:
    job = shared.run("execute", "pump-1", "greet").stdout.strip()
    found = finished(shared, job)
    assert (found["operation_id"], found["owner_id"], found["owner_type"]) == ("greet", "pump-1", 1)
    assert (found["status"], found["user_id"], found["process_meta"]) == ("succeeded", "mqtt", None)
    assert here_json(shared, "execute", "pump-1", "greet").keys() == {"job"}


def test_execute_finds_out_whether_the_owner_is_an_object_or_a_link(shared: Worker) -> None:
    job = shared.json("execute", "pipe-1", "flush", "--wait")
    assert (job["owner_id"], job["owner_type"], job["status"]) == ("pipe-1", 2, "succeeded")


def test_execute_waits_for_the_end_and_prints_what_the_program_printed(shared: Worker) -> None:
    done = shared.run("execute", "pump-1", "say", "--arg", "who=the world=all", "--wait")
    assert "hello the world=all" in done.stdout.splitlines()
    assert "succeeded" in done.stdout
    assert shared.json("execute", "pump-1", "say", "--arg", "who=you", "--wait")["description"]["stdout"] == "hello you\n"


def test_arguments_are_text_or_json_as_they_were_given(shared: Worker) -> None:
    words = ("execute", "pump-1", "tell", "--arg", "text=5", "--arg-json", "number=6.5", "--wait")
    job = shared.json(*words)
    assert job["args"] == {"text": "5", "number": 6.5}
    assert job["description"]["message"] == "5 6.5"


def test_execute_that_waits_exits_with_1_when_the_job_fails(shared: Worker) -> None:
    done = shared.run("execute", "pump-1", "fail", "--wait", expect=1)
    assert "exit code 3" in done.stdout
    assert "half" in done.stdout.splitlines()
    assert "bad" in done.stdout.splitlines()
    missing_name = json.loads(shared.run("execute", "pump-1", "say", "--wait", "--json", expect=1).stdout)
    assert missing_name["status"] == "failed"
    assert "args.who" in missing_name["error"]


def test_execute_that_waits_too_long_says_how_to_go_on(shared: Worker) -> None:
    done = shared.run("execute", "pump-1", "sleep", "--wait", "--timeout", "300ms", "--json", expect=1)
    assert "has not ended within 0.3 s; `pointsman jobs show` tells" in error_of(done)["message"]


def test_execute_of_what_is_not_there_exits_with_1_and_names_what_is(shared: Worker) -> None:
    assert "found 'pump-9'" in here(shared, "execute", "pump-9", "greet", expect=1)
    done = shared.run("execute", "pump-1", "dance", "--json", expect=1)
    assert "no operation 'dance'; it has greet, tell, say, fail, sleep" in error_of(done)["message"]


def test_execute_without_a_worker_exits_with_69_and_is_not_carried_out_later(worker: Worker, topic_root: str) -> None:
    """The broker keeps the request for the absent worker's session, but not for longer than the asker waits."""
    worker.kill()
    done = worker.run("execute", "pump-1", "greet", expect=69)
    assert "is `pointsman run` running with this configuration?" in done.stderr
    time.sleep(1.5)
    worker.start(base=topic_root)
    time.sleep(0.5)
    assert here_json(worker, "jobs", "list") == []


def test_execute_without_a_broker_exits_with_69(shared: Worker) -> None:
    done = shared.run("execute", "pump-1", "greet", expect=69, POINTSMAN_MQTT__URL=f"mqtt://127.0.0.1:{free_port()}")
    assert "cannot reach the broker" in done.stderr


def test_execute_says_plainly_that_it_needs_mqtt_5(shared: Worker) -> None:
    done = shared.run("execute", "pump-1", "greet", expect=78, POINTSMAN_MQTT__VERSION="3.1.1")
    assert "needs MQTT 5" in done.stderr


def test_execute_cannot_wait_where_jobs_are_not_announced(shared: Worker) -> None:
    done = shared.run("execute", "pump-1", "greet", "--wait", expect=2, POINTSMAN_MQTT__ANNOUNCE="none")
    assert "mqtt.announce is none" in done.stderr


# result add


def test_a_result_is_added_as_json_from_a_file_or_from_standard_input(shared: Worker, tmp_path: Path) -> None:
    job = here_json(shared, "execute", "pump-1", "greet")["job"]
    file = tmp_path / "result.json"
    file.write_text('{"opened": true}')
    assert here_json(shared, "result", "add", job, '{"pressure": 4.5}') == {"job": job, "results": 1}
    assert "2 custom results" in shared.run("result", "add", job, f"@{file}").stdout
    out, _ = process(shared, "result", "add", job, "-", "--json").communicate("[1, null]", timeout=60)
    assert json.loads(out) == {"job": job, "results": 3}
    results = here_json(shared, "jobs", "show", job)["results"]
    assert [result["payload"] for result in results] == [{"pressure": 4.5}, {"opened": True}, [1, None]]
    assert {result["by"] for result in results} == {"mqtt"}


def test_a_result_for_no_job_exits_with_1(shared: Worker) -> None:
    assert "there is no job nonsense" in shared.run("result", "add", "nonsense", "1", expect=1).stderr
    assert "found 'a/b'" in here(shared, "result", "add", "a/b", "1", expect=1)


# jobs cancel


def test_a_program_that_runs_is_cancelled_and_its_job_is_once_it_has_ended(shared: Worker) -> None:
    job = here_json(shared, "execute", "pump-1", "sleep")["job"]
    assert wait_until(lambda: here_json(shared, "jobs", "show", job)["status"] == "running")
    assert shared.run("jobs", "cancel", job, "--reason", "too slow").stdout.startswith(f"job {job} is cancelled as soon as")
    found = finished(shared, job)
    assert found["status"] == "cancelled"
    assert "cancelled" in found["error"]


def test_only_what_is_open_can_be_cancelled(shared: Worker) -> None:
    job = here_json(shared, "execute", "pump-1", "greet", "--wait")["id"]
    done = shared.run("jobs", "cancel", job, "--json", expect=1)
    assert "has ended already: succeeded" in error_of(done)["message"]
    assert here_json(shared, "jobs", "show", job)["status"] == "succeeded"
    assert "there is no job nonsense" in here(shared, "jobs", "cancel", "nonsense", expect=1)
    assert "found 'a/b'" in here(shared, "jobs", "cancel", "a/b", expect=1)


# jobs


def test_jobs_are_listed_newest_first_and_filtered(worker: Worker) -> None:
    first = here_json(worker, "execute", "pump-1", "greet", "--wait")["id"]
    second = here_json(worker, "execute", "pipe-1", "flush", "--wait")["id"]
    third = json.loads(worker.run("execute", "pump-1", "fail", "--wait", "--json", expect=1).stdout)

    def ids(*words: str) -> list[str]:
        return [job["id"] for job in here_json(worker, "jobs", "list", *words)]

    assert ids() == [third["id"], second, first]
    assert ids("--limit", "2") == [third["id"], second]
    assert ids("--owner", "pump-1") == [third["id"], first]
    assert ids("--operation", "flush") == [second]
    assert ids("--status", "failed", "--status", "running") == [third["id"]]
    assert ids("--since", str(third["timestamp"])) == [third["id"]]
    assert ids("--until", str(third["timestamp"])) == [second, first]
    assert ids("--since", "1h") == [third["id"], second, first]
    assert ids("--until", "2026-01-01") == []
    assert here(worker, "jobs", "list", "--owner", "pump-9") == "no such job\n"


def test_the_list_for_people_is_aligned(shared: Worker) -> None:
    here(shared, "execute", "pump-1", "greet", "--wait")
    here(shared, "execute", "pipe-1", "flush", "--wait")
    heading, *rows = shared.run("jobs", "list", "--status", "succeeded").stdout.splitlines()
    for name, values in (("STATUS", {"succeeded"}), ("OWNER", {"pump-1", "pipe-1"})):
        at = heading.index(name)
        assert {row[at : at + 11].split()[0] for row in rows} == values
        assert {row[at - 2 : at] for row in rows} == {"  "}
    assert "\x1b" not in "".join(rows)


def test_a_job_is_shown_in_full(shared: Worker, mqtt_client: Callable[..., MqttClient], broker: Broker) -> None:
    mqtt_client(broker).publish(f"{shared.node}/plant/pump-1/state", "ALARM")

    def triggered() -> list[dict[str, Any]]:
        jobs = here_json(shared, "jobs", "list", "--operation", "greet")
        return [job for job in jobs if job["process_meta"]]

    assert wait_until(lambda: bool(triggered()))
    job = finished(shared, triggered()[0]["id"])
    assert job["process_meta"]["triggerStates"] == ["3"]
    text = shared.run("jobs", "show", job["id"]).stdout
    for part in (
        job["id"],
        "succeeded",
        "object pump-1",
        "greet",
        "system",
        job["change_id"],
        "state ALARM",
        f"{shared.node}/out",
    ):
        assert part in text
    assert "there is no job 'x'" in here(shared, "jobs", "show", "x", expect=1)


def test_what_a_device_sends_cannot_command_the_terminal(shared: Worker) -> None:
    words = ("execute", "pump-1", "say", "--arg", "who=\x1b[2J\x07", "--wait")
    texts = [here(shared, *words), here(shared, "jobs", "list", "--limit", "1")]
    for text in texts:
        assert "\x1b" not in text
        assert "\\x1b[2J\\x07" in text


def test_jobs_are_exported_oldest_first_as_lines_or_as_a_table(worker: Worker) -> None:
    words = ("execute", "pump-1", "tell", "--arg", "number=ä,\n", "--arg")
    ids = [here(worker, *words, f"text={n}").strip() for n in range(3)]
    finished(worker, ids[-1])
    lines = [json.loads(line) for line in worker.run("jobs", "export").stdout.splitlines()]
    assert [job["id"] for job in lines] == ids
    assert lines[::-1] == worker.jobs()
    rows = list(csv.DictReader(io.StringIO(worker.run("jobs", "export", "--format", "csv").stdout)))
    assert [row["id"] for row in rows] == ids
    assert json.loads(rows[0]["args"]) == {"text": "0", "number": "ä,\n"}
    assert here(worker, "jobs", "export", "--until", "2026-01-01") == ""


def test_tail_follows_new_jobs_and_changes_of_status_until_ctrl_c(worker: Worker) -> None:
    old = here_json(worker, "execute", "pump-1", "greet", "--wait")["id"]
    tail = process(worker, "jobs", "tail", "--json")
    assert tail.stdout is not None
    assert json.loads(tail.stdout.readline())["id"] == old
    slow = here_json(worker, "execute", "pump-1", "sleep")["job"]
    seen = json.loads(tail.stdout.readline())
    assert seen["id"] == slow
    quick = here_json(worker, "execute", "pump-1", "greet")["job"]
    while (seen := json.loads(tail.stdout.readline()))["id"] != quick or seen["status"] != "succeeded":
        assert seen["status"] in ("queued", "running")
    worker.stop()  # ends the slow program
    while (seen := json.loads(tail.stdout.readline()))["id"] != slow or seen["status"] == "running":
        pass
    assert seen["status"] == "interrupted"
    tail.send_signal(signal.SIGINT)
    out, err = tail.communicate(timeout=20)
    assert (tail.returncode, out, err) == (0, "", "")


def test_tail_begins_with_the_newest_and_keeps_to_its_filter(worker: Worker) -> None:
    for _ in range(3):
        here(worker, "execute", "pump-1", "greet", "--wait")
    tail = process(worker, "jobs", "tail", "--lines", "2", "--status", "failed")
    assert tail.stdout is not None
    here(worker, "execute", "pump-1", "fail", "--wait", expect=1)
    assert "exit code 3" in tail.stdout.readline()
    tail.send_signal(signal.SIGINT)
    assert tail.wait(20) == 0
    newest = process(worker, "jobs", "tail", "--lines", "2", "--json")
    assert newest.stdout is not None
    two = [json.loads(newest.stdout.readline())["id"] for _ in range(2)]
    assert two == [job["id"] for job in worker.jobs(2)][::-1]
    newest.send_signal(signal.SIGINT)
    assert newest.wait(20) == 0


# rejects


def test_rejects_are_listed_with_reason_and_count(
    worker: Worker, mqtt_client: Callable[..., MqttClient], broker: Broker, topic_root: str
) -> None:
    assert here_json(worker, "rejects") == []
    assert here(worker, "rejects") == "nothing was rejected\n"
    client = mqtt_client(broker)
    for payload in (b"SINGING", b"DANCING"):
        client.publish(f"{topic_root}/plant/pump-1/state", payload)
    client.publish(f"{topic_root}/plant/pump-9/state", b"\xff\x1b")
    assert wait_until(lambda: sum(each["count"] for each in here_json(worker, "rejects")) == 3)
    by_reason = {each["reason"]: each for each in here_json(worker, "rejects")}
    assert by_reason["unknown_state"]["count"] == 2
    assert by_reason["unknown_state"]["payload"] == "DANCING"
    assert by_reason["unknown_entity"]["topic"] == f"{topic_root}/plant/pump-9/state"
    assert len(here_json(worker, "rejects", "--limit", "1")) == 1
    text = worker.run("rejects").stdout
    assert "unknown_state" in text
    assert "SINGING" not in text


# healthcheck


def test_healthcheck_is_0_beside_a_worker_and_69_without(worker: Worker) -> None:
    assert wait_until((worker.directory / "health.json").exists)
    health = worker.json("healthcheck", "--ready")
    assert (health["alive"], health["problems"]) == (True, [])
    assert "alive" in worker.run("healthcheck").stdout
    worker.stop()
    assert "is `pointsman run` running?" in worker.run("healthcheck", expect=69).stderr


def test_healthcheck_tells_alive_from_ready(worker: Worker, tmp_path: Path) -> None:
    worker.stop()
    file = tmp_path / "health.json"
    health = {"alive": True, "ready": False, "problems": ["no broker"], "queue": 0, "memory_bytes": 1, "counts": {}}
    file.write_text(json.dumps(health))
    assert worker.run("healthcheck").returncode == 0
    assert "not ready: no broker" in worker.run("healthcheck", "--ready", expect=1).stderr
    file.write_text(json.dumps({**health, "alive": False, "problems": ["the engine is stuck"]}))
    assert error_of(worker.run("healthcheck", "--json", expect=1))["message"].endswith("no progress: the engine is stuck")
    os.utime(file, (1, 1))
    worker.run("healthcheck", expect=69)


# db


def test_a_backup_is_taken_beside_a_worker_and_put_back_without_one(worker: Worker, tmp_path: Path) -> None:
    kept = here_json(worker, "execute", "pump-1", "greet", "--wait")["id"]
    assert worker.json("db", "backup", "copy.db")["bytes"] == (tmp_path / "copy.db").stat().st_size
    lost = here_json(worker, "execute", "pump-1", "greet", "--wait")["id"]
    refused = worker.run("db", "restore", "copy.db", "--yes", expect=69)
    assert "Stop" in refused.stderr
    worker.stop()
    assert "expected --yes" in here(worker, "db", "restore", "copy.db", expect=2)
    before = Path(worker.json("db", "restore", "copy.db", "--yes")["kept"])
    assert [job["id"] for job in worker.jobs()] == [kept]
    assert before.exists()
    assert lost in worker.run("jobs", "list", POINTSMAN_STORE__URL=f"sqlite:///{before}").stdout
    assert "found none" in here(worker, "db", "restore", "nothing.db", "--yes", expect=69)


def test_prune_deletes_what_is_old_and_is_refused_beside_a_worker(worker: Worker) -> None:
    for _ in range(3):
        here(worker, "execute", "pump-1", "greet", "--wait")
    refused = worker.run("db", "prune", "--older-than", "30d", expect=69)
    assert "Stop" in refused.stderr
    assert "store.keep" in refused.stderr
    worker.stop()
    assert here_json(worker, "db", "prune", "--older-than", "30d")["jobs"] == 0
    assert here_json(worker, "db", "prune", "--keep-jobs", "1") == {"jobs": 2, "results": 0, "changes": 0}
    assert "deleted 1 job," in worker.run("db", "prune", "--older-than", "0s").stdout
    assert worker.jobs() == []


def test_upgrade_makes_a_store_once_and_is_refused_beside_a_worker(worker: Worker, tmp_path: Path) -> None:
    assert "Stop" in worker.run("db", "upgrade", expect=69).stderr
    worker.stop()
    elsewhere = f"sqlite:///{tmp_path}/other.db"
    made = json.loads(worker.run("db", "upgrade", "--json", POINTSMAN_STORE__URL=elsewhere).stdout)
    assert made["from"] is None
    assert "already" in worker.run("db", "upgrade", POINTSMAN_STORE__URL=elsewhere).stdout
    assert worker.run("jobs", "list", "--json", POINTSMAN_STORE__URL=elsewhere).stdout == "[]\n"


def test_reading_a_store_that_is_not_there_makes_none(shared: Worker, tmp_path: Path) -> None:
    done = shared.run("jobs", "list", expect=69, POINTSMAN_STORE__URL=f"sqlite:///{tmp_path}/none.db")
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "none.db").exists()


# run


def test_run_with_a_wrong_configuration_exits_with_78_before_it_opens_anything(tmp_path: Path) -> None:
    file = tmp_path / "pointsman.yaml"
    file.write_text("store: {url: 'sqlite:///jobs.db'}\nmqqt: {}\nobjects: [{id: a, class: b}]\n")
    done = pointsman(tmp_path, "run", expect=78)
    assert done.stderr.startswith("pointsman.yaml:2:1: ")
    assert [path.name for path in tmp_path.iterdir()] == ["pointsman.yaml"]


def test_a_second_worker_on_the_store_exits_with_69(shared: Worker) -> None:
    assert "only writer" in shared.run("run", expect=69).stderr


def test_run_logs_json_lines_where_there_is_no_terminal(worker: Worker) -> None:
    worker.stop()
    lines = [json.loads(line) for line in worker.log.splitlines()]
    assert {"started", "connected", "stopped"} <= {line["event"] for line in lines}
