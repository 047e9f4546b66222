"""What a broker refuses the command line, with the users and the ACL that we ship: real Mosquitto, real processes."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from servers.command import COMMAND, environment, pointsman
from servers.mosquitto import Mosquitto
from servers.ports import wait_until

ROOT = Path(__file__).resolve().parents[2]
USERS = {"pointsman": "secret-p", "operator": "secret-o", "device": "secret-d", "probe": "secret-h"}

As = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def as_user(tmp_path: Path, make_broker: Callable[..., Mosquitto]) -> Iterator[As]:
    """Run `pointsman …` as a user of the broker, with a worker there: `as_user("operator", "execute", …)`."""
    broker = make_broker(users=USERS, acl=(ROOT / "mosquitto" / "acl").read_text())
    sample = ("--config", str(ROOT / "config" / "pointsman.yaml"))
    health = tmp_path / "health.json"

    def variables(user: str, password: str | None = None) -> dict[str, str]:
        return {
            "POINTSMAN_MQTT__URL": broker.url,
            "POINTSMAN_MQTT__USERNAME": user,
            "POINTSMAN_MQTT__PASSWORD": password or USERS[user],
            "POINTSMAN_HTTP__LISTEN": "off",
            "POINTSMAN_NODE__ID": "worker",
            "POINTSMAN_NODE__HEALTH_FILE": str(health),
            "POINTSMAN_STORE__URL": f"sqlite:///{tmp_path}/jobs.db",
        }

    def run(user: str, *verb: str, expect: int = 0, password: str | None = None) -> subprocess.CompletedProcess[str]:
        return pointsman(tmp_path, *sample, *verb, expect=expect, **variables(user, password))

    with (tmp_path / "worker.log").open("w") as log:
        worker = subprocess.Popen([*COMMAND, *sample, "run"], env=environment(**variables("pointsman")), stdout=log, stderr=log)
    try:
        assert wait_until(lambda: health.exists() and json.loads(health.read_text())["ready"]), (
            tmp_path / "worker.log"
        ).read_text()
        yield run
    finally:
        worker.terminate()
        worker.wait(30)


def test_only_who_may_run_operations_does(as_user: As) -> None:
    for user in ("operator", "pointsman"):
        job = json.loads(as_user(user, "execute", "pump-1", "diagnose", "--wait", "--json").stdout)
        assert (job["status"], job["description"]["stdout"]) == ("succeeded", "diagnosing Pump 1 was unknown\n")
    for user in ("device", "probe"):
        done = as_user(user, "execute", "pump-1", "diagnose", expect=69)
        assert "refuses" in done.stderr
    assert len(json.loads(as_user("operator", "jobs", "list", "--json").stdout)) == 2


def test_a_wrong_password_exits_with_69_and_says_what_the_broker_said(as_user: As) -> None:
    done = as_user("operator", "execute", "pump-1", "diagnose", expect=69, password="wrong")
    assert "refuses us: Not authorized (0x87)" in done.stderr
    assert "wrong" not in done.stderr.replace("pointsman: ", "")
