"""The catalog and the intake rules of a file: every form they may have, and what is said of what is wrong with them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.model.entity import Class
from pointsman.model.ids import ClassId, EntityId, EntityRef, OperationId, OwnerType, StateId
from pointsman.model.operation import FileSystem, MqttOperation, Operation, ProgramOperation, ScriptReference, ScriptText
from pointsman.model.rule import Ignore
from pointsman.model.state import BUILT_IN_STATES, Retained
from pointsman.model.template import Quoting
from pointsman.model.topic import TopicFilter
from pointsman.mqtt.topics import Topics
from pointsman.settings import Configuration
from pointsman.settings.checks import id_fault
from pointsman.settings.intake import own_filters
from pointsman.settings.overlaps import Filters
from unit.configured import SIGN, Load, entity, told


def operation_of(loaded: Configuration) -> Operation:
    return next(iter(entity(loaded).operations.values()))


# States


def test_without_states_the_built_in_ones_are_there(load: Load) -> None:
    assert list(load("").catalog.states.values()) == list(BUILT_IN_STATES)
    assert list(load("states: []").catalog.states.values()) == list(BUILT_IN_STATES)


def test_a_states_id_is_text_inside_and_stays_what_it_was_outside(load: Load) -> None:
    states = load("states: [{id: 1, name: OK}, {id: '2'}, {id: x, name: 5, priority: 3}]").catalog.states
    assert [(state.id, state.name, state.declared, state.priority) for state in states.values()] == [
        ("1", "OK", 1, 0),
        ("2", "2", "2", 0),
        ("x", "5", "x", 3),
    ]


@pytest.mark.parametrize(
    ("written", "states"),
    [
        ("[3, 4]", (3, 4)),
        ("['3', 4]", ("3", 4)),
        ("[ALARM]", ("3",)),
        ("[FAULT, 3]", (4, 3)),
    ],
)
def test_trigger_states_go_out_as_written_when_ids_and_as_declared_when_names(
    load: Load, written: str, states: tuple[Any, ...]
) -> None:
    loaded = load(
        "states: [{id: '3', name: ALARM}, {id: 4, name: FAULT}]\n"
        "objects: [{id: a, operations: [{id: o, type: 1, topic: t, message: m}],"
        f" triggers: [{{states: {written}, operation: o}}]}}]"
    )
    resolved = loaded.catalog.entity(EntityRef(OwnerType.OBJECT, EntityId("a")))
    assert resolved is not None
    (trigger,) = resolved.triggers
    assert trigger.states == states
    assert [type(state) for state in trigger.states] == [type(state) for state in states]
    assert trigger.state_ids == {StateId(str(state)) for state in states}
    assert trigger.origin == "object a, trigger 1"


# Operations


@pytest.mark.parametrize("kind", ["mqtt", "1", "'1'"])
@pytest.mark.parametrize("short", [True, False])
def test_an_mqtt_operation_has_a_short_form_and_the_references(load: Load, kind: str, short: bool) -> None:
    what = "topic: 't/{{id}}', message: '{\"a\": \"{{name}}\"}'"
    body = what if short else f"parameters: {{{what}}}"
    operation = operation_of(
        load(
            f"objects: [{{id: a, operations: [{{id: o, name: N, description: D, type: {kind}, {body}, qos: 2, retain: true,"
            " content_type: application/json, popupResult: true}]}]"
        )
    )
    assert isinstance(operation, MqttOperation)
    assert (operation.id, operation.name, operation.description, operation.qos) == ("o", "N", "D", 2)
    assert (operation.retain, operation.content_type, operation.popup_result) == (True, "application/json", True)
    assert operation.topic.source == "t/{{id}}"
    assert [macro.quoting for macro in operation.message.macros] == [Quoting.JSON_STRING]


@pytest.mark.parametrize("kind", ["program", "2", "'2'"])
@pytest.mark.parametrize(
    ("body", "program"),
    [
        ("command: [/bin/echo, '{{id}}', 5]", FileSystem("/bin/echo")),
        ("parameters: {type: fileSystem, path: /bin/echo, args: ['{{id}}', 5]}", FileSystem("/bin/echo")),
        ("script: s, args: ['{{id}}', 5]", ScriptReference),
        ("parameters: {type: scriptReference, ref: s, args: ['{{id}}', 5]}", ScriptReference),
        ("text: 'echo {{name}}', args: ['{{id}}', 5]", ScriptText),
        ("parameters: {type: scriptText, text: 'echo {{name}}', args: ['{{id}}', 5]}", ScriptText),
    ],
)
def test_each_kind_of_program_has_a_short_form_and_the_references(load: Load, kind: str, body: str, program: Any) -> None:
    operation = operation_of(
        load(
            "scripts: [{id: s, name: S, text: 'echo hi'}]\n"
            f"objects: [{{id: a, operations: [{{id: o, type: {kind}, {body}, timeout: 10s, output_limit: 1KiB,"
            " environment: {MODE: 'x {{state.name}}', N: 1}}]}]"
        )
    )
    assert isinstance(operation, ProgramOperation)
    assert operation.program == program or isinstance(operation.program, program)
    assert [argument.source for argument in operation.arguments] == ["{{id}}", "5"]
    assert (operation.timeout_ms, operation.output_limit, operation.name) == (10_000, 1024, "o")
    assert {name: value.source for name, value in operation.environment.items()} == {"MODE": "x {{state.name}}", "N": "1"}
    if isinstance(operation.program, ScriptText):
        assert [macro.quoting for macro in operation.program.text.macros] == [Quoting.SHELL]


def test_what_is_not_said_of_a_program_is_as_the_model_has_it(load: Load) -> None:
    operation = operation_of(load("objects: [{id: a, operations: [{id: o, type: program, command: [/bin/true]}]}]"))
    assert isinstance(operation, ProgramOperation)
    assert (operation.timeout_ms, operation.output_limit) == (60_000, 65_536)


def test_the_trigger_of_the_reference_is_taken(load: Load) -> None:
    loaded = load(
        "classes: [{id: c, operations: [{id: o, type: 1, topic: t, message: m}],"
        " triggers: [{states: [3, 8], type: operation, payload: {operation: o}}]}]"
    )
    (trigger,) = loaded.catalog.classes[ClassId("c")].triggers
    assert (trigger.states, trigger.operation, trigger.origin) == ((3, 8), "o", "class c, trigger 1")


def test_an_entity_may_trigger_what_its_class_can_do(load: Load) -> None:
    loaded = load(
        "classes: [{id: c, operations: [{id: o, type: 1, topic: t, message: m}]}]\n"
        "objects: [{id: a, class: c, triggers: [{states: [3], operation: o}]}]\n"
        "links: [{id: l, class: c, source: a, target: a, triggers: [{states: [3], operation: o}]}]\n"
    )
    origins = [trigger.origin for resolved in loaded.catalog.entities for trigger in resolved.triggers]
    assert origins == ["object a, trigger 1", "link l, trigger 1"]


def test_properties_are_a_mapping_or_the_references_list(load: Load) -> None:
    loaded = load(
        "classes: [{id: c, properties: {Serial Number: A-17, 1: [x, {y: null}], on: off}}]\n"
        "objects: [{id: a, properties: [{name: b, value: 1.5, type_id: 3}, {name: c}]}]\n"
    )
    assert loaded.catalog.classes[ClassId("c")].properties == {"Serial Number": "A-17", "1": ["x", {"y": None}], "on": "off"}
    resolved = loaded.catalog.entity(EntityRef(OwnerType.OBJECT, EntityId("a")))
    assert resolved is not None
    assert resolved.properties == {"b": 1.5, "c": None}
    assert type(loaded.catalog.classes[ClassId("c")].properties["1"]) is list


def test_names_are_the_ids_where_none_is_given(load: Load) -> None:
    loaded = load("classes: [{id: c}]\nobjects: [{id: 5e9465cb10b1f754077cb061, class: c}, {id: 12, name: 7}]\n")
    assert [resolved.entity.name for resolved in loaded.catalog.entities] == ["5e9465cb10b1f754077cb061", "7"]
    assert loaded.catalog.find("12") == EntityRef(OwnerType.OBJECT, EntityId("12"))
    assert loaded.catalog.classes[ClassId("c")].name == "c"


def test_a_key_without_a_value_is_as_if_it_were_not_there(load: Load) -> None:
    loaded = load("scripts:\nobjects:\n  - id: a\n    name:\n    operations:\n    properties: {x: }\n")
    (resolved,) = loaded.catalog.entities
    assert resolved.entity.name == "a"
    assert resolved.properties == {"x": None}


# Intake rules


def test_an_intake_rule_says_all_that_it_can(load: Load) -> None:
    (rule,) = load(
        "objects: [{id: a}]\nintake:\n  - topic: x/+/#\n    entity: '{2}-{1}'\n    state: $['a b'][0].c\n    reported: $.t\n"
        "    map: {true: Alarm, 1: 3, OFF: Down}\n    retained: baseline\n    ignore: [no_value, unknown_state]\n"
    ).rules
    assert rule.filter == TopicFilter("x/+/#")
    assert rule.state.steps == ("a b", 0, "c")
    assert rule.reported is not None
    assert rule.reported.steps == ("t",)
    assert dict(rule.map) == {"true": "Alarm", "1": "3", "OFF": "Down"}
    assert rule.retained is Retained.BASELINE
    assert rule.ignore == {Ignore.NO_VALUE, Ignore.UNKNOWN_STATE}


def test_two_rules_may_have_the_same_filter(load: Load) -> None:
    rules = load("intake: [{topic: x/+, entity: '{1}', state: $.a}, {topic: x/+, entity: '{1}', state: $.b}]").rules
    assert len(rules) == 2


def test_our_own_filters_are_those_that_the_connection_subscribes_to() -> None:
    """Two places have them, since adapters don't know each other."""
    ours = {each.text for each in own_filters("base/x", "n")}
    assert ours == set(Topics("base/x", "n").filters)


