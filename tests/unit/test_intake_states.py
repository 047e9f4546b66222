"""Reading what concerns states beyond a report: values for conditions, and requests for manual states."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.model.catalog import Catalog
from pointsman.model.command import Command, Reject, RejectReason, ReportState, ReportValues, SetManual
from pointsman.model.condition import Silence, StateCondition
from pointsman.model.delivery import Delivery
from pointsman.model.effect import ReplyTo
from pointsman.model.ids import MQTT_USER
from pointsman.model.rule import Ignore, IntakeRule
from pointsman.model.state import Retained
from pointsman.mqtt.intake import Reader
from pointsman.mqtt.topics import Topics
from unit.world import ALARM, FAULT, NOW, OK, PIPE, PUMP, delivery, plant, rule

PLAIN = plant()
DERIVING = plant(conditions=(StateCondition(state=OK.id),))
HEARD = plant(silence=Silence(after_ms=1_000, state=FAULT.id))
TOPICS = Topics("pointsman", "gateway")
OWN = "pointsman/objects/pump-1/state"
MANUAL = "pointsman/objects/pump-1/manual-state"
VALUES = rule("plant/+/values", state=None)


def one(message: Delivery, *rules: IntakeRule, catalog: Catalog = DERIVING, **options: Any) -> Command:
    read: Sequence[Command] = Reader(TOPICS, rules or [VALUES], **options)(message, catalog)
    (command,) = read
    return command


def rejected(command: Command) -> RejectReason:
    assert isinstance(command, Reject), command
    assert len(command.detail) < 400
    return command.reason


# Values


@pytest.mark.parametrize("payload", [b'{"t": 21.5}', b"21.5", b"warm", b"[1, 2]", b'{"state": "OK", "t": 3}', b""])
def test_a_rule_for_values_gives_the_payload_as_it_is_to_the_conditions(payload: bytes) -> None:
    message = delivery("plant/pump-1/values", payload)
    assert one(message) == ReportValues(PUMP, message.topic, payload, None, None)


def test_values_say_their_own_time_and_are_a_snapshot_when_they_were_retained() -> None:
    message = delivery("plant/pump-1/values", {"t": 3, "at": 12}, retain=True)
    assert one(message, rule("plant/+/values", state=None, reported="$.at", retained=Retained.BASELINE)) == ReportValues(
        PUMP, message.topic, message.payload, Retained.BASELINE, 12
    )


@pytest.mark.parametrize("catalog", [DERIVING, HEARD])
def test_values_are_for_who_has_conditions_or_is_to_be_heard_of(catalog: Catalog) -> None:
    assert isinstance(one(delivery("plant/pump-1/values", "1"), catalog=catalog), ReportValues)


@pytest.mark.parametrize(
    ("message", "rule_", "catalog", "reason"),
    [
        (delivery("plant/pump-1/values", "1"), VALUES, PLAIN, RejectReason.NO_CONDITIONS),
        (delivery("plant/ghost/values", "1"), VALUES, DERIVING, RejectReason.UNKNOWN_ENTITY),
        (delivery("plant/pump-1/values", b"\xff"), VALUES, DERIVING, RejectReason.UNPARSABLE),
        (
            delivery("plant/pump-1/values", b"warm"),
            rule("plant/+/values", state=None, reported="$.t"),
            DERIVING,
            RejectReason.UNPARSABLE,
        ),
    ],
)
def test_values_that_cannot_be_taken_are_rejected_for(
    message: Delivery, rule_: IntakeRule, catalog: Catalog, reason: RejectReason
) -> None:
    assert rejected(one(message, rule_, catalog=catalog)) is reason


def test_a_rule_for_values_may_pass_over_entities_that_are_not_declared() -> None:
    passing = rule("plant/+/values", state=None, ignore=[Ignore.UNKNOWN_ENTITY])
    assert Reader(TOPICS, [passing])(delivery("plant/ghost/values", "1"), DERIVING) == []


@pytest.mark.parametrize(
    ("payload", "catalog", "kind"),
    [
        ('{"t": 21.5, "timestamp": 12}', DERIVING, ReportValues),
        ("{}", DERIVING, ReportValues),
        ('{"t": 21.5}', PLAIN, RejectReason.NO_VALUE),
        ('{"t": 21.5}', HEARD, RejectReason.NO_VALUE),
        ('{"state": "OK", "t": 21.5}', DERIVING, ReportState),
        ('{"state": null, "t": 21.5}', DERIVING, RejectReason.NO_VALUE),
        ("OK", DERIVING, ReportState),
        ("1", DERIVING, ReportState),
        ("21.5", DERIVING, RejectReason.UNKNOWN_STATE),
        ("[1]", DERIVING, RejectReason.NO_VALUE),
    ],
)
def test_on_our_own_topic_an_object_without_a_state_has_values_where_there_are_conditions(
    payload: str, catalog: Catalog, kind: type[Command] | RejectReason
) -> None:
    command = one(delivery(OWN, payload), catalog=catalog)
    if isinstance(kind, RejectReason):
        assert rejected(command) is kind
    else:
        assert isinstance(command, kind)
    if payload.endswith("12}"):
        assert isinstance(command, ReportValues)
        assert command.reported == 12


# Manual states


def manual(body: Any, **more: Any) -> Command:
    return one(delivery(MANUAL, body, **more), catalog=PLAIN)


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ({"stateId": 3}, {"state": ALARM.id}),
        ({"stateId": "3"}, {"state": ALARM.id}),
        ({"stateId": "ALARM", "reason": "worn"}, {"state": ALARM.id, "reason": "worn"}),
        ({"stateId": 3, "since": NOW, "until": NOW + 1}, {"state": ALARM.id, "since": NOW, "until": NOW + 1}),
        ({"stateId": 3, "since": str(NOW), "until": "7"}, {"state": ALARM.id, "since": NOW, "until": 7}),
        ({"stateId": 3, "since": None, "until": None, "reason": None, "clear": False}, {"state": ALARM.id}),
        ({"stateId": 3, "clearedByStateId": [1, "FAULT"]}, {"state": ALARM.id, "cleared_by": frozenset({OK.id, FAULT.id})}),
        ({"stateId": 3, "clearedByStateId": 1}, {"state": ALARM.id, "cleared_by": frozenset({OK.id})}),
        ({"clear": True}, {}),
        ({"clear": True, "stateId": 3, "reason": "done"}, {"reason": "done"}),
    ],
)
def test_a_request_has_the_references_fields_with_integers_or_strings(body: dict[str, Any], wanted: dict[str, Any]) -> None:
    reply = ReplyTo(topic="answers/me", correlation=b"7")
    command = manual(body, response_topic="answers/me", correlation=b"7")
    assert command == SetManual(entity=PUMP, by=MQTT_USER, topic=MANUAL, reply=reply, **wanted)


def test_links_have_manual_states_too() -> None:
    command = one(delivery("pointsman/links/pipe-1/manual-state", {"stateId": 1}))
    assert isinstance(command, SetManual)
    assert command.entity == PIPE


@pytest.mark.parametrize(
    ("body", "reason", "words"),
    [
        (b"", RejectReason.BAD_REQUEST, "expected JSON"),
        (b"ALARM", RejectReason.BAD_REQUEST, "expected JSON"),
        (b"3", RejectReason.BAD_REQUEST, "expected a JSON object with stateId"),
        ({}, RejectReason.BAD_REQUEST, "expected stateId, or clear to be true"),
        ({"clear": False}, RejectReason.BAD_REQUEST, "expected stateId, or clear to be true"),
        ({"clear": "yes"}, RejectReason.BAD_REQUEST, "expected clear to be true or false"),
        ({"stateId": 3, "untill": 4}, RejectReason.BAD_REQUEST, "found 'untill'"),
        ({"stateId": 3, "until": "tomorrow"}, RejectReason.BAD_REQUEST, "expected until in ms"),
        ({"stateId": 3, "until": -1}, RejectReason.BAD_REQUEST, "expected until in ms"),
        ({"stateId": 3, "until": 10**15}, RejectReason.BAD_REQUEST, "expected until in ms"),
        ({"stateId": 3, "since": True}, RejectReason.BAD_REQUEST, "expected since in ms"),
        ({"stateId": 3, "since": 1.5}, RejectReason.BAD_REQUEST, "expected since in ms"),
        ({"stateId": 3, "reason": 5}, RejectReason.BAD_REQUEST, "expected reason to be text"),
        ({"stateId": True}, RejectReason.BAD_REQUEST, "expected a state's id or name"),
        ({"stateId": {"a": 1}}, RejectReason.BAD_REQUEST, "expected a state's id or name"),
        ({"stateId": "MELTED"}, RejectReason.UNKNOWN_STATE, "'MELTED'"),
        ({"stateId": 3, "clearedByStateId": [8]}, RejectReason.UNKNOWN_STATE, "id or name 8"),
        ({"stateId": 3, "clearedByStateId": [[1]]}, RejectReason.BAD_REQUEST, "expected a state's id or name"),
    ],
)
def test_a_request_that_cannot_be_taken_is_rejected_in_words(body: Any, reason: RejectReason, words: str) -> None:
    command = manual(body)
    assert rejected(command) is reason
    assert isinstance(command, Reject)
    assert words in command.detail


def test_a_retained_request_is_refused_since_it_would_come_at_each_connect() -> None:
    assert rejected(manual({"stateId": 3}, retain=True)) is RejectReason.RETAINED_REQUEST


@given(
    st.dictionaries(
        st.sampled_from(["stateId", "reason", "since", "until", "clear", "clearedByStateId"]),
        st.recursive(st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(), st.lists, max_leaves=4),
    )
)
def test_whatever_is_asked_is_a_request_or_a_reject(body: dict[str, Any]) -> None:
    command = manual(body)
    assert isinstance(command, SetManual | Reject)
    assert not isinstance(command, Reject) or command.reason in (RejectReason.BAD_REQUEST, RejectReason.UNKNOWN_STATE)
