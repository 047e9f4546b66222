"""Programs outlive the worker: stopped or killed, its next start knows how each ended (docs/guarantees.md)."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from servers.client import MqttClient
from servers.mosquitto import Broker, Mosquitto
from servers.ports import wait_until
from servers.worker import Worker

PROGRAMS = int(os.environ.get("POINTSMAN_FAULTS_PROGRAMS", "200"))
SEED = int(os.environ.get("POINTSMAN_FAULTS_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 31)
SUPERVISOR = "pointsman-prog"
"""What ps(1) calls one."""

CONFIGURATION = """
states: [{id: "1", name: OK}, {id: "3", name: ALARM}]
classes:
  - id: pump
    operations:
      - {id: run, type: program, command: [/bin/sh, DIRECTORY/program, "{{id}}"], timeout: 10m}
    triggers: [{states: [OK, ALARM], operation: run}]
objects: [OBJECTS]
intake: [{topic: "BASE/+/state", entity: "{1}", state: "$"}]
programs: {directories: [/bin, /usr/bin, DIRECTORY]}
"""
WAITING = """
n=$1
echo "begins $n"
echo $n >> DIRECTORY/runs
read -r _ < DIRECTORY/gate-$((n % 2))
echo "ends $n" >&2
head -c 1000 /dev/zero | tr '\\0' x
exit $((n % 5))
"""
"""It waits at a gate, for a line of its own."""
SHORT = """
n=$1
echo $n >> DIRECTORY/runs
sleep 0.$((n % 4))
echo "ends $n"
exit $((n % 5))
"""


@pytest.fixture
def make_worker(broker: Broker | Mosquitto, topic_root: str, tmp_path: Path) -> Iterator[Callable[..., Worker]]:
    """A worker whose objects are numbered, and each change of one runs the program with the object's number.

    Whatever is left of it is ended with the test, also when the test fails.
    """
    made: list[Worker] = []

    def make(program: str, **settings: str) -> Worker:
        (tmp_path / "program").write_text(program.replace("DIRECTORY", str(tmp_path)))
        objects = ", ".join(f'{{id: "{number}", class: pump}}' for number in range(PROGRAMS))
        text = CONFIGURATION.replace("OBJECTS", objects).replace("DIRECTORY", str(tmp_path)).replace("BASE", topic_root)
        own = {"MQTT__BASE_TOPIC": topic_root, "MQTT__ANNOUNCE": "none", "PROGRAMS__WORKERS": str(PROGRAMS)}
        made.append(Worker(tmp_path, broker, configuration=text, node=topic_root, settings={**own, **settings}))
        return made[-1].start(base=topic_root)

    yield make
    for worker in made:
        worker.kill()
    for pid in processes_of(tmp_path):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def runs(directory: Path) -> list[int]:
    """Which programs have begun, in that order."""
    note = directory / "runs"
    return [int(line) for line in note.read_text().split()] if note.exists() else []


def programs_of(directory: Path) -> Path:
    """The worker's directory."""
    (found,) = directory.glob("pointsman-programs-*")
    return found