LEVELS = st.lists(st.sampled_from(["a", "b", "$x", "", "+"]), min_size=1, max_size=4)
FILTER = st.builds(lambda levels, rest: TopicFilter("/".join([*levels, *rest]) or "a"), LEVELS, st.sampled_from([[], [], ["#"]]))


@given(st.lists(FILTER, max_size=12), FILTER)
def test_overlaps_are_found_among_many_as_between_two(filters: list[TopicFilter], other: TopicFilter) -> None:
    found = list(Filters(filters).overlapping(other))
    wanted = [each for each in filters if each.overlaps(other)]
    assert sorted(map(str, found)) == sorted(map(str, wanted))


# What is wrong

OPERATION = "objects: [{id: a, operations: [{id: o, type: mqtt, topic: t, message: m, "
PROGRAM = "objects: [{id: a, operations: [{id: o, type: program, "


@pytest.mark.parametrize(
    ("marked", "words"),
    [
        ("states: [{id: 1}, {id: ►'1'}]", "expected the id of a state to be its own, found '1' again; it was first at f:1:15"),
        ("states: [{id: 1, name: A}, {id: 2, name: ►A}]", "found 'A' again; it was first at f:1:24"),
        ("states: [{id: 1, name: ►'2'}, {id: 2, name: A}]", "expected a name that is not another state's id, found '2'"),
        ("states: [{id: ►true}]", "expected text, found true; put it in quotes"),
        ("states: [{id: ►5e3}]", "expected text, found 5000.0; put it in quotes"),
        ("classes: [{id: a}, {id: ►a}]", "expected the id of a class to be its own"),
        ("scripts: [{id: a, text: x}, {id: ►a, text: y}]", "expected the id of a script to be its own"),
        ("objects: [{id: a}, {id: ►a}]", "expected the id of an object or link to be its own"),
        ("objects: [{id: a}]\nlinks: [{id: ►a, source: a, target: a}]", "found 'a' again; it was first at f:1:16"),
        ("objects: [{id: ►a/b}]", "found '/' in it"),
        ("objects: [{id: ►a+}]", "found '+' in it"),
        ("objects: [{id: ►'#'}]", "found '#' in it"),
        ("objects: [{id: ►''}]", "found an empty text"),
        ('objects: [{id: ►"a\\0"}]', "found a control character U+0000 in it"),
        (f"objects: [{{id: ►{'x' * 129}}}]", "found 129 characters, more than 128"),
        ("objects: [{id: a, operations: [{id: ►o/p, type: mqtt, topic: t, message: m, qos: 1}]}]", "found '/' in it"),
        (OPERATION + "qos: 1}, {id: ►o, type: 1, topic: t, message: m}]}]", "found 'o' again; it was first at f:1:37"),
        ("objects: [{id: a, class: ►pomp}]\nclasses: [{id: pump}]", "found 'pomp'; did you mean pump?"),
        ("objects: [{id: a}]\nlinks: [{id: l, source: a, target: ►b}]", "expected the id of an object, found 'b'"),
        ("objects: [{id: a}]\nlinks: [►{id: l, source: a}]", "expected the key 'target', found none"),
        (PROGRAM + "script: ►chk}]}]\nscripts: [{id: check, text: x}]", "found 'chk'; did you mean check?"),
        ("objects: ►{a: b}", "expected a list of objects, found a mapping"),
        ("objects: [►a]", "expected a mapping, found 'a'"),
        ("objects: [{id: a, ►classs: b}]", "found 'classs'; did you mean class?"),
        ("objects: [{id: a, operations: ►5}]", "expected a list, found 5"),
        ("objects: [{id: a, properties: ►5}]", "expected a mapping, found 5"),
        ("objects: [{id: a, properties: [►{value: 1}]}]", "expected the key 'name'"),
        ("objects: [{id: a, properties: [{name: x}, {name: ►x}]}]", "expected each property once, found 'x' again"),
        ("objects: [{id: a, ►tags: [x]}]", "tags is not part of this version"),
        (OPERATION + "qos: ►3}]}]", "expected 2 or less, found 3"),
        (OPERATION + "qos: ►'1'}]}]", "expected a whole number, found '1'"),
        (OPERATION + "►command: [/bin/x]}]}]", "found 'command', which belongs to type program"),
        (
            "objects: [{id: a, operations: [{id: o, type: mqtt, ►topic: t, ►message: m, parameters: {topic: t, message: m}}]}]",
            "expected 'topic' either here or in parameters, found both",
        ),
        (OPERATION + 'content_type: ►"a\\0"}]}]', "found a control character"),
        ("objects: [{id: a, operations: [►{id: o, type: mqtt, topic: t, retain: false}]}]", "expected the key 'message'"),
        ("objects: [{id: a, operations: [{id: o, type: mqtt, topic: ►a/#, message: m, qos: 1}]}]", "found 'a/#' with a wildcard"),
        ("objects: [{id: a, operations: [{id: o, type: mqtt, topic: ►$SYS/x, message: m, qos: 1}]}]", "with a leading $"),
        ("objects: [{id: a, operations: [{id: o, type: mqtt, topic: ►'{{id}}/+', message: m, qos: 1}]}]", "with a wildcard"),
        (
            "objects: [{id: a, operations: [{id: o, type: mqtt, topic: t, message: ►{a: b}, qos: 1}]}]",
            "expected text, found a mapping",
        ),
        (
            "objects: [{id: a, operations: [{id: o, type: ►mqt, topic: t, message: m, qos: 1}]}]",
            "found 'mqt'; did you mean mqtt?",
        ),
        (
            "objects: [{id: a, operations: [►{id: o, type: program, timeout: 1s}]}]",
            "expected one of command, script, text in an operation of type program, found none",
        ),
        ("objects: [{id: a, operations: [►{id: o, type: program, text: x, script: s}]}]", "found script and text"),
        (PROGRAM + "command: ►[]}]}]", "expected a list of at least 1, found an empty list"),
        (PROGRAM + "command: ►/bin/echo}]}]", "expected a list, found '/bin/echo'"),
        (PROGRAM + "command: [►echo]}]}]", "expected an absolute path to a program"),
        (PROGRAM + "command: ['/opt/►{{id}}']}]}]", "without macros in its path"),
        (PROGRAM + "command: [/bin/x], ►args: [y]}]}]", "expected the arguments in command"),
        (PROGRAM + "text: x, ►topic: t}]}]", "found 'topic', which belongs to type mqtt"),
        (PROGRAM + "text: x, environment: {►'': y}}]}]", "expected the name of an environment variable, found ''"),
        (PROGRAM + "text: x, environment: {►A=B: y}}]}]", "expected the name of an environment variable, found 'A=B'"),
        (PROGRAM + "text: x, timeout: ►0}]}]", "expected 1 or more, found 0"),
        (PROGRAM + "parameters: ►{path: /bin/x}}]}]", "expected a type (fileSystem, scriptReference, scriptText)"),
        (PROGRAM + "parameters: ►{type: fileSystem, ►ref: x}}]}]", "expected one of path, args with this type, found 'ref'"),
        (PROGRAM + "parameters: ►{type: fileSystem}}]}]", "expected the key 'path' in these parameters"),
        (PROGRAM + "parameters: {type: ►filesystem, path: /x}}]}]", "found 'filesystem'; did you mean fileSystem?"),
        (
            "objects: [{id: a, operations: [{id: o, type: mqtt, topic: 'a''►{{idd}}', message: m, qos: 1}]}]",
            "found 'idd'; did you mean id?",
        ),
        (
            'objects: [{id: a, operations: [{id: o, type: mqtt, topic: t, message: "\\"►{{state.nam}}", qos: 1}]}]',
            "expected state.id or state.name",
        ),
        ("objects:\n- id: a\n  operations:\n  - {id: o, type: 1, topic: t, message: '►{{x'}", "expected }}"),
        ("objects:\n- id: a\n  operations:\n  - id: o\n    type: program\n    text: ►|\n      echo\n      {{x}}\n", "found 'x'"),
        (PROGRAM + "command: [/bin/x, 'y ►{{name.z}}']}]}]", "expected name, found 'name.z'"),
        (PROGRAM + "text: x, environment: {A: '►{{}}'}}]}]", "expected a macro that begins with one of"),
        ("objects: [{id: a, triggers: [{states: [3], operation: ►o}]}]", "expected an operation of object a, found 'o'"),
        (OPERATION + "qos: 1}], triggers: [{states: [►Alrm], operation: o}]}]", "found 'Alrm'; did you mean Alarm?"),
        (OPERATION + "qos: 1}], triggers: [{states: [►12], operation: o}]}]", "found 12"),
        (
            OPERATION + "qos: 1}], triggers: [►{states: [], operation: o}]}]",
            "expected states, to, from, not_from or not_to, found none",
        ),
        (
            OPERATION + "qos: 1}], triggers: [{states: 3, operation: o, when: ►'payload.t >'}]}]",
            "expected a value, found the end",
        ),
        (OPERATION + "qos: 1}], triggers: [{states: 3, operation: o, active: {zone: ►Mars}}]}]", "expected a time zone"),
        (OPERATION + "qos: 1}], triggers: [{states: 3, operation: o, active: {zone: UTC, from: ►'25:00'}}]}]", "a time of day"),
        (OPERATION + "qos: 1}], triggers: [{states: 3, ►to: 4, operation: o}]}]", "expected states or to"),
        (OPERATION + "qos: 1}], triggers: [{states: 3, operation: o, duration: 5, ►for: 6s}]}]", "expected duration or for"),
        (OPERATION + "qos: 1}], triggers: [{states: 3, operation: o, every: ►5}]}]", "1000"),
        (OPERATION + "qos: 1}], triggers: [{states: [3], operation: ►p}]}]", "expected an operation of object a, o, found 'p'"),
        (OPERATION + "qos: 1}], triggers: [►{states: [3]}]}]", "expected the key 'operation', found none"),
        ("intake: [{topic: a/+, entity: '►{2}', state: $}]", "expected {1}, since 'a/+' has 1 wildcard, found {2}"),
        ("intake: [{topic: a/+/#, entity: 'x►{0}', state: $}]", "expected {1} to {2}, since 'a/+/#' has 2 wildcards, found {0}"),
        ("intake: [{topic: a, entity: '►{1}', state: $}]", "expected an entity's id, since 'a' has no wildcard"),
        ("intake: [{topic: a, entity: ►b, state: $}]", "expected {1} or the id of an object or link, found 'b'"),
        ("intake: [{topic: ►a/#/b, entity: '{1}', state: $}]", "a # that is not the last level"),
        ("intake: [{topic: ►$share/g/a, entity: '{1}', state: $}]", "a shared subscription"),
        ("intake: [{topic: a/+, entity: '{1}', state: ►state}]", "expected a JSON path that begins with $"),
        ("intake: [{topic: a/+, entity: '{1}', state: $, reported: ►$.}]", "expected .name, ['name'] or [index]"),
        ("intake: [{topic: a/+, entity: '{1}', state: $, map: {x: ►alarm}}]", "did you mean Alarm?"),
        ("intake: [{topic: a/+, entity: '{1}', state: $, ignore: [►no_valu]}]", "did you mean no_value?"),
        (
            "intake: [{topic: a/+, entity: '{1}', state: $}, {topic: ►a/b, entity: '►{1}', state: $}]",
            "found 'a/b' and 'a/+' at f:1:18; narrow one of them, or give both rules the same filter",
        ),
        ("intake: [{topic: ►'#', entity: '{1}', state: $}]", "not Pointsman's own, found '#', which overlaps 'pointsman/"),
        ("intake: [{topic: ►pointsman/objects/+/state, entity: '{1}', state: $}]", "not Pointsman's own"),
        ("intake: [{topic: ►pointsman/jobs/+/results, entity: '{1}', state: $}]", "not Pointsman's own"),
    ],
)
def test_what_is_said_of_a_wrong_definition(tmp_path: Path, marked: str, words: str) -> None:
    said = told(tmp_path, marked)
    assert any(words in line for line in said), said


