"""The servers that tests run against keep their word: they come back after a kill, with what they had saved."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
import pytest

from servers.absence import missing
from servers.certificates import Certificates
from servers.client import MqttClient, Refused
from servers.mosquitto import Broker, Mosquitto
from servers.postgres import PostgresServer

Connect = Callable[..., MqttClient]


def libpq(url: str) -> str:
    return url.replace("+psycopg", "")


@pytest.mark.parametrize(("ci", "outcome"), [("true", pytest.fail.Exception), ("", pytest.skip.Exception)])
def test_a_missing_server_fails_in_ci_and_is_skipped_at_home(
    monkeypatch: pytest.MonkeyPatch, ci: str, outcome: type[BaseException]
) -> None:
    monkeypatch.setenv("CI", ci)
    with pytest.raises(outcome, match="A broker is needed and was not found: install one"):
        missing("A broker", "install one")


def test_a_message_reaches_a_subscriber_with_its_properties(broker: Broker, mqtt_client: Connect, topic_root: str) -> None:
    subscriber = mqtt_client(broker).subscribe(f"{topic_root}/#")
    mqtt_client(broker).publish(f"{topic_root}/a", {"n": 1}, response_topic="r", correlation=b"c", user={"k": "v"})
    message = subscriber.wait_for(f"{topic_root}/a")
    assert (message.json(), message.response_topic, message.correlation, message.user) == ({"n": 1}, "r", b"c", {"k": "v"})


def test_a_killed_broker_comes_back_on_its_port_with_what_it_saved(
    make_broker: Callable[..., Mosquitto], mqtt_client: Connect
) -> None:
    broker = make_broker(autosave_on_changes=True, autosave_interval=1)
    port = broker.port
    mqtt_client(broker, client_id="keeper", session_expiry=600, clean_start=False).subscribe("kept").close()
    with MqttClient(broker) as publisher:
        for n in range(3):
            publisher.publish("kept", str(n))
    broker.kill()
    broker.start()
    assert broker.port == port
    keeper = mqtt_client(broker, client_id="keeper", session_expiry=600, clean_start=False)
    assert {message.text for message in keeper.wait_count(2)} >= {"0", "1"}


def test_a_broker_with_users_refuses_strangers_and_enforces_its_acl(
    make_broker: Callable[..., Mosquitto], mqtt_client: Connect
) -> None:
    broker = make_broker(users={"device": "secret"}, acl="user device\ntopic write allowed/#\n")
    with pytest.raises(Refused, match="Not authorized"):
        mqtt_client(broker)
    device = mqtt_client(broker, username="device", password="secret")
    device.publish("allowed/a", "x")
    with pytest.raises(Refused, match="Not authorized"):
        device.publish("forbidden", "x")


def test_a_broker_speaks_tls_to_those_who_trust_its_authority(
    make_broker: Callable[..., Mosquitto], mqtt_client: Connect, certificates: Certificates
) -> None:
    broker = make_broker(lines=certificates.listener)
    mqtt_client(broker, ca_file=str(certificates.ca)).publish("a", "x")
    with pytest.raises(OSError, match="certificate verify failed"):
        mqtt_client(broker, ca_file=str(certificates.stranger))


def test_every_test_gets_an_empty_database_of_its_own(postgres_url: str) -> None:
    assert postgres_url.startswith("postgresql+psycopg://")
    with psycopg.connect(libpq(postgres_url)) as connection:
        assert connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (0,)
        assert connection.execute("SHOW fsync").fetchone() == ("on",)


def test_a_killed_postgres_comes_back_with_what_was_committed(make_postgres: Callable[[], PostgresServer]) -> None:
    server = make_postgres()
    url = libpq(server.create_database())
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS n")
    held = psycopg.connect(url)
    server.kill()
    with pytest.raises(psycopg.OperationalError):
        held.execute("SELECT 1")
    server.start()
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT n FROM kept").fetchone() == (1,)
