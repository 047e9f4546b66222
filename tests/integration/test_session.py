"""The session against a real Mosquitto: what comes in, what is acknowledged, what the world sees of the worker."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from integration.session_rig import Rig
from pointsman.model.delivery import Delivery, SessionStarted, Subscribed
from pointsman.mqtt.options import Address
from servers.client import MqttClient
from servers.mosquitto import Broker
from servers.ports import wait_until
from servers.relay import Relay

pytestmark = pytest.mark.external_service

Connect = Callable[..., MqttClient]
Start = Callable[..., Rig]


@pytest.fixture
def relay(broker: Broker) -> Iterator[Relay]:
    with Relay(broker) as between:
        yield between


@pytest.fixture
def start(topic_root: str) -> Iterator[Start]:
    """Start sessions that end with the test."""
    rigs: list[Rig] = []

    def started(where: object, *filters: str, **options: object) -> Rig:
        rigs.append(Rig(where, topic_root, *filters, **options).start())  # type: ignore[arg-type]
        return rigs[-1]

    yield started
    for rig in rigs:
        rig.stop()


# What comes in


def test_a_message_comes_as_it_is(broker: Broker, start: Start, mqtt_client: Connect) -> None:
    rig = start(broker).ready()
    sender = mqtt_client(broker)
    sender.publish(f"{rig.root}/in/a", b"\x00\xff", response_topic="answers/7", correlation=b"7")
    sender.publish(f"{rig.root}/in/b", "ON", qos=0)
    first, second = rig.heard.deliveries(2)
    assert first == Delivery(1, first.packet_id, 1, False, False, f"{rig.root}/in/a", b"\x00\xff", "answers/7", b"7")
    assert second == Delivery(1, 0, 0, False, False, f"{rig.root}/in/b", b"ON", None, None)
    assert rig.connections == [SessionStarted(1, False)]
    assert rig.heard.of(Subscribed) == [Subscribed((f"{rig.root}/in/#",))]
    assert rig.heard.items[0] == SessionStarted(1, False), "before anything that came on it"


def test_what_was_not_acknowledged_comes_again_with_dup_and_the_same_identifier(
    relay: Relay, broker: Broker, start: Start, mqtt_client: Connect
) -> None:
    rig = start(relay).ready()
    sender = mqtt_client(broker)
    sender.publish(f"{rig.root}/in/a", "1")
    sender.publish(f"{rig.root}/in/a", "2")
    one, two = rig.heard.deliveries(2)
    rig.session.acknowledge(1, one.packet_id)
    assert wait_until(lambda: rig.session.idle)
    sender.publish(f"{rig.root}/in/a", "3")
    three = rig.heard.deliveries(3)[2]
    relay.cut()
    again = rig.heard.deliveries(5)[3:]
    assert again == [two._replace(connection=2, dup=True), three._replace(connection=2, dup=True)]
    assert rig.connections[1] == SessionStarted(2, True)


def test_an_acknowledgement_for_an_older_connection_is_dropped(
    relay: Relay, broker: Broker, start: Start, mqtt_client: Connect
) -> None:
    """After a lost session, the same identifier would stand for another message."""
    rig = start(relay).ready()
    sender = mqtt_client(broker)
    sender.publish(f"{rig.root}/in/a", "1")
    (one,) = rig.heard.deliveries(1)
    relay.cut()
    rig.heard.deliveries(2)
    rig.session.acknowledge(1, one.packet_id)
    relay.cut()
    assert rig.heard.deliveries(3)[2] == one._replace(connection=3, dup=True)
    rig.session.acknowledge(3, one.packet_id)
    assert wait_until(lambda: rig.session.idle)
    rig.ready(3)
    relay.cut()
    rig.ready(4)
    sender.publish(f"{rig.root}/in/a", "2")
    assert [delivery.payload for delivery in rig.heard.deliveries(4)] == [b"1", b"1", b"1", b"2"]


def test_only_a_snapshot_comes_with_the_retained_flag(broker: Broker, start: Start, mqtt_client: Connect) -> None:
    sender, rig = mqtt_client(broker), start
    root = rig(broker, "unused/+").ready().root
    sender.publish(f"{root}/in/a", "before", retain=True)
    session = rig(broker, client_id=f"second-{root[-8:]}").ready()
    sender.publish(f"{root}/in/a", "after", retain=True)
    assert [(delivery.payload, delivery.retain) for delivery in session.heard.deliveries(2)] == [
        (b"before", True),
        (b"after", False),
    ]


def test_snapshots_come_at_each_connect_unless_they_are_not_wanted(
    relay: Relay, broker: Broker, start: Start, mqtt_client: Connect, topic_root: str
) -> None:
    mqtt_client(broker).publish(f"{topic_root}/in/a", "kept", retain=True)
    wanted = start(relay).ready()
    unwanted = start(relay, replay_retained=False, client_id=f"unwanted-{topic_root[-8:]}").ready()
    relay.cut()
    wanted.ready(2)
    unwanted.ready(2)
    assert [delivery.connection for delivery in wanted.heard.deliveries(2)] == [1, 2]
    assert unwanted.heard.of(Delivery) == []


def test_a_worker_that_goes_takes_nothing_more_and_the_broker_keeps_it(broker: Broker, start: Start, mqtt_client: Connect) -> None:
    rig = start(broker).ready()
    sender = mqtt_client(broker)
    rig.session.deafen()
    sender.publish(f"{rig.root}/in/a", "1")
    rig.stop()
    sender.publish(f"{rig.root}/in/a", "2")
    again = start(broker).ready()
    assert again.connections == [SessionStarted(1, True)]
    assert sorted(delivery.payload for delivery in again.heard.deliveries(2)) == [b"1", b"2"]
    assert rig.heard.of(Delivery) == []


def test_what_is_not_configured_any_more_is_unsubscribed(broker: Broker, start: Start, mqtt_client: Connect, topic_root: str) -> None:
    both = (f"{topic_root}/a", f"{topic_root}/b")
    start(broker, *both).ready().stop()
    rig = start(broker, both[0], recorded=both).ready()
    sender = mqtt_client(broker)
    sender.publish(both[1], "old")
    sender.publish(both[0], "kept")
    assert [delivery.payload for delivery in rig.heard.deliveries(1)] == [b"kept"]
    assert rig.heard.of(Subscribed) == [Subscribed(both[:1])]


def test_an_engine_that_lags_costs_deliveries_at_qos_0_and_they_are_counted(
    broker: Broker, start: Start, mqtt_client: Connect
) -> None:
    rig = start(broker, max_waiting=10, receive_maximum=20).ready()
    rig.heard.backlog = 15
    sender = mqtt_client(broker)
    sender.publish(f"{rig.root}/in/a", "0", qos=0)
    sender.publish(f"{rig.root}/in/a", "1", qos=1)
    assert [delivery.qos for delivery in rig.heard.deliveries(1)] == [1]
    assert rig.session.dropped == 1


def test_an_engine_that_is_stuck_makes_the_broker_wait(broker: Broker, start: Start, mqtt_client: Connect) -> None:
    rig = start(broker, max_waiting=10, receive_maximum=20).ready()
    rig.heard.backlog = 31
    assert wait_until(lambda: rig.session._full)
    mqtt_client(broker).publish(f"{rig.root}/in/a", "1")
    assert rig.heard.of(Delivery) == []
    rig.heard.backlog = 0
    rig.heard.deliveries(1)


# What the world sees of it


def status_of(rig: Rig, observer: MqttClient) -> list[str]:
    return [message.text for message in observer.messages if message.topic == rig.status]


def test_it_is_online_while_it_is_there_and_offline_once_it_has_gone(broker: Broker, start: Start, mqtt_client: Connect) -> None:
    rig = start(broker).ready()
    observer = mqtt_client(broker).subscribe(rig.status)
    observer.wait_for(lambda message: message.text == "online" and message.retain)
    rig.stop()
    observer.wait_for(lambda message: message.text == "offline")
    late = mqtt_client(broker).subscribe(rig.status)
    assert late.wait_for().text == "offline"


def test_it_is_offline_when_its_connection_is_gone(relay: Relay, broker: Broker, start: Start, mqtt_client: Connect) -> None:
    rig = start(relay).ready()
    observer = mqtt_client(broker).subscribe(rig.status)
    observer.wait_for(lambda message: message.text == "online")
    relay.closed_to_all = True
    relay.cut()
    observer.wait_for(lambda message: message.text == "offline")
    assert wait_until(lambda: rig.session.fault is not None)
    relay.closed_to_all = False
    assert wait_until(lambda: status_of(rig, observer)[-1] == "online")
    assert wait_until(lambda: rig.session.fault is None)


def test_a_will_that_comes_late_is_put_right(relay: Relay, broker: Broker, start: Start, mqtt_client: Connect) -> None:
    """The broker sends the will of the connection before this one when this one takes its place."""
    rig = start(relay).ready()
    observer = mqtt_client(broker).subscribe(rig.status)
    relay.abandon()
    rig.ready(2)
    observer.wait_for(lambda message: message.text == "offline")
    assert wait_until(lambda: status_of(rig, observer)[-1] == "online")
    assert observer.quiet()[-1].text == "online"


def test_an_intake_rule_over_its_own_status_takes_no_place_in_the_window(
    broker: Broker, start: Start, mqtt_client: Connect, topic_root: str
) -> None:
    rig = start(broker, f"{topic_root}/#", receive_maximum=3).ready()
    sender = mqtt_client(broker)
    for _ in range(5):
        sender.publish(rig.status, "offline", retain=True)
    sender.publish(f"{topic_root}/a", "1")
    assert [delivery.payload for delivery in rig.heard.deliveries(1)] == [b"1"]


def test_a_ring_after_the_end_writes_to_no_file(broker: Broker, start: Start, tmp_path: object) -> None:
    """The numbers of the session's pipe stand for other files by then."""
    rig = start(broker).ready()
    rig.stop()
    files = [open(f"{tmp_path}/{number}", "w+b") for number in range(20)]
    for _ in range(3):
        rig.session.acknowledge(1, 1)
    for file in files:
        file.seek(0)
        assert file.read() == b""
        file.close()


def test_before_it_has_a_connection_it_says_so_and_stops_all_the_same() -> None:
    where = Address(host="127.0.0.1", port=9, tls=False)
    rig = Rig(where, "nowhere")
    assert rig.session.fault == "not connected yet"
    rig.start()
    rig.wait_for_log("no connection to the broker")
    assert "cannot reach the broker at 127.0.0.1:9" in (rig.session.fault or "")
    assert rig.session.idle
    rig.stop()


