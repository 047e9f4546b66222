"""What the outside sees: health, logs, and what the service manager is told."""

from __future__ import annotations

import io
import json
import os
import socket
from pathlib import Path
from typing import Any

import pytest

from pointsman.observe.health import (
    FILE_STALE,
    STALE,
    STALE_MQTT,
    Vitals,
    health_file,
    in_words,
    read_health,
    resident_memory,
    verdict,
    write_health,
)
from pointsman.observe.logs import LogFormat, make_log
from pointsman.observe.notify import Notifier

WELL = Vitals(engine_age=0.1, mqtt_age=0.1, broker_fault=None, store_fault=None, queue=0, dropped=0, memory=1)


def vitals(**changed: Any) -> Vitals:
    return Vitals(**{**{name: getattr(WELL, name) for name in Vitals.__slots__}, **changed})


@pytest.mark.parametrize(
    ("changed", "alive", "ready"),
    [
        ({}, True, True),
        ({"broker_fault": "no broker"}, True, False),
        ({"store_fault": "the disk is full"}, True, False),
        ({"engine_age": STALE + 1}, False, False),
        ({"mqtt_age": STALE + 1}, True, True),
        ({"mqtt_age": STALE_MQTT + 1}, False, False),
    ],
)
def test_a_worker_is_alive_while_all_makes_progress_and_ready_while_nothing_is_missing(
    changed: dict[str, Any], alive: bool, ready: bool
) -> None:
    health = verdict(vitals(**changed))
    assert (health["alive"], health["ready"]) == (alive, ready)
    assert bool(health["problems"]) is not ready


def test_the_verdict_in_words_names_every_problem() -> None:
    assert in_words(verdict(WELL)) == "watching"
    words = in_words(verdict(vitals(broker_fault="no broker", store_fault="disk full")))
    assert "no broker" in words
    assert "disk full" in words


def test_health_is_read_back_until_it_is_old(tmp_path: Path) -> None:
    path = tmp_path / "health.json"
    assert read_health(path, 0) is None
    write_health(path, verdict(WELL))
    written = path.stat().st_mtime
    assert read_health(path, written + 1) == verdict(WELL)
    assert read_health(path, written + FILE_STALE + 1) is None


def test_two_workers_have_two_health_files_and_the_configured_one_wins(tmp_path: Path) -> None:
    environ = {"RUNTIME_DIRECTORY": str(tmp_path)}
    one, two = (health_file(None, "node", url, environ) for url in ("sqlite:///a.db", "sqlite:///b.db"))
    assert one != two
    assert one.parent == tmp_path
    assert health_file("/x/y", "node", "sqlite:///a.db", environ) == Path("/x/y")


def test_a_health_directory_that_is_somebody_elses_link_is_refused(tmp_path: Path) -> None:
    ours = tmp_path / f"pointsman-{os.getuid()}"
    ours.symlink_to(tmp_path)
    with pytest.raises(PermissionError, match="somebody else"):
        write_health(ours / "health.json", verdict(WELL))


def test_memory_is_told_in_bytes() -> None:
    assert resident_memory() > 1_000_000


def test_json_logs_are_one_line_each_whatever_the_values() -> None:
    out = io.StringIO()
    log = make_log("info", LogFormat.JSON, out, {})
    log.info("message not taken", topic='a\n"b', payload=b"\xff")
    log.debug("below the level")
    [line] = out.getvalue().splitlines()
    event = json.loads(line)
    assert (event["event"], event["level"], event["topic"]) == ("message not taken", "info", 'a\n"b')


def test_under_journald_each_line_has_its_priority_in_front() -> None:
    out = io.StringIO()
    log = make_log("info", LogFormat.JSON, out, {"JOURNAL_STREAM": "8:1"})
    log.error("bad")
    log.info("good")
    assert [line[:3] for line in out.getvalue().splitlines()] == ["<3>", "<6>"]


def test_an_exception_in_a_json_log_stays_one_line() -> None:
    out = io.StringIO()
    try:
        raise ValueError("no\nno")
    except ValueError as fault:
        make_log("info", LogFormat.JSON, out, {}).error("broke", exc_info=fault)
    [line] = out.getvalue().splitlines()
    assert json.loads(line)["exception"][0]["exc_value"] == "no\nno"


@pytest.mark.parametrize("abstract", [False, True])
def test_the_service_manager_hears_what_it_is_told(tmp_path: Path, abstract: bool) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        name = f"\0pointsman-test-{os.getpid()}" if abstract else str(tmp_path / "notify")
        manager.bind(name)
        manager.settimeout(5)
        notifier = Notifier({"NOTIFY_SOCKET": name.replace("\0", "@")})
        heard = []
        for tell in (
            lambda: notifier.ready("up"),
            lambda: notifier.alive("fine"),
            lambda: notifier.status("x"),
            notifier.stopping,
        ):
            tell()
            heard.append(manager.recv(200).decode())
    assert heard == ["READY=1\nSTATUS=up", "WATCHDOG=1\nSTATUS=fine", "STATUS=x", "STOPPING=1"]


def test_without_a_service_manager_nothing_is_said_and_nothing_fails() -> None:
    Notifier({}).ready("up")
    Notifier({"NOTIFY_SOCKET": "/nonexistent/socket"}).alive("fine")
