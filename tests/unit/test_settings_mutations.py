"""Whatever is done to a file, loading it either works or says where it is wrong: it never raises anything else.

A file of everything that a configuration may have is changed at random: as text, a character or a line at a time, and as data, by
putting any value in any place.
"""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pointsman.settings import Configuration, InvalidConfiguration, load_configuration
from pointsman.settings.general import read_general
from pointsman.settings.tree import plain

EVERYTHING = """\
mqtt: {url: "mqtt://u:p@127.0.0.1:1883", version: auto, retained: baseline, keepalive: 30s, tls: {verify: true}}
node: {id: gw-1}
store: {url: "sqlite:///jobs.db", keep: 90d, keep_jobs: 1000, migrate: auto}
engine: {batch: 100, queue: 500}
programs: {enabled: true, directories: [/bin, /opt/x], workers: 2, grace: 2s}
log: {level: info, format: json}
states:
  - {id: "1", name: OK}
  - {id: 3, name: ALARM, priority: 10}
scripts:
  - {id: check, name: Check, text: "#!/bin/sh\\necho hi"}
classes:
  - id: pump
    name: Pump
    description: moves water
    properties: {Serial Number: A-17, limits: [1, 2.5, {max: 3}]}
    operations:
      - id: open
        type: mqtt
        topic: plant/{{id}}/set
        message: '{"because": "{{state.name}}", "serial": "{{properties.Serial Number}}"}'
        qos: 1
        retain: false
        content_type: application/json
        popupResult: true
      - {id: echo, type: program, command: [/bin/echo, "{{name}}"], timeout: 10s, output_limit: 1KiB, environment: {MODE: fast}}
      - {id: run, type: 2, script: check, args: ["{{id}}"]}
      - id: note
        type: program
        text: |
          echo {{name}}
      - {id: old, type: "1", parameters: {topic: a/b, message: x}}
      - {id: older, type: 2, parameters: {type: fileSystem, path: /bin/true, args: [x]}}
      - {id: sure, type: 1, topic: a/c, message: x, mode: queued, max: 2, retries: 3, backoff: 1s, backoff_max: 5s,
         on_timeout: old, expect_result: {within: 3s}, confirm: {state: OK, within: 30s}}
      - {id: surer, type: 2, command: [/bin/true], on_interrupted: rerun, expect_result: 3s,
         confirm: {property: Serial Number, value: {x: [1]}, within: 30s}}
    triggers:
      - {states: [ALARM, 3], operation: open}
      - {states: ["1"], type: operation, payload: {operation: echo}}
      - {states: ["1"], type: script, payload: {execPath: /bin/true, args: ["{{state.name}}"]}}
      - {id: page, from: OK, command: [/bin/true, "{{id}}"]}
      - {states: ["1"], type: e-mail, payload: {to: [x], subject: 3}}
objects:
  - {id: pump-1, name: Pump 1, class: pump, properties: {Serial Number: A-18}}
  - {id: 5e9465cb10b1f754077cb061, properties: [{name: x, value: 1, type_id: 3}]}
links:
  - {id: pipe, source: pump-1, target: 5e9465cb10b1f754077cb061, class: pump}
intake:
  - {topic: "plant/+/state", entity: "{1}", state: "$.state", map: {true: OK, OFF: ALARM}, reported: $.t, ignore: [no_value]}
  - {topic: tele/+/LWT, entity: pump-1, state: $, retained: fire}
replies:
  - {topic: "devices/+/answer", job: "$.job", result: "$.value", ignore: [no_value]}
  - {topic: "answers/+", job: "{1}"}
"""
TREE = plain(read_general(EVERYTHING))


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("mutations") / "f.yaml"


def outcome(path: Path, text: str) -> Configuration | InvalidConfiguration:
    """Loads the text; every problem must have a place in it."""
    path.write_text(text, encoding="utf-8")
    try:
        return load_configuration(path, {})
    except InvalidConfiguration as invalid:
        found = invalid
    lines = text.split("\n")
    assert found.problems
    assert len(set(found.problems)) == len(found.problems)
    for problem in found.problems:
        assert problem.file == str(path)
        assert 1 <= problem.line <= len(lines), problem
        assert 1 <= problem.column <= len(lines[problem.line - 1]) + 1, problem
        assert "\n" not in problem.message
        assert "expected" in problem.message
    return found