def processes_of(directory: Path) -> dict[int, str]:
    """Every process that has to do with the worker's programs, by its number: supervisors, programs, and what those started."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            opened = [os.readlink(each) for each in (process / "fd").iterdir()]
            places = [*opened, os.readlink(process / "cwd")]
            if any(place.startswith(f"{directory}/pointsman-programs-") for place in places):
                found[int(process.name)] = (process / "comm").read_text().strip()
    return found


def memory_of(pid: int) -> tuple[int, int]:
    """What a process has of memory, in kB: its proportional share (PSS), and its own alone (USS)."""
    fields = [line.split() for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]]
    sizes = {words[0].rstrip(":"): int(words[1]) for words in fields}
    return sizes["Pss"], sizes["Private_Clean"] + sizes["Private_Dirty"]


@pytest.fixture
def open_gate(tmp_path: Path) -> Iterator[Callable[[int], None]]:
    """Let programs through one of two gates: each takes a line."""
    gates = []
    for number in (0, 1):
        os.mkfifo(tmp_path / f"gate-{number}")
        gates.append(os.open(tmp_path / f"gate-{number}", os.O_RDWR))

    def let_through(number: int) -> None:
        os.write(gates[number], PROGRAMS * b"\n")

    yield let_through
    for gate in gates:
        os.close(gate)


def outcomes_in(directory: Path) -> int:
    return len(list(programs_of(directory).glob("job-*/outcome")))


def final_jobs(worker: Worker, count: int) -> list[dict[str, Any]]:
    jobs: list[dict[str, Any]] = []

    def look() -> bool:
        jobs[:] = worker.jobs()
        return len(jobs) == count and all(job["finished"] is not None for job in jobs)

    assert wait_until(look, 60), Counter(job["status"] for job in jobs)
    return jobs


def report_all(broker: Broker | Mosquitto, base: str, pace: float = 0) -> None:
    with MqttClient(broker) as device:
        for number in range(PROGRAMS):
            device.publish(f"{base}/{number}/state", "ALARM")
            time.sleep(pace)


@pytest.mark.external_service
@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_two_hundred_programs_outlive_a_worker_and_each_outcome_is_in_its_job(
    how: signal.Signals,
    make_worker: Callable[..., Worker],
    open_gate: Callable[[int], None],
    broker: Broker | Mosquitto,
    topic_root: str,
    tmp_path: Path,
) -> None:
    worker = make_worker(WAITING)
    report_all(broker, topic_root)
    assert wait_until(lambda: len(runs(tmp_path)) == PROGRAMS, 60)
    living = processes_of(tmp_path)
    supervisors = [pid for pid, name in living.items() if name == SUPERVISOR]
    assert len(supervisors) == PROGRAMS
    shares = [memory_of(pid) for pid in supervisors]
    pss, uss = (sum(column) / PROGRAMS for column in zip(*shares, strict=True))
    print(f"a supervisor has {pss:.0f} kB (PSS), {uss:.0f} kB of its own (USS)")

    worker.stop() if how is signal.SIGTERM else worker.kill()
    assert set(processes_of(tmp_path)) >= set(supervisors), "programs went down with their worker"
    open_gate(0)
    assert wait_until(lambda: outcomes_in(tmp_path) == PROGRAMS / 2, 60)

    begun = time.monotonic()
    worker.start(base=topic_root)
    assert wait_until(lambda: sum(job["status"] == "running" for job in worker.jobs()) == PROGRAMS / 2, 60)
    print(
        f"{PROGRAMS / 2:.0f} outcomes and {PROGRAMS / 2:.0f} programs taken up {time.monotonic() - begun:.1f} s after the start"
    )
    open_gate(1)
    for job in final_jobs(worker, PROGRAMS):
        number = int(job["owner_id"])
        described = job["description"]
        assert described["exitCode"] == number % 5, job
        assert (described["stdout"], described["stderr"]) == (f"begins {number}\n" + 1000 * "x", f"ends {number}\n")
        assert job["status"] == ("failed" if number % 5 else "succeeded")
        assert job["attempts"] == 1
    assert sorted(runs(tmp_path)) == list(range(PROGRAMS)), "each ran once"
    assert wait_until(lambda: list(programs_of(tmp_path).iterdir()) == [])
    assert set(processes_of(tmp_path)).isdisjoint(supervisors)
    worker.stop()
    assert processes_of(tmp_path) == {}


@pytest.mark.external_service
@pytest.mark.slow
def test_whenever_a_worker_is_killed_no_program_runs_twice_is_stuck_or_is_left_behind(
    make_worker: Callable[..., Worker], broker: Broker | Mosquitto, topic_root: str, tmp_path: Path
) -> None:
    chance = random.Random(SEED)
    worker = make_worker(SHORT, PROGRAMS__WORKERS="20")
    report_all(broker, topic_root)
    kills = 0
    while len(runs(tmp_path)) < PROGRAMS - 20 and kills < 10:
        time.sleep(chance.uniform(0, 0.5))
        worker.kill() if chance.random() < 0.7 else worker.stop()
        kills += 1
        worker.start(base=topic_root)
    jobs = final_jobs(worker, PROGRAMS)
    worker.stop()
    ran = Counter(runs(tmp_path))
    statuses = Counter(job["status"] for job in jobs)
    print(f"seed {SEED}: {kills} restarts, {dict(statuses)}, {sum(ran.values())} programs run")
    assert kills > 1, "it was not killed in the middle"
    assert max(ran.values()) == 1, "a program ran twice"
    for job in jobs:
        number = int(job["owner_id"])
        if job["status"] == "interrupted":
            assert ran[number] == 0, "it ran, and its supervisor was killed by nobody: its outcome must be known"
            continue
        assert job["status"] == ("failed" if number % 5 else "succeeded")
        assert (job["description"]["exitCode"], job["description"]["stdout"]) == (number % 5, f"ends {number}\n")
        assert ran[number] == 1
    assert wait_until(lambda: processes_of(tmp_path) == {})
