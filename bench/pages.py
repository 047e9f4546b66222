"""How long does a page of a list take with a million jobs in the store? The first page and the thousandth, over HTTP.

A SQLite file is filled with jobs and with as long a state history, a worker is started over it (no broker is needed), and its API
is asked for pages of 50, one request at a time over one connection. Times are this machine's, in milliseconds: what counts is
that none grows with the number of jobs or of pages.

Usage: `python bench/pages.py [--jobs N] [--pages N] [--store FILE] [--json]`.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from pointsman.store import open_store

ENTITIES = 1_000
PAGE = 50
BEGAN = 1_700_000_000_000
APART = 100
"""Milliseconds between two jobs."""
PASSWORD = "a password of the bench"
CONFIGURATION = """
mqtt: {{url: "mqtt://127.0.0.1:9"}}
node: {{id: bench, health_file: "{directory}/health.json"}}
store: {{url: "{store}"}}
log: {{level: info}}
http: {{listen: "127.0.0.1:0"}}
states: [{{id: "1", name: OK}}, {{id: "3", name: ALARM}}, {{id: "9", name: RARE}}]
classes:
  - {{id: pump, name: Pump, operations: [{{id: valve, type: mqtt, topic: "out/{{{{id}}}}", message: ""}}]}}
objects: [{objects}]
"""


def id_of(number: int, part: int) -> str:
    """A UUIDv7 for the time of that job."""
    digits = f"{BEGAN + number * APART:012x}"
    return f"{digits[:8]}-{digits[8:]}-7000-8{part:03x}-{number:012x}"


def owner_of(number: int) -> str:
    """Every second job is one entity's; the others are spread over all."""
    return "p0" if number % 2 else f"p{number // 2 % ENTITIES}"


def job_rows(count: int) -> Iterator[dict[str, object]]:
    """Jobs as they are after some time: nearly all succeeded, nearly all run by triggers."""
    for number in range(count):
        at, state = BEGAN + number * APART, "9" if number % 10_000 == 5 else "3" if number % 3 else "1"
        by_user = number % 1_000 == 7
        meta = {"triggerStates": ["1", "3", "9"], "trigger": "class pump, trigger 1", "previous": "1", "state": state}
        yield {
            "id": id_of(number, 1),
            "operation_id": "rare" if number % 10_000 == 9 else "valve",
            "owner_type": 1,
            "owner_id": owner_of(number),
            "user_id": "ada" if by_user else "system",
            "timestamp": at,
            "status": "failed" if number % 100 == 3 else "succeeded",
            "description": '{"topic":"plant/p1/valve/set","message":"{\\"cmd\\": \\"open\\"}"}',
            "process_meta": None if by_user else json.dumps({**meta, "timestamp": None}),
            "trigger_state": None if by_user else state,
            "change_id": None if by_user else id_of(number, 0),
            "attempts": 1,
            "finished": at + 5,
            "acknowledged": at + 5,
            "reason_code": 0,
            "changed": id_of(number, 2),
        }


def change_rows(count: int) -> Iterator[dict[str, object]]:
    """A change before each job."""
    for number in range(count):
        at = BEGAN + number * APART
        yield {
            "id": id_of(number, 0),
            "owner_type": 1,
            "entity_id": owner_of(number),
            "previous": "1",
            "state": "9" if number % 10_000 == 5 else "3" if number % 3 else "1",
            "at": at,
            "offline": 0,
            "topic": "plant/p1/state",
            "trace": '[["class pump, trigger 1",null,"",null]]',
            "payload": b'{"state": "ALARM"}',
        }


def fill(path: Path, count: int) -> None:
    """A store with so many jobs, and so many changes."""
    open_store(f"sqlite:///{path}", session="bench").close()
    with sqlite3.connect(path, isolation_level=None) as connection:
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute("PRAGMA cache_size=-400000")
        connection.execute("BEGIN")
        for table, rows in (("jobs", job_rows(count)), ("state_history", change_rows(count))):
            names = list(next(job_rows(1)) if table == "jobs" else next(change_rows(1)))
            marks = ", ".join(f":{name}" for name in names)
            connection.executemany(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})", rows)
        connection.execute("COMMIT")
    connection.close()


@contextmanager
def worker(directory: Path, store: Path) -> Iterator[http.client.HTTPConnection]:
    """A worker over the store; gives a connection to its API."""
    path, log = directory / "pointsman.yaml", directory / "worker.log"
    objects = ", ".join(f"{{id: p{number}, class: pump}}" for number in range(ENTITIES))
    path.write_text(CONFIGURATION.format(store=f"sqlite:///{store}", directory=directory, objects=objects))
    environment = {**os.environ, "POINTSMAN_HTTP__ADMIN_PASSWORD": PASSWORD}
    with log.open("wb") as output:
        command = [sys.executable, "-m", "pointsman", "--config", str(path), "run"]
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=output)
    try:
        address = _address(process, log)
        connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=120)
        yield connection
        connection.close()
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        for line in log.read_text(errors="replace").splitlines():
            if '"listening"' in line:
                return str(json.loads(line)["address"])
        time.sleep(0.05)
    raise RuntimeError(f"the worker does not listen:\n{log.read_text(errors='replace')[-2000:]}")


