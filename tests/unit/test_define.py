"""What documents stand for: what the file's forms would make of them, and the file's words for what is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from pointsman.model.access import Permission, Reach, User
from pointsman.model.catalog import build_catalog
from pointsman.model.definition import Kind, Misfit
from pointsman.model.entity import Class, Entity, Script
from pointsman.model.ids import ScriptId
from pointsman.model.operation import MqttOperation
from pointsman.model.state import State
from pointsman.settings.define import define

CATALOG = build_catalog(scripts=[Script(id=ScriptId("s"), name="s", text="x")])
VALVE = {"id": "open", "type": 1, "parameters": {"topic": "v/{{id}}", "message": "m"}}


def faults(kind: str, document: Mapping[str, Any], id_: str = "x") -> tuple[str, ...]:
    built = define(Kind(kind), id_, document, CATALOG)
    return built.faults if isinstance(built, Misfit) else ()


def test_fields_for_people_and_what_clients_send_back_are_passed_over() -> None:
    document = {
        "id": "x",
        "tags": ["a"],
        "weight": 3,
        "client_data": "{}",
        "parent_id": ["y"],
        "geoposition": [],
        "operations": [{**VALVE, "owner_id": "x", "owner_type": 1, "qos": None}],
        "properties": [{"id": "p1", "name": "p", "value": {"deep": [2**70]}, "type_id": 3, "owner_id": "x"}],
        "triggers": [
            {"states": [5], "type": "operation", "payload": {"operation": "open", "execPath": "", "args": []}, "_id": "9"},
            {"states": [5], "type": "email", "payload": {"to": ["a@b"]}, "duration": "whenever"},
            {
                "states": [5],
                "type": "operation",
                "payload": {"operation": "open"},
                "periodicity": {"value": 0, "unit": "minutes"},
            },
        ],
        "no_data": {"after": 60_000, "state": 7},
    }
    built = define(Kind.OBJECT, "x", document, CATALOG)
    assert isinstance(built, Entity)
    assert isinstance(built.operations[0], MqttOperation)
    assert (built.properties, built.writable) == ({"p": {"deep": [2**70]}}, frozenset({"p"}))
    assert [trigger.every_ms for trigger in built.triggers] == [0, 0], "the one that is not acted on is not built"
    assert built.silence is not None


@pytest.mark.parametrize(
    ("kind", "document", "words"),
    [
        ("object", {"id": "y"}, "id: expected 'x', found 'y'"),
        ("object", {"class_id": "tank"}, "class_id: expected the id of a class in classes, found 'tank'"),
        (
            "object",
            {"operations": [{**VALVE, "parameters": {"topic": "a/#", "message": "m"}}]},
            "operations[0].parameters.topic: ",
        ),
        ("object", {"operations": [VALVE, VALVE]}, "operations[1].id: expected each operation here to have an id of its own"),
        (
            "class",
            {"operations": [{**VALVE, "timeout": 5}]},
            "operations[0].timeout: expected what an operation of type mqtt has",
        ),
        ("class", {"triggers": [{"states": [99], "payload": {"operation": "open"}}]}, "triggers[0].payload.operation: expected"),
        (
            "class",
            {"operations": [VALVE], "triggers": [{"states": [99], "operation": "open"}]},
            "triggers[0].states[0]: expected a",
        ),
        ("class", {"conditions": [{"state": 5, "condition": {"wen": "x"}}]}, "conditions[0].condition.wen: expected one of"),
        ("class", {"conditions": [{"state": 5, "condition": {"when": "x +"}}]}, "conditions[0].condition.when: "),
        ("class", {"properties": [{"name": "a"}, {"name": "a"}]}, "properties[1].name: expected each property once"),
        ("link", {"source": "a"}, "link: expected the key 'target', found none"),
        ("link", {"source": "a", "target": "b"}, "source: expected the id of an object, found 'a'"),
        ("script", {}, "script: expected the key 'text', found none"),
        ("state", {"priority": "high"}, "priority: expected a whole number, found 'high'"),
        ("user", {}, "login: expected"),
        ("user", {"login": "a:b"}, "login: expected a login, found 'a:b' with a colon"),
        ("user", {"login": " a"}, "login: expected a login, found ' a' with spaces around it"),
        ("user", {"login": "a", "permissions": ["manage-user"]}, "permissions[0]: expected one of"),
        ("user", {"login": "a", "objectPermissions": {"include": "x"}}, "objectPermissions.include: expected a list"),
    ],
)
def test_what_is_wrong_is_told_in_the_files_words_behind_the_way_to_it(
    kind: str, document: Mapping[str, Any], words: str
) -> None:
    told = faults(kind, document)
    assert [each for each in told if each.startswith(words)], told


def test_all_that_is_wrong_is_told_at_once() -> None:
    assert len(faults("object", {"class_id": "t", "operations": [{"id": "o", "type": 9}], "properties": 3})) == 3


@pytest.mark.parametrize("id_", ["system", "mqtt", "me", "a/b"])
def test_no_user_is_somebody_else_already(id_: str) -> None:
    assert faults("user", {"login": "a"}, id_)[0].startswith("id: ")


def test_what_macros_name_may_come_later() -> None:
    operation = {**VALVE, "parameters": {"topic": "v", "message": "{{properties.serial}}"}}
    assert isinstance(define(Kind.CLASS, "c", {"operations": [operation]}, CATALOG), Class)
    assert isinstance(define(Kind.OBJECT, "o", {"operations": [operation]}, CATALOG), Entity)


def test_a_state_keeps_its_id_as_it_was_declared_and_a_user_what_it_may() -> None:
    state = define(Kind.STATE, "22", {"id": 22, "name": "Odd", "ui": {"colors": {}}}, CATALOG)
    assert isinstance(state, State)
    assert state.declared == 22
    user = define(Kind.USER, "u", {"login": "a", "permissions": ["manage-users"], "linkPermissions": {"exclude": ["l"]}}, CATALOG)
    assert isinstance(user, User)
    assert (user.permissions, user.links) == (frozenset({Permission.MANAGE_USERS}), Reach(exclude=frozenset({"l"})))
