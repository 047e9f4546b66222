"""Edits of definitions as the engine writes and asks for them, on every database."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from contract.making import AWKWARD_TEXTS, NOW, new_id
from pointsman.model.access import AccessKey, KeyKind
from pointsman.model.definition import Definition, Kind, Origin
from pointsman.model.edit import (
    DropKeys,
    ForgetEntity,
    RememberRequest,
    RemoveDefinition,
    SaveCredential,
    SaveDefinition,
    SaveKey,
)
from pointsman.model.ids import EntityId, EntityRef, JobId, OperationId, OwnerType, StateId, TimerId, TriggerId, UserId
from pointsman.model.json import Json
from pointsman.model.state import EntityState, ManualState
from pointsman.model.timer import Timer, TimerKind
from pointsman.model.write import MarkFired, SaveManual, SaveProperty, SaveQuarantine, SaveState, SaveTimer, Write
from pointsman.store.edits import REQUEST_KEPT
from pointsman.store.reads import access, definitions
from pointsman.store.reads.reader import Reader
from pointsman.store.sql_store import SqlStore

ANN = UserId("ann")


def write(store: SqlStore, *writes: Write) -> None:
    with store.begin() as unit:
        unit.apply(writes)


def definition(kind: Kind, id_: str, document: dict[str, Json] | None = None, **more: object) -> Definition:
    given: dict[str, object] = {"origin": Origin.STORE, "version": 3, "created": NOW, "updated": NOW + 1, "owner": "ann"}
    return Definition(kind=kind, id=id_, document=document or {}, **{**given, **more})  # type: ignore[arg-type]


def test_a_definition_comes_back_as_it_was_saved_and_is_replaced_and_removed(store: SqlStore, reader: Reader) -> None:
    document: dict[str, Json] = {"big": 2**70, "texts": list(AWKWARD_TEXTS), "deep": [{"a": [None, 1.5, True]}]}
    first, second = definition(Kind.OBJECT, "o", document), definition(Kind.OBJECT, "o", {"x": 1}, version=4)
    other = definition(Kind.LINK, "o")
    write(store, SaveDefinition(first), SaveDefinition(other))
    with store.begin() as unit:
        assert unit.definitions([first.key, other.key, (Kind.CLASS, "o")]) == {first.key: first, other.key: other}
    write(store, SaveDefinition(second))
    assert definitions.one(reader, Kind.OBJECT, "o") == second
    write(store, RemoveDefinition(second.key))
    assert definitions.one(reader, Kind.OBJECT, "o") is None
    assert definitions.one(reader, Kind.LINK, "o") == other


def test_definitions_are_found_by_key_by_kind_and_by_alias(store: SqlStore) -> None:
    user, group = definition(Kind.USER, "u", {"login": "ann"}), definition(Kind.GROUP, "g")
    found, plain = definition(Kind.OBJECT, "o1", {"discovery_id": "d"}), definition(Kind.OBJECT, "o2")
    write(store, *[SaveDefinition(each) for each in (user, group, found, plain)])
    awkward = [(Kind.OBJECT, text) for text in AWKWARD_TEXTS]
    many = [(Kind.OBJECT, f"no-{n}") for n in range(1_200)]
    with store.begin() as unit:
        assert unit.definitions([]) == {}
        assert set(unit.definitions([plain.key, *awkward, *many], (Kind.USER, Kind.GROUP), [(Kind.OBJECT, "d"), *awkward])) == {
            user.key,
            group.key,
            found.key,
            plain.key,
        }
        assert list(unit.made_by_users()) == [found, plain]


def test_an_alias_that_no_database_takes_stops_nothing(store: SqlStore) -> None:
    made = [definition(Kind.OBJECT, f"o{n}", {"discovery_id": text}) for n, text in enumerate(AWKWARD_TEXTS)]
    write(store, *[SaveDefinition(each) for each in made])
    with store.begin() as unit:
        assert list(unit.made_by_users()) == made


def test_what_the_file_defines_is_not_among_what_users_have_made(store: SqlStore, reader: Reader) -> None:
    store.sync_definitions([("object", "of-file", "{}")], NOW)
    mine = definition(Kind.SCRIPT, "s", {"text": "x"})
    write(store, SaveDefinition(mine), SaveDefinition(definition(Kind.USER, "u")))
    assert definitions.made_by_users(reader) == [mine]


def test_an_entity_that_is_forgotten_leaves_nothing_but_its_history(store: SqlStore) -> None:
    gone, stays = EntityRef(OwnerType.OBJECT, EntityId("a")), EntityRef(OwnerType.LINK, EntityId("a"))

    def all_of(entity: EntityRef) -> Sequence[Write]:
        return (
            SaveState(EntityState(entity=entity, state=StateId("1"), previous=None, since=NOW, change=None)),
            SaveManual(entity, ManualState(state=StateId("1"), reason="", by=ANN, since=NOW)),
            SaveProperty(entity=entity, name="p", value=1, at=NOW, by=ANN),
            SaveQuarantine(entity=entity, operation=OperationId("o"), until=NOW, times=1),
            MarkFired(entity, TriggerId("t"), NOW),
            SaveTimer(Timer(id=TimerId(new_id(NOW)), due=NOW, kind=TimerKind.SCHEDULE, entity=entity, subject="o")),
        )

    write(store, *all_of(gone), *all_of(stays))
    write(store, ForgetEntity(gone))
    with store.begin() as unit:
        remembered = unit.remembered()
        known = [unit.states([gone, stays]), remembered.manual, remembered.properties, unit.fired([gone, stays])]
        assert [set(each) for each in known] == [{stays}] * 4
        assert {entity for entity, _ in remembered.quarantines} == {stays}
        assert {timer.entity for timer in unit.timers().values()} == {stays}


def test_timers_of_entities_are_found_by_their_kinds(store: SqlStore) -> None:
    one, two = EntityRef(OwnerType.OBJECT, EntityId("a")), EntityRef(OwnerType.OBJECT, EntityId("b"))
    made = [
        Timer(id=TimerId(new_id(NOW)), due=NOW, kind=kind, entity=entity, subject="s")
        for entity in (one, two)
        for kind in (TimerKind.SCHEDULE, TimerKind.SILENCE)
    ]
    write(store, *map(SaveTimer, made))
    with store.begin() as unit:
        assert list(unit.waiting([one], (TimerKind.SCHEDULE,))) == made[:1]
        assert list(unit.waiting([one])) == []


def test_passwords_and_keys_of_a_user_go_with_the_user(store: SqlStore, reader: Reader) -> None:
    user = definition(Kind.USER, "ann", {"login": "ann"})
    key = AccessKey(id="k", digest="d" * 64, user=ANN, kind=KeyKind.TOKEN, created=NOW)
    write(store, SaveDefinition(user), SaveCredential(ANN, "digest", NOW), SaveKey(key))
    known = access.by_id(reader, ANN)
    assert known is not None
    assert known.digest == "digest"
    write(store, SaveCredential(ANN, None, NOW), DropKeys(ANN))
    known = access.by_id(reader, ANN)
    assert known is not None
    assert known.digest is None
    assert access.keys_of(reader, ANN, KeyKind.TOKEN) == []


@pytest.mark.parametrize("key", [text for text in AWKWARD_TEXTS if "\0" not in text and "\ud800" not in text])
def test_requests_are_known_by_user_and_key_for_a_day(store: SqlStore, key: str) -> None:
    first = RememberRequest(user=ANN, key=key, digest=b"\0\xff" * 8, job=JobId("j1"), at=NOW)
    write(store, first)
    asked = [(ANN, key), (UserId("bob"), key), (ANN, "other")]
    with store.begin() as unit:
        assert unit.requested(asked) == {(ANN, key): (b"\0\xff" * 8, "j1")}
        assert unit.requested([(ANN, "nul \0"), (ANN, "lone \ud800")]) == {}
    write(store, RememberRequest(user=ANN, key="later", digest=b"x", job=JobId("j2"), at=NOW + REQUEST_KEPT + 1))
    with store.begin() as unit:
        assert unit.requested([(ANN, key), (ANN, "later")]) == {(ANN, "later"): (b"x", "j2")}
