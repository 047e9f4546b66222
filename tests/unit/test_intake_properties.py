"""Reading properties: requests on Pointsman's own topics, and the reports of foreign devices by intake rules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from pointsman.model.command import Command, Reject, RejectReason, SetProperty
from pointsman.model.delivery import Delivery
from pointsman.model.effect import ReplyTo
from pointsman.model.ids import MQTT_USER, EntityId, EntityRef, OwnerType
from pointsman.model.json import Json
from pointsman.model.jsonpath import parse_json_path
from pointsman.model.rule import Ignore, IntakeRule
from pointsman.model.state import Retained
from pointsman.model.topic import TopicFilter
from pointsman.mqtt.intake import Reader
from pointsman.mqtt.topics import PropertyTopic, Topics
from unit.world import PIPE, PUMP, delivery, plant, rule

TOPICS = Topics("pointsman", "gateway")
CATALOG = plant(properties={"Setpoint": 20, "Serial Number": "A-17"})
SET = "pointsman/objects/pump-1/properties/Setpoint/set"


def read(message: Delivery, *rules: IntakeRule, **options: Any) -> Sequence[Command]:
    return Reader(TOPICS, rules, **options)(message, CATALOG)


def one(message: Delivery, *rules: IntakeRule, **options: Any) -> SetProperty:
    (command,) = read(message, *rules, **options)
    assert isinstance(command, SetProperty), command
    return command


def refused(message: Delivery, *rules: IntakeRule) -> RejectReason:
    (command,) = read(message, *rules)
    assert isinstance(command, Reject), command
    return command.reason


def reports(name: str = "Setpoint", path: str = "$", filter_: str = "plant/+/setpoint", **more: Any) -> IntakeRule:
    return IntakeRule(filter=TopicFilter(filter_), entity="{1}", property=name, value=parse_json_path(path), **more)


# Requests


@pytest.mark.parametrize(
    ("payload", "value"),
    [
        (b"21.5", 21.5),
        (b" 21 ", 21),
        (b"true", True),
        (b"null", None),
        (b'"21"', "21"),
        (b'""', ""),
        (b"on", "on"),
        ("öffnen".encode(), "öffnen"),
        (b'{"a": [1, null]}', {"a": [1, None]}),
    ],
)
def test_a_request_has_its_value_as_json_or_else_as_text(payload: bytes, value: Json) -> None:
    command = one(delivery(SET, payload))
    assert (command.entity, command.name, command.value) == (PUMP, "Setpoint", value)
    assert (command.by, command.login, command.reported, command.retained) == (MQTT_USER, MQTT_USER, False, None)


def test_a_request_is_answered_where_it_says() -> None:
    command = one(delivery(SET, b"21", response_topic="answers/me", correlation=b"7"))
    assert command.reply == ReplyTo(topic="answers/me", correlation=b"7")
    assert one(delivery("pointsman/links/pipe-1/properties/Serial Number/set", b"x")).entity == PIPE


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (delivery(SET, b"21", retain=True), RejectReason.RETAINED_REQUEST),
        (delivery(SET, b""), RejectReason.BAD_REQUEST),
        (delivery(SET, b"  "), RejectReason.BAD_REQUEST),
        (delivery(SET, b"\xff"), RejectReason.BAD_REQUEST),
        (delivery(SET, b"1e400"), RejectReason.BAD_REQUEST),
        (delivery("pointsman/objects/pump-1/properties/a/b/set", b"21"), RejectReason.NO_RULE),
    ],
)
def test_a_request_that_cannot_be_taken(message: Delivery, reason: RejectReason) -> None:
    assert refused(message) is reason


@pytest.mark.parametrize("name", ["Setpoint", "Serial Number", "ß", "set", "a.b"])
def test_the_topic_of_a_property_is_read_as_it_is_made(name: str) -> None:
    for entity in (PUMP, EntityRef(OwnerType.LINK, EntityId("l 1"))):
        topic = TOPICS.set_property(entity, name)
        assert TOPICS.read(topic) == PropertyTopic(entity, name)
        assert any(TopicFilter(each).match(topic) is not None for each in TOPICS.filters)


# Reports


@pytest.mark.parametrize(
    ("path", "payload", "value"),
    [
        ("$", b"21.5", 21.5),
        ("$", b"eco", "eco"),
        ("$.set.point", b'{"set": {"point": [1]}}', [1]),
        ("$.p", b'{"p": null}', None),
        ("$.p", b'{"p": ""}', ""),
    ],
)
def test_a_device_reports_a_property_at_a_path(path: str, payload: bytes, value: Json) -> None:
    command = one(delivery("plant/pump-1/setpoint", payload), reports(path=path))
    assert (command.entity, command.name, command.value, command.reported) == (PUMP, "Setpoint", value, True)
    assert (command.by, command.topic, command.reply) == (MQTT_USER, "plant/pump-1/setpoint", None)


def test_the_topic_may_name_the_property() -> None:
    by_topic = reports("{2}", filter_="homie/+/+")
    assert one(delivery("homie/pump-1/Serial Number", b"B"), by_topic).name == "Serial Number"


def test_a_state_and_a_property_of_one_message_are_two_rules_of_one_filter() -> None:
    commands = read(
        delivery("plant/pump-1/all", {"state": "OK", "set": 21}),
        rule("plant/+/all"),
        reports(path="$.set", filter_="plant/+/all"),
    )
    assert [type(command).__name__ for command in commands] == ["ReportState", "SetProperty"]


@pytest.mark.parametrize("policy", Retained)
def test_a_retained_report_is_marked_with_what_it_may_do(policy: Retained) -> None:
    message = delivery("plant/pump-1/setpoint", b"21", retain=True)
    assert one(message, reports(), retained=policy).retained is policy
    assert one(message, reports(retained=policy), retained=Retained.COMPARE).retained is policy
    assert one(delivery("plant/pump-1/setpoint", b"21"), reports(), retained=policy).retained is None


@pytest.mark.parametrize(
    ("message", "given", "reason", "ignored"),
    [
        (delivery("plant/ghost/setpoint", b"1"), reports(), RejectReason.UNKNOWN_ENTITY, Ignore.UNKNOWN_ENTITY),
        (delivery("plant/pump-1/setpoint", b"{}"), reports(path="$.p"), RejectReason.NO_VALUE, Ignore.NO_VALUE),
        (delivery("plant/pump-1/setpoint", b""), reports(), RejectReason.NO_VALUE, Ignore.NO_VALUE),
        (delivery("plant/pump-1/setpoint", b"x"), reports(path="$.p"), RejectReason.UNPARSABLE, None),
        (delivery("plant/pump-1/setpoint", b"\xff"), reports(), RejectReason.UNPARSABLE, None),
        (delivery("plant/pump-1/setpoint", b"[1e400]"), reports(), RejectReason.UNPARSABLE, None),
    ],
)
def test_a_report_that_cannot_be_taken_is_rejected_or_passed_over(
    message: Delivery, given: IntakeRule, reason: RejectReason, ignored: Ignore | None
) -> None:
    assert refused(message, given) is reason
    if ignored is not None:
        silent = IntakeRule(
            filter=given.filter, entity=given.entity, property=given.property, value=given.value, ignore=frozenset({ignored})
        )
        assert read(message, silent) == []


def test_a_property_that_is_not_declared_is_the_core_s_to_reject_unless_the_rule_passes_it_over() -> None:
    message = delivery("homie/pump-1/rssi", b"-60")
    assert one(message, reports("{2}", filter_="homie/+/+")).name == "rssi"
    silent = reports("{2}", filter_="homie/+/+", ignore=frozenset({Ignore.UNKNOWN_PROPERTY}))
    assert read(message, silent) == []
