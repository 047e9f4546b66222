"""What devices answer: on their job's own topic or by a reply rule. Nothing counts as an answer that may not be one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.model.command import AddResult, Cancel, Command, Reject, RejectReason, ReportState
from pointsman.model.delivery import Delivery
from pointsman.model.effect import ReplyTo
from pointsman.model.ids import MQTT_USER, JobId
from pointsman.model.jsonpath import parse_json_path
from pointsman.model.rule import Ignore, IntakeRule, ReplyRule
from pointsman.model.topic import TopicFilter, text_fault
from pointsman.mqtt.intake import Reader
from pointsman.mqtt.topics import Topics
from unit.world import delivery, plant, rule

CATALOG = plant()
TOPICS = Topics("pointsman", "gateway")
RESULTS = "pointsman/jobs/42/results"
CANCEL = "pointsman/jobs/42/cancel"
ANSWER = "devices/pump-1/answer"


def reply(filter_: str = "devices/+/answer", job: str = "$.job", result: str = "$", ignore: Sequence[Ignore] = ()) -> ReplyRule:
    return ReplyRule(
        filter=TopicFilter(filter_),
        job=parse_json_path(job) if job.startswith("$") else job,
        result=parse_json_path(result),
        ignore=frozenset(ignore),
    )


def read(message: Delivery, *replies: ReplyRule, rules: Sequence[IntakeRule] = ()) -> Sequence[Command]:
    return Reader(TOPICS, rules, replies=replies or (reply(),))(message, CATALOG)


def one(message: Delivery, *replies: ReplyRule) -> Command:
    (command,) = read(message, *replies)
    return command


def rejected(command: Command, *words: str) -> RejectReason:
    assert isinstance(command, Reject), command
    assert all(word in command.detail for word in words), command.detail
    assert len(command.detail) < 400
    return command.reason


def result(job: str, payload: Any, topic: str = ANSWER, reply: ReplyTo | None = None, *, answer: bool = True) -> AddResult:
    return AddResult(job=JobId(job), payload=payload, by=MQTT_USER, topic=topic, reply=reply, answer=answer)


# On the job's own topic


@pytest.mark.parametrize("correlation", [None, b"42"])
def test_a_result_from_whoever_wants_no_answer_is_the_devices(correlation: bytes | None) -> None:
    assert one(delivery(RESULTS, b'{"done": 1}', correlation=correlation)) == result("42", {"done": 1}, RESULTS)


@pytest.mark.parametrize("correlation", [None, b"42", b"another"])
def test_a_result_from_whoever_wants_an_answer_is_a_persons(correlation: bytes | None) -> None:
    """Whose Correlation Data is of their own making: `pointsman result add` sends a random one."""
    message = delivery(RESULTS, b"1", response_topic="answers/7", correlation=correlation)
    assert one(message) == result("42", 1, RESULTS, ReplyTo(topic="answers/7", correlation=correlation), answer=False)


@pytest.mark.parametrize("topic", ["", "a/+", "#"])
def test_a_response_topic_that_nothing_can_be_published_to_makes_no_answer_of_a_result(topic: str) -> None:
    command = one(delivery(RESULTS, b"1", response_topic=topic))
    assert isinstance(command, AddResult)
    assert (command.answer, command.reply) == (False, None)


@pytest.mark.parametrize("correlation", [b"43", b"", b"4", b"420", b"\xff"])
@pytest.mark.parametrize("message", [delivery(RESULTS, b"1"), delivery(ANSWER, {"job": "42"})])
def test_a_wrong_correlation_never_counts_as_an_answer(message: Delivery, correlation: bytes) -> None:
    command = one(message._replace(correlation=correlation))
    assert rejected(command, "expected the job's id, '42', as Correlation Data") is RejectReason.BAD_REQUEST


# By a reply rule


@pytest.mark.parametrize(
    ("by", "topic", "payload", "command"),
    [
        (reply(), ANSWER, b'{"job": "42", "ok": true}', result("42", {"job": "42", "ok": True})),
        (
            reply(job="$.meta['the job'][0]"),
            ANSWER,
            b'{"meta": {"the job": ["42"]}}',
            result("42", {"meta": {"the job": ["42"]}}),
        ),
        (reply(result="$.value"), ANSWER, b'{"job": "42", "value": [1]}', result("42", [1])),
        (reply(result="$.value"), ANSWER, b'{"job": "42", "value": null}', result("42", None)),
        (reply(), ANSWER, b'{"job": 42}', result("42", {"job": 42})),
        (reply("a/+/b", "{1}"), "a/42/b", b"done", result("42", "done", "a/42/b")),
        (reply("a/+/b", "{1}"), "a/42/b", b"", result("42", "", "a/42/b")),
        (reply("a/+/b", "{1}", "$.v"), "a/42/b", b'{"v": 0}', result("42", 0, "a/42/b")),
        (reply("a/+/+", "{2}-{1}"), "a/4/2", b"1", result("2-4", 1, "a/4/2")),
        (reply("a/#", "{1}"), "a/42", b"1", result("42", 1, "a/42")),
    ],
)
def test_a_rule_says_where_job_and_result_are(by: ReplyRule, topic: str, payload: bytes, command: AddResult) -> None:
    assert one(delivery(topic, payload), by) == command


@pytest.mark.parametrize("correlation", [None, b"42"])
def test_a_reply_may_carry_the_correlation_data_that_was_sent(correlation: bytes | None) -> None:
    command = one(delivery(ANSWER, {"job": "42"}, correlation=correlation))
    assert isinstance(command, AddResult)
    assert command.answer


@pytest.mark.parametrize(
    ("by", "payload", "reason"),
    [
        (reply(), b"done", RejectReason.UNPARSABLE),
        (reply(), b"", RejectReason.UNPARSABLE),
        (reply(), b"\xff", RejectReason.UNPARSABLE),
        (reply("+/#", "{1}"), b"\xff", RejectReason.UNPARSABLE),
        (reply("+/#", "{1}", "$.v"), b"done", RejectReason.UNPARSABLE),
        (reply(), b"{}", RejectReason.NO_VALUE),
        (reply(), b'{"job": null}', RejectReason.NO_VALUE),
        (reply(), b'{"job": ""}', RejectReason.NO_VALUE),
        (reply(), b'"42"', RejectReason.NO_VALUE),
        (reply(result="$.v"), b'{"job": "42"}', RejectReason.NO_VALUE),
        (reply("devices/pump-1/answer/#", "{1}"), b"1", RejectReason.NO_VALUE),
        (reply(), b'{"job": {"id": "42"}}', RejectReason.UNPARSABLE),
        (reply(), b'{"job": "4\\u00002"}', RejectReason.UNPARSABLE),
        (reply(), b'{"job": "4\\n2"}', RejectReason.UNPARSABLE),
        (reply(), b'{"job": "42", "v": 1e400}', RejectReason.UNPARSABLE),
    ],
)
def test_a_reply_that_does_not_say_them_is_rejected(by: ReplyRule, payload: bytes, reason: RejectReason) -> None:
    assert rejected(one(delivery(ANSWER, payload), by), "expected") is reason


@pytest.mark.parametrize("payload", [b"{}", b'{"job": null}', b'{"job": "42", "x": 1}'])
def test_a_rule_may_pass_over_what_names_no_job_or_has_no_result(payload: bytes) -> None:
    by = reply(result="$.v", ignore=[Ignore.NO_VALUE])
    assert read(delivery(ANSWER, payload), by) == []
    assert read(delivery(ANSWER, payload, retain=True), by) == []
    assert isinstance(one(delivery(ANSWER, b"no JSON"), by), Reject)


@pytest.mark.parametrize(("topic", "payload"), [(RESULTS, b"1"), (ANSWER, b'{"job": "42"}')])
def test_a_retained_reply_is_rejected(topic: str, payload: bytes) -> None:
    """It would come again at each connect, and be an answer to what was asked meanwhile."""
    assert rejected(one(delivery(topic, payload, retain=True)), "retained") is RejectReason.RETAINED_REQUEST


def test_one_message_may_report_a_state_and_answer() -> None:
    by = reply("plant/+/state", ignore=[Ignore.NO_VALUE])
    both = read(delivery("plant/pump-1/state", {"state": "OK", "job": "42"}), by, rules=[rule()])
    assert [type(command) for command in both] == [ReportState, AddResult]
    only = read(delivery("plant/pump-1/state", {"state": "OK"}), by, rules=[rule()])
    assert [type(command) for command in only] == [ReportState]


def test_where_devices_answer_is_subscribed_to_once() -> None:
    reader = Reader(TOPICS, [rule("a/+")], replies=[reply("a/+"), reply("b/#"), reply("b/#", "{1}")])
    assert reader.filters == (*TOPICS.filters, "a/+", "b/#")


# Calling off


@pytest.mark.parametrize(
    ("payload", "reason"),
    [(b"", ""), (b" ", ""), (b"{}", ""), (b'{"reason": ""}', ""), (b'{"reason": "wrong valve"}', "wrong valve")],
)
def test_a_request_to_cancel_may_give_a_reason(payload: bytes, reason: str) -> None:
    message = delivery(CANCEL, payload, response_topic="answers/7", correlation=b"x")
    answer_to = ReplyTo(topic="answers/7", correlation=b"x")
    assert one(message) == Cancel(job=JobId("42"), user=MQTT_USER, reason=reason, topic=CANCEL, reply=answer_to)


@pytest.mark.parametrize(
    "payload",
    [
        b"why",
        b"[]",
        b'"why"',
        b"null",
        b'{"reason": 1}',
        b'{"reason": null}',
        b'{"reson": "x"}',
        b'{"reason": "x", "more": 1}',
        b"\xff",
    ],
)
def test_a_request_to_cancel_that_says_anything_else_is_refused_with_an_answer(payload: bytes) -> None:
    command = one(delivery(CANCEL, payload, response_topic="answers/7"))
    assert rejected(command, "expected") is RejectReason.BAD_REQUEST
    assert isinstance(command, Reject)
    assert command.reply == ReplyTo(topic="answers/7", correlation=None)


def test_a_retained_request_to_cancel_is_refused() -> None:
    assert rejected(one(delivery(CANCEL, b"", retain=True)), "retained") is RejectReason.RETAINED_REQUEST


# Anything at all

JOBS = st.none() | st.text(max_size=5) | st.integers() | st.floats() | st.lists(st.text(), max_size=2)
BODIES = st.dictionaries(st.sampled_from(["job", "v", "reason"]), JOBS, max_size=3).map(lambda body: json.dumps(body).encode())
TOPIC = st.sampled_from([RESULTS, CANCEL, ANSWER]) | st.builds("{}/{}".format, st.sampled_from(["x", "y"]), st.text(max_size=5))


@given(
    st.builds(
        delivery,
        TOPIC,
        BODIES | st.binary(max_size=20),
        retain=st.booleans(),
        response_topic=st.none() | st.sampled_from(["", "a", "#"]),
        correlation=st.none() | st.sampled_from([b"42", b"", b"x"]),
    )
)
def test_whatever_comes_an_answer_is_live_for_a_job_and_correlates(message: Delivery) -> None:
    for command in read(message, reply(), reply("x/+", "{1}", "$.v"), reply("y/#", "$.job", ignore=[Ignore.NO_VALUE])):
        assert isinstance(command, AddResult | Cancel | Reject)
        assert command.topic == message.topic
        if isinstance(command, AddResult):
            assert not message.retain
            assert command.job
            json.dumps(command.payload, allow_nan=False)
            if command.answer:
                assert message.correlation in (None, command.job.encode("utf-8", "surrogatepass"))
            if message.topic in (RESULTS, CANCEL):
                assert command.answer == (message.response_topic is None)
            else:
                assert command.answer
                assert text_fault(command.job) is None
