"""The demo's parts together: broker, worker, pumps, screen. Pumps and screen are one MQTT client, on the caller's thread."""

from __future__ import annotations

import importlib.resources
import json
import math
import os
import re
import secrets
import shlex
import shutil
import sys
import time
from functools import partial
from pathlib import Path
from random import Random

import click
from pydantic_core import from_json

from pointsman import __version__
from pointsman.cli.demo_broker import DemoBroker, Kind, private_broker
from pointsman.cli.demo_children import Child
from pointsman.cli.demo_pumps import Pumps, Report
from pointsman.cli.demo_screen import Screen
from pointsman.cli.output import pairs, wants_json
from pointsman.errors import PointsmanError
from pointsman.model.ids import JobId
from pointsman.mqtt.options import Address, ConnectionOptions
from pointsman.mqtt.publisher import Outgoing
from pointsman.mqtt.requests import Client
from pointsman.mqtt.topics import Topics
from pointsman.settings import Configuration, load_configuration
from pointsman.store.opening import open_reader
from pointsman.store.reads.history import change

CONFIGURATION = "demo.yaml"
URLS = ("mqtt://127.0.0.1:1883", "sqlite:///jobs.db")
"""What that file says of broker and store, to be replaced."""
LISTENS = re.compile(r'"address": "(http://[^"]+)"')
STARTING = 20.0
"""Seconds that the worker has to come online."""


def show(directory: Path, wanted: Kind | None, seconds: float | None) -> None:
    """Run the demo in an empty directory, for so many seconds or without end. Raises PointsmanError when a part goes missing."""
    with private_broker(directory, wanted) as broker:
        password = secrets.token_urlsafe(12)
        path = _write_configuration(directory, broker, password)
        environment = {name: value for name, value in os.environ.items() if not name.startswith("POINTSMAN_")}
        configuration = load_configuration(path, environment)
        topics = Topics(configuration.settings.mqtt.base_topic, configuration.settings.node.id)
        options = ConnectionOptions(address=Address(host="127.0.0.1", port=broker.port, tls=False), client_id="pointsman-demo")
        command = [sys.executable, "-P", "-m", "pointsman", "run", "--config", str(path)]
        with Client(options) as client:
            client.subscribe(topics.status, topics.jobs)
            with Child("worker", command, directory, environment) as worker:
                _await_worker(client, topics, worker)
                if not wants_json():
                    _greet(broker, path, _api(worker), password)
                _follow(client, configuration, topics, worker, seconds)


def _write_configuration(directory: Path, broker: DemoBroker, password: str) -> Path:
    text = (importlib.resources.files("pointsman.cli") / CONFIGURATION).read_text(encoding="utf-8")
    for old, new in zip(URLS, (broker.url, f"sqlite:///{directory}/jobs.db"), strict=True):
        text = text.replace(old, new)
    own = {
        "node": {"health_file": f"{directory}/health.json"},
        "programs": {"on_stop": "end"},
        "http": {"listen": "127.0.0.1:0", "admin_password": password},
        "log": {"format": "json"},
    }
    text += "".join([f"{section}: {json.dumps(settings)}\n" for section, settings in own.items()])
    path = directory / "pointsman.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def _await_worker(client: Client, topics: Topics, worker: Child) -> None:
    deadline = time.monotonic() + STARTING
    while time.monotonic() < deadline:
        heard = client.receive(0.1)
        if heard is not None and heard.topic == topics.status and heard.payload == b"online":
            return
        _check(worker)
    raise PointsmanError(f"the worker did not come online within {STARTING:g} s:\n{worker.log}")


def _api(worker: Child) -> str:
    """Where its API is: the worker says it, since the port is whatever was free."""
    deadline = time.monotonic() + STARTING
    while time.monotonic() < deadline:
        if found := LISTENS.search(worker.log):
            return found[1]
        _check(worker)
        time.sleep(0.02)
    raise PointsmanError(f"the worker's API did not listen within {STARTING:g} s:\n{worker.log}")


def _check(worker: Child) -> None:
    if worker.ended:
        raise PointsmanError(f"the worker ended:\n{worker.log}")


def _greet(broker: DemoBroker, path: Path, api: str, password: str) -> None:
    program = f"{_program()} --config {shlex.quote(str(path))}"
    said = [
        ("broker", f"{broker.kind} at {broker.url}"),
        ("worker", f"pointsman {__version__}, all of it in {path.parent}"),
        ("API", f"{api}/api/docs, user admin, password {password}"),
        ("trigger one", f'{broker.publish} -q 1 -t plant/pump-1/state -m \'{{"state": "FAULT"}}\''),
        ("run one", f"{program} execute pump-2 diagnose --wait"),
        ("list them", f"{program} jobs list"),
        ("end it", "Ctrl-C"),
    ]
    click.echo("\n".join([*pairs(said), ""]))


def _program() -> str:
    """How another terminal, in another directory, starts this program."""
    path = Path(sys.argv[0])
    if path.name != "pointsman":
        return f"{shlex.quote(sys.executable)} -m pointsman"
    return "pointsman" if shutil.which("pointsman") == sys.argv[0] else shlex.quote(str(path.resolve()))


def _follow(client: Client, configuration: Configuration, topics: Topics, worker: Child, seconds: float | None) -> None:
    now = time.monotonic()
    end = math.inf if seconds is None else now + seconds
    pumps = Pumps(Random(), now)  # noqa: S311 nothing secret
    with open_reader(configuration.settings.store.url) as store:
        screen = Screen(configuration.catalog, partial(change, store), as_json=wants_json())
        for birth in pumps.births():
            client.publish(_outgoing(birth))
        while now < end:
            if report := pumps.turn(now):
                client.publish(_outgoing(report))
            _check(worker)
            heard = client.receive(max(0.0, min(pumps.due, end) - now))
            if heard is not None and heard.topic.startswith(topics.job(JobId(""))):
                screen.show(from_json(heard.payload))
            now = time.monotonic()


def _outgoing(report: Report) -> Outgoing:
    return Outgoing(topic=report.topic, payload=report.payload, qos=1)
