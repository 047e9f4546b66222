"""From effects to outgoing messages: what a job's message says of itself, what is announced, what is acknowledged."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pointsman.model.effect import Publish, ReplyTo
from pointsman.model.ids import JobId, UserId
from pointsman.model.job import CustomResult, JobStatus
from pointsman.mqtt.publisher import Announced, MqttPublisher, Outgoing
from pointsman.mqtt.topics import Topics
from unit.world import NOW, delivery, job, meta


class Link:
    """Keeps what it is given."""

    def __init__(self) -> None:
        self.sent: list[Outgoing] = []
        self.acknowledged: list[tuple[int, int]] = []

    def send(self, outgoing: Outgoing) -> None:
        self.sent.append(outgoing)

    def acknowledge(self, connection: int, packet_id: int) -> None:
        self.acknowledged.append((connection, packet_id))

    def room(self) -> int:
        return 17


def publisher(announced: Announced = Announced.ALL) -> tuple[MqttPublisher, Link]:
    link = Link()
    return MqttPublisher(link, Topics("pointsman", "gateway"), announced), link


def test_a_jobs_message_says_which_job_it_is_and_where_an_answer_goes() -> None:
    out, link = publisher()
    effect = Publish(job=JobId("42"), topic="plant/a", message="é", qos=2, retain=True, content_type="text/plain")
    out.publish(effect)
    assert link.sent == [
        Outgoing(
            topic="plant/a",
            payload="é".encode(),
            qos=2,
            retain=True,
            job=JobId("42"),
            content_type="text/plain",
            response_topic="pointsman/jobs/42/results",
            correlation=b"42",
        )
    ]


def test_a_job_is_announced_on_its_topic_as_its_public_json() -> None:
    out, link = publisher()
    result = CustomResult(payload={"ok": True}, by=UserId("ann"), timestamp=NOW)
    announced = job(
        "42", JobStatus.SUCCEEDED, description={"topic": "t", "message": "m"}, process_meta=meta(3, "4"), results=(result,)
    )
    out.announce(announced)
    (outgoing,) = link.sent
    assert (outgoing.topic, outgoing.qos, outgoing.retain, outgoing.job) == ("pointsman/jobs/42", 0, False, None)
    assert outgoing.content_type == "application/json"
    assert json.loads(outgoing.payload) == {
        "id": "42",
        "operation_id": "open-valve",
        "owner_id": "pump-1",
        "owner_type": 1,
        "user_id": "system",
        "timestamp": NOW,
        "description": {"topic": "t", "message": "m"},
        "process_meta": {
            "triggerStates": [3, "4"],
            "trigger": "on ALARM, FAULT",
            "previous": "1",
            "state": "3",
            "timestamp": None,
        },
        "results": [{"payload": {"ok": True}, "by": "ann", "timestamp": NOW}],
        "status": "succeeded",
        "finished": NOW,
        "error": None,
        "attempts": 0,
        "args": {},
        "waits": None,
        "delivery": {
            "rung": "recorded",
            "recorded": NOW,
            "acknowledged": None,
            "reason_code": None,
            "answered": None,
            "confirmed": None,
        },
        "caused_by": None,
        "root_id": "42",
        "hop": 0,
        "change_id": None,
    }


@pytest.mark.parametrize(
    ("announced", "status", "goes_out"),
    [(Announced.ALL, status, True) for status in JobStatus]
    + [(Announced.FINAL, status, status.final) for status in JobStatus]
    + [(Announced.NONE, status, False) for status in JobStatus],
)
def test_only_what_is_wanted_is_announced(announced: Announced, status: JobStatus, goes_out: bool) -> None:
    out, link = publisher(announced)
    out.announce(job("42", status))
    assert bool(link.sent) == goes_out


def test_a_requester_is_answered_with_its_own_correlation() -> None:
    out, link = publisher(Announced.NONE)
    out.answer(ReplyTo(topic="answers/7", correlation=b"\xff"), {"job": "42"})
    (outgoing,) = link.sent
    assert (outgoing.topic, outgoing.qos, outgoing.correlation, outgoing.job) == ("answers/7", 1, b"\xff", None)
    assert json.loads(outgoing.payload) == {"job": "42"}


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize("value", [float("inf"), float("nan"), "\ud800", nested(400), 10**400, "\0\x7f\u2028"])
def test_what_goes_out_is_json_whatever_the_values(value: Any) -> None:
    out, link = publisher()
    out.announce(job("42", args={"x": value}))
    out.answer(ReplyTo(topic="a", correlation=None), {"error": value})
    for outgoing in link.sent:
        json.loads(outgoing.payload, parse_constant=pytest.fail)


def test_an_acknowledgement_names_the_connection_its_message_came_on() -> None:
    out, link = publisher()
    out.acknowledge(delivery("t", "ON", 9, connection=3))
    assert link.acknowledged == [(3, 9)]


def test_there_is_as_much_room_as_the_link_has() -> None:
    assert publisher()[0].room() == 17


def test_what_carries_out_a_job_is_told_from_all_else() -> None:
    """The outbox keeps the one until the broker has answered, and forgets the other with the connection."""
    out, link = publisher()
    out.announce(job("42"))
    out.answer(ReplyTo(topic="a", correlation=None), {})
    out.publish(Publish(job=JobId("42"), topic="t", message="m", qos=0, retain=False))
    assert [outgoing.job for outgoing in link.sent] == [None, None, "42"]
