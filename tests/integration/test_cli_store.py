"""Verbs that read the store by themselves: much of it, of either kind, on any terminal. Real processes; no worker, no broker."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pointsman.clock import Uuid7
from pointsman.model.ids import MQTT_USER, EntityId, EntityRef, JobId, OperationId, OwnerType
from pointsman.model.job import Job, JobStatus
from pointsman.model.write import AddJob
from pointsman.store import open_store

MANY = 10_000

Pointsman = Callable[..., subprocess.CompletedProcess[str]]


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
def pointsman(tmp_path: Path) -> Pointsman:
    (tmp_path / "pointsman.yaml").write_text("{}\n")

    def run(*words: str, url: str, expect: int = 0, encoding: str = "utf-8") -> subprocess.CompletedProcess[str]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("POINTSMAN_")}
        done = subprocess.run(
            [sys.executable, "-m", "pointsman", *words],
            cwd=tmp_path,
            env={**environment, "POINTSMAN_STORE__URL": url, "PYTHONIOENCODING": encoding},
            capture_output=True,
            encoding=encoding,
            timeout=60,
            check=False,
        )
        assert done.returncode == expect, done.stderr
        return done

    return run


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
        env={**os.environ, "POINTSMAN_STORE__URL": url},
        capture_output=True,
        timeout=60,
        check=True,
    )
    return done.stdout.count(b"\n"), int(done.stderr)


def test_an_export_takes_the_same_memory_however_many_jobs_there_are(tmp_path: Path, pointsman: Pointsman) -> None:
    url = f"sqlite:///{tmp_path}/jobs.db"
    fill(url, MANY)
    few, base = peak_of_export(tmp_path, url, "--until", str(1_700_000_000_000 + 1_000))
    many, peak = peak_of_export(tmp_path, url)
    assert (few, many) == (1_000, MANY)
    print(f"{few} jobs: {base} KiB, {many} jobs: {peak} KiB")
    assert peak - base < 6_000
    table, peak_of_table = peak_of_export(tmp_path, url, "--format", "csv")
    assert table == MANY + 1
    assert peak_of_table - base < 6_000


def test_a_store_on_postgresql_is_read_in_the_same_way(postgres_url: str, pointsman: Pointsman) -> None:
    assert "run `pointsman db upgrade`" in pointsman("jobs", "list", url=postgres_url, expect=78).stderr
    pointsman("db", "upgrade", url=postgres_url)
    fill(postgres_url, 3)
    listed = json.loads(pointsman("jobs", "list", "--json", url=postgres_url).stdout)
    assert [each["timestamp"] % 1_000 for each in listed] == [2, 1, 0]
    shown = json.loads(pointsman("jobs", "show", listed[0]["id"], "--json", url=postgres_url).stdout)
    assert shown == listed[0]
    assert pointsman("jobs", "export", url=postgres_url).stdout.count("\n") == 3
    assert json.loads(pointsman("db", "prune", "--keep-jobs", "1", "--json", url=postgres_url).stdout)["jobs"] == 2


def test_a_terminal_without_the_characters_gets_them_spelt_out(tmp_path: Path, pointsman: Pointsman) -> None:
    url = f"sqlite:///{tmp_path}/jobs.db"
    message = "Ventil öffnen 😀 \ud800"
    fill(url, 1, message)
    assert "Ventil öffnen 😀 �" in pointsman("jobs", "list", url=url, encoding="utf-8").stdout
    assert "Ventil öffnen \\U0001f600 \\ufffd" in pointsman("jobs", "list", url=url, encoding="latin-1").stdout
    for encoding in ("latin-1", "utf-8", "ascii"):
        lines = pointsman("jobs", "export", url=url, encoding=encoding).stdout
        assert json.loads(lines)["description"]["message"] == message
        assert pointsman("jobs", "export", "--format", "csv", url=url, encoding=encoding).stdout.count("\n") == 2


def test_a_server_that_does_not_answer_exits_with_69(pointsman: Pointsman) -> None:
    done = pointsman("jobs", "list", url="postgresql://nobody@127.0.0.1:1/nothing", expect=69)
    assert "Traceback" not in done.stderr
