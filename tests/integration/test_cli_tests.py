"""`pointsman check --tests`, as a program: what it prints, and its exit codes. No broker, no store."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from servers.command import pointsman

PLANT = """
states: [{id: "1", name: OK}, {id: "4", name: FAULT}]
classes:
  - id: pump
    operations: [{id: open-valve, type: mqtt, topic: "plant/{{id}}/valve/set", message: "open {{state.name}}"}]
    triggers: [{id: opened, states: FAULT, for: 5s, operation: open-valve}]
objects: [{id: pump-1, class: pump}]
intake: [{topic: "plant/+/state", entity: "{1}", state: "$"}]
tests:
"""
RIGHT = "  - {name: right, when: [{topic: plant/pump-1/state, message: FAULT}], wait: 5s, expect: [{message: open FAULT}]}\n"
WRONG = "  - {name: wrong, when: [{topic: plant/pump-1/state, message: FAULT}], wait: 5s, expect: [{message: shut}]}\n"


def check(directory: Path, *words: str, expect: int = 0) -> subprocess.CompletedProcess[str]:
    return pointsman(directory, "check", *words, expect=expect)


def test_tests_that_pass_are_counted_and_run_only_when_asked_for(tmp_path: Path) -> None:
    (tmp_path / "pointsman.yaml").write_text(PLANT + RIGHT)
    assert check(tmp_path).stdout.endswith("1 intake rule, 1 test\n")
    assert check(tmp_path, "--tests").stdout.endswith("1 intake rule, 1 test\ntests: 1 passed\n")
    assert [path.name for path in tmp_path.iterdir()] == ["pointsman.yaml"]


def test_a_test_that_fails_is_told_with_its_place_and_the_verdicts_and_the_exit_code_is_1(tmp_path: Path) -> None:
    (tmp_path / "pointsman.yaml").write_text(PLANT + RIGHT + WRONG)
    assert check(tmp_path).stdout.startswith("OK")
    line, *course, counts = check(tmp_path, "--tests", expect=1).stdout.splitlines()[1:]
    place = f"pointsman.yaml:{PLANT.count(chr(10)) + 2}:{WRONG.index('{message: shut') + 1}"
    assert line == (
        f"{place}: wrong: job 1: expected message shut, found open-valve of object pump-1, by opened, succeeded: "
        "publish plant/pump-1/valve/set open FAULT"
    )
    assert course[0] == "  object pump-1: unknown → FAULT"
    assert course[-1] == "    opened: fired"
    assert counts == "tests: 1 passed, 1 failed"


def test_the_same_is_told_as_json(tmp_path: Path) -> None:
    (tmp_path / "pointsman.yaml").write_text(PLANT + RIGHT + WRONG)
    found = json.loads(check(tmp_path, "--tests", "--json", expect=1).stdout)
    assert found["ok"] is False
    assert [(each["name"], each["ok"]) for each in found["tests"]] == [("right", True), ("wrong", False)]
    assert found["tests"][0]["jobs"][0]["would"]["message"] == "open FAULT"
    assert "tests" not in json.loads(check(tmp_path, "--json").stdout)


def test_a_test_that_is_wrongly_written_is_a_problem_of_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "pointsman.yaml").write_text(PLANT + RIGHT.replace("pump-1", "pump-1/#"))
    assert "expected a topic that a message can come on" in check(tmp_path, "--tests", expect=78).stderr
