"""The Mosquitto configuration that gateways are told to use, in a real Mosquitto: who gets in, who may do what, what survives."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from servers.certificates import Certificates
from servers.client import MqttClient, Refused
from servers.mosquitto import Broker, Mosquitto
from servers.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
USERS = {"pointsman": "w", "device": "d", "operator": "o", "probe": "p"}

Connect = Callable[..., MqttClient]


class Gateway(NamedTuple):
    mosquitto: Mosquitto
    local: Broker
    secure: Broker
    ca: str


@pytest.fixture
def gateway(make_broker: Callable[..., Mosquitto], certificates: Certificates) -> Gateway:
    """A broker with mosquitto/gateway.conf, line for line, with other ports and its files elsewhere."""
    local, secure = free_port(), free_port()
    text = (ROOT / "mosquitto" / "gateway.conf").read_text()
    for was, now in {
        "listener 1883 127.0.0.1": f"listener {local} 127.0.0.1",
        "listener 8883": f"listener {secure} 127.0.0.1",
        "/etc/mosquitto/certs/ca.crt": str(certificates.ca),
        "/etc/mosquitto/certs/server.crt": str(certificates.server),
        "/etc/mosquitto/certs/server.key": str(certificates.server_key),
    }.items():
        assert len(re.findall(re.escape(was) + "$", text, re.MULTILINE)) == 1
        text = re.sub(re.escape(was) + "$", now, text, flags=re.MULTILINE)
    kept = [
        line for line in text.splitlines() if not line.startswith(("allow_anonymous", "password_file", "acl_file", "max_queued"))
    ]
    mosquitto = make_broker(users=USERS, acl=(ROOT / "mosquitto" / "acl").read_text(), lines="\n".join(kept), **_limits(text))
    return Gateway(mosquitto, Broker("127.0.0.1", local), Broker("127.0.0.1", secure), str(certificates.ca))


def _limits(text: str) -> dict[str, str]:
    limits = dict(re.findall(r"^(max_queued_\w+) (\d+)$", text, re.MULTILINE))
    assert limits.keys() == {"max_queued_messages", "max_queued_bytes"}
    return limits


def test_nobody_gets_in_without_a_name(gateway: Gateway, mqtt_client: Connect) -> None:
    for options in ({}, {"username": "device", "password": "wrong"}):
        with pytest.raises(Refused, match="Not authorized"):
            mqtt_client(gateway.local, **options)


def test_devices_come_over_tls(gateway: Gateway, mqtt_client: Connect) -> None:
    device = mqtt_client(gateway.secure, username="device", password="d", ca_file=gateway.ca)
    device.publish("plant/pump-1/state", "OK")


@pytest.mark.parametrize(
    ("user", "allowed", "refused"),
    [
        (
            "device",
            ["plant/pump-1/state", "tele/plug/LWT", "pointsman/objects/pump-1/state", "pointsman/jobs/1/results"],
            ["plant/pump-1/valve/set", "pointsman/objects/p/operations/o/execute", "pointsman/node/state", "pointsman/jobs/1"],
        ),
        ("pointsman", ["plant/pump-1/valve/set", "pointsman/node/state", "pointsman/jobs/1"], ["plant/pump-1/state", "other"]),
        ("operator", ["pointsman/objects/p/operations/o/execute"], ["plant/pump-1/valve/set", "pointsman/node/state"]),
        ("probe", [], ["plant/pump-1/state", "pointsman/node/state"]),
    ],
)
def test_each_user_writes_what_is_theirs(
    gateway: Gateway, mqtt_client: Connect, user: str, allowed: list[str], refused: list[str]
) -> None:
    client = mqtt_client(gateway.local, username=user, password=USERS[user])
    for topic in allowed:
        client.publish(topic, "x")
    for topic in (*refused, "$CONTROL/dynamic-security/v1"):
        with pytest.raises(Refused, match="Not authorized"):
            client.publish(topic, "x")


def test_what_waits_for_a_worker_that_is_away_survives_a_kill_of_the_broker(gateway: Gateway, mqtt_client: Connect) -> None:
    """More than the thousand messages that Mosquitto keeps by default."""
    session = {"username": "pointsman", "password": "w", "client_id": "worker", "clean_start": False, "session_expiry": 600}
    mqtt_client(gateway.local, **session).subscribe("plant/+/state").close()
    device = mqtt_client(gateway.local, username="device", password="d")
    device.settle([device.send("plant/pump-1/state", str(number)) for number in range(1500)])
    device.publish("plant/pump-1/state", "last")
    gateway.mosquitto.kill()
    gateway.mosquitto.start()
    worker = mqtt_client(gateway.local, **session)
    # Mosquitto saves after it has answered: the very last message is at risk.
    assert {message.text for message in worker.wait_count(1500)} >= {str(number) for number in range(1500)}


def test_a_store_of_nuls_is_put_aside_and_a_sound_one_is_not(gateway: Gateway, tmp_path: Path) -> None:
    """What a power cut leaves: Mosquitto would refuse to start."""
    line = next(
        line
        for line in (ROOT / "packaging" / "mosquitto-quarantine.conf").read_text().splitlines()
        if line.startswith("ExecStartPre=")
    )
    shell, option, script = shlex.split(line.removeprefix("ExecStartPre=").replace("$$", "$"))
    store = tmp_path / "mosquitto.db"
    command = [shell, option, script.replace("/var/lib/mosquitto/mosquitto.db", str(store))]

    gateway.mosquitto.stop()
    sound = (gateway.mosquitto.directory / "mosquitto.db").read_bytes()
    store.write_bytes(sound)
    subprocess.run(command, check=True)
    assert store.read_bytes() == sound
    store.write_bytes(b"\0" * 4096)
    subprocess.run(command, check=True)
    assert not store.exists()
    assert (tmp_path / "mosquitto.db.broken").exists()
    subprocess.run(command, check=True)
