"""Users, their groups, their passwords' digests and their keys, as the door asks for them."""

from __future__ import annotations

from typing import Any

from contract.making import NOW, a_job, queued
from pointsman.model.access import ALL, AccessKey, KeyKind, Permission, Reach
from pointsman.model.definition import Definition, Kind, Origin
from pointsman.model.edit import DropKeys, RemoveDefinition, SaveCredential, SaveDefinition, SaveKey
from pointsman.model.ids import JobId, UserId
from pointsman.model.write import Write
from pointsman.store.reads import access
from pointsman.store.reads.reader import Reader
from pointsman.store.sql_store import SqlStore

ANN, BOB = UserId("ann"), UserId("bob")


def put(store: SqlStore, *writes: Write) -> None:
    with store.begin() as unit:
        unit.apply(writes)


def user(id_: str = "ann", **document: Any) -> SaveDefinition:
    return SaveDefinition(
        Definition(kind=Kind.USER, id=id_, origin=Origin.STORE, document={"id": id_, "login": id_.upper(), **document})
    )


def group(id_: str, **document: Any) -> SaveDefinition:
    return SaveDefinition(Definition(kind=Kind.GROUP, id=id_, origin=Origin.STORE, document={"id": id_, **document}))


def key(id_: str, owner: UserId = ANN, kind: KeyKind = KeyKind.TOKEN, **more: Any) -> AccessKey:
    return AccessKey(id=id_, digest=f"digest of {id_}", user=owner, kind=kind, **{"created": NOW, **more})


def test_a_user_is_found_by_login_and_by_id_with_groups_and_password(store: SqlStore, reader: Reader) -> None:
    put(
        store,
        user(
            permissions=["manage-users"], groups=["day", "gone", "day"], objectPermissions={"include": ["a", 7], "exclude": ["b"]}
        ),
        user("bob"),
        group("day", name="Day", permissions=["execute-operations"], linkPermissions={"exclude": ["x"]}),
        group("night", name="Night"),
        SaveCredential(ANN, "digest", NOW),
    )
    known = access.by_login(reader, "ANN")
    assert known is not None
    assert (known.digest, known.changed) == ("digest", NOW)
    assert known.user.permissions == {Permission.MANAGE_USERS}
    assert (known.user.objects, known.user.links) == (Reach(frozenset({"a", "7"}), frozenset({"b"})), ALL)
    assert [(each.id, each.name, each.permissions) for each in known.groups] == [("day", "Day", {Permission.EXECUTE_OPERATIONS})]
    assert known.groups[0].links == Reach(None, frozenset({"x"}))
    assert access.by_id(reader, ANN) == known
    bob = access.by_id(reader, BOB)
    assert bob is not None
    assert (bob.digest, bob.groups) == (None, ())
    assert [each.user.id for each in access.everyone(reader)] == ["ann", "bob"]
    assert access.everyone(reader)[0] == known


def test_nobody_is_found_by_what_is_not_theirs(store: SqlStore, reader: Reader) -> None:
    put(store, user(), group("day", name="Day"))
    for login in ("ann", "ANN ", "", "Ann", "ANN\0", "\ud800", "%"):
        assert access.by_login(reader, login) is None
    for id_ in ("ANN", "day", "", "\0"):
        assert access.by_id(reader, UserId(id_)) is None


def test_what_a_document_does_not_say_rightly_allows_nothing(store: SqlStore, reader: Reader) -> None:
    """Checked when it is saved; here it is only never taken for more than it is."""
    put(
        store,
        user(
            permissions=["manage-users", "fly", 1, None], groups="day", objectPermissions="all", linkPermissions={"include": "x"}
        ),
        group("day", permissions=["manage-users"]),
    )
    known = access.by_id(reader, ANN)
    assert known is not None
    assert known.user.permissions == {Permission.MANAGE_USERS}
    assert known.groups == ()
    assert known.user.objects.include == frozenset()
    assert known.user.links.include == frozenset()


def test_a_key_stands_for_its_user_until_either_is_gone(store: SqlStore, reader: Reader) -> None:
    put(store, user(), user("bob"), SaveKey(key("one", expires=NOW + 1)), SaveKey(key("two", BOB)))
    found = access.by_key(reader, "digest of one")
    assert found is not None
    assert found[0] == key("one", expires=NOW + 1)
    assert found[1] == access.by_id(reader, ANN)
    assert access.by_key(reader, "digest of three") is None
    put(store, RemoveDefinition((Kind.USER, "ann")))
    assert access.by_key(reader, "digest of one") is None
    put(store, DropKeys(BOB, ("two",)))
    assert access.by_key(reader, "digest of two") is None


def test_keys_are_listed_by_kind_and_dropped_one_by_one_or_all(store: SqlStore, reader: Reader) -> None:
    put(store, user(), user("bob"), *[SaveKey(key(each)) for each in ("a", "b", "c")])
    put(store, SaveKey(key("session", kind=KeyKind.SESSION)), SaveKey(key("theirs", BOB)))
    assert [each.id for each in access.keys_of(reader, ANN, KeyKind.TOKEN)] == ["a", "b", "c"]
    assert [each.id for each in access.keys_of(reader, ANN, KeyKind.SESSION)] == ["session"]
    put(store, DropKeys(ANN, ("b", "theirs")))
    assert [each.id for each in access.keys_of(reader, ANN, KeyKind.TOKEN)] == ["a", "c"]
    put(store, DropKeys(ANN))
    assert access.keys_of(reader, ANN, KeyKind.TOKEN) == access.keys_of(reader, ANN, KeyKind.SESSION) == []
    assert [each.id for each in access.keys_of(reader, BOB, KeyKind.TOKEN)] == ["theirs"]


def test_what_has_expired_goes_when_a_key_is_added(store: SqlStore, reader: Reader) -> None:
    """So that sessions do not pile up."""
    put(store, user(), SaveKey(key("old", expires=NOW + 1)), SaveKey(key("kept")))
    put(store, SaveKey(key("new", created=NOW + 1)))
    assert [each.id for each in access.keys_of(reader, ANN, KeyKind.TOKEN)] == ["kept", "new"]


def test_a_job_s_owner_is_known(store: SqlStore, reader: Reader) -> None:
    job = a_job()
    put(store, queued(job))
    assert access.owner_of(reader, job.id) == job.owner
    assert access.owner_of(reader, JobId("never")) is None
