"""Verbs that read the store by themselves: much of it, of either kind, on any terminal. Real processes; no worker, no broker."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pointsman.clock import Uuid7
from pointsman.model.ids import MQTT_USER, EntityId, EntityRef, JobId, OperationId, OwnerType
from pointsman.model.job import Job, JobStatus
from pointsman.model.write import AddJob
from pointsman.store import open_store
from servers.command import environment, pointsman

MANY = 10_000


def job(id_: str, n: int, message: str) -> Job:
    return Job(
        id=JobId(id_),
        operation_id=OperationId("open-valve"),
        owner=EntityRef(OwnerType.OBJECT, EntityId("pump-1")),
        user_id=MQTT_USER,
        timestamp=n,
        status=JobStatus.SUCCEEDED,
        description={"topic": "plant/pump-1/valve/set", "message": message},
        finished=n,
        attempts=1,
    )


def fill(url: str, count: int, message: str = "x" * 300) -> None:
    new_id = Uuid7()
    with open_store(url, session="a-worker") as store:
        for first in range(0, count, 5_000):
            with store.begin() as unit:
                chunk = range(first, min(first + 5_000, count))
                unit.apply([AddJob(job(new_id(1_700_000_000_000 + n), 1_700_000_000_000 + n, message), None) for n in chunk])


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """With a configuration in it."""
    (tmp_path / "pointsman.yaml").write_text("{}\n")
    return tmp_path


def printed(directory: Path, url: str, *words: str, expect: int = 0, encoding: str = "utf-8") -> str:
    """What a verb prints, of this store, in this encoding; its complaint where it is expected to fail."""
    variables = {"POINTSMAN_STORE__URL": url, "PYTHONIOENCODING": encoding}
    done = pointsman(directory, *words, expect=expect, encoding=encoding, **variables)
    return done.stderr if expect else done.stdout


def peak_of_export(directory: Path, url: str, *words: str) -> tuple[int, int]:
    """How many lines an export of these has, and the most memory that it took, in KiB."""
    program = (
        "import atexit, re, sys\n"
        "atexit.register(lambda: print(re.search(r'VmHWM:\\s+(\\d+)', open('/proc/self/status').read())[1], file=sys.stderr))\n"
        "from pointsman.cli.main import main\n"
        "main(['jobs', 'export', *sys.argv[1:]])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *words],
        cwd=directory,
        env=environment(POINTSMAN_STORE__URL=url),
        capture_output=True,
        timeout=60,
        check=True,
    )
    return done.stdout.count(b"\n"), int(done.stderr)


def test_an_export_takes_the_same_memory_however_many_jobs_there_are(directory: Path) -> None:
    url = f"sqlite:///{directory}/jobs.db"
    fill(url, MANY)
    few, base = peak_of_export(directory, url, "--until", str(1_700_000_000_000 + 1_000))
    many, peak = peak_of_export(directory, url)
    assert (few, many) == (1_000, MANY)
    print(f"{few} jobs: {base} KiB, {many} jobs: {peak} KiB")
    assert peak - base < 6_000
    table, peak_of_table = peak_of_export(directory, url, "--format", "csv")
    assert table == MANY + 1
    assert peak_of_table - base < 6_000


def test_a_store_on_postgresql_is_read_in_the_same_way(directory: Path, postgres_url: str) -> None:
    assert "run `pointsman db upgrade`" in printed(directory, postgres_url, "jobs", "list", expect=78)
    printed(directory, postgres_url, "db", "upgrade")
    fill(postgres_url, 3)
    listed = json.loads(printed(directory, postgres_url, "jobs", "list", "--json"))
    assert [each["timestamp"] % 1_000 for each in listed] == [2, 1, 0]
    shown = json.loads(printed(directory, postgres_url, "jobs", "show", listed[0]["id"], "--json"))
    assert shown == listed[0]
    assert printed(directory, postgres_url, "jobs", "export").count("\n") == 3
    assert json.loads(printed(directory, postgres_url, "db", "prune", "--keep-jobs", "1", "--json"))["jobs"] == 2


def test_a_terminal_without_the_characters_gets_them_spelt_out(directory: Path) -> None:
    url = f"sqlite:///{directory}/jobs.db"
    message = "Ventil öffnen 😀 \ud800"
    fill(url, 1, message)
    assert "Ventil öffnen 😀 �" in printed(directory, url, "jobs", "list", encoding="utf-8")
    assert "Ventil öffnen \\U0001f600 \\ufffd" in printed(directory, url, "jobs", "list", encoding="latin-1")
    for encoding in ("latin-1", "utf-8", "ascii"):
        lines = printed(directory, url, "jobs", "export", encoding=encoding)
        assert json.loads(lines)["description"]["message"] == message
        assert printed(directory, url, "jobs", "export", "--format", "csv", encoding=encoding).count("\n") == 2


def test_a_server_that_does_not_answer_exits_with_69(directory: Path) -> None:
    complaint = printed(directory, "postgresql://nobody@127.0.0.1:1/nothing", "jobs", "list", expect=69)
    assert "Traceback" not in complaint
