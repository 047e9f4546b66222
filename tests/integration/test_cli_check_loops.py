"""Loops as the command line tells them. Real processes; no broker."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from servers.command import pointsman

CONFIGURATION = """\
states: [{id: "1", name: OK}, {id: "3", name: ALARM}]
classes:
  - id: pump
    operations:
      - {id: reset, type: mqtt, topic: "plant/{{id}}/state", message: '{"state": "OK"}'}
      - {id: alarm, type: mqtt, topic: "plant/{{id}}/state", message: '{"state": "ALARM"}'}
    triggers: [{to: ALARM, operation: reset}, {to: OK, operation: alarm}]
objects: [{id: pump-1, class: pump}, {id: pump-2, class: pump}]
intake: [{topic: "plant/+/state", entity: "{1}", state: "$.state"}]
"""
WAY = (
    "object pump-1: reset publishes plant/pump-1/state, which the intake rule for plant/+/state reads; "
    "trigger class pump, trigger 2 then runs alarm, which publishes plant/pump-1/state, which the intake rule for plant/+/state "
    "reads; trigger class pump, trigger 1 then runs reset (1 more like it)"
)
WARNING = (
    f"pointsman.yaml:5:9: expected operations that do not set each other off, found a loop: {WAY}; "
    "if it is meant, set allow_loop in one of them"
)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "pointsman.yaml").write_text(CONFIGURATION)
    return tmp_path


def test_check_warns_of_a_loop_and_where_it_is_written(directory: Path) -> None:
    done = pointsman(directory, "check")
    assert done.stderr == f"warning: {WARNING}\n"
    assert done.stdout.startswith("OK: ")
    assert json.loads(pointsman(directory, "check", "--json").stdout)["warnings"] == [WARNING]


def test_a_loop_is_an_error_when_strict(directory: Path) -> None:
    done = pointsman(directory, "check", "--strict", expect=78)
    assert WARNING in done.stderr
    assert done.stdout == ""


def test_a_loop_that_is_meant_is_not_told(directory: Path) -> None:
    meant = CONFIGURATION.replace("""'{"state": "OK"}'""", """'{"state": "OK"}', allow_loop: true""")
    (directory / "pointsman.yaml").write_text(meant)
    done = pointsman(directory, "check", "--strict")
    assert done.stderr == ""


def test_a_worker_says_at_its_start_which_operations_may_set_each_other_off(directory: Path) -> None:
    """Before it opens anything: here there is no store to be opened."""
    done = pointsman(directory, "run", "--json", expect=69, POINTSMAN_STORE__URL="sqlite:///none/jobs.db")
    told = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
    assert [each["loop"] for each in told if "loop" in each] == [WAY]
