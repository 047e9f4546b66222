"""How long an execute over HTTP takes until its job is durable: on an idle worker, and while thousands of state changes a second
arrive.

    POST …/execute → guard → command → decided → committed with full sync → read → answered

Beside it a GET that asks the engine for nothing shows what the API alone costs. One request after the other on one connection, on
the loopback; each state change is a change, and with --trigger runs an operation too. Absolute figures are this machine's; the
ratios are what counts.

Usage: `python bench/execute_latency.py [--changes N] [--requests N] [--per-second N] [--trigger] [--json]`. Needs `mosquitto` on
PATH and the package installed in this Python.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import http.client
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from rawmqtt import Source
from throughput import ENTITIES, broker, free_port, message, percentile, running, wait_ready

CONFIGURATION = """
mqtt: {{url: "mqtt://127.0.0.1:{port}", base_topic: bench-base}}
node: {{id: bench, health_file: "{directory}/health.json"}}
store: {{url: "sqlite:///{directory}/bench.db"}}
http: {{listen: "127.0.0.1:{http}", admin_password: "{password}"}}
log: {{level: warning}}
states: [{{id: "1", name: OK}}, {{id: "3", name: ALARM}}]
classes:
  - id: pump
    operations:
      - {{id: valve, type: mqtt, topic: "out/{{{{id}}}}", message: "{{{{job.id}}}}"}}
    triggers: [{triggers}]
objects: [{objects}]
intake: [{{topic: "in/+/state", entity: "{{1}}", state: "$.state"}}]
"""
PASSWORD = "bench bench bench"
WARM = 50
"""Requests that are not counted: a password is only checked the first time."""


@contextlib.contextmanager
def worker(port: int, directory: Path, trigger: bool) -> Iterator[int]:
    """A Pointsman with an empty store that serves its API; gives its port."""
    path, http_port = directory / "pointsman.yaml", free_port()
    objects = ", ".join(f"{{id: e{number}, class: pump}}" for number in range(ENTITIES))
    triggers = "{states: [OK, ALARM], operation: valve}" if trigger else ""
    path.write_text(
        CONFIGURATION.format(
            port=port, directory=directory, http=http_port, password=PASSWORD, objects=objects, triggers=triggers
        )
    )
    with running(sys.executable, "-m", "pointsman", "--config", str(path), "run"):
        wait_ready(port, "bench-base/bench/state", b"online")
        yield http_port


class Client:
    """One connection that stays."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        login = base64.b64encode(f"admin:{PASSWORD}".encode()).decode()
        self._headers = {"Authorization": f"Basic {login}", "Content-Type": "application/json"}

    def ask(self, method: str, path: str, body: bytes = b"") -> dict[str, object]:
        """The answer. Raises ConnectionError for one that is no."""
        self._connection.request(method, path, body, self._headers)
        answer = self._connection.getresponse()
        text = answer.read()
        if answer.status not in (200, 202):
            raise ConnectionError(f"{method} {path}: {answer.status} {text!r}")
        found: dict[str, object] = json.loads(text)
        return found

    def changes(self) -> int:
        """How many changes of state the worker has taken in."""
        health = self.ask("GET", "/api/v1/info")["health"]
        assert isinstance(health, dict)
        return int(health["counts"]["changes"])


def latencies(client: Client, arguments: argparse.Namespace) -> dict[str, list[float]]:
    """Seconds of each execute, and of each GET beside it, at a steady rate; sorted."""
    found: dict[str, list[float]] = {"execute": [], "get": []}
    began = time.perf_counter()
    for number in range(arguments.requests):
        time.sleep(max(0.0, began + number / arguments.per_second - time.perf_counter()))
        entity = f"e{number % ENTITIES}"
        for name, method, path in (
            ("execute", "POST", f"/api/v1/objects/{entity}/operations/valve/execute"),
            ("get", "GET", "/api/v1/info"),
        ):
            start = time.perf_counter()
            client.ask(method, path)
            found[name].append(time.perf_counter() - start)
    return {name: sorted(values) for name, values in found.items()}


def flood(port: int, per_second: float, seconds: float) -> None:
    """Changes of state at a steady rate, for so long. A process of its own runs this."""
    count = int(per_second * seconds)

    def paced() -> Iterator[tuple[str, bytes]]:
        began = time.perf_counter()
        for number in range(count):
            rest = began + number / per_second - time.perf_counter()
            if rest > 0:
                time.sleep(rest)
            yield message(number)

    Source("127.0.0.1", port).run(paced())


def measure(arguments: argparse.Namespace, directory: Path) -> dict[str, object]:
    """Idle, then under load, on one worker."""
    seconds = arguments.requests / arguments.per_second
    with broker(directory) as port, worker(port, directory, arguments.trigger) as http_port:
        client = Client(http_port)
        for _ in range(WARM):
            client.ask("POST", "/api/v1/objects/e0/operations/valve/execute")
        idle = latencies(client, arguments)
        # Ended once all is measured; by itself at the latest when that takes ten times as long as it should.
        loading = ["--flood", str(port), str(arguments.changes), str(10 * seconds + 30)]
        with subprocess.Popen([sys.executable, __file__, *loading]) as process:
            try:
                time.sleep(2)
                before, began = client.changes(), time.perf_counter()
                loaded = latencies(client, arguments)
                after, took = client.changes(), time.perf_counter() - began
                if process.poll() is not None:
                    raise TimeoutError("the load ended before the measurement did: ask for fewer requests")
            finally:
                process.kill()
    result: dict[str, object] = {"requests": arguments.requests, "changes_per_s": round((after - before) / took)}
    for name in ("execute", "get"):
        for state, values in (("idle", idle), ("loaded", loaded)):
            result[f"{name}_{state}_median_ms"] = round(statistics.median(values[name]) * 1000, 2)
            result[f"{name}_{state}_p99_ms"] = round(percentile(values[name], 0.99), 2)
            result[f"{name}_{state}_max_ms"] = round(values[name][-1] * 1000, 2)
    return result


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--changes", type=float, default=2_000, help="changes of state a second")
    parser.add_argument("--requests", type=int, default=500)
    parser.add_argument("--per-second", type=float, default=50)
    parser.add_argument("--trigger", action="store_true", help="each change runs an operation")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--flood", nargs=3, type=float, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.flood:
        port, per_second, seconds = arguments.flood
        flood(int(port), per_second, seconds)
        return
    with tempfile.TemporaryDirectory(prefix="pointsman-bench-") as directory:
        result = measure(arguments, Path(directory))
    if arguments.json:
        print(json.dumps(result))
    else:
        for name, value in result.items():
            print(f"{name:>24}  {value:,}" if isinstance(value, int) else f"{name:>24}  {value}")


if __name__ == "__main__":
    main()
