"""The session against real and stubborn brokers: which version, which certificate, which password, and who else has our name."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable

import pytest

from integration.session_rig import Rig
from pointsman.model.delivery import Delivery, SessionStarted
from pointsman.model.job import JobStatus
from pointsman.mqtt.options import Tls, Version
from servers.certificates import Certificates
from servers.client import MqttClient
from servers.mosquitto import Broker, Mosquitto
from servers.ports import wait_until
from servers.relay import Relay

pytestmark = pytest.mark.external_service

Connect = Callable[..., MqttClient]
Start = Callable[..., Rig]
MakeBroker = Callable[..., Mosquitto]

MQTT_5 = 5
REFUSED_AS_3_1_1 = bytes.fromhex("20020001")
"""CONNACK of MQTT 3.1.1: unacceptable protocol version."""
REFUSED_AS_5 = bytes.fromhex("2003008400")
"""CONNACK of MQTT 5: unsupported protocol version."""
CONNACK = "2003000000"
TAKEN_OVER = bytes.fromhex(CONNACK + "e0028e00")
"""CONNACK, and DISCONNECT with session taken over."""


# The version


def test_mqtt_5_is_spoken_with_whoever_can(broker: Broker, start_session: Start) -> None:
    rig = start_session(broker).ready()
    assert rig.wait_for_log("connected")["mqtt"] == "5"


@pytest.mark.parametrize("answer", [REFUSED_AS_3_1_1, REFUSED_AS_5, b""])
def test_a_broker_without_mqtt_5_is_spoken_to_with_3_1_1(
    relay: Relay, broker: Broker, start_session: Start, mqtt_client: Connect, answer: bytes
) -> None:
    """It says so in the words of 3.1.1, in those of 5, or just closes the connection."""
    relay.answer_to_connect = lambda level: answer if level == MQTT_5 else None
    rig = start_session(relay, reconnect=(0.01, 0.05)).ready()
    assert rig.wait_for_log("connected")["mqtt"] == "3.1.1"
    mqtt_client(broker).publish(f"{rig.root}/in/a", "1")
    rig.publish("out", job="1")
    assert rig.heard.finishes(1)["1"].status is JobStatus.SUCCEEDED  # type: ignore[index]
    assert [delivery.payload for delivery in rig.heard.deliveries(1)] == [b"1"]
    assert not [line for line in rig.logged if line["level"] == "error"]


def test_a_session_of_3_1_1_is_kept_and_redelivers_like_one_of_5(
    relay: Relay, broker: Broker, start_session: Start, mqtt_client: Connect
) -> None:
    rig = start_session(relay, version=Version.V311).ready()
    mqtt_client(broker).publish(f"{rig.root}/in/a", "1")
    (one,) = rig.heard.deliveries(1)
    relay.cut()
    assert rig.heard.deliveries(2)[1] == one._replace(connection=2, dup=True)
    assert rig.connections == [SessionStarted(1, False), SessionStarted(2, True)]


def test_a_proxy_whose_broker_is_down_does_not_cost_mqtt_5_for_good(relay: Relay, start_session: Start) -> None:
    relay.closed_to_all = True
    rig = start_session(relay, reconnect=(0.01, 0.05))
    assert wait_until(lambda: relay.accepted > 10)
    relay.answer_to_connect = lambda level: None if level == MQTT_5 else b""
    relay.closed_to_all = False
    rig.ready()
    assert rig.wait_for_log("connected")["mqtt"] == "5"


def test_a_version_that_was_asked_for_is_not_given_up(relay: Relay, start_session: Start) -> None:
    relay.answer_to_connect = lambda level: REFUSED_AS_3_1_1
    rig = start_session(relay, version=Version.V5, reconnect=(0.01, 0.05))
    assert wait_until(lambda: relay.accepted > 5)
    assert "the broker refuses us" in (rig.session.fault or "")
    assert rig.heard.items == []


# TLS and passwords


def test_tls_with_a_private_authority(make_broker: MakeBroker, start_session: Start, certificates: Certificates) -> None:
    broker = make_broker(lines=certificates.listener)
    rig = start_session(broker, tls=Tls(ca_file=str(certificates.ca))).ready()
    payload = b"x" * 300_000
    rig.publish("out", payload, job="1")
    assert rig.heard.finishes(1)["1"].status is JobStatus.SUCCEEDED  # type: ignore[index]


def test_large_messages_come_whole_over_tls(
    make_broker: MakeBroker, start_session: Start, mqtt_client: Connect, certificates: Certificates
) -> None:
    """TLS may hold decrypted bytes of which no poll tells."""
    broker = make_broker(lines=certificates.listener)
    rig = start_session(broker, tls=Tls(ca_file=str(certificates.ca))).ready()
    sender = mqtt_client(broker, ca_file=str(certificates.ca))
    for number in range(20):
        sender.send(f"{rig.root}/in/a", str(number) * 50_000)
    assert [delivery.payload for delivery in rig.heard.deliveries(20)] == [str(number).encode() * 50_000 for number in range(20)]


def test_packets_that_come_in_one_piece_over_tls_are_all_read(start_session: Start, certificates: Certificates) -> None:
    """Once the first is read, the others are decrypted, and no poll tells of them."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificates.server, certificates.server_key)
    packets = bytes.fromhex(CONNACK) + b"".join(bytes.fromhex("300600016100") + b"%02d" % number for number in range(20))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        where = Broker("127.0.0.1", listener.getsockname()[1])
        rig = start_session(where, tls=Tls(ca_file=str(certificates.ca)))
        with context.wrap_socket(listener.accept()[0], server_side=True) as connection:
            connection.recv(4096)
            connection.sendall(packets)
            assert [delivery.payload for delivery in rig.heard.deliveries(20)] == [b"%02d" % number for number in range(20)]


