"""The first start makes somebody who may log in; users on the command line; no secret is told where it is not meant to be."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
import requests

from servers.api import Site, served
from servers.client import MqttClient
from servers.command import pointsman
from servers.mosquitto import Broker
from servers.worker import Worker

CANARY = "canary-in-the-password"
PLANT = """
states:
  - {id: 3, name: Working}
objects:
  - {id: pump, name: Pump}
"""


def logged(log: str, event: str) -> list[dict[str, Any]]:
    """The lines of a log about that."""
    return [line for line in map(json.loads, log.splitlines()) if event in line["event"]]


def status(site: Site, login: str, password: str, path: str = "/node/api/users/current") -> int:
    return requests.get(site.url + path, auth=(login, password), timeout=20).status_code


def test_a_generated_password_is_logged_once_and_lets_admin_in(tmp_path: Path) -> None:
    with served(tmp_path, configuration=PLANT, settings={"HTTP__ADMIN_PASSWORD": ""}) as site:
        told = logged(site.worker.last_log, "made the first user")
        assert [line["level"] for line in told] == ["warning"]
        password = told[0]["password"]
        assert len(password) >= 20
        assert status(site, "admin", password) == 200
        assert "manage-users" in site.call("GET", "/node/api/users/current", who=("admin", password))["permissions"]
        site.worker.stop()
        site.worker.start()
        assert not logged(site.worker.last_log, "made the first user")
        assert status(site, "admin", password) == 200
        assert site.worker.log.count(password) == 1


def test_a_given_password_is_told_nowhere(tmp_path: Path) -> None:
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    (secrets / "http.admin_password").write_text(f"{CANARY}\n")
    settings = {"HTTP__ADMIN_PASSWORD": CANARY, "LOG__LEVEL": "debug", "SECRETS_DIR": str(secrets)}
    with served(tmp_path, configuration=PLANT, settings=settings) as site:
        token = "pmt_" + "canary-in-the-token".ljust(43, "x")
        assert status(site, "admin", CANARY) == 200
        assert status(site, "admin", CANARY + "!") == 401
        for address in (f"/node/api/users?api-token={token}", f"/node/api/users?auth-token={token}", f"/x?api-token={token}"):
            assert requests.get(site.url + address, timeout=20).status_code in (401, 404)
        with MqttClient(site.broker) as client:
            client.subscribe("pointsman/#")
            info = client.wait_for(lambda message: message.topic.endswith("/info")).text
        shown = site.worker.run("config", "show").stdout + site.worker.run("config", "show", "--json").stdout
        site.worker.stop()
        store = "\n".join(sqlite3.connect(tmp_path / "jobs.db").iterdump())
        for place, text in {"log": site.worker.log, "info": info, "config show": shown, "store": store}.items():
            assert "canary" not in text, place
        assert "made the first user" in site.worker.log


def test_nobody_is_made_where_nobody_can_log_in(tmp_path: Path, broker: Broker) -> None:
    worker = Worker(tmp_path, broker, configuration=PLANT, node="without-http", settings={"HTTP__LISTEN": "off"}).start()
    try:
        assert worker.json("user", "list") == []
    finally:
        worker.kill()


@pytest.mark.parametrize("password", ["", "short", "x" * 1_025], ids=["empty", "too short", "too long"])
def test_a_password_that_is_no_good_is_a_fault_of_the_configuration(tmp_path: Path, password: str) -> None:
    path = tmp_path / "pointsman.yaml"
    path.write_text(f"{PLANT}http: {{admin_password: '{password}'}}\n")
    done = pointsman(tmp_path, "check", "--config", str(path), expect=78)
    assert f"expected a password of 8 to 1024 characters, found one of {len(password)}" in done.stdout + done.stderr
    assert not password or password not in done.stdout + done.stderr


# The command line


@pytest.mark.slow
def test_users_are_made_given_passwords_and_tokens_while_no_worker_has_the_store(tmp_path: Path) -> None:
    (tmp_path / "new").write_text("another-password\n")
    (tmp_path / "short").write_text("short\n")
    with served(tmp_path, configuration=PLANT) as site:
        worker = site.worker
        refused = worker.run("user", "add", "ann", "--password-file", "new", expect=69).stderr
        assert "While a worker runs, users are changed over HTTP" in refused
        assert [each["login"] for each in worker.json("user", "list")] == ["admin"]
        worker.stop()
        made = worker.json("user", "add", "ann", "--permission", "execute-operations", "--password-file", "new")
        assert made == {"id": "ann", "login": "ann", "permissions": ["execute-operations"]}
        token = worker.json("user", "token", "ann", "--name", "tests", "--expires", "1h")["token"]
        worker.run("user", "add", "ann", "--password-file", "new", expect=1)
        worker.run("user", "add", "bob", "--password-file", "short", expect=2)
        worker.run("user", "add", "bo:b", "--password-file", "new", expect=2)
        near = worker.run("user", "add", "bob", "--permission", "manage-user", expect=2).stderr
        assert "did you mean manage-users?" in near
        worker.run("user", "token", "nobody", expect=1)
        worker.start()
        assert status(site, "ann", "another-password") == 200
        assert status(site, "ann", "another-password", "/node/api/users") == 403
        assert _by_token(site, token) == 200
        worker.stop()
        (tmp_path / "new").write_text("a-third-password")
        worker.run("user", "passwd", "ann", "--password-file", "new")
        worker.start()
        assert (status(site, "ann", "another-password"), status(site, "ann", "a-third-password")) == (401, 200)
        assert _by_token(site, token) == 401, "a new password voids tokens"


def _by_token(site: Site, token: str) -> int:
    headers = {"Authorization": f"Bearer {token}"}
    return requests.get(f"{site.url}/node/api/users/current", headers=headers, timeout=20).status_code