def test_a_property_that_no_entity_with_the_operation_has_is_a_problem_that_names_one(load: Load, tmp_path: Path) -> None:
    def written(own: str = "", rest: str = "", sign: str = "") -> str:
        operation = f"{{id: o, type: 1, topic: t, message: 'x {{{{{sign}properties.Serial}}}}'}}"
        return f"classes: [{{id: c, {own} operations: [{operation}]}}]\n{rest}"

    assert load(written())  # no entity yet
    assert load(written("properties: {Serial: 1},", "objects: [{id: a, class: c}]"))
    assert load(written(rest="objects: [{id: a, class: c}, {id: b, class: c, properties: {Serial: 1}}]"))
    (said,) = told(tmp_path, written("", "objects: [{id: a, class: c, properties: {serial: 1}}, {id: b, class: c}]", SIGN))
    assert "expected a property of class c or of one of its entities, such as object a, found" in said
    assert said.endswith("{{properties.Serial}}, which none has; did you mean serial?")
    (said,) = told(tmp_path, "objects: [{id: a, operations: [{id: o, type: 1, topic: 'x/{{►properties.p}}', message: m}]}]")
    assert "expected a property of object a, found {{properties.p}}" in said
    assert load(
        "classes: [{id: c, properties: {p: 1}}]\n"
        "objects: [{id: a, class: c, operations: [{id: o, type: 1, topic: 'x/{{properties.p}}', message: m}]}]"
    )