def test_a_broker_that_another_authority_vouches_for_is_not_spoken_to(
    make_broker: MakeBroker, start_session: Start, certificates: Certificates
) -> None:
    broker = make_broker(lines=certificates.listener)
    rig = start_session(broker, tls=Tls(ca_file=str(certificates.stranger)))
    rig.wait_for_log("no connection to the broker")
    assert "certificate verify failed" in (rig.session.fault or "")
    assert rig.heard.items == []


def test_without_checking_anybody_is_spoken_to(make_broker: MakeBroker, start_session: Start, certificates: Certificates) -> None:
    broker = make_broker(lines=certificates.listener)
    start_session(broker, tls=Tls(ca_file=str(certificates.stranger), verify=False)).ready()


def test_a_client_certificate_is_shown(make_broker: MakeBroker, start_session: Start, certificates: Certificates) -> None:
    broker = make_broker(lines=certificates.listener + "\nrequire_certificate true")
    tls = Tls(ca_file=str(certificates.ca), cert_file=str(certificates.client), key_file=str(certificates.client_key))
    start_session(broker, tls=tls).ready()


def test_a_wrong_password_is_said_and_retried_seldom(make_broker: MakeBroker, start_session: Start) -> None:
    broker = make_broker(users={"worker": "secret"})
    with Relay(broker) as relay:
        rig = start_session(relay, username="worker", password="wrong", reconnect=(0.01, 60.0))
        rig.wait_for_log("no connection to the broker")
        assert "the broker refuses us" in (rig.session.fault or "")
        assert "ot authorized" in (rig.session.fault or "")
        time.sleep(0.3)
        assert relay.accepted == 1


# Somebody else with our name


def test_a_session_that_was_taken_over_backs_off(relay: Relay, start_session: Start) -> None:
    relay.answer_to_connect = lambda level: TAKEN_OVER
    rig = start_session(relay, reconnect=(0.01, 60.0))
    assert "same client id" in rig.wait_for_log("connections end soon")["event"]
    time.sleep(0.3)
    assert relay.accepted == 1


def test_two_workers_with_one_name_do_not_fight(relay: Relay, start_session: Start, topic_root: str) -> None:
    """Mosquitto before 2.1 does not say that a session was taken over."""
    same = {"client_id": f"same-{topic_root[-8:]}", "reconnect": (0.05, 60.0), "version": Version.V311}
    one, two = start_session(relay, **same), start_session(relay, **same)
    one.wait_for_log("connections end soon")
    two.wait_for_log("connections end soon")
    time.sleep(1.0)
    assert relay.accepted < 24, "each pause is twice as long as the one before"


# Nonsense


@pytest.mark.parametrize(
    "nonsense",
    [
        "485454502f312e312034303020426164205265717565737420",  # an HTTP server
        "20",
        CONNACK + "ffffffffff",
        CONNACK + "00",
        CONNACK + "300400ff6161",  # PUBLISH whose topic is longer than the packet
        CONNACK + "320a0001ff000100616161616161",  # PUBLISH whose topic is not UTF-8
        CONNACK + "3206000161000105",  # PUBLISH whose properties are longer than the packet
        CONNACK + "4003000195",  # PUBACK with a reason code that it cannot have
        CONNACK + "40020fff",  # PUBACK for nothing
        CONNACK + "9003000100",  # SUBACK for a filter fewer
        CONNACK + CONNACK,
        CONNACK + "e002ff00",  # DISCONNECT for an unknown reason
    ],
)
def test_nonsense_from_a_broker_costs_a_connection_and_never_the_session(
    relay: Relay, broker: Broker, start_session: Start, mqtt_client: Connect, nonsense: str
) -> None:
    answers = iter([bytes.fromhex(nonsense)])
    relay.answer_to_connect = lambda level: next(answers, None)
    rig = start_session(relay, reconnect=(0.01, 0.02))
    assert wait_until(lambda: relay.accepted > 1)
    rig.ready(len(rig.connections) or 1)
    assert wait_until(lambda: rig.session.fault is None)
    mqtt_client(broker).publish(f"{rig.root}/in/a", "1")
    rig.heard.wait_until(lambda: any(delivery.payload == b"1" for delivery in rig.heard.of(Delivery)))
