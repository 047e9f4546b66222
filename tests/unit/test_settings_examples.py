"""The sample files work: what real devices send becomes the states, jobs and messages that stand beside each example."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest

from pointsman.core.change import change_of
from pointsman.core.evaluate import Scene
from pointsman.core.match import verdicts
from pointsman.core.plan import plan
from pointsman.core.render import Context
from pointsman.model.command import Reject, ReportState
from pointsman.model.delivery import Delivery
from pointsman.model.effect import Publish
from pointsman.model.ids import SYSTEM_USER, EntityId, EntityRef, JobId, OwnerType
from pointsman.model.state import EntityState, StateChange
from pointsman.mqtt.intake import Reader
from pointsman.mqtt.topics import Topics
from pointsman.settings import Configuration, load_configuration
from pointsman.settings.general import read_general
from pointsman.settings.quick import read_quick
from pointsman.settings.tree import plain

CONFIG = Path(__file__).resolve().parents[2] / "config"
EXAMPLES = sorted(path for path in (CONFIG / "examples").glob("*.yaml") if not path.name.endswith(".messages.yaml"))
KEYS = {"topic", "payload", "retain", "becomes", "runs", "publishes", "ignored", "rejected"}


def no_scene() -> Scene:
    raise AssertionError("no trigger of the examples has a condition")


class Line:
    """The main line without a store and a broker: delivery → report → change → jobs."""

    def __init__(self, configuration: Configuration) -> None:
        self.configuration = configuration
        settings = configuration.settings
        self.reader = Reader(Topics(settings.mqtt.base_topic, settings.node.id), configuration.rules)
        self.known: dict[EntityRef, EntityState] = {}
        self.ids = (f"{number:012}" for number in itertools.count())
        self.runs: list[str] = []
        self.published: list[Publish] = []
        self.reported: int | None = None

    def take(self, topic: str, payload: str) -> list[Reject]:
        """A live message."""
        self.runs, self.published = [], []
        rejects = []
        for command in self.reader(Delivery(1, 1, 1, False, False, topic, payload.encode()), self.configuration.catalog):
            if isinstance(command, Reject):
                rejects.append(command)
            elif isinstance(command, ReportState):
                self.reported = command.reported
                self.report(command)
        return rejects

    def report(self, report: ReportState) -> None:
        before = self.known.get(report.entity)
        change = change_of(report, before, 1, lambda _: next(self.ids))
        if not isinstance(change, StateChange):
            return
        previous = before.state if before else None
        self.known[report.entity] = EntityState(
            entity=report.entity, state=change.current, previous=previous, since=1, change=change.id
        )
        catalog = self.configuration.catalog
        resolved = catalog.entity(report.entity)
        assert resolved is not None
        for verdict in verdicts(change, resolved.triggers, {}, no_scene):
            if verdict.fires:
                context = Context(
                    entity=report.entity,
                    name=resolved.entity.name,
                    properties=resolved.properties,
                    user=SYSTEM_USER,
                    login="system",
                    args={},
                    job=JobId("job"),
                    state=catalog.states[change.current],
                    previous=catalog.states[previous] if previous else None,
                    timestamp=1,
                    payload=report.payload,
                )
                planned = plan(resolved.operations[verdict.trigger.operation], context, catalog)
                assert planned.job.error is None
                self.runs.append(planned.job.operation_id)
                assert isinstance(planned.dispatch, Publish)
                self.published.append(planned.dispatch)

    def state_name(self, entity_id: str) -> str | None:
        ref = self.configuration.catalog.find(entity_id)
        assert ref is not None, f"{entity_id} is not declared"
        known = self.known.get(ref)
        return self.configuration.catalog.states[known.state].name if known else None


def messages(path: Path) -> list[dict[str, Any]]:
    found = plain(read_general(path.with_suffix(".messages.yaml").read_text(encoding="utf-8")))
    assert isinstance(found, list)
    return found


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_does_with_real_payloads_what_stands_beside_it(path: Path) -> None:
    line = Line(load_configuration(path, {}))
    given = messages(path)
    assert len(given) > 5
    for number, message in enumerate(given, 1):
        where = f"message {number}: {message['topic']} {message['payload']!r}"
        assert set(message) <= KEYS, where
        rejects = line.take(message["topic"], message["payload"])
        assert [reject.reason.value for reject in rejects] == ([message["rejected"]] if "rejected" in message else []), where
        assert line.runs == message.get("runs", []), where
        if "becomes" in message:
            becomes = message["becomes"]
            assert line.state_name(becomes["entity"]) == becomes["state"], where
            assert "reported" not in becomes or becomes["reported"] == line.reported, where
        else:
            assert "rejected" in message or message["ignored"] is True, where
        if "publishes" in message:
            wanted = message["publishes"]
            assert any(each.topic == wanted["topic"] and wanted["contains"] in each.message for each in line.published), where


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_each_example_shows_a_job_and_something_that_is_passed_over_or_refused(path: Path) -> None:
    given = messages(path)
    assert any(message.get("runs") for message in given)
    assert any(message.get("ignored") or message.get("rejected") for message in given)


def test_there_is_an_example_for_each_kind_of_device() -> None:
    assert [path.stem for path in EXAMPLES] == ["homie5", "sparkplug", "tasmota", "zigbee2mqtt"]


def test_the_sample_is_the_file_of_the_contract() -> None:
    """What the main line's tests, the demo and the documentation rely on."""
    sample = load_configuration(CONFIG / "pointsman.yaml", {})
    pump = sample.catalog.entity(EntityRef(OwnerType.OBJECT, EntityId("pump-1")))
    assert pump is not None
    assert [trigger.states for trigger in pump.triggers] == [("3", "4"), ("4",)]
    assert list(pump.operations) == ["open-valve", "diagnose"]
    assert pump.properties == {"Serial Number": "A-17"}
    assert [str(rule.filter) for rule in sample.rules] == ["plant/+/state", "tele/+/LWT"]
    assert dict(sample.rules[1].map) == {"Online": "OK", "Offline": "FAULT"}
    assert sample.settings.store.url == "sqlite:///jobs.db"


def test_the_samples_need_no_slow_reader() -> None:
    for path in (CONFIG / "pointsman.yaml", *EXAMPLES):
        read_quick(path.read_text(encoding="utf-8"))