def test_all_problems_are_told_at_once_and_none_leads_to_another(tmp_path: Path) -> None:
    said = told(
        tmp_path,
        "states: [{id: 1, name: OK, ►prio: 2}]\n"
        "classes:\n"
        "  - id: pump\n"
        "    ►nme: Pump\n"
        "    operations:\n"
        "      - {id: open, type: mqtt, topic: 't', message: '►{{oops}}'}\n"
        "      - {id: shut, type: mqtt, topic: 't', message: m, qos: ►7}\n"
        "      - {id: call, type: mqtt, topic: 't', message: ►[m]}\n"
        "      - {id: move, type: program, command: ►/bin/x}\n"
        "      - {id: stop, type: program, parameters: {type: ►file, path: /bin/x}}\n"
        "    triggers:\n"
        "      - {states: [OK], operation: open}\n"
        "      - {states: [►OKAY], operation: shut}\n"
        "objects:\n"
        "  - {id: a, class: pump, ►colour: red}\n"
        "links:\n"
        "  - {id: l, source: a, target: a, class: pump}\n"
        "intake:\n"
        "  - {topic: x, entity: a, state: $, map: {y: OK}, retained: ►never}\n",
    )
    assert len(said) == 10


def test_an_id_is_fit_exactly_when_it_is_one_level_of_a_topic() -> None:
    assert id_fault("Back Deck Door") is None
    assert id_fault("0x00158d0001e50d78") is None
    assert id_fault("x" * 128) is None


