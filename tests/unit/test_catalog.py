"""The catalog: looking up by id and name, and what entities inherit from their class."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.model.catalog import Catalog, build_catalog
from pointsman.model.entity import Class, Entity, Script
from pointsman.model.ids import ClassId, EntityId, EntityRef, OperationId, OwnerType, ScriptId, StateId, TriggerId
from pointsman.model.operation import MqttOperation
from pointsman.model.state import BUILT_IN_STATES, State
from pointsman.model.template import parse_template
from pointsman.model.trigger import StateTrigger


def operation(id_: str, name: str = "") -> MqttOperation:
    return MqttOperation(id=OperationId(id_), name=name or id_, topic=parse_template("t"), message=parse_template("m"))


def trigger(number: int, operation_id: str = "o") -> StateTrigger:
    return StateTrigger(
        id=TriggerId(f"trigger {number}"),
        states=(number,),
        state_ids=frozenset([StateId(str(number))]),
        operation=OperationId(operation_id),
        origin=f"trigger {number}",
    )


def ref(id_: str, kind: OwnerType = OwnerType.OBJECT) -> EntityRef:
    return EntityRef(kind, EntityId(id_))


PUMP = Class(
    id=ClassId("pump"),
    name="Pump",
    operations=(operation("open"), operation("shut")),
    triggers=(trigger(1), trigger(2)),
    properties={"maker": "A", "size": 1},
)


def catalog_of(*entities: Entity) -> Catalog:
    return build_catalog(classes=[PUMP], entities=entities)


def test_a_state_is_found_by_its_id_before_a_name() -> None:
    states = [State(id=StateId("1"), name="OK"), State(id=StateId("2"), name="ALARM")]
    catalog = build_catalog(states=states)
    assert catalog.state("1") is catalog.state("OK") is states[0]
    assert catalog.state("alarm") is None
    clash = build_catalog(states=[State(id=StateId("1"), name="2"), State(id=StateId("2"), name="x")])
    found = clash.state("2")
    assert found is not None
    assert found.id == "2"


def test_without_states_the_built_in_ones_are_there() -> None:
    assert tuple(build_catalog().states.values()) == BUILT_IN_STATES
    assert [state.declared for state in BUILT_IN_STATES] == [1, 3, 4, 5, 6, 7, 8, 9]


def test_an_entity_is_found_by_its_id_whichever_kind_it_is() -> None:
    catalog = catalog_of(Entity(ref=ref("a"), name="A"), Entity(ref=ref("l", OwnerType.LINK), name="L"))
    assert catalog.find("a") == ref("a")
    assert catalog.find("l") == ref("l", OwnerType.LINK)
    assert catalog.find("x") is None
    assert catalog.entity(ref("a", OwnerType.LINK)) is None
    assert len(catalog) == len(list(catalog.entities)) == 2


def test_an_entity_inherits_operations_triggers_and_properties() -> None:
    catalog = catalog_of(Entity(ref=ref("a"), name="A", class_id=PUMP.id))
    resolved = catalog.entity(ref("a"))
    assert resolved is not None
    assert list(resolved.operations) == ["open", "shut"]
    assert resolved.triggers == PUMP.triggers
    assert resolved.properties == PUMP.properties


def test_its_own_operation_and_property_of_the_same_name_win_and_its_triggers_come_last() -> None:
    own = Entity(
        ref=ref("a"),
        name="A",
        class_id=PUMP.id,
        operations=(operation("shut", "its own"), operation("more")),
        triggers=(trigger(9),),
        properties={"size": 2, "place": "x"},
    )
    resolved = catalog_of(own).entity(ref("a"))
    assert resolved is not None
    assert [(each.id, each.name) for each in resolved.operations.values()] == [
        ("open", "open"),
        ("shut", "its own"),
        ("more", "more"),
    ]
    assert [each.origin for each in resolved.triggers] == ["trigger 1", "trigger 2", "trigger 9"]
    assert resolved.properties == {"maker": "A", "size": 2, "place": "x"}


def test_an_entity_of_no_class_or_of_one_that_is_not_there_has_only_its_own() -> None:
    for class_id in (None, ClassId("gone")):
        resolved = catalog_of(Entity(ref=ref("a"), name="A", class_id=class_id, operations=(operation("x"),))).entity(ref("a"))
        assert resolved is not None
        assert list(resolved.operations) == ["x"]
        assert resolved.triggers == ()


def test_what_is_inherited_cannot_be_changed_through_an_entity() -> None:
    resolved = catalog_of(Entity(ref=ref("a"), name="A", class_id=PUMP.id)).entity(ref("a"))
    assert resolved is not None
    with pytest.raises(TypeError):
        resolved.operations[OperationId("x")] = operation("x")  # type: ignore[index]


def test_entities_that_add_nothing_share_what_they_inherit() -> None:
    """100,000 entities cost little more than their names."""
    catalog = catalog_of(*[Entity(ref=ref(f"e{number}"), name="E", class_id=PUMP.id) for number in range(100)])
    resolved = list(catalog.entities)
    assert len({id(each.operations) for each in resolved}) == 1
    assert len({id(each.triggers) for each in resolved}) == 1
    assert sum(sys.getsizeof(each) for each in resolved) < 100 * 110


def test_scripts_and_classes_are_found_by_id() -> None:
    script = Script(id=ScriptId("s"), name="S", text="echo")
    catalog = build_catalog(classes=[PUMP], scripts=[script])
    assert catalog.scripts[ScriptId("s")] is script
    assert catalog.classes[PUMP.id] is PUMP


NAMES = st.dictionaries(st.sampled_from("abcd"), st.integers(), max_size=4)


@given(NAMES, NAMES, st.lists(st.sampled_from("abcd"), unique=True), st.lists(st.sampled_from("abcd"), unique=True))
def test_inheritance_is_a_union_in_which_the_own_wins(
    inherited: dict[str, int], own: dict[str, int], theirs: list[str], its: list[str]
) -> None:
    parent = Class(id=ClassId("c"), name="c", operations=tuple(operation(each, "class") for each in theirs), properties=inherited)
    entity = Entity(
        ref=ref("e"), name="e", class_id=parent.id, operations=tuple(operation(each, "own") for each in its), properties=own
    )
    resolved = build_catalog(classes=[parent], entities=[entity]).entity(ref("e"))
    assert resolved is not None
    assert resolved.properties == {**inherited, **own}
    assert set(resolved.operations) == {*theirs, *its}
    assert all(each.name == ("own" if each.id in its else "class") for each in resolved.operations.values())
