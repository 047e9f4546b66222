"""A worker that serves its API: on a port of the system's choice, with an administrator whose password is known."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from servers.mosquitto import Mosquitto
from servers.worker import CONFIGURATION, Worker

LOGIN, PASSWORD = "admin", "correct horse battery"


class Site:
    """Where the API of a worker is."""

    def __init__(self, worker: Worker, broker: Mosquitto) -> None:
        self.worker, self.broker = worker, broker

    @property
    def url(self) -> str:
        """Where it is since the worker's last start."""
        return _address(self.worker)

    def call(self, method: str, path: str, body: Any = None, *, who: tuple[str, str] | None = (LOGIN, PASSWORD)) -> Any:
        """Ask, and give the answer's JSON, None for an empty one. Fails, with what was said, unless it is a 2xx."""
        answer = requests.request(method, self.url + path, json=body, auth=who, timeout=20)
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text}\n{self.worker.log[-2000:]}"
        return answer.json() if answer.content else None


def _address(worker: Worker, seconds: float = 20) -> str:
    """Where the worker said, since its last start, that it listens. That may be after it has told the broker that it is there."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if found := addresses(worker.last_log):
            return found[-1]
        time.sleep(0.01)
    raise TimeoutError(f"The worker did not listen within {seconds:g} s:\n{worker.last_log[-4000:]}")


def addresses(log: str) -> list[str]:
    """Where the worker says that it listens, at each start."""
    return [str(json.loads(line)["address"]) for line in log.splitlines() if '"listening"' in line and line.endswith("}")]


@contextmanager
def served(
    directory: Path, *, configuration: Path | str = CONFIGURATION, settings: Mapping[str, str] | None = None
) -> Iterator[Site]:
    """A worker and a broker of its own, for as long as the block lasts."""
    (directory / "broker").mkdir()
    broker = Mosquitto(directory / "broker")
    own = {"HTTP__LISTEN": "127.0.0.1:0", "HTTP__ADMIN_PASSWORD": PASSWORD, **(settings or {})}
    worker = Worker(directory, broker, configuration=configuration, settings=own)
    broker.start()
    try:
        yield Site(worker.start(), broker)
    finally:
        worker.kill()
        broker.stop()
