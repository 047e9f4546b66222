"""The bench of pages asks every list, and an export of many jobs takes no more memory than one of few."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest
import requests

from integration.modern_rig import CONFIGURATION
from servers.api import LOGIN, PASSWORD, Site
from servers.mosquitto import Mosquitto
from servers.worker import Worker

BENCH = Path(__file__).resolve().parents[2] / "bench" / "pages.py"
JOBS = 100_000


def bench() -> ModuleType:
    spec = spec_from_file_location("pages", BENCH)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_bench_asks_every_list_for_its_first_and_its_last_page(tmp_path: Path) -> None:
    command = [sys.executable, str(BENCH), "--jobs", "1000", "--pages", "3", "--json"]
    found = json.loads(subprocess.run(command, check=True, capture_output=True, timeout=100, cwd=tmp_path).stdout)
    assert len(found) > 25
    assert all(each["first_ms"] > 0 and each["last_ms"] > 0 for each in found)


def resident(pid: int) -> int:
    """Its memory in RAM, in bytes; proc(5)."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.external_service
@pytest.mark.timeout(180)
def test_an_export_takes_the_same_memory_however_many_jobs_there_are(
    make_broker: Callable[..., Mosquitto], tmp_path: Path
) -> None:
    broker = make_broker()
    bench().fill(tmp_path / "jobs.db", JOBS)
    settings = {"HTTP__LISTEN": "127.0.0.1:0", "HTTP__ADMIN_PASSWORD": PASSWORD}
    worker = Worker(tmp_path, broker, configuration=CONFIGURATION, settings=settings).start()
    try:
        url = Site(worker, broker).url
        some = requests.get(f"{url}/api/v1/jobs/export?owner=p7", auth=(LOGIN, PASSWORD), timeout=60)
        assert len(some.content.splitlines()) < 100
        for path in ("/api/v1/jobs/export", "/api/v1/jobs/export?format=csv", "/node/api/state-history-log"):
            before, most, size, seen = resident(worker.pid), 0, 0, 0
            with requests.get(url + path, auth=(LOGIN, PASSWORD), stream=True, timeout=60) as answer:
                assert answer.status_code == 200
                for part in answer.iter_content(1 << 20):
                    size += len(part)
                    seen += part.count(b'"p0"') + part.count(b",p0,")
                    most = max(most, resident(worker.pid))
            print(f"\n{path}: {size / 2**20:.0f} MiB sent, memory {before / 2**20:.0f} MiB before, {most / 2**20:.0f} at most")
            assert seen >= JOBS // 2 - 1_000, "it is all there; a few words may lie across two parts"
            assert most - before < size / 3, "what was sent was gathered"
    finally:
        worker.stop()