@given(st.text(max_size=130))
def test_whatever_is_fit_for_an_id_can_stand_in_our_topics(text: str) -> None:
    if id_fault(text) is None:
        topic = f"pointsman/objects/{text}/state"
        assert TopicFilter("pointsman/objects/+/state").match(topic) == (text,)
        assert TopicFilter(topic).match(topic) == ()


# Documents for the store


def test_each_definition_is_one_canonical_document(load: Load) -> None:
    loaded = load(
        "states: [{id: 3, name: ALARM}]\n"
        "scripts: [{id: s, text: 'echo ü'}]\n"
        "classes: [{id: c, operations: [{id: o, type: 2, script: s}], triggers: [{states: [3], operation: o}]}]\n"
        "objects: [{id: a, class: c, properties: {z: 1, b: [true]}}]\n"
        "links: [{id: l, source: a, target: a}]\n"
    )
    documents = {(kind, id_): json.loads(text) for kind, id_, text in loaded.definitions}
    assert list(documents) == [("state", "3"), ("script", "s"), ("class", "c"), ("object", "a"), ("link", "l")]
    assert documents["state", "3"] == {"id": 3, "name": "ALARM", "priority": 0}
    assert documents["class", "c"]["operations"][0]["parameters"] == {"type": "scriptReference", "ref": "s", "args": []}
    assert documents["class", "c"]["triggers"] == [{"states": [3], "type": "operation", "payload": {"operation": "o"}}]
    assert documents["link", "l"]["source"] == "a"
    for _, _, text in loaded.definitions:
        assert text == json.dumps(json.loads(text), ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def test_the_same_catalog_written_otherwise_gives_the_same_documents(load: Load) -> None:
    short = load(
        "objects: [{id: a, name: A, properties: {x: 1, y: 2},"
        " operations: [{id: o, type: mqtt, topic: t, message: m}], triggers: [{states: [3], operation: o}]}]"
    )
    long = load(
        "objects:\n- name: A\n  id: a\n  properties: [{name: y, value: 2}, {name: x, value: 1}]\n"
        "  triggers: [{type: operation, states: [3], payload: {operation: o}}]\n"
        "  operations: [{type: '1', parameters: {message: m, topic: t}, id: o, qos: 1}]\n"
    )
    assert short.definitions == long.definitions


def test_a_document_says_all_that_a_class_says(load: Load) -> None:
    """So that no change to the file goes by unseen: each field of the model changes it."""
    text = "classes: [{id: c, name: N, description: D, properties: {p: 1}, operations: [{id: o, type: 2, command: [/bin/x]}]}]"
    before = load(text).definitions
    for old, new in [("N", "M"), ("D", "E"), ("p: 1", "p: 2"), ("id: o", "id: q"), ("/bin/x", "/bin/y"), ("/bin/x", "/bin/x, z")]:
        assert load(text.replace(old, new, 1)).definitions != before, (old, new)
    assert isinstance(load(text).catalog.classes[ClassId("c")], Class)
    assert load(text).catalog.classes[ClassId("c")].operations[0].id == OperationId("o")
