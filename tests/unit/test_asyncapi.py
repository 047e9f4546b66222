"""The AsyncAPI document: as AsyncAPI 3.0 wants it, and of exactly the topics that a worker listens to."""

from __future__ import annotations

import json
from typing import Any

import jsonschema_rs
import pytest

from documents.markdown import ROOT
from documents.published import compare, faults, references, resolve
from pointsman import __version__
from pointsman.cli.main import root
from pointsman.model.topic import TopicFilter
from pointsman.mqtt.asyncapi import asyncapi_document
from pointsman.mqtt.topics import Topics

TOPICS = Topics("plant/line-1", "gateway-7")
OWN: dict[str, Any] = json.loads(json.dumps(asyncapi_document(__version__, TOPICS)))
DEFAULT: dict[str, Any] = json.loads(json.dumps(asyncapi_document(__version__)))


def test_the_asyncapi_document_in_docs_is_what_the_program_makes(capsys: pytest.CaptureFixture[str]) -> None:
    compare("asyncapi.json", asyncapi_document(__version__))
    root().main(["schema", "asyncapi"], standalone_mode=False)
    assert capsys.readouterr().out == (ROOT / "docs" / "asyncapi.json").read_text()


@pytest.mark.parametrize("document", [DEFAULT, OWN], ids=["default", "a worker's own"])
def test_it_is_as_asyncapi_3_wants_it(document: dict[str, Any]) -> None:
    schema = json.loads((ROOT / "tests" / "schemas" / "asyncapi-3.0.0.json").read_text())
    validator = jsonschema_rs.validator_for(schema)
    assert [each.message for each in validator.iter_errors(document)] == []
    assert not validator.is_valid({**document, "channels": {"x": {"adress": "a"}}}), "the schema finds nothing"


def test_every_reference_leads_somewhere() -> None:
    found = set(references(DEFAULT))
    assert len(found) > 30
    for each in found:
        resolve(DEFAULT, each)
    used = {each.rsplit("/", 1)[1] for each in found if each.startswith("#/components/")}
    assert set(DEFAULT["components"]["messages"]) | set(DEFAULT["components"]["schemas"]) <= used


def test_every_filter_that_a_worker_subscribes_to_is_a_channel_and_no_other_is_listened_to() -> None:
    listening = {
        OWN["channels"][name]["address"] for name, operation in OWN["operations"].items() if operation["action"] == "receive"
    }
    matched = {
        text: [each for each in listening if TopicFilter(text).match(_filled(each)) is not None] for text in TOPICS.filters
    }
    assert all(len(found) == 1 for found in matched.values()), matched
    assert listening == {each for found in matched.values() for each in found}
    assert all(TOPICS.read(_filled(each)) is not None for each in listening)


def test_every_parameter_of_an_address_is_explained() -> None:
    for channel in OWN["channels"].values():
        address = channel["address"] or ""
        named = {part[1:-1] for part in address.split("/") if part.startswith("{")}
        assert named == set(channel.get("parameters", {}))


@pytest.mark.parametrize("name", DEFAULT["components"]["messages"])
def test_an_example_is_as_its_schema_says(name: str) -> None:
    message = DEFAULT["components"]["messages"][name]
    examples = [each["payload"] for each in message.get("examples", ())]
    assert examples or name == "command"
    assert [fault for each in examples for fault in faults(DEFAULT, message["payload"], each)] == []


def _filled(address: str) -> str:
    return "/".join("x" if part.startswith("{") else part for part in address.split("/"))
