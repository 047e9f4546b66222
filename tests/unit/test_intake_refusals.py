"""Reading deliveries that cannot be taken: each is rejected for its reason, in few words, and nothing ever raises."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.model.command import (
    AddResult,
    Cancel,
    Command,
    Execute,
    Reject,
    RejectReason,
    ReportState,
    ReportValues,
    SetManual,
)
from pointsman.model.delivery import Delivery
from pointsman.model.rule import Ignore, IntakeRule
from pointsman.model.state import Retained
from pointsman.mqtt import intake
from pointsman.mqtt.intake import Reader
from pointsman.mqtt.topics import Topics
from unit.world import delivery, plant, rule

CATALOG = plant()
TOPICS = Topics("pointsman", "gateway")
OWN = "pointsman/objects/pump-1/state"
EXECUTE = "pointsman/objects/pump-1/operations/open-valve/execute"
RESULTS = "pointsman/jobs/42/results"


def read(message: Delivery, *rules: IntakeRule, **options: Any) -> Sequence[Command]:
    return Reader(TOPICS, rules or [rule()], **options)(message, CATALOG)


def one(message: Delivery, *rules: IntakeRule, **options: Any) -> Command:
    (command,) = read(message, *rules, **options)
    return command


def rejected(command: Command) -> RejectReason:
    assert isinstance(command, Reject), command
    assert "expected" in command.detail or "no " in command.detail or "retained" in command.detail
    assert len(command.detail) < 400, "a detail goes to the log: it must not be as long as somebody likes"
    return command.reason


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (delivery("somewhere/else", "OK"), RejectReason.NO_RULE),
        (delivery("plant/ghost/state", {"state": "OK"}), RejectReason.UNKNOWN_ENTITY),
        (delivery("pointsman/objects/ghost/state", "OK"), RejectReason.UNKNOWN_ENTITY),
        (delivery("pointsman/objects/pipe-1/state", "OK"), RejectReason.UNKNOWN_ENTITY),
        (delivery("plant/pump-1/state", {"state": "MELTED"}), RejectReason.UNKNOWN_STATE),
        (delivery(OWN, "MELTED"), RejectReason.UNKNOWN_STATE),
        (delivery("plant/pump-1/state", {"other": 1}), RejectReason.NO_VALUE),
        (delivery("plant/pump-1/state", {"state": None}), RejectReason.NO_VALUE),
        (delivery("plant/pump-1/state", {"state": ""}), RejectReason.NO_VALUE),
        (delivery("plant/pump-1/state", "3"), RejectReason.NO_VALUE),
        (delivery(OWN, b""), RejectReason.NO_VALUE),
        (delivery(OWN, b"{}"), RejectReason.NO_VALUE),
        (delivery(OWN, b"[1]"), RejectReason.NO_VALUE),
        (delivery(OWN, b'{"state": [1]}'), RejectReason.NO_VALUE),
        (delivery("plant/pump-1/state", {"state": {"a": 1}}), RejectReason.UNPARSABLE),
        (delivery("plant/pump-1/state", {"state": [1]}), RejectReason.UNPARSABLE),
        (delivery("plant/pump-1/state", b""), RejectReason.UNPARSABLE),
        (delivery("plant/pump-1/state", b"FAULT"), RejectReason.UNPARSABLE),
        (delivery("plant/pump-1/state", b'{"state": "FAULT"'), RejectReason.UNPARSABLE),
        (delivery("plant/pump-1/state", b'{"state": NaN}'), RejectReason.UNPARSABLE),
        (delivery("plant/pump-1/state", b'{"state": "\xff"}'), RejectReason.UNPARSABLE),
        (delivery("plant/pump-1/state", b"[" * 100_000), RejectReason.UNPARSABLE),
        (delivery("plant/pump-1/state", b"[" * 100_000 + b"]" * 100_000), RejectReason.UNPARSABLE),
        (delivery("plant/pump-1/state", b'{"state": ' + b"9" * 100_000 + b"}"), RejectReason.UNPARSABLE),
        (delivery(OWN, b"\xff"), RejectReason.UNPARSABLE),
        (delivery(OWN, b"[" * 100_000), RejectReason.UNKNOWN_STATE),
        (delivery(OWN, b"NaN"), RejectReason.UNKNOWN_STATE),
        (delivery(OWN, b"1e400"), RejectReason.UNKNOWN_STATE),
        (delivery(RESULTS, b"\xff"), RejectReason.UNPARSABLE),
        (delivery(OWN, b"x" * 262_145), RejectReason.TOO_LARGE),
        (delivery(RESULTS, b"x" * 262_145), RejectReason.TOO_LARGE),
        (delivery("somewhere/else", b"x" * 262_145), RejectReason.TOO_LARGE),
        (delivery("plant/" + "x" * 60_000 + "/state", {"state": "OK"}), RejectReason.UNKNOWN_ENTITY),
    ],
)
def test_what_cannot_be_taken_is_rejected_for(message: Delivery, reason: RejectReason) -> None:
    command = one(message)
    assert rejected(command) is reason
    assert isinstance(command, Reject)
    assert (command.topic, command.payload) == (message.topic, message.payload)


def test_the_limit_of_a_payload_is_a_limit() -> None:
    assert rejected(one(delivery(OWN, b"MELTED"), max_payload=6)) is RejectReason.UNKNOWN_STATE
    assert rejected(one(delivery(OWN, b"MELTED"), max_payload=5)) is RejectReason.TOO_LARGE


@pytest.mark.parametrize(
    ("ignore", "message"),
    [
        (Ignore.NO_VALUE, delivery("plant/pump-1/state", {"other": 1})),
        (Ignore.UNKNOWN_ENTITY, delivery("plant/ghost/state", {"state": "OK"})),
        (Ignore.UNKNOWN_STATE, delivery("plant/pump-1/state", {"state": "MELTED"})),
    ],
)
def test_a_rule_passes_over_what_it_is_told_to_and_nothing_else(ignore: Ignore, message: Delivery) -> None:
    assert read(message, rule(ignore=[ignore])) == []
    others = [each for each in Ignore if each is not ignore]
    assert isinstance(one(message, rule(ignore=others)), Reject)


def test_a_payload_that_cannot_be_read_is_rejected_whatever_is_ignored() -> None:
    assert rejected(one(delivery("plant/pump-1/state", b"{"), rule(ignore=Ignore))) is RejectReason.UNPARSABLE


# Many topics, and anything at all


def test_each_filter_is_subscribed_to_once() -> None:
    reader = Reader(TOPICS, [rule("a/+"), rule("a/+", "pump-1"), rule("b/#")])
    assert reader.filters == (*TOPICS.filters, "a/+", "b/#")


def test_more_topics_than_are_remembered_are_still_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "ROUTES", 3)
    reader = Reader(TOPICS, [rule("+/+", "{2}", "$")])
    for number in range(20):
        (command,) = reader(delivery(f"{number}/pump-1", "OK"), CATALOG)
        assert isinstance(command, ReportState)
        assert len(reader._routes) <= 3


PREFIXES = ["", "plant/", "pointsman/objects/", "pointsman/objects/pump-1/", "pointsman/jobs/"]
SUFFIXES = ["", "/state", "/manual-state", "/results", "/cancel", "/operations/open-valve/execute"]
HOSTILE_TOPICS = st.builds("{}{}{}".format, st.sampled_from(PREFIXES), st.text(), st.sampled_from(SUFFIXES))
JSON_BYTES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["state", "t", "a"]), inner, max_size=3),
    max_leaves=8,
).map(lambda value: json.dumps(value).encode())
PAYLOADS = st.one_of(st.binary(max_size=60), JSON_BYTES, st.sampled_from([b"OK", b"FAULT", b'{"state": "OK"}', b"1e999", b"-0"]))


@given(
    st.builds(
        delivery,
        HOSTILE_TOPICS,
        PAYLOADS,
        retain=st.booleans(),
        response_topic=st.none() | st.text(),
        correlation=st.none() | st.binary(max_size=5),
    )
)
def test_nothing_that_comes_makes_it_raise_and_every_command_is_about_it(message: Delivery) -> None:
    rules = [
        rule("plant/#", "{1}", "$.state", reported="$.t"),
        rule("plant/+", "pump-1", "$", map={"true": "OK"}),
        rule("#", "pump-2", "$.a[0]", ignore=Ignore),
        rule("#", "pump-3", None),
    ]
    for command in read(message, *rules):
        assert isinstance(command, ReportState | ReportValues | SetManual | AddResult | Cancel | Execute | Reject)
        assert command.topic == message.topic
        if isinstance(command, ReportState):
            assert CATALOG.entity(command.entity)
            assert command.state in CATALOG.states
            assert command.retained is (Retained.COMPARE if message.retain else None)
        elif isinstance(command, AddResult):
            json.dumps(command.payload, allow_nan=False)