def test_the_file_itself_is_right(path: Path) -> None:
    loaded = outcome(path, EVERYTHING)
    assert isinstance(loaded, Configuration)
    assert len(loaded.definitions) == 2 + 1 + 1 + 2 + 1


ODD = st.one_of(
    st.sampled_from(
        [
            None,
            True,
            False,
            0,
            -1,
            10**30,
            1.5,
            "",
            "x",
            "{{",
            "{{id}}",
            "{{properties.no}}",
            "a/#",
            "+",
            "$",
            "$.a",
            "{9}",
            "null",
            "\0",
        ]
    ),
    st.just([]),
    st.just({}),
    st.text(max_size=4),
    st.builds(lambda value: [value], st.sampled_from([None, 1, "a", {}, []])),
    st.dictionaries(st.sampled_from(["id", "type", "topic", "a"]), st.sampled_from([None, 1, "a", {}, []]), max_size=2),
)


def spots(value: Any) -> list[tuple[Any, Any]]:
    """Every container with every key in it."""
    if isinstance(value, dict):
        return [(value, key) for key in value] + [spot for item in value.values() for spot in spots(item)]
    if isinstance(value, list):
        return [(value, index) for index in range(len(value))] + [spot for item in value for spot in spots(item)]
    return []


quick = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@quick
@given(data=st.data())
def test_any_value_in_any_place_is_taken_or_told(path: Path, data: st.DataObject) -> None:
    tree = copy.deepcopy(TREE)
    for _ in range(data.draw(st.integers(1, 3))):
        container, key = data.draw(st.sampled_from(spots(tree)))
        what = data.draw(st.sampled_from(["put", "remove", "add", "double"]))
        if what == "remove":
            del container[key]
        elif what == "add" and isinstance(container, dict):
            container[data.draw(st.text(min_size=1, max_size=6).filter(lambda name: name != "<<"))] = data.draw(ODD)
        elif what == "double" and isinstance(container, list):
            container.append(copy.deepcopy(container[key]))
        else:
            container[key] = data.draw(ODD)
        if not spots(tree):
            break
    outcome(path, json.dumps(tree, ensure_ascii=False, indent=data.draw(st.sampled_from([None, 1]))).replace("\x7f", ""))


@quick
@given(data=st.data())
def test_any_change_of_the_text_is_taken_or_told(path: Path, data: st.DataObject) -> None:
    text = EVERYTHING
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(text)))
        cut = data.draw(st.sampled_from([0, 1, 1, 2, 5, 40]))
        new = data.draw(
            st.one_of(
                st.sampled_from(
                    ["", "'", '"', ": ", "\n", "  ", "- ", "{", "}", "[", "]", "{{", "#", "&a ", "*a", "!x ", "|\n", "\t", "%"]
                ),
                st.text(max_size=3),
            )
        )
        text = text[:at] + new.encode("utf-8", "ignore").decode() + text[at + cut :]
    outcome(path, text.replace("\r", ""))


@quick
@given(data=st.data())
def test_lines_in_another_order_are_taken_or_told(path: Path, data: st.DataObject) -> None:
    lines = EVERYTHING.split("\n")
    first = data.draw(st.integers(0, len(lines) - 1))
    second = data.draw(st.integers(0, len(lines) - 1))
    lines[first], lines[second] = lines[second], lines[first]
    del lines[data.draw(st.integers(0, len(lines) - 1))]
    outcome(path, "\n".join(lines))


@given(st.binary(max_size=200))
@quick
def test_any_bytes_are_taken_or_told(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    try:
        load_configuration(path, {})
    except InvalidConfiguration as invalid:
        found = list(invalid.problems)
    else:
        found = []
    assert all(problem.line >= 1 for problem in found)


@quick
@given(
    st.dictionaries(
        st.sampled_from(
            ["MQTT__URL", "MQTT__TLS__VERIFY", "STORE__URL", "NODE__ID", "PROGRAMS__DIRECTORIES", "LOG__LEVEL", "X", "MQTT__X"]
        ),
        st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12),
    )
)
def test_any_environment_is_taken_or_told_by_the_variables_name(path: Path, variables: dict[str, str]) -> None:
    path.write_text("", encoding="utf-8")
    environ = {f"POINTSMAN_{name}": value for name, value in variables.items()}
    try:
        load_configuration(path, environ)
    except InvalidConfiguration as invalid:
        found = list(invalid.problems)
    else:
        found = []
    assert all(problem.file in environ and problem.line == 0 for problem in found)
