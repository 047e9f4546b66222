"""The session against a real Mosquitto: what goes out gets through once the broker says so, or its job fails with the reason."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest

from integration.session_rig import Rig
from pointsman.model.command import Finish
from pointsman.model.delivery import Delivery
from pointsman.model.job import JobStatus
from pointsman.mqtt.options import Version
from servers.client import MqttClient
from servers.mosquitto import Broker, Mosquitto
from servers.ports import wait_until
from servers.relay import Relay

pytestmark = pytest.mark.external_service

Connect = Callable[..., MqttClient]
Start = Callable[..., Rig]
MakeBroker = Callable[..., Mosquitto]

BOTH = [Version.V5, Version.V311]


@pytest.mark.parametrize("version", BOTH)
@pytest.mark.parametrize("qos", [0, 1, 2])
def test_a_message_gets_through_and_its_job_succeeds(
    broker: Broker, start_session: Start, mqtt_client: Connect, qos: int, version: Version
) -> None:
    rig = start_session(broker, version=version).ready()
    observer = mqtt_client(broker).subscribe(f"{rig.root}/out", qos=2)
    more = {"content_type": "text/plain", "response_topic": "answers", "correlation": b"7", "expiry": 60}
    rig.publish("out", "é", job="7", qos=qos, retain=True, **more)
    assert rig.heard.finishes(1)["7"].status is JobStatus.SUCCEEDED  # type: ignore[index]
    message = observer.wait_for()
    assert (message.text, message.qos) == ("é", qos)
    if version is Version.V5:
        assert (message.content_type, message.response_topic, message.correlation) == ("text/plain", "answers", b"7")
        assert message.user == {"job-id": "7", "root-id": "7", "hop": "0"}
    assert mqtt_client(broker).subscribe(f"{rig.root}/out").wait_for().retain


@pytest.mark.parametrize(("qos", "heard", "code"), [(1, True, 0x00), (1, False, 0x10), (2, True, 0x00), (0, True, None)])
def test_it_is_told_what_the_broker_said_and_at_qos_0_that_nobody_said_anything(
    broker: Broker, start_session: Start, mqtt_client: Connect, qos: int, heard: bool, code: int | None
) -> None:
    """0x10: nobody had subscribed (MQTT 5 §3.4.2.1)."""
    rig = start_session(broker).ready()
    if heard:
        mqtt_client(broker).subscribe(f"{rig.root}/out")
    rig.publish("out", "é", job="7", qos=qos)
    finish = rig.heard.finishes(1)["7"]  # type: ignore[index]
    assert (finish.status, finish.reason_code) == (JobStatus.SUCCEEDED, code)


def test_messages_of_one_session_keep_their_order(broker: Broker, start_session: Start, mqtt_client: Connect) -> None:
    rig = start_session(broker, window=7).ready()
    observer = mqtt_client(broker).subscribe(f"{rig.root}/out")
    for number in range(300):
        rig.publish("out", str(number), job=str(number))
    rig.heard.finishes(300)
    assert [message.text for message in observer.wait_count(300)] == [str(number) for number in range(300)]


def test_what_carries_out_no_job_is_dropped_while_there_is_no_connection(
    relay: Relay, broker: Broker, start_session: Start, mqtt_client: Connect
) -> None:
    relay.closed_to_all = True
    rig = start_session(relay)
    rig.wait_for_log("no connection to the broker")
    rig.publish("out", "announcement")
    rig.publish("out", "job", job="1")
    observer = mqtt_client(broker).subscribe(f"{rig.root}/out")
    relay.closed_to_all = False
    rig.heard.finishes(1)
    assert [message.text for message in observer.quiet()] == ["job"]


# Sent again


def test_a_message_whose_answer_was_lost_is_sent_again_and_its_job_ends_once(
    relay: Relay, broker: Broker, start_session: Start, mqtt_client: Connect
) -> None:
    rig = start_session(relay).ready()
    observer = mqtt_client(broker).subscribe(f"{rig.root}/out")
    relay.deaf_to_answers = True
    for number in range(3):
        rig.publish("out", str(number), job=str(number))
    observer.wait_count(3)
    assert rig.heard.of(Finish) == []
    relay.deaf_to_answers = False
    relay.cut()
    rig.heard.finishes(3)
    assert [message.text for message in observer.wait_count(6)] == ["0", "1", "2", "0", "1", "2"]
    assert [message.user["job-id"] for message in observer.messages] == ["0", "1", "2", "0", "1", "2"]


def test_a_broker_that_restarts_gets_what_it_had_not_acknowledged(
    make_broker: MakeBroker, start_session: Start, mqtt_client: Connect
) -> None:
    broker = make_broker()
    with Relay(broker) as relay:
        rig = start_session(relay).ready()
        relay.deaf_to_answers = True
        rig.publish("out", "before", job="1", retain=True)
        broker.stop()
        assert wait_until(lambda: rig.session.fault is not None)
        rig.publish("out", "meanwhile", job="2", retain=True)
        relay.deaf_to_answers = False
        broker.start()
        finishes = rig.heard.finishes(2)
    assert {finish.status for finish in finishes.values()} == {JobStatus.SUCCEEDED}
    assert mqtt_client(broker).subscribe(f"{rig.root}/out").wait_for().text == "meanwhile"
    assert [started.present for started in rig.connections] == [False, True]


@pytest.mark.parametrize("version", BOTH)
def test_over_a_link_that_is_cut_all_along_every_job_ends_once(
    relay: Relay, broker: Broker, start_session: Start, mqtt_client: Connect, version: Version
) -> None:
    rig = start_session(relay, version=version, reconnect=(0.01, 0.02), window=20).ready()
    observer = mqtt_client(broker).subscribe(f"{rig.root}/out")
    for number in range(400):
        rig.publish("out", str(number), job=str(number))
        if number % 40 == 39:
            connections = len(rig.connections)
            relay.cut()
            rig.heard.wait_until(lambda before=connections: len(rig.connections) > before)  # type: ignore[misc]
    finishes = rig.heard.finishes(400)
    assert {finish.status for finish in finishes.values()} == {JobStatus.SUCCEEDED}
    assert wait_until(lambda: {message.text for message in observer.messages} == {str(number) for number in range(400)})


# Refused, too large


@pytest.mark.parametrize("qos", [1, 2])
def test_a_message_that_the_broker_does_not_allow_fails_its_job_with_the_reason(
    make_broker: MakeBroker, start_session: Start, topic_root: str, qos: int
) -> None:
    acl = f"user worker\ntopic readwrite {topic_root}/allowed/#\ntopic readwrite {topic_root}/worker/#\n"
    broker = make_broker(users={"worker": "secret"}, acl=acl)
    rig = start_session(broker, username="worker", password="secret").ready()
    rig.publish("forbidden", job="1", qos=qos)
    rig.publish("allowed/a", job="2", qos=qos)
    finishes = {str(job): finish for job, finish in rig.heard.finishes(2).items()}
    assert finishes["1"].status is JobStatus.FAILED
    assert "the broker refused the message" in (finishes["1"].error or "")
    assert "Not authorized (0x87)" in (finishes["1"].error or "")
    assert finishes["2"].status is JobStatus.SUCCEEDED


def test_a_message_larger_than_the_broker_takes_fails_its_job_and_the_others_go_on(
    make_broker: MakeBroker, start_session: Start
) -> None:
    rig = start_session(make_broker(max_packet_size=20_000)).ready()
    rig.publish("out", job="1")
    rig.publish("out", b"x" * 30_000, job="2")
    rig.publish("out", job="3")
    finishes = {str(job): finish for job, finish in rig.heard.finishes(3).items()}
    assert [finishes[job].status for job in "123"] == [JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.SUCCEEDED]
    assert "at most 20000 bytes, the message has 30000" in (finishes["2"].error or "")
    assert len(rig.connections) == 1


@pytest.mark.parametrize(
    ("options", "version"),
    [
        ({"max_packet_size": 20_000}, Version.V311),  # it does not say so, and closes the connection
        ({"message_size_limit": 20_000}, Version.V5),  # it answers with a code that MQTT has not for PUBACK
    ],
)
def test_a_message_that_breaks_the_connection_fails_its_job_and_the_others_get_through(
    make_broker: MakeBroker, start_session: Start, mqtt_client: Connect, options: dict[str, int], version: Version
) -> None:
    broker = make_broker(**options)
    rig = start_session(broker, version=version, reconnect=(0.01, 0.02)).ready()
    observer = mqtt_client(broker).subscribe(f"{rig.root}/out")
    for number in range(8):
        rig.publish("out", b"x" * 30_000 if number in (2, 5) else str(number), job=str(number))
    finishes = {str(job): finish for job, finish in rig.heard.finishes(8).items()}
    assert [number for number in range(8) if finishes[str(number)].status is JobStatus.FAILED] == [2, 5]
    assert wait_until(lambda: {message.text for message in observer.messages} == set("013467"))


# Both ways at once


@pytest.mark.parametrize("version", BOTH)
def test_large_messages_stay_whole_while_others_come_in(
    broker: Broker, start_session: Start, mqtt_client: Connect, version: Version
) -> None:
    """Two threads that write the socket at once would break the stream."""
    rig = start_session(broker, version=version).ready()
    observer = mqtt_client(broker).subscribe(f"{rig.root}/out/#")
    sender = mqtt_client(broker)
    payloads = [hashlib.sha256(str(number).encode()).digest() * 9600 for number in range(20)]
    acknowledged = 0
    numbers = []
    for number, payload in enumerate(payloads):
        numbers += [sender.send(f"{rig.root}/in/a", str(part)) for part in range(20)]
        rig.publish(f"out/{number}", payload, job=str(number))
        arrived = rig.heard.of(Delivery)
        for delivery in arrived[acknowledged:]:
            rig.session.acknowledge(delivery.connection, delivery.packet_id)
        acknowledged = len(arrived)
    while acknowledged < 400:
        arrived = rig.heard.deliveries(acknowledged + 1)
        for delivery in arrived[acknowledged:]:
            rig.session.acknowledge(delivery.connection, delivery.packet_id)
        acknowledged = len(arrived)
    sender.settle(numbers)
    assert {finish.status for finish in rig.heard.finishes(20).values()} == {JobStatus.SUCCEEDED}
    received = {message.topic.rpartition("/")[2]: message.payload for message in observer.wait_count(20)}
    assert received == {str(number): payload for number, payload in enumerate(payloads)}
    assert len(rig.connections) == 1
    assert [delivery.payload.decode() for delivery in rig.heard.of(Delivery)] == [str(part) for part in range(20)] * 20
