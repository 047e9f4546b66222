"""How fast is the whole line, and how late? Side by side with a bare paho echo, in the same run, through the same Mosquitto.

    message in (QoS 1) → decided → job committed with full sync → operation published (QoS 1) → acknowledged

Absolute figures are this machine's; the ratios are what counts. Usage: `python bench/throughput.py [--messages N] [--rounds N]
[--store URL] [--announce all|final|none] [--json]`. Needs `mosquitto` on PATH and the package installed in this Python.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from rawmqtt import Sink, Source

ENTITIES = 100
CONFIGURATION = """
mqtt: {{url: "mqtt://127.0.0.1:{port}", base_topic: bench-base, announce: {announce}}}
http: {{listen: "off"}}
node: {{id: bench, health_file: "{directory}/health.json"}}
store: {{url: "{store}", migrate: auto}}
log: {{level: warning}}
states: [{{id: "1", name: OK}}, {{id: "3", name: ALARM}}]
classes:
  - id: pump
    name: Pump
    operations:
      - id: valve
        name: Valve
        type: mqtt
        topic: "out/{{{{id}}}}"
        message: '{{"t": {{{{payload.t}}}}, "job": "{{{{job.id}}}}"}}'
    triggers: [{{states: [OK, ALARM], operation: valve}}]
objects: [{objects}]
intake: [{{topic: "in/+/state", entity: "{{1}}", state: "$.state"}}]
"""


def free_port() -> int:
    """A port of the loopback that nobody listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


