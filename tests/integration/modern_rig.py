"""A worker with its API, for tests of the modern view: a pump that opens, takes its time, or hangs."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from servers.api import LOGIN, PASSWORD, Site, served
from servers.client import MqttClient

CONFIGURATION = """
states: [{id: "1", name: OK}, {id: "3", name: ALARM}]
classes:
  - id: pump
    operations:
      - {id: open, type: mqtt, topic: "valve/{{id}}", message: "{{args.how}} for {{user.login}}"}
      - {id: note, type: mqtt, topic: "note/{{id}}", message: "{{state.name}}"}
      - {id: slow, type: program, command: [/bin/sh, -c, "sleep 0.5; echo done"]}
      - {id: hang, type: program, command: [/bin/sleep, "60"]}
    triggers:
      - {id: t, states: ALARM, operation: note}
      - {id: cold, states: ALARM, operation: note, when: "payload.t > 30"}
objects: [{id: p1, class: pump}, {id: p2, class: pump}]
links: [{id: pipe, source: p1, target: p2, operations: [{id: flush, type: mqtt, topic: "flush/{{id}}", message: x}]}]
intake: [{topic: "plant/+/state", entity: "{1}", state: "$.state"}]
"""
WHO = (LOGIN, PASSWORD)


@contextmanager
def modern_site(configuration: str = CONFIGURATION) -> Iterator[Site]:
    """A worker of the test's own."""
    with (
        tempfile.TemporaryDirectory(prefix="pointsman-test-") as directory,
        served(Path(directory), configuration=configuration) as site,
    ):
        yield site


def ask(site: Site, method: str, path: str, body: Any = None, who: tuple[str, str] = WHO, **headers: str) -> requests.Response:
    """The answer, whatever it says."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return requests.request(method, f"{site.url}/api/v1{path}", json=body, auth=who, headers=named, timeout=30)


def execute(site: Site, operation: str, args: Any = None, query: str = "", **headers: str) -> requests.Response:
    """Ask for an operation of the pump."""
    return ask(site, "POST", f"/objects/p1/operations/{operation}/execute{query}", args, **headers)


def says(site: Site, payload: str, entity: str = "p1") -> None:
    """The pump says something, and the worker has taken it in."""
    before = len(site.worker.json("explain", entity)) if _has_history(site, entity) else 0
    with MqttClient(site.broker) as client:
        client.publish(f"plant/{entity}/state", payload)
    until(lambda: _has_history(site, entity) and len(site.worker.json("explain", entity)) > before)


def _has_history(site: Site, entity: str) -> bool:
    return ask(site, "GET", f"/entities/{entity}/operations/note/explain").json()["items"][0]["reason"] != "never_reported"


def until(condition: Any, timeout: float = 20) -> Any:
    """What it gives, once that is true."""
    deadline = time.monotonic() + timeout
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < deadline, "it has not come true"
        time.sleep(0.05)
