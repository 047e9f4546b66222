"""What the store says of entities at present, and of what belongs to what: alike over both databases."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pointsman.model.definition import Definition, Kind, Origin
from pointsman.model.edit import SaveDefinition
from pointsman.model.ids import EntityId, EntityRef, OwnerType, StateId, UserId
from pointsman.model.state import EntityState, ManualState
from pointsman.model.write import SaveManual, SaveProperty, SaveState
from pointsman.store.reads.definitions import by_alias
from pointsman.store.reads.family import children
from pointsman.store.reads.present import Present, present
from pointsman.store.reads.reader import Reader
from pointsman.store.sql_store import SqlStore

PUMP = EntityRef(OwnerType.OBJECT, EntityId("pump"))
PIPE = EntityRef(OwnerType.LINK, EntityId("pipe"))
QUIET = EntityRef(OwnerType.OBJECT, EntityId("quiet"))


def save(store: SqlStore, kind: Kind, id_: str, **document: Any) -> None:
    with store.begin() as unit:
        unit.apply([SaveDefinition(Definition(kind=kind, id=id_, origin=Origin.STORE, document={"id": id_, **document}))])


def test_each_entity_is_given_with_all_that_is_known_of_it(store: SqlStore, reader: Reader) -> None:
    states = [EntityState(entity=ref, state=StateId("5"), previous=None, since=9, change=None) for ref in (PUMP, PIPE)]
    manual = ManualState(state=StateId("6"), reason="r", by=UserId("u"), since=1)
    values = [SaveProperty(entity=PUMP, name=name, value=[name], at=1, by=UserId("u")) for name in ("a", "b/ü")]
    with store.begin() as unit:
        unit.apply([*[SaveState(state) for state in states], SaveManual(PIPE, manual), *values])
    assert present(reader, [PUMP, QUIET, PIPE]) == {
        PUMP: Present(states[0], None, {"a": ["a"], "b/ü": ["b/ü"]}),
        QUIET: Present(),
        PIPE: Present(states[1], manual),
    }


def test_more_entities_than_go_into_one_question_are_all_given(store: SqlStore, reader: Reader) -> None:
    refs = [EntityRef(OwnerType.OBJECT, EntityId(f"e{n}")) for n in range(1_203)]
    with store.begin() as unit:
        unit.apply([SaveState(EntityState(entity=ref, state=StateId("5"), previous=None, since=9, change=None)) for ref in refs])
    found = present(reader, refs)
    assert all(found[ref].state is not None for ref in refs)


def test_what_belongs_to_an_object_is_what_names_it_as_a_parent(store: SqlStore, reader: Reader) -> None:
    save(store, Kind.OBJECT, "plant", parent_id=[])
    save(store, Kind.OBJECT, "hall", parent_id=["plant"])
    save(store, Kind.OBJECT, "pump", parent_id=["hall", "plant"])
    save(store, Kind.OBJECT, "PLANT", client_data='"parent_id":["plant"]', tags=["plant"])
    save(store, Kind.LINK, "pipe", parent_id=["hall"], source="pump", target="hall")
    save(store, Kind.CLASS, "odd", parent_id=["plant"])
    found = children(reader)
    assert {id_: (each.objects, each.links) for id_, each in found.items()} == {
        "plant": (["hall", "pump"], []),
        "hall": (["pump"], ["pipe"]),
    }
    assert children(reader, "plant") == {"plant": found["plant"]}
    assert dict(children(reader, "PLANT")) == {}


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parent=st.text(min_size=1).filter(lambda text: text.isprintable()), others=st.lists(st.text(max_size=3), max_size=3))
def test_a_parent_of_any_name_is_found(store: SqlStore, reader: Reader, parent: str, others: list[str]) -> None:
    others = [each for each in others if each.isprintable()]
    save(store, Kind.OBJECT, "child", parent_id=[parent, *others, parent])
    assert children(reader, parent)[parent].objects == ["child"]
    assert set(children(reader)) == {parent, *others}


def test_a_discovery_id_may_be_any_text(store: SqlStore, reader: Reader) -> None:
    for id_, alias in (("a", "rack/7 ü"), ("b", "with \0 in it"), ("c", "half \ud800 a pair")):
        save(store, Kind.OBJECT, id_, discovery_id=alias)
        found = by_alias(reader, Kind.OBJECT, alias)
        assert found is not None
        assert found.id == id_
