"""Verbs about the configuration, and how it is found. Real processes; no broker, no store."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from servers.command import pointsman

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "config" / "pointsman.yaml"
PROGRAMS = """
classes:
  - id: pump
    operations:
      - {id: gone, type: program, command: [/usr/bin/no-such-program]}
      - {id: outside, type: program, command: [/etc/passwd]}
      - {id: fine, type: program, command: [/bin/echo, hello]}
      - {id: odd, type: program, text: "#!/usr/bin/no-such-interpreter\\necho {{id}}"}
    triggers:
      - {states: [3], type: script, payload: {execPath: /usr/bin/no-such-pager}}
objects:
  - {id: pump-1, class: pump}
  - {id: pump-2, class: pump}
"""


def base_topic(directory: Path, *words: str, **variables: str) -> Any:
    return json.loads(pointsman(directory, *words, "config", "show", "--json", **variables).stdout)["mqtt.base_topic"]


def test_check_counts_what_is_declared(tmp_path: Path) -> None:
    done = pointsman(tmp_path, "check", "--config", str(README))
    assert done.stdout == "OK: 3 states, 1 class, 2 objects, 1 link, 2 operations, 2 triggers, 2 intake rules\n"
    assert done.stderr == ""
    found = json.loads(pointsman(tmp_path, "check", "--json", "--config", str(README)).stdout)
    assert found["ok"] is True
    assert found["counts"]["intake_rules"] == 2


def test_check_lists_every_problem_by_its_place(tmp_path: Path) -> None:
    (tmp_path / "pointsman.yaml").write_text("mqtt: {ulr: x}\nobjects:\n  - {id: a, class: pmup}\nclasses: [{id: pump}]\n")
    done = pointsman(tmp_path, "check", expect=78)
    lines = done.stderr.splitlines()
    assert [line.split(" ")[0] for line in lines] == ["pointsman.yaml:1:8:", "pointsman.yaml:3:20:"]
    assert done.stdout == ""
    error = json.loads(pointsman(tmp_path, "check", "--json", expect=78).stdout)["error"]
    assert error["code"] == 78
    assert [(each["file"], each["line"], each["column"]) for each in error["problems"]] == [
        ("pointsman.yaml", 1, 8),
        ("pointsman.yaml", 3, 20),
    ]
    assert error["problems"][1]["message"] in lines[1]


def test_a_program_that_could_not_run_here_is_a_warning_and_an_error_when_strict(tmp_path: Path) -> None:
    (tmp_path / "pointsman.yaml").write_text(PROGRAMS)
    done = pointsman(tmp_path, "check")
    warnings = done.stderr.splitlines()
    wrong = [*[f"class pump, operation {name}" for name in ("gone", "outside", "odd")], "class pump, trigger 1"]
    assert [line.split(": ")[1] for line in warnings] == wrong
    assert done.stdout.startswith("OK: ")
    strict = pointsman(tmp_path, "check", "--strict", expect=78)
    assert "class pump, operation gone: expected a program at /usr/bin/no-such-program" in strict.stderr
    assert strict.stdout == ""
    allowed = pointsman(tmp_path, "check", "--json", POINTSMAN_PROGRAMS__DIRECTORIES="/bin,/usr/bin,/etc")
    assert len(json.loads(allowed.stdout)["warnings"]) == 4  # inside, but no program: it may not be executed


def test_programs_that_are_switched_off_are_a_warning_each_worker_should_know(tmp_path: Path) -> None:
    (tmp_path / "pointsman.yaml").write_text(PROGRAMS)
    done = pointsman(tmp_path, "check", POINTSMAN_PROGRAMS__ENABLED="false")
    assert done.stderr == "warning: programs.enabled is false: operations and triggers that run programs (5) will fail\n"


def test_a_trigger_that_is_kept_and_not_acted_on_is_a_warning_at_its_place_also_when_strict(tmp_path: Path) -> None:
    text = "objects:\n  - {id: a, triggers: [{states: [3], type: e-mail, payload: {to: x}}]}\n"
    (tmp_path / "pointsman.yaml").write_text(text)
    done = pointsman(tmp_path, "check", "--strict")
    words = "pointsman.yaml:2:44: kept, not acted on: this version acts on triggers of type operation and script, found 'e-mail'"
    assert done.stderr == f"warning: {words}\n"
    assert "trigger" not in done.stdout
    assert json.loads(pointsman(tmp_path, "check", "--json").stdout)["warnings"] == [words]


def test_check_touches_nothing(tmp_path: Path) -> None:
    (tmp_path / "pointsman.yaml").write_text(README.read_text())
    pointsman(tmp_path, "check")
    assert [path.name for path in tmp_path.iterdir()] == ["pointsman.yaml"]


def test_the_configuration_is_that_of_the_flag_then_the_variable_then_the_folder(tmp_path: Path) -> None:
    for name in ("flag", "variable", "pointsman"):
        (tmp_path / f"{name}.yaml").write_text(f"mqtt: {{base_topic: {name}}}\n")
    assert base_topic(tmp_path) == "pointsman"
    assert base_topic(tmp_path, POINTSMAN_CONFIG="variable.yaml") == "variable"
    assert base_topic(tmp_path, "--config", "flag.yaml", POINTSMAN_CONFIG="variable.yaml") == "flag"


@pytest.mark.parametrize(
    "words",
    [
        ("--config", "flag.yaml", "config", "show", "--json"),
        ("config", "--config", "flag.yaml", "show", "--json"),
        ("config", "show", "--json", "--config", "flag.yaml"),
        ("--json", "config", "show", "--config=flag.yaml"),
        ("--config", "other.yaml", "config", "--json", "show", "--config", "flag.yaml"),
    ],
    ids=" ".join,
)
def test_the_options_of_every_verb_may_stand_before_or_after_it(tmp_path: Path, words: tuple[str, ...]) -> None:
    (tmp_path / "flag.yaml").write_text("mqtt: {base_topic: flag}\n")
    assert json.loads(pointsman(tmp_path, *words).stdout)["mqtt.base_topic"] == "flag"


def test_every_setting_can_be_overridden_by_the_environment(tmp_path: Path) -> None:
    (tmp_path / "pointsman.yaml").write_text("mqtt: {base_topic: file}\n")
    assert base_topic(tmp_path, POINTSMAN_MQTT__BASE_TOPIC="environment") == "environment"
    done = pointsman(tmp_path, "check", expect=78, POINTSMAN_MQTT__WINDOW="many")
    assert done.stderr.startswith("POINTSMAN_MQTT__WINDOW: ")


def test_a_configuration_that_is_not_there_exits_with_78(tmp_path: Path) -> None:
    for words, variables in (((), {}), (("--config", "none.yaml"), {}), ((), {"POINTSMAN_CONFIG": "none.yaml"})):
        if not words and not variables and Path("/etc/pointsman/pointsman.yaml").exists():
            continue
        done = pointsman(tmp_path, *words, "jobs", "list", expect=78, **variables)
        assert done.stderr.startswith("pointsman: expected a configuration file")


def test_config_show_hides_secrets_and_says_where_each_setting_was_given(tmp_path: Path) -> None:
    (tmp_path / "pointsman.yaml").write_text(
        "mqtt: {username: me, password: hunter2}\nstore: {url: 'postgresql://u:hunter3@h/d'}\n"
    )
    variables = {"POINTSMAN_MQTT__WINDOW": "7"}
    texts = [
        pointsman(tmp_path, "config", "show", **variables).stdout,
        pointsman(tmp_path, "config", "show", "--origin", **variables).stdout,
        pointsman(tmp_path, "config", "show", "--json", "--origin", **variables).stdout,
    ]
    assert not [text for text in texts if "hunter" in text]
    shown = json.loads(texts[2])
    assert shown["mqtt.window"] == {"value": 7, "origin": "POINTSMAN_MQTT__WINDOW"}
    assert shown["mqtt.username"] == {"value": "me", "origin": "pointsman.yaml:1:18"}
    assert shown["mqtt.keepalive"]["origin"] == "default"
    row = next(line for line in texts[1].splitlines() if line.startswith("mqtt.username "))
    assert row.split() == ["mqtt.username", "pointsman.yaml:1:18", "POINTSMAN_MQTT__USERNAME", "me"]


def test_the_schema_describes_the_sections_of_the_file(tmp_path: Path) -> None:
    schema = json.loads(pointsman(tmp_path, "schema", "config").stdout)
    assert {"mqtt", "store", "objects", "intake"} <= set(schema["properties"])
