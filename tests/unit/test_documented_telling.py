"""What the documented API tells of things: integers where they are promised, arrays that are there, nothing that a caller may not
see."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from pointsman.http.documented.shapes import ClassShape, LinkShape, ObjectShape, ScriptShape, StateShape
from pointsman.http.documented.telling import Teller, number, tell_state, tell_triggers
from pointsman.http.resources.reading import EntityView
from pointsman.model.access import EVERYTHING, Caller, Permission, Reach
from pointsman.model.catalog import Catalog, build_catalog
from pointsman.model.definition import Definition, Kind, Origin
from pointsman.model.entity import Entity
from pointsman.model.ids import ChangeId, EntityId, EntityRef, OwnerType, StateId, UserId
from pointsman.model.state import EntityState, ManualState, State
from pointsman.store.reads.family import Children
from pointsman.store.reads.present import Present

PUMP = EntityRef(OwnerType.OBJECT, EntityId("pump-1"))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


def definition(kind: Kind, id_: str = "pump-1", **document: Any) -> Definition:
    return Definition(kind=kind, id=id_, origin=Origin.STORE, document={"id": id_, **document}, created=5, updated=7, version=3)


def teller(*permissions: Permission, catalog: Catalog | None = None, **reach: Reach) -> Teller:
    allowed = frozenset(permissions) or EVERYTHING
    return Teller(
        Caller(user=UserId("u"), login="u", permissions=allowed, **reach), build_catalog() if catalog is None else catalog
    )


def view(own: Definition, parent: Definition | None = None, **present: Any) -> EntityView:
    return EntityView(definition=own, parent=parent, present=Present(**present))


@given(st.integers(min_value=0, max_value=2**53 - 1))
def test_an_id_of_digits_is_an_integer(value: int) -> None:
    assert number(str(value)) == value


@given(st.text())
def test_an_id_that_goes_out_comes_back_as_the_same_one(id_: str) -> None:
    assert str(number(id_)) == id_


@pytest.mark.parametrize(
    "id_", ["007", "596700000000000000000001", "9007199254740992", "-1", "1.0", "٣", "", "5f1150e0786952333e048898"]
)
def test_an_id_that_would_not_come_back_as_it_was_stays_text(id_: str) -> None:
    assert number(id_) == id_


@given(document=st.dictionaries(st.sampled_from([*ObjectShape.model_fields, "_version", "source", "target", "conditions"]), JSON))
def test_whatever_a_document_says_every_field_is_there_and_of_its_type(document: dict[str, Any]) -> None:
    for kind, shape in ((Kind.OBJECT, ObjectShape), (Kind.LINK, LinkShape)):
        told = teller().entity(view(definition(kind, **{**document, "id": "pump-1"})))
        TypeAdapter(shape).validate_python(told, strict=True)
        assert "code" not in told
    TypeAdapter(ClassShape).validate_python(teller().class_(definition(Kind.CLASS, **{**document, "id": "pump-1"})), strict=True)
    TypeAdapter(StateShape).validate_python(tell_state(definition(Kind.STATE, **{**document, "id": "pump-1"})), strict=True)
    TypeAdapter(ScriptShape).validate_python(
        teller().script(definition(Kind.SCRIPT, **{**document, "id": "pump-1"})), strict=True
    )


def test_what_never_reported_is_created_where_that_is_declared_and_else_unknown() -> None:
    pump = view(definition(Kind.OBJECT))
    assert teller().entity(pump)["state_id"] == 1
    others = build_catalog(states=[State(id=StateId("1"), name="OK", declared=1)])
    told = teller(catalog=others).entity(pump)
    assert (told["state_id"], told["last_state_update"]) == ("unknown", 5)


def test_the_state_is_the_one_it_is_in_and_manual_states_have_integers_too() -> None:
    state = EntityState(entity=PUMP, state=StateId("5"), previous=None, since=99, change=ChangeId("c"))
    manual = ManualState(
        state=StateId("6"),
        reason="r",
        by=UserId("u"),
        since=1,
        cleared_by=frozenset({StateId("3"), StateId("on")}),
        reported=StateId("4"),
    )
    told = teller().entity(view(definition(Kind.OBJECT), state=state, manual=manual))
    assert (told["state_id"], told["last_state_update"]) == (5, 99)
    assert told["manual_state"] == {
        "stateId": 6,
        "reason": "r",
        "since": 1,
        "until": None,
        "clearedByStateId": [3, "on"],
        "by": "u",
        "pending": False,
        "reported": 4,
    }


def test_an_entity_has_what_its_class_has_each_with_its_owner_and_its_own_goes_first() -> None:
    parent = definition(
        Kind.CLASS,
        "29",
        operations=[{"id": "a", "name": "class's a", "type": "1"}, {"id": "b", "type": "2"}],
        properties=[
            {"id": "p1", "name": "level", "value": 1, "type_id": 3},
            {"id": "p2", "name": "site", "value": "x", "type_id": 101},
        ],
    )
    own = definition(
        Kind.OBJECT,
        class_id="29",
        operations=[{"id": "a", "name": "own a", "type": "1"}],
        properties=[{"id": "p3", "name": "site", "value": "y"}],
    )
    told = teller().entity(view(own, parent, values={"level": 8}))
    assert told["class_id"] == 29
    assert [(each["id"], each["name"], each["type"], each["owner_id"], each["owner_type"]) for each in told["operations"]] == [
        ("a", "own a", 1, "pump-1", 1),
        ("b", "b", 2, "29", 4),
    ]
    assert told["properties"] == [
        {"id": "p1", "name": "level", "value": 8, "type_id": 3, "owner_id": "29", "owner_type": 4},
        {"id": "p3", "name": "site", "value": "y", "type_id": 1, "owner_id": "pump-1", "owner_type": 1},
    ]


def test_the_properties_of_a_file_are_told_as_those_of_the_api() -> None:
    own = definition(Kind.OBJECT, properties={"level": 3, "site": "x"}, writable=["level"])
    told = teller().entity(view(own))["properties"]
    assert [(each["id"], each["name"], each["value"], each["type_id"]) for each in told] == [
        ("level", "level", 3, 3),
        ("site", "site", "x", 1),
    ]


def test_who_only_executes_operations_sees_their_id_name_and_description() -> None:
    own = definition(
        Kind.CLASS, operations=[{"id": "a", "name": "A", "description": "d", "type": "2", "parameters": {"path": "/bin/x"}}]
    )
    told = teller(Permission.EXECUTE_OPERATIONS).class_(own)
    assert told["operations"] == [{"id": "a", "name": "A", "description": "d"}]


def test_the_triggers_of_a_class_are_for_those_who_may_modify_it() -> None:
    own = definition(Kind.CLASS, triggers=[{"states": [5], "type": "script", "payload": {"execPath": "/bin/x"}}])
    assert teller(Permission.EXECUTE_OPERATIONS).class_(own)["triggers"] == []
    assert len(teller(Permission.MODIFY_CLASSES).class_(own)["triggers"]) == 1


def test_parents_and_children_out_of_reach_or_gone_are_not_told() -> None:
    there = [Entity(ref=EntityRef(OwnerType.OBJECT, EntityId(id_)), name=id_) for id_ in ("a", "b", "c")]
    link = Entity(ref=EntityRef(OwnerType.LINK, EntityId("l")), name="l", source=EntityId("a"), target=EntityId("b"))
    catalog = build_catalog(entities=[*there, link])
    own = EntityView(
        definition=definition(Kind.OBJECT, parent_id=["a", "b", "gone"]),
        parent=None,
        present=Present(),
        children=Children(["b", "c"], ["l"]),
    )
    told = teller(catalog=catalog).entity(own)
    assert (told["parent_id"], told["child_ids"], told["child_link_ids"]) == (["a", "b"], ["b", "c"], ["l"])
    told = teller(catalog=catalog, objects=Reach(exclude=frozenset({"b"}))).entity(own)
    assert (told["parent_id"], told["child_ids"], told["child_link_ids"]) == (["a"], ["c"], [])


@pytest.mark.parametrize(
    ("every", "told"),
    [
        (60_000, {"periodicity": {"value": 1, "unit": "minutes"}}),
        (90 * 60_000, {"periodicity": {"value": 90, "unit": "minutes"}}),
        (7_200_000, {"periodicity": {"value": 2, "unit": "hours"}}),
        (86_400_000, {"periodicity": {"value": 1, "unit": "days"}}),
        (1_500, {"every": 1_500}),
    ],
)
def test_what_a_file_says_of_repetition_is_said_as_periodicity_where_that_can_say_it(every: int, told: dict[str, Any]) -> None:
    assert tell_triggers([{"states": [5], "every": every}]) == [{"states": [5], **told}]


def test_a_state_has_all_its_colours() -> None:
    assert tell_state(definition(Kind.STATE, "5"))["ui"] == {
        "colors": {
            "main": "rgb(40 173 250)",
            "shadow": "rgb(40 173 250)",
            "light": "rgb(40 173 250)",
            "background": "rgb(40 173 250)",
            "svgBackground": [],
        }
    }
    told = tell_state(
        definition(Kind.STATE, "5", name="Alarm", priority=9, ui={"icon": "x", "colors": {"main": "red", "light": "pink"}})
    )
    assert told == {
        "id": 5,
        "name": "Alarm",
        "priority": 9,
        "ui": {
            "icon": "x",
            "colors": {"main": "red", "shadow": "red", "light": "pink", "background": "red", "svgBackground": []},
        },
    }
