"""The README's first promise: `pointsman demo` needs nothing, shows a job within seconds, and leaves nothing behind."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from servers.absence import missing
from servers.command import COMMAND, environment
from servers.mosquitto import program as mosquitto_program
from servers.ports import listens, wait_until

ROOT = Path(__file__).resolve().parents[2]

BROKERS = ["mosquitto", "iotcore"]


@pytest.fixture(params=BROKERS)
def broker_kind(request: pytest.FixtureRequest) -> str:
    kind = str(request.param)
    if kind == "mosquitto" and mosquitto_program() is None:
        missing("Mosquitto", "apt-get install mosquitto")
    if kind == "iotcore" and importlib.util.find_spec("iotcore") is None:
        missing("iotcore", "pip install 'pointsman[demo]'; there is no wheel for every machine")
    return kind


class Demo:
    """A demo that runs, and what it has printed so far."""

    def __init__(self, process: subprocess.Popen[str], directory: Path) -> None:
        self.process = process
        self.directory = directory

    def lines(self, wanted: str) -> list[str]:
        """What it printed until a line has `wanted` in it, that line included."""
        found: list[str] = []
        assert self.process.stdout is not None
        for line in self.process.stdout:
            found.append(line.rstrip("\n"))
            if re.search(wanted, line):
                return found
        raise AssertionError(
            f"it ended before it printed {wanted}:\n{found}\n{self.process.stderr and self.process.stderr.read()}"
        )

    def end(self, number: signal.Signals) -> tuple[int, str]:
        """End it; exit code and what it had to complain of."""
        self.process.send_signal(number)
        _, complaints = self.process.communicate(timeout=30)
        return self.process.returncode, complaints

    @property
    def children(self) -> list[int]:
        """The processes that it started, as far as they still run."""
        found = []
        for status in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                if str(self.directory) in status.read_text():
                    found.append(int(status.parent.name))
            except OSError:
                continue
        return found


@contextmanager
def demo(directory: Path, *words: str) -> Iterator[Demo]:
    """Start a demo as a user without any configuration would; its temporary files in `directory`."""
    process = subprocess.Popen(
        [*COMMAND, "demo", *words],
        cwd=directory,
        env=environment(TMPDIR=str(directory)),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield Demo(process, directory)
    finally:
        process.terminate()
        process.communicate(timeout=30)


def test_the_demo_shows_jobs_within_seconds_and_leaves_nothing_behind(broker_kind: str, tmp_path: Path) -> None:
    with demo(tmp_path, "--broker", broker_kind) as running:
        lines = running.lines("valve/set")
        assert lines[0].startswith(f"broker       {broker_kind} at mqtt://127.0.0.1:")
        port = int(lines[0].rsplit(":", 1)[1])
        assert re.fullmatch(
            r"\d\d:\d\d:\d\d  pump-1  OK → ALARM     Open the relief valve  succeeded    plant/pump-1/valve/set \{.*\}", lines[-1]
        )
        assert len(running.children) == 2
        assert running.end(signal.SIGINT) == (0, "")
        assert running.children == []
    assert list(tmp_path.iterdir()) == []
    assert not listens("127.0.0.1", port)


def test_the_lines_that_it_prints_to_try_work_as_they_stand(broker_kind: str, tmp_path: Path) -> None:
    if mosquitto_program("mosquitto_pub") is None:
        missing("mosquitto_pub", "apt-get install mosquitto-clients")
    with demo(tmp_path, "--broker", broker_kind) as running:
        said = {name: words for line in running.lines("end it") for name, words in re.findall(r"^([a-z ]+?)  +(.*)$", line)}
        assert subprocess.run(said["trigger one"], shell=True, timeout=30, check=False).returncode == 0
        running.lines("pump-1  .* → FAULT  .* diagnosing Pump 1 was")
        by_hand = subprocess.run(shlex.split(said["run one"]), capture_output=True, text=True, timeout=60, check=False)
        assert by_hand.returncode == 0, by_hand.stderr
        assert "diagnosing Pump 2 was" in by_hand.stdout
        running.lines("pump-2  by hand .* diagnosing Pump 2 was")
        listed = subprocess.run([*shlex.split(said["list them"]), "--json"], capture_output=True, timeout=60, check=True)
        assert {"open-valve", "diagnose"} == {job["operation_id"] for job in json.loads(listed.stdout)}


def test_its_api_can_be_asked_with_what_it_prints(tmp_path: Path) -> None:
    with demo(tmp_path) as running:
        [said] = [line for line in running.lines("end it") if line.startswith("API ")]
        address, password = re.findall(r"(http://127\.0\.0\.1:\d+)/api/docs, user admin, password (\S+)", said)[0]
        assert requests.get(f"{address}/api/docs", timeout=20).status_code == 200
        assert requests.get(f"{address}/node/api/objects", auth=("admin", password), timeout=20).status_code == 200


def test_the_demo_ends_by_itself_when_told_to(tmp_path: Path) -> None:
    with demo(tmp_path, "--seconds", "2", "--json") as running:
        out, complaints = running.process.communicate(timeout=60)
    assert (running.process.returncode, complaints) == (0, "")
    jobs = [json.loads(line) for line in out.splitlines()]
    assert {"queued", "succeeded"} <= {job["status"] for job in jobs}
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_the_demo_cleans_up_when_it_is_ended_from_outside(number: signal.Signals, tmp_path: Path) -> None:
    with demo(tmp_path) as running:
        running.lines("end it")
        assert running.end(number) == (0, "")
        assert running.children == []
    assert list(tmp_path.iterdir()) == []


def test_the_worker_of_a_demo_that_was_killed_ends_by_itself(tmp_path: Path) -> None:
    with demo(tmp_path) as running:
        running.lines("end it")
        running.process.kill()
        running.process.wait()

        def workers() -> list[int]:
            return [pid for pid in running.children if b"pointsman" in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")]

        assert wait_until(lambda: not workers())
        for pid in running.children:  # a Mosquitto that root started has changed its user, and was let off the leash by that
            os.kill(pid, signal.SIGTERM)


def test_the_demo_says_so_when_its_worker_goes_missing(tmp_path: Path) -> None:
    with demo(tmp_path) as running:
        running.lines("end it")
        worker = [pid for pid in running.children if b"run" in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")]
        os.kill(worker[0], signal.SIGKILL)
        _, complaints = running.process.communicate(timeout=30)
    assert running.process.returncode == 1
    assert complaints.startswith("pointsman: the worker ended:")
    assert list(tmp_path.iterdir()) == []


def test_without_a_broker_the_demo_says_how_to_get_one(tmp_path: Path) -> None:
    program = (
        "import sys, pointsman.cli.demo_broker as demo_broker\n"
        "demo_broker.SYSTEM_PATH = '/nowhere'\n"
        "sys.modules['iotcore'] = None\n"
        "from pointsman.cli.main import main\n"
        "main(['demo'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], env={"PATH": "/nowhere"}, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 69, done.stderr
    assert "apt-get install mosquitto" in done.stderr
    assert "pip install 'pointsman[demo]'" in done.stderr


def test_the_configuration_of_the_demo_is_that_of_the_readme() -> None:
    packaged = ROOT / "src" / "pointsman" / "cli" / "demo.yaml"
    assert packaged.read_text() == (ROOT / "config" / "pointsman.yaml").read_text()
