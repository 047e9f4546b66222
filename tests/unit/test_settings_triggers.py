"""What triggers run: an operation, a program of their own, or nothing, when they are of a type that is only kept."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pointsman.model.ids import ClassId, OperationId
from pointsman.model.operation import FileSystem, ProgramOperation
from unit.configured import document, entity, load, told

OWNER = "objects: [{id: a, properties: {p: 1}, operations: [{id: o, type: 1, topic: t, message: m}], triggers: "
END = "}]"
SCRIPT = "type: script, payload: {execPath: /bin/page, args: ['{{state.name}}', 5]}"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path


# Programs of triggers


@pytest.mark.parametrize(
    "action", [SCRIPT, "command: [/bin/page, '{{state.name}}', 5]", "type: script, command: [/bin/page, '{{state.name}}', 5]"]
)
@pytest.mark.parametrize(("id_", "name"), [("", "object a, trigger 1"), ("id: page me, ", "page me")])
def test_a_trigger_may_run_a_program_of_its_own_under_its_id(directory: Path, action: str, id_: str, name: str) -> None:
    (trigger,) = entity(load(directory, f"{OWNER}[{{{id_}states: [3], {action}}}]{END}")).triggers
    program = trigger.program
    assert isinstance(program, ProgramOperation)
    assert (trigger.id, trigger.operation, program.id, program.name) == (name, name, name, name)
    assert program.program == FileSystem("/bin/page")
    assert [argument.source for argument in program.arguments] == ["{{state.name}}", "5"]
    plain = ProgramOperation(id=OperationId("x"), name="x", program=program.program)
    assert (program.timeout_ms, program.output_limit, program.conduct) == (plain.timeout_ms, plain.output_limit, plain.conduct)


def test_the_id_of_an_owner_however_long_makes_an_id_for_its_programs(directory: Path) -> None:
    owner = "x" * 128
    loaded = load(
        directory, f"classes: [{{id: {owner}, triggers: [{{states: 3, command: [/a]}}, {{states: 3, command: [/b]}}]}}]"
    )
    ids = [trigger.id for trigger in loaded.catalog.classes[ClassId(owner)].triggers]
    assert [len(id_) for id_ in ids] == [128, 128]
    assert len(set(ids)) == 2


def test_a_trigger_that_runs_an_operation_has_no_program(directory: Path) -> None:
    for action in ("operation: o", "type: operation, payload: {operation: o}", "type: operation, operation: o"):
        (trigger,) = entity(load(directory, f"{OWNER}[{{states: [3], {action}}}]{END}")).triggers
        assert (trigger.operation, trigger.program) == ("o", None)


@pytest.mark.parametrize(
    ("trigger", "words"),
    [
        ("►{states: [3], type: script}", "expected the key 'command', or payload.execPath, found none"),
        ("►{states: [3], type: script, payload: {args: [x]}}", "expected the key 'command', or payload.execPath, found none"),
        ("{states: [3], type: script, payload: {execPath: ►page}}", "expected an absolute path to a program"),
        ("{states: [3], type: script, payload: {execPath: '/bin/►{{id}}'}}", "without macros in its path"),
        ("{states: [3], type: script, payload: {execPath: /bin/x, args: ['►{{idd}}']}}", "did you mean id?"),
        (
            "{states: [3], type: script, payload: {execPath: /bin/x, args: ['{{►properties.q}}']}}",
            "found {{properties.q}}, which none has",
        ),
        ("{states: [3], type: script, payload: {execPath: /bin/x, ►operation: o}}", "what a trigger of type script has"),
        ("{states: [3], type: script, ►operation: o, payload: {execPath: /bin/x}}", "what a trigger of type script has"),
        ("{states: [3], type: operation, ►command: [/bin/x], payload: {operation: o}}", "what a trigger of type operation has"),
        ("{states: [3], type: operation, payload: {operation: o, ►execPath: /bin/x}}", "what a trigger of type operation has"),
        ("{states: [3], operation: o, payload: {►args: [x]}}", "what a trigger of type operation has"),
        ("{states: [3], operation: o, ►command: [/bin/x]}", "expected operation or command, found both"),
        ("{states: [3], operation: o, ►payload: {operation: o}}", "expected operation or payload.operation, found both"),
        ("{states: [3], command: [/bin/x], ►payload: {execPath: /bin/x}}", "expected command or payload.execPath, found both"),
        ("{states: [3], command: ►[]}", "expected a list of at least 1"),
        ("{states: [3], type: script, payload: {execPath: /bin/x, args: ►x}}", "expected a list, found 'x'"),
        ("{states: [3], type: script, payload: ►x}", "expected a mapping, found 'x'"),
        ("{states: [3], payload: {►opration: o}}", "did you mean operation?"),
        (
            "{states: [3], id: ►a/b, command: [/bin/x]}",
            "a further operation's, since jobs name the program by it, found '/' in it",
        ),
        ("{states: [3], id: ►o, command: [/bin/x]}", "found that of operation 'o'"),
        (
            "{states: [3], id: x, operation: o}, {states: [3], id: ►x, operation: o}",
            "found 'x' again; it is that of the one at f:1:",
        ),
    ],
)
def test_what_is_said_of_what_a_trigger_cannot_run(directory: Path, trigger: str, words: str) -> None:
    found = told(directory, f"{OWNER}[{trigger}]{END}")
    assert any(words in line.replace(f"{directory}/f.yaml", "f") for line in found), found


def test_an_entitys_triggers_and_operations_have_other_ids_than_its_classs_triggers(directory: Path) -> None:
    triggers = "{id: page, states: 3, command: [/bin/x]}, {id: call, states: 3, command: [/bin/x]}"
    own = "operations: [{id: ►page, type: 1, topic: t, message: m}], triggers: [{id: ►call, states: 3, operation: page}]"
    taken, again = sorted(told(directory, f"classes: [{{id: c, triggers: [{triggers}]}}]\nobjects: [{{id: a, class: c, {own}}}]"))
    assert "an id that class c, trigger 1 does not run a program under, found 'page'" in again
    assert "found 'call' again; it is that of class c, trigger 2" in taken


# Types that are not acted on

MAIL = {"states": [3, "Down"], "type": "e-mail", "payload": {"to": ["ann@example.org"], "subject": "{{oops", "n": 1.5, "x": None}}


def test_a_trigger_of_another_type_is_kept_as_it_was_written_and_warned_of(directory: Path) -> None:
    triggers = [{"states": [3], "operation": "o"}, MAIL, {"type": "sms"}, {"states": [4], "operation": "o"}]
    text = json.dumps(
        {"classes": [{"id": "c", "operations": [{"id": "o", "type": 1, "topic": "t", "message": "m"}], "triggers": triggers}]}
    )
    loaded = load(directory, text)
    assert [trigger.states for trigger in loaded.catalog.classes[ClassId("c")].triggers] == [(3,), (4,)]
    kept = document(loaded, "class", "c")["triggers"]
    assert [each["type"] for each in kept] == ["operation", "e-mail", "sms", "operation"]
    assert kept[1] == MAIL
    first, second = loaded.warnings
    assert (first.line, first.column) == (1, text.index('"e-mail"') + 1)
    assert first.message == "kept, not acted on: this version acts on triggers of type operation and script, found 'e-mail'"
    assert (second.column, second.message[-5:]) == (text.index('"sms"') + 1, "'sms'")


def test_a_change_of_a_kept_trigger_is_seen_in_its_document(directory: Path) -> None:
    text = "objects: [{id: a, triggers: [{states: [3], type: voice call, payload: {number: '1'}}]}]"
    assert load(directory, text).definitions != load(directory, text.replace("'1'", "'2'")).definitions


@pytest.mark.parametrize(
    ("trigger", "words"),
    [
        ("{states: [3], type: ►operatoin, payload: {operation: o}}", "found 'operatoin'; did you mean operation?"),
        ("{states: [3], type: ►Script, payload: {execPath: /x}}", "did you mean script?"),
        ("{states: [3], type: ►e-mail, operation: o}", "found 'e-mail' beside 'operation'"),
        ("{states: [3], type: ►e-mail, command: [/x]}", "found 'e-mail' beside 'command'"),
        ("{►stats: [3], type: e-mail}", "did you mean states?"),
    ],
)
def test_what_was_meant_to_act_is_no_type_that_is_kept(directory: Path, trigger: str, words: str) -> None:
    (line,) = told(directory, f"{OWNER}[{trigger}]{END}")
    assert words in line


def test_a_configuration_of_what_is_acted_on_has_no_warnings(directory: Path) -> None:
    assert load(directory, f"{OWNER}[{{states: [3], {SCRIPT}}}, {{states: [3], operation: o}}]{END}").warnings == ()


# What the store keeps


@pytest.mark.parametrize(
    "clause",
    [
        "id: x",
        "from: Alarm",
        "not_from: [3, 4]",
        "not_to: 3",
        "when: 'payload.t > 3'",
        "enabled: false",
        "active: {zone: Europe/Berlin}",
        "active: {zone: UTC, days: [sun, mon], from: '22:30', to: '06:05'}",
        "cooldown: 1h",
        "duration: 5s",
        "for: 5s",
        "every: 5m",
        "periodicity: {value: 2, unit: hours}",
        "late: skip",
        "latest: 0",
        "latest: 10m",
        "operation: q",
        "command: [/bin/x, '{{id}}']",
    ],
)
def test_a_trigger_read_back_from_its_document_is_the_same_and_no_change_goes_by_unseen(directory: Path, clause: str) -> None:
    shape = "objects: [{{id: a, operations: [{0}{{id: o, type: 1, topic: t, message: m}}], triggers: [{{states: [3], {1}}}]}}]"
    operation = "{id: q, type: 1, topic: t, message: m}, "
    action = "" if clause.startswith(("operation", "command")) else ", operation: o"
    before = load(directory, shape.format(operation, "operation: o"))
    after = load(directory, shape.format(operation, clause + action))
    assert before.definitions != after.definitions
    kept = document(after, "object", "a")
    kept["class"] = kept.pop("class_id")
    again = load(directory, json.dumps({"objects": [kept]}))
    assert again.definitions == after.definitions
    assert entity(again).triggers == entity(after).triggers


def test_documents_of_triggers_in_the_references_form_are_as_they_were(directory: Path) -> None:
    kept = document(load(directory, f"{OWNER}[{{states: [3], operation: o}}]{END}"), "object", "a")
    assert kept["triggers"] == [{"states": [3], "type": "operation", "payload": {"operation": "o"}}]