@contextlib.contextmanager
def running(*command: str, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process that is ended, and waited for, at the end."""
    process = subprocess.Popen(command, env={**os.environ, **environment})
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextlib.contextmanager
def broker(directory: Path) -> Iterator[int]:
    """A private Mosquitto with its defaults but for a longer queue; gives its port."""
    port = free_port()
    path = directory / "mosquitto.conf"
    path.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 100000\nlog_type none\n")
    with running(shutil.which("mosquitto") or "/usr/sbin/mosquitto", "-c", str(path)):
        for _ in range(100):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.1):
                break
            time.sleep(0.05)
        yield port


def message(number: int) -> tuple[str, bytes]:
    """The message with that number: each is a change of its entity's state. It says when it was sent."""
    state = "ALARM" if number // ENTITIES % 2 == 0 else "OK"
    return f"in/e{number % ENTITIES}/state", b'{"state":"%s","t":%d}' % (state.encode(), time.perf_counter_ns())


def wait_ready(port: int, topic: str, payload: bytes) -> None:
    """Until a retained message says that whoever is measured listens."""
    if not Sink("127.0.0.1", port, topic).run(30, lambda _topic, found: found == payload):
        raise TimeoutError(f"nobody said {payload!r} on {topic}")


def rate(port: int, count: int) -> float:
    """Messages per second through whoever answers on `out/+`: from the first sent to the last answer."""
    sink = Sink("127.0.0.1", port, "out/+")
    seen = 0

    def take(_topic: str, payload: bytes) -> bool:
        nonlocal seen
        seen += bool(payload)
        return seen >= count

    source = Source("127.0.0.1", port)
    began = time.perf_counter()
    sending = threading.Thread(target=source.run, args=(map(message, range(count)),), name="source")
    sending.start()
    complete = sink.run(120, take)
    took = time.perf_counter() - began
    sending.join()
    if not complete:
        raise TimeoutError(f"expected {count} answers, found {seen}")
    return count / took


def latencies(port: int, per_second: float, seconds: float) -> list[float]:
    """Seconds from each message to its answer, at a steady rate."""
    count = int(per_second * seconds)
    sink = Sink("127.0.0.1", port, "out/+")
    found: list[float] = []

    def take(_topic: str, payload: bytes) -> bool:
        if payload:
            found.append((time.perf_counter_ns() - json.loads(payload)["t"]) / 1e9)
        return len(found) >= count

    def paced() -> Iterator[tuple[str, bytes]]:
        began = time.perf_counter()
        for number in range(count):
            time.sleep(max(0.0, began + number / per_second - time.perf_counter()))
            yield message(number)

    source = Source("127.0.0.1", port)
    sending = threading.Thread(target=source.run, args=(paced(),), name="source")
    sending.start()
    sink.run(seconds + 30, take)
    sending.join()
    return sorted(found)


@contextlib.contextmanager
def echo(port: int) -> Iterator[None]:
    """The bare echo, listening."""
    path = str(Path(__file__).with_name("echo.py"))
    with running(sys.executable, path, "127.0.0.1", str(port), "in/+/state", "out"):
        wait_ready(port, "out/ready", b"")
        yield


@contextlib.contextmanager
def worker(port: int, directory: Path, store: str, announce: str) -> Iterator[Path]:
    """A Pointsman with an empty store, listening; gives its configuration."""
    path = directory / f"pointsman-{time.monotonic_ns()}.yaml"
    objects = ", ".join(f"{{id: e{number}, name: E{number}, class: pump}}" for number in range(ENTITIES))
    path.write_text(CONFIGURATION.format(port=port, store=store, directory=directory, objects=objects, announce=announce))
    with running(sys.executable, "-m", "pointsman", "--config", str(path), "run"):
        wait_ready(port, "bench-base/bench/state", b"online")
        yield path


def check_jobs(configuration: Path, count: int) -> None:
    """Every message made one job, and each succeeded. Raises AssertionError otherwise."""
    command = [sys.executable, "-m", "pointsman", "--config", str(configuration), "jobs", "export", "--format", "ndjson"]
    lines = subprocess.run(command, check=True, capture_output=True).stdout.splitlines()
    done = sum(json.loads(line)["status"] == "succeeded" for line in lines)
    if len(lines) != count or done < count:
        raise AssertionError(f"expected {count} jobs, all succeeded; found {len(lines)}, {done} succeeded")


def percentile(values: list[float], share: float) -> float:
    """In milliseconds."""
    return values[min(len(values) - 1, int(share * len(values)))] * 1000


def measure(arguments: argparse.Namespace, directory: Path) -> dict[str, object]:
    """All rounds, echo and worker in turn."""
    echo_rates, rates, ratios = [], [], []
    for number in range(arguments.rounds):
        store = arguments.store or f"sqlite:///{directory}/bench-{number}.db"
        with broker(directory) as port:
            with echo(port):
                echo_rates.append(rate(port, arguments.messages))
            with worker(port, directory, store, arguments.announce) as configuration:
                rates.append(rate(port, arguments.messages))
                time.sleep(1)
                if not arguments.store:
                    check_jobs(configuration, arguments.messages)
        ratios.append(rates[-1] / echo_rates[-1])
        print(
            f"round {number + 1}: echo {echo_rates[-1]:,.0f}/s, worker {rates[-1]:,.0f}/s, ratio {ratios[-1]:.2f}",
            file=sys.stderr,
        )
    pace = statistics.median(rates) / 10
    with broker(directory) as port:
        with echo(port):
            bare = latencies(port, pace, arguments.seconds)
        with worker(port, directory, arguments.store or f"sqlite:///{directory}/bench-latency.db", arguments.announce):
            whole = latencies(port, pace, arguments.seconds)
    return {
        "messages": arguments.messages,
        "echo_per_s": round(statistics.median(echo_rates)),
        "worker_per_s": round(statistics.median(rates)),
        "rate_ratio": round(statistics.median(ratios), 3),
        "latency_pace_per_s": round(pace),
        "echo_median_ms": round(percentile(bare, 0.5), 3),
        "worker_median_ms": round(percentile(whole, 0.5), 3),
        "median_ratio": round(percentile(whole, 0.5) / percentile(bare, 0.5), 2),
        "echo_p99_ms": round(percentile(bare, 0.99), 3),
        "worker_p99_ms": round(percentile(whole, 0.99), 3),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5.0, help="of the latency measurement")
    parser.add_argument("--store", help="a PostgreSQL URL (its database should be empty); default: a new SQLite file a round")
    parser.add_argument("--announce", choices=("all", "final", "none"), default="all")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pointsman-bench-") as directory:
        result = measure(arguments, Path(directory))
    if arguments.json:
        print(json.dumps(result))
    else:
        for name, value in result.items():
            print(f"{name:>20}  {value:,}" if isinstance(value, int) else f"{name:>20}  {value}")


if __name__ == "__main__":
    main()
