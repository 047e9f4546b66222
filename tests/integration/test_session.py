"""The session against a real Mosquitto: what comes in, what is acknowledged, what the world sees of the worker."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from integration.session_rig import Rig
from pointsman.clock import Uuid7
from pointsman.model.delivery import Delivery, SessionStarted, Subscribed
from pointsman.model.ids import JobId
from pointsman.model.lineage import Lineage
from pointsman.mqtt.options import Address, Version
from servers.client import MqttClient
from servers.mosquitto import Broker
from servers.ports import wait_until
from servers.relay import Relay

pytestmark = pytest.mark.external_service

Connect = Callable[..., MqttClient]
Start = Callable[..., Rig]


# What comes in


def test_a_message_comes_as_it_is(broker: Broker, start_session: Start, mqtt_client: Connect) -> None:
    rig = start_session(broker).ready()
    sender = mqtt_client(broker)
    sender.publish(f"{rig.root}/in/a", b"\x00\xff", response_topic="answers/7", correlation=b"7")
    sender.publish(f"{rig.root}/in/b", "ON", qos=0)
    first, second = rig.heard.deliveries(2)
    assert first == Delivery(1, first.packet_id, 1, False, False, f"{rig.root}/in/a", b"\x00\xff", "answers/7", b"7")
    assert second == Delivery(1, 0, 0, False, False, f"{rig.root}/in/b", b"ON", None, None)
    assert rig.connections == [SessionStarted(1, False)]
    assert rig.heard.of(Subscribed) == [Subscribed((f"{rig.root}/in/#",))]
    assert rig.heard.items[0] == SessionStarted(1, False), "before anything that came on it"


def test_a_message_that_one_of_ours_led_to_says_so_where_its_properties_survive(
    broker: Broker, start_session: Start, mqtt_client: Connect
) -> None:
    rig = start_session(broker).ready()
    root, job = Uuid7()(1), Uuid7()(2)
    rig.publish("in/a", job=job, lineage=Lineage(JobId(root), JobId(root), 1))
    sender = mqtt_client(broker)
    sender.publish(f"{rig.root}/in/a", "x", user={"job-id": job, "root-id": root, "hop": "many"})
    sender.publish(f"{rig.root}/in/a", "x", user={"unit": "bar"})
    assert [each.lineage for each in rig.heard.deliveries(3)] == [Lineage(JobId(root), JobId(job), 2), None, None]


def test_on_mqtt_3_there_are_no_properties_to_say_anything(broker: Broker, start_session: Start) -> None:
    rig = start_session(broker, version=Version.V311).ready()
    rig.publish("in/a", job=Uuid7()(1))
    assert rig.heard.deliveries(1)[0].lineage is None


def test_after_a_lost_session_nothing_comes_before_what_is_remembered_of_the_old_one_is_forgotten(
    broker: Broker, start_session: Start, mqtt_client: Connect
) -> None:
    withheld: list[SessionStarted] = []
    rig = start_session(broker, withhold=withheld.append)
    rig.heard.wait_until(lambda: withheld)
    sender = mqtt_client(broker).subscribe(rig.status)
    sender.publish(f"{rig.root}/in/a", "too early")
    assert not rig.heard.of(Delivery)
    assert sender.quiet() == [], "it said that it was online before it listened"
    assert withheld[0].forgotten is not None
    withheld[0].forgotten()
    sender.wait_for(lambda message: message.text == "online")
    sender.publish(f"{rig.root}/in/a", "heard")
    [delivery] = rig.heard.deliveries(1)
    assert delivery.payload == b"heard"


def test_what_was_not_acknowledged_comes_again_with_dup_and_the_same_identifier(
    relay: Relay, broker: Broker, start_session: Start, mqtt_client: Connect
) -> None:
    rig = start_session(relay).ready()
    sender = mqtt_client(broker)
    sender.publish(f"{rig.root}/in/a", "1")
    sender.publish(f"{rig.root}/in/a", "2")
    one, two = rig.heard.deliveries(2)
    rig.acknowledge(1, one.packet_id)
    sender.publish(f"{rig.root}/in/a", "3")
    three = rig.heard.deliveries(3)[2]
    relay.cut()
    again = rig.heard.deliveries(5)[3:]
    assert again == [two._replace(connection=2, dup=True), three._replace(connection=2, dup=True)]
    assert rig.connections[1] == SessionStarted(2, True)


def test_an_acknowledgement_for_an_older_connection_is_dropped(
    relay: Relay, broker: Broker, start_session: Start, mqtt_client: Connect
) -> None:
    """After a lost session, the same identifier would stand for another message."""
    rig = start_session(relay).ready()
    sender = mqtt_client(broker)
    sender.publish(f"{rig.root}/in/a", "1")
    (one,) = rig.heard.deliveries(1)
    relay.cut()
    rig.heard.deliveries(2)
    rig.acknowledge(1, one.packet_id)
    relay.cut()
    assert rig.heard.deliveries(3)[2] == one._replace(connection=3, dup=True)
    rig.acknowledge(3, one.packet_id)
    relay.cut()
    rig.ready(4)
    sender.publish(f"{rig.root}/in/a", "2")
    assert [delivery.payload for delivery in rig.heard.deliveries(4)] == [b"1", b"1", b"1", b"2"]


def test_only_a_snapshot_comes_with_the_retained_flag(broker: Broker, start_session: Start, mqtt_client: Connect) -> None:
    sender, rig = mqtt_client(broker), start_session
    root = rig(broker, "unused/+").ready().root
    sender.publish(f"{root}/in/a", "before", retain=True)
    session = rig(broker, client_id=f"second-{root[-8:]}").ready()
    sender.publish(f"{root}/in/a", "after", retain=True)
    assert [(delivery.payload, delivery.retain) for delivery in session.heard.deliveries(2)] == [
        (b"before", True),
        (b"after", False),
    ]


def fresh(rig: Rig) -> list[Delivery]:
    return [each for each in rig.heard.of(Delivery) if not each.dup]


def test_snapshots_come_at_each_connect_unless_they_are_not_wanted(
    relay: Relay, broker: Broker, start_session: Start, mqtt_client: Connect, topic_root: str
) -> None:
    mqtt_client(broker).publish(f"{topic_root}/in/a", "kept", retain=True)
    wanted = start_session(relay).ready()
    unwanted = start_session(relay, replay_retained=False, client_id=f"unwanted-{topic_root[-8:]}").ready()
    wanted.heard.deliveries(1)
    relay.cut()
    wanted.ready(2)
    unwanted.ready(2)
    first, again = wanted.heard.wait_until(lambda: seen if len(seen := fresh(wanted)) == 2 else [])
    assert (first.connection, again.connection) == (1, 2)
    assert first.retain
    assert again.retain
    assert unwanted.heard.of(Delivery) == []


def test_a_worker_that_goes_takes_nothing_more_and_the_broker_keeps_it(
    broker: Broker, start_session: Start, mqtt_client: Connect
) -> None:
    rig = start_session(broker).ready()
    sender = mqtt_client(broker)
    rig.session.deafen()
    sender.publish(f"{rig.root}/in/a", "1")
    rig.stop()
    sender.publish(f"{rig.root}/in/a", "2")
    again = start_session(broker).ready()
    assert again.connections == [SessionStarted(1, True)]
    assert sorted(delivery.payload for delivery in again.heard.deliveries(2)) == [b"1", b"2"]
    assert rig.heard.of(Delivery) == []


def test_what_is_not_configured_any_more_is_unsubscribed(
    broker: Broker, start_session: Start, mqtt_client: Connect, topic_root: str
) -> None:
    both = (f"{topic_root}/a", f"{topic_root}/b")
    start_session(broker, *both).ready().stop()
    rig = start_session(broker, both[0], recorded=both).ready()
    sender = mqtt_client(broker)
    sender.publish(both[1], "old")
    sender.publish(both[0], "kept")
    assert [delivery.payload for delivery in rig.heard.deliveries(1)] == [b"kept"]
    assert rig.heard.of(Subscribed) == [Subscribed(both[:1])]


def test_an_engine_that_lags_costs_deliveries_at_qos_0_and_they_are_counted(
    broker: Broker, start_session: Start, mqtt_client: Connect
) -> None:
    rig = start_session(broker, max_waiting=10, receive_maximum=20).ready()
    rig.heard.backlog = 15
    sender = mqtt_client(broker)
    sender.publish(f"{rig.root}/in/a", "0", qos=0)
    sender.publish(f"{rig.root}/in/a", "1", qos=1)
    assert [delivery.qos for delivery in rig.heard.deliveries(1)] == [1]
    assert rig.session.dropped == 1


def test_an_engine_that_is_stuck_makes_the_broker_wait(broker: Broker, start_session: Start, mqtt_client: Connect) -> None:
    rig = start_session(broker, max_waiting=10, receive_maximum=20).ready()
    sender = mqtt_client(broker).subscribe(f"{rig.root}/in/a")
    rig.heard.backlog = 31
    stuck = time.monotonic()
    assert wait_until(lambda: rig.session.heartbeat > stuck), "a turn that began before may still read"
    sender.publish(f"{rig.root}/in/a", "1")
    sender.wait_for()
    assert rig.heard.of(Delivery) == []
    rig.heard.backlog = 0
    rig.heard.deliveries(1)


# What the world sees of it


def status_of(rig: Rig, observer: MqttClient) -> list[str]:
    return [message.text for message in observer.messages if message.topic == rig.status]


def test_it_is_online_while_it_is_there_and_offline_once_it_has_gone(
    broker: Broker, start_session: Start, mqtt_client: Connect
) -> None:
    rig = start_session(broker).ready()
    observer = mqtt_client(broker).subscribe(rig.status)
    observer.wait_for(lambda message: message.text == "online" and message.retain)
    rig.stop()
    observer.wait_for(lambda message: message.text == "offline")
    late = mqtt_client(broker).subscribe(rig.status)
    assert late.wait_for().text == "offline"


def test_it_is_offline_when_its_connection_is_gone(
    relay: Relay, broker: Broker, start_session: Start, mqtt_client: Connect
) -> None:
    rig = start_session(relay).ready()
    observer = mqtt_client(broker).subscribe(rig.status)
    observer.wait_for(lambda message: message.text == "online")
    relay.closed_to_all = True
    relay.cut()
    observer.wait_for(lambda message: message.text == "offline")
    assert wait_until(lambda: rig.session.fault is not None)
    relay.closed_to_all = False
    assert wait_until(lambda: status_of(rig, observer)[-1] == "online")
    assert wait_until(lambda: rig.session.fault is None)


def test_a_will_that_comes_late_is_put_right(broker: Broker, start_session: Start, mqtt_client: Connect) -> None:
    """Brokers may publish the will of the connection before this one when this one stands already."""
    rig = start_session(broker).ready()
    observer = mqtt_client(broker).subscribe(rig.status)
    observer.publish(rig.status, "offline", retain=True)
    assert wait_until(lambda: status_of(rig, observer)[-2:] == ["offline", "online"])
    assert mqtt_client(broker).subscribe(rig.status).wait_for().text == "online"


def test_an_intake_rule_over_its_own_status_takes_no_place_in_the_window(
    broker: Broker, start_session: Start, mqtt_client: Connect, topic_root: str
) -> None:
    rig = start_session(broker, f"{topic_root}/#", receive_maximum=3).ready()
    sender = mqtt_client(broker)
    for _ in range(5):
        sender.publish(rig.status, "offline", retain=True)
    sender.publish(f"{topic_root}/a", "1")
    assert [delivery.payload for delivery in rig.heard.deliveries(1)] == [b"1"]


def test_a_defect_in_a_callback_costs_a_connection_and_never_the_session(
    relay: Relay, broker: Broker, start_session: Start, mqtt_client: Connect
) -> None:
    rig = start_session(relay).ready()
    rig.defects = 2
    relay.cut()
    rig.ready(4)
    assert [line["event"] for line in rig.logged].count("the connection failed unexpectedly") == 2
    mqtt_client(broker).publish(f"{rig.root}/in/a", "1")
    assert rig.heard.deliveries(1)[0].payload == b"1"


def test_a_ring_after_the_end_writes_to_no_file(broker: Broker, start_session: Start, tmp_path: Path) -> None:
    """The numbers of the session's pipe stand for other files by then."""
    rig = start_session(broker).ready()
    rig.stop()
    with contextlib.ExitStack() as stack:
        for number in range(20):
            stack.enter_context((tmp_path / str(number)).open("wb"))
        rig.session.acknowledge(1, 1)
        rig.publish("out", job="1")
        assert {path.read_bytes() for path in tmp_path.iterdir()} == {b""}


def test_before_it_has_a_connection_it_says_so_and_stops_all_the_same() -> None:
    where = Address(host="127.0.0.1", port=9, tls=False)
    rig = Rig(where, "nowhere")
    assert rig.session.fault == "not connected yet"
    rig.start()
    rig.wait_for_log("no connection to the broker")
    assert "cannot reach the broker at 127.0.0.1:9" in (rig.session.fault or "")
    assert rig.session.idle
    rig.stop()
