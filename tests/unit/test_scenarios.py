"""Tests of rules: how they are written, what is said of what is wrong with them, and that they fail where they should."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pointsman.cli.virtual import beginning, interpreter
from pointsman.model.json import Json
from pointsman.model.scenario import Scenario
from pointsman.rehearsal.scenario import Performed, agrees, perform
from pointsman.settings.scenarios import BEGINNING
from unit.configured import Load, told

PLANT = """
states: [{id: "1", name: OK}, {id: "3", name: ALARM}, {id: "4", name: FAULT}]
classes:
  - id: pump
    operations:
      - id: open-valve
        type: mqtt
        topic: plant/{{id}}/valve/set
        message: '{"cmd": "open", "why": {"state": "{{state.name}}"}}'
      - {id: diagnose, type: program, command: [/bin/echo, "diagnosing {{name}}"]}
      - {id: wrong, type: mqtt, topic: "x", message: "{{payload.none}}"}
    triggers:
      - {id: opened, states: [ALARM, FAULT], operation: open-valve}
      - {id: held, states: FAULT, for: 30s, operation: diagnose}
      - {id: night, states: ALARM, operation: diagnose, active: {from: "22:00", to: "06:00", zone: UTC}}
objects: [{id: pump-1, class: pump}, {id: pump-2, class: pump}]
intake: [{topic: "plant/+/state", entity: "{1}", state: "$.state"}]
"""


@pytest.fixture
def load(load: Load) -> Load:
    """With this plant before the tests."""
    return lambda tests: load(f"{PLANT}tests:\n{tests}")


@pytest.fixture
def performed(load: Load) -> Callable[[str], Performed]:
    def run(test: str) -> Performed:
        config = load(f"  - name: it\n{test}")
        [scenario] = config.scenarios
        return perform(scenario, config.catalog, beginning(config), interpreter(config))

    return run


FAULTED = "    given: {pump-1: OK}\n    when: [{topic: plant/pump-1/state, message: {state: FAULT}}]\n"


@pytest.mark.parametrize(
    "expect",
    [
        "[{}]",
        "[{operation: open-valve}]",
        "[{entity: pump-1, trigger: opened, status: succeeded, topic: plant/pump-1/valve/set}]",
        "[{message: {cmd: open}}]",
        "[{message: {why: {state: FAULT}, cmd: open}}]",
        """[{message: '{"cmd": "open", "why": {"state": "FAULT"}}'}]""",
        "[{operation: open-valve}, {operation: diagnose, command: [/bin/echo, diagnosing pump-1]}]\n    wait: 30s",
    ],
)
def test_a_test_passes_when_all_that_is_expected_agrees(performed: Callable[[str], Performed], expect: str) -> None:
    assert performed(f"{FAULTED}    expect: {expect}\n").faults == []


@pytest.mark.parametrize(
    ("expect", "fault"),
    [
        ("[]", "expected no job, found 1"),
        ("[{}, {}]", "expected 2 jobs, found 1"),
        (
            "[{operation: diagnose}]",
            "job 1: expected operation diagnose, found open-valve of object pump-1, by opened, succeeded",
        ),
        ("[{entity: pump-2}]", "job 1: expected entity object pump-2, found open-valve"),
        ("[{trigger: held}]", "job 1: expected trigger held, found open-valve"),
        ("[{status: failed}]", "job 1: expected status failed, found open-valve"),
        ("[{topic: plant/pump-2/valve/set}]", "job 1: expected topic plant/pump-2/valve/set, found open-valve"),
        ("[{message: open}]", "job 1: expected message open, found open-valve"),
        ("[{message: {cmd: shut}}]", 'job 1: expected message {"cmd":"shut"}, found open-valve'),
        ("[{message: {none: null}}]", "job 1: expected message"),
        ("[{command: [/bin/echo]}]", "job 1: expected command ['/bin/echo'], found open-valve"),
        ("[{}]\n    wait: 30s", "expected 1 job, found 2"),
        ("[{}, {}]\n    wait: 29999ms", "expected 2 jobs, found 1"),
    ],
)
def test_a_test_fails_and_says_what_was_expected_and_what_was_found(
    performed: Callable[[str], Performed], expect: str, fault: str
) -> None:
    faults = performed(f"{FAULTED}    expect: {expect}\n").faults
    assert faults[0].message.startswith(fault)


def test_a_fault_is_where_what_was_expected_is_written(performed: Callable[[str], Performed]) -> None:
    test = f"{FAULTED}    expect:\n      - {{operation: open-valve}}\n      - {{operation: diagnose}}\n"
    lines = PLANT.count("\n") + 1
    faults = [(fault.where.rpartition("f.yaml:")[2], fault.message) for fault in performed(test).faults]
    assert faults == [
        (f"{lines + 1}:5", "expected 2 jobs, found 1"),
        (f"{lines + 6}:9", "job 2: expected operation diagnose, found none"),
    ]


def test_what_happened_is_told_with_the_verdict_on_every_trigger(performed: Callable[[str], Performed]) -> None:
    assert performed(f"{FAULTED}    wait: 1m\n    expect: []\n").course == [
        "object pump-1: OK → FAULT",
        "  opened: fired",
        f"  held: the state had to hold first, and a timer was set (until {BEGINNING + 30_000})",
        "  night: the new state is not among its states",
        "after 30000 ms, its time had come:",
        "  held: fired",
    ]


@pytest.mark.parametrize(
    ("at", "count"), [("2026-03-01T23:00:00Z", 2), ("2026-03-01T23:30:00+02:00", 1), ("2026-03-02T05:59:00Z", 2)]
)
def test_the_clock_stands_where_a_test_says(performed: Callable[[str], Performed], at: str, count: int) -> None:
    when = "[{topic: plant/pump-1/state, message: {state: ALARM}}]"
    assert len(performed(f"    at: {at}\n    when: {when}\n    expect: []\n").made) == count


@pytest.mark.parametrize(
    ("message", "state"),
    [
        ('\'{"state": "FAULT"}\'', "FAULT"),
        ("{state: FAULT}", "FAULT"),
        ("{state: 4}", "FAULT"),
        ("{state: ALARM, t: [1, {a: null}]}", "ALARM"),
    ],
)
def test_a_message_is_text_or_any_value_as_json(performed: Callable[[str], Performed], message: str, state: str) -> None:
    [line, *_] = performed(f"    when: [{{topic: plant/pump-1/state, message: {message}}}]\n    expect: [{{}}]\n").course
    assert line == f"object pump-1: unknown → {state}"


def test_a_message_that_is_not_taken_fails_a_test_unless_that_is_what_it_shows(performed: Callable[[str], Performed]) -> None:
    wrong = "topic: plant/pump-9/state, message: {state: FAULT}"
    [fault] = performed(f"    when: [{{{wrong}}}]\n    expect: []\n").faults
    assert "found it rejected, unknown_entity" in fault.message
    assert performed(f"    when: [{{{wrong}, rejected: true}}]\n    expect: []\n").faults == []
    right = "topic: plant/pump-1/state, message: {state: OK}, rejected: true"
    [fault] = performed(f"    when: [{{{right}}}]\n    expect: []\n").faults
    assert "expected one that is rejected" in fault.message


def test_a_retained_message_is_a_snapshot(performed: Callable[[str], Performed]) -> None:
    when = "[{topic: plant/pump-1/state, message: {state: FAULT}, retained: true}]"
    assert performed(f"    when: {when}\n    expect: []\n").faults == []
    assert performed(f"    given: {{pump-1: OK}}\n    when: {when}\n    expect: [{{}}]\n").faults == []


def test_time_passes_between_messages(performed: Callable[[str], Performed]) -> None:
    when = "[{topic: plant/pump-1/state, message: {state: FAULT}}, {topic: plant/pump-1/state, message: {state: OK}, after: 29s}]"
    assert performed(f"    when: {when}\n    wait: 1h\n    expect: [{{operation: open-valve}}]\n").faults == []


def test_each_test_begins_with_nothing(load: Load) -> None:
    test = "when: [{topic: plant/pump-1/state, message: {state: FAULT}}], expect: [{}]"
    config = load(f"  - {{name: one, {test}}}\n  - {{name: two, {test}}}\n")
    found = [perform(each, config.catalog, beginning(config), interpreter(config)) for each in config.scenarios]
    assert [each.faults for each in found] == [[], []]


@pytest.mark.parametrize(
    ("test", "complaint"),
    [
        (
            "{name: a, expect: [], given: {►pump-3: OK}}",
            "expected the id of an object or link, found 'pump-3'; did you mean pump-",
        ),
        ("{name: a, expect: [], given: {pump-1: ►OKAY}}", "expected a state's id or name, one of OK, ALARM, FAULT, found 'OKAY'"),
        ("►{name: a}", "expected the key 'expect', found none"),
        ("►{expect: []}", "expected the key 'name', found none"),
        ("{name: a, expect: [], at: ►noon}", "expected a time with its distance from UTC, as 2026-01-01T12:00:00+01:00"),
        ("{name: a, expect: [], at: ►2026-01-01T12:00:00}", "expected a time with its distance from UTC"),
        ("{name: a, expect: [], when: [{topic: ►plant/#, message: x}]}", "expected a topic that a message can come on"),
        ("{name: a, expect: [], when: [►{topic: plant/x}]}", "expected the key 'message', found none"),
        ("{name: a, expect: [], when: [{topic: x, message: x, ►afer: 1s}]}", "expected one of topic, message, retained, after"),
        ("{name: a, expect: [{operation: ►opn-valve}]}", "expected the id of an operation, one of diagnose, open-valve, wrong"),
        ("{name: a, expect: [{entity: pump-1, trigger: ►opnd}]}", "expected the id of a trigger of object pump-1, one of held"),
        ("{name: a, expect: [{entity: ►pump}]}", "expected the id of an object or link, found 'pump'"),
        ("{name: a, expect: [{status: ►done}]}", "expected one of queued, running, succeeded"),
        ("{name: a, expect: [], wait: ►soon}", "expected a duration"),
    ],
)
def test_what_is_wrong_with_a_test_is_told_at_its_place(tmp_path: Path, test: str, complaint: str) -> None:
    [problem] = told(tmp_path, f"{PLANT}tests:\n- {test}\n")
    assert problem.partition(": ")[2].startswith(complaint)


def test_a_scenario_is_what_was_written(load: Load) -> None:
    [scenario] = load("  - {name: a, expect: [{message: open}], wait: 1m}\n").scenarios
    assert isinstance(scenario, Scenario)
    assert (scenario.name, scenario.at, scenario.wait_ms, scenario.expect[0].message) == ("a", BEGINNING, 60_000, "open")


@pytest.mark.parametrize(
    ("expected", "found", "agree"),
    [
        ({}, {"a": 1}, True),
        ({"a": 1}, {"a": 1, "b": 2}, True),
        ({"a": 1, "b": 2}, {"a": 1}, False),
        ({"a": {"b": 1}}, {"a": {"b": 1, "c": 2}}, True),
        ({"a": None}, {}, False),
        ([{"a": 1}], [{"a": 1, "b": 2}], True),
        ([1], [1, 2], False),
        ([1], "1", False),
        (1, 1.0, True),
        (1, True, False),
        ("1", 1, False),
        ({}, [], False),
        (None, None, True),
    ],
)
def test_a_part_of_a_mapping_is_enough_and_everything_else_is_whole(expected: Json, found: Json, agree: bool) -> None:
    assert agrees(expected, found) is agree
