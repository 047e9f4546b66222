"""A worker without its broker, whose time is the test's, and the command line beside it.

The engine, the reading of messages, the configuration, the store and the command line are real.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import structlog

from integration.outside import Outside
from pointsman.cli.main import root
from pointsman.clock import Uuid7
from pointsman.core.limits import Bounds, Limit
from pointsman.engine.engine import Engine
from pointsman.engine.inbox import Inbox
from pointsman.model.command import Execute, Finish
from pointsman.model.delivery import Delivery
from pointsman.model.effect import Publish, StartProgram
from pointsman.model.ids import EntityId, EntityRef, JobId, OperationId, OwnerType, UserId
from pointsman.model.job import JobStatus
from pointsman.model.write import Write
from pointsman.mqtt.intake import Reader
from pointsman.mqtt.topics import Topics
from pointsman.settings import load_configuration
from pointsman.settings.define import define
from pointsman.store import open_store
from unit.engine_rig import Clock

CONFIGURATION = """
store: {{url: "{url}"}}
node: {{id: worker}}
states: [{{id: "1", name: OK}}, {{id: "3", name: ALARM}}, {{id: "4", name: FAULT}}]
classes:
  - id: pump
    operations:
      - {{id: open, type: mqtt, topic: "valve/{{{{id}}}}", message: "{{{{state.name}}}}"}}
      - {{id: note, type: mqtt, topic: "note/{{{{id}}}}", message: "{{{{payload.nothing}}}}"}}
      - {{id: drill, type: mqtt, topic: "drill/{{{{id}}}}", message: x}}
    triggers:
      - {{id: t, operation: open, {clauses}}}
      - {{id: n, operation: note, states: FAULT}}
objects: [{{id: p1, class: pump}}, {{id: p2, class: pump}}]
intake: [{{topic: "plant/+/state", entity: "{{1}}", state: "$.state"}}]
"""
PUMP = EntityRef(OwnerType.OBJECT, EntityId("p1"))


def _drop(*_event: object) -> str:
    raise structlog.DropEvent


class Out(Outside):
    """Where jobs go: a broker that takes every message, and no programs."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox

    def publish(self, effect: Publish) -> None:
        self._inbox.put(Finish(job=effect.job, status=JobStatus.SUCCEEDED))

    def start(self, effect: StartProgram) -> None:
        raise AssertionError(effect)

    def adopt(self, effect: StartProgram) -> None:
        raise AssertionError(effect)

    def cancel(self, job: JobId) -> bool:
        raise AssertionError(job)


class Plant:
    """A worker without its broker, whose time is the test's, and the command line beside it."""

    def __init__(self, directory: Path, url: str, capsys: pytest.CaptureFixture[str]) -> None:
        self.file = directory / "pointsman.yaml"
        self._url = url
        self._capsys = capsys
        self._clock = Clock()
        self._packet = 0

    def configure(self, clauses: str, burst: int = 1_000) -> Plant:
        """Write the configuration, with these clauses of the trigger `t`, and start."""
        self.file.write_text(CONFIGURATION.format(url=self._url, clauses=clauses))
        self._store = open_store(self._url, session="worker")
        self.restart(burst)
        return self

    def reconfigure(self, old: str, new: str) -> None:
        """Another text in the configuration, for whoever reads it from now on; the worker goes on with what it has."""
        self.file.write_text(self.file.read_text().replace(old, new))

    def restart(self, burst: int = 1_000) -> None:
        """The worker begins anew, with the configuration as it is now."""
        config = load_configuration(self.file, {})
        with self._store.begin() as unit:
            last_id = unit.last_id()
        self._inbox = Inbox()
        out = Out(self._inbox)
        self._engine = Engine(
            inbox=self._inbox,
            store=self._store,
            interpret=Reader(Topics("pointsman", "worker"), config.rules),
            define=define,
            catalog=config.catalog,
            publisher=out,
            programs=out,
            clock=self._clock,
            new_id=Uuid7(after=last_id),
            log=structlog.wrap_logger(structlog.PrintLogger(), processors=[_drop]),
            bounds=Bounds(rate=Limit(burst, 10**9)),
        )
        self._engine.load()

    def says(self, payload: str, after: int = 1_000, topic: str = "plant/p1/state", *, retain: bool = False) -> None:
        """So many ms later a message comes; one in a word is a state."""
        self.passes(after)
        self._packet += 1
        body = payload if payload[:1] in "{!" else json.dumps({"state": payload, "t": 12})
        self._inbox.put(Delivery(1, self._packet, 1, False, retain, topic, body.encode()))
        self._settle()

    def passes(self, time_ms: int) -> None:
        """So many ms pass."""
        self._clock.at += time_ms
        self._clock.seconds += time_ms / 1000
        self._settle()

    def executes(self, operation: str) -> None:
        """Somebody asks for an operation."""
        self._inbox.put(Execute(entity=PUMP, operation=OperationId(operation), user=UserId("ann"), login="Ann"))
        self._settle()

    def writes(self, *writes: Write) -> None:
        with self._store.begin() as unit:
            unit.apply(writes)

    def stops(self) -> None:
        self._engine.stop()
        self._engine.run(lambda seconds: None)

    def close(self) -> None:
        self._store.close()

    def run(self, *words: str) -> str:
        """What a verb prints."""
        root().main([*words, "--config", str(self.file)], prog_name="pointsman", standalone_mode=False)
        return self._capsys.readouterr().out

    def why(self, operation: str = "open", after: int = 0, entity: str = "p1") -> list[dict[str, Any]]:
        """The findings, asked for so many ms after the last thing happened."""
        asked = ("explain", entity, "--operation", operation, "--at", str(self._clock.at + after))
        found: list[dict[str, Any]] = json.loads(self.run(*asked, "--json"))
        words = self.run(*asked)
        assert all(each["words"] in words for each in found), "people and programs are told the same"
        return found

    def _settle(self) -> None:
        self._engine.step(0)
        while len(self._inbox):
            self._engine.step(0)