class Asking:
    """One connection, one request at a time."""

    def __init__(self, connection: http.client.HTTPConnection) -> None:
        self._connection = connection
        identity = b64encode(f"admin:{PASSWORD}".encode()).decode()
        self._headers = {"Authorization": f"Basic {identity}", "Content-Type": "application/json"}

    def __call__(
        self, method: str, path: str, query: Mapping[str, object] | None = None, body: object = None
    ) -> tuple[float, Any]:
        """Milliseconds, and the answer."""
        target = f"{path}?{urlencode(query, doseq=True)}" if query else path
        began = time.perf_counter()
        self._connection.request(method, target, None if body is None else json.dumps(body), self._headers)
        answer = self._connection.getresponse()
        text = answer.read()
        took = (time.perf_counter() - began) * 1000
        if answer.status != 200:
            raise RuntimeError(f"{method} {target}: {answer.status} {text[:300]!r}")
        return took, json.loads(text)


def by_cursor(ask: Asking, path: str, query: Mapping[str, object], pages: int) -> tuple[float, float, int]:
    """Page after page: the median of the first ones' times, that of the last ones', and how many there were."""
    times: list[float] = []
    cursor: dict[str, object] = {}
    while len(times) < pages:
        took, page = ask("GET", path, {**query, **cursor, "limit": PAGE})
        times.append(took)
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    first = statistics.median([ask("GET", path, {**query, "limit": PAGE})[0] for _ in range(5)])
    return first, statistics.median(times[-5:]), len(times)


def by_skip(
    ask: Asking, method: str, path: str, query: Mapping[str, object], body: Mapping[str, object] | None, pages: int
) -> tuple[float, float]:
    """The first page, and that which comes after so many."""

    def took(skip: int) -> float:
        part = {"skip": skip, "limit": PAGE}
        asked = (query, {**body, **part}) if body is not None else ({**query, **part}, None)
        return statistics.median([ask(method, path, *asked)[0] for _ in range(5)])

    return took(0), took((pages - 1) * PAGE)


def measure(ask: Asking, count: int, pages: int) -> list[dict[str, Any]]:
    """Every list."""
    middle = BEGAN + count // 2 * APART
    hour = {"from": middle, "to": middle + 3_600_000}
    many = [f"p{number}" for number in range(200)]
    found: list[dict[str, Any]] = []

    def note(name: str, first: float, last: float, number: int) -> None:
        found.append({"list": name, "first_ms": round(first, 1), "last_ms": round(last, 1), "pages": number})
        print(f"{name:<58} {first:>8.1f} {last:>8.1f}  {number:>5}", file=sys.stderr)

    ask("GET", "/api/v1/jobs", {"limit": PAGE})
    for path, query in (
        ("/api/v1/jobs", {}),
        ("/api/v1/jobs", {"order": "oldest"}),
        ("/api/v1/jobs", {"owner": "p0"}),
        ("/api/v1/jobs", {"owner": ["p0", "p7"]}),
        ("/api/v1/jobs", {"owner": many}),
        ("/api/v1/jobs", {"owner": many[1:]}),
        ("/api/v1/jobs", {"operation": "valve"}),
        ("/api/v1/jobs", {"operation": "rare"}),
        ("/api/v1/jobs", {"status": "failed"}),
        ("/api/v1/jobs", {"status": "queued"}),
        ("/api/v1/jobs", {"user": "ada"}),
        ("/api/v1/jobs", {"trigger_state": "3"}),
        ("/api/v1/jobs", {"trigger_state": "9"}),
        ("/api/v1/jobs", {"owner": "p0", "operation": "rare"}),
        ("/api/v1/jobs", hour),
        ("/api/v1/jobs", {**hour, "owner": "p7"}),
        ("/api/v1/history", {}),
        ("/api/v1/history", {"entity": "p0"}),
        ("/api/v1/history", {"state": "9"}),
        ("/api/v1/history", {**hour, "state": "3"}),
    ):
        told = {name: f"{len(value)} of them" if isinstance(value, list) else value for name, value in query.items()}
        note(f"{path} {' '.join(f'{k}={v}' for k, v in told.items())}", *by_cursor(ask, path, query, pages))
    for method, path, query, body in (
        ("GET", "/node/api/objects/p0/jobs", {}, None),
        ("GET", "/node/api/objects/p0/jobs", hour, None),
        ("POST", "/node/api/jobs", {}, {"objects": ["p0", "p7"]}),
        ("POST", "/node/api/jobs", {}, {"objects": many, **hour}),
        ("GET", "/node/api/objects/p0/state-history", {}, None),
        ("GET", "/node/api/state-history-log", {}, None),
        ("GET", "/node/api/state-history-log", {"inverse": "true", **hour}, None),
        ("GET", "/node/api/state-history-log", {"stateId": "3"}, None),
        ("GET", "/node/api/state-history-log", {"classId": "pump"}, None),
    ):
        told = {
            **query,
            **({} if body is None else {k: f"{len(v)} of them" if isinstance(v, list) else v for k, v in body.items()}),
        }
        name = f"{method} {path.removeprefix('/node/api')} skip, {' '.join(f'{k}={v}' for k, v in told.items())}"
        note(name[:58], *by_skip(ask, method, path, query, body, pages), pages)
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=1_000_000)
    parser.add_argument("--pages", type=int, default=1_000)
    parser.add_argument("--store", type=Path, help="a SQLite file that is filled, or was: it is kept; default: a new one")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pointsman-bench-") as name:
        directory = Path(name)
        store = arguments.store or directory / "jobs.db"
        if not store.exists():
            began = time.perf_counter()
            fill(store, arguments.jobs)
            print(f"{arguments.jobs:,} jobs and changes made in {time.perf_counter() - began:.0f} s", file=sys.stderr)
        with worker(directory, store) as connection:
            found = measure(Asking(connection), arguments.jobs, arguments.pages)
    if arguments.json:
        print(json.dumps(found))


if __name__ == "__main__":
    main()
