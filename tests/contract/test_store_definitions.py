"""The catalog in the store follows the configuration file, and every difference is audited."""

from __future__ import annotations

import pytest

from contract.making import NOW
from pointsman.store.definitions import Synced
from pointsman.store.reads import audit
from pointsman.store.reads.reader import Reader
from pointsman.store.sql_store import SqlStore

PUMP = ("object", "pump-1", '{"name": "Pump 1"}')
RENAMED = ("object", "pump-1", '{"name": "Pump ä"}')
PIPE = ("link", "pipe-1", "{}")
CLASS = ("class", "pump-1", "{}")


def stored(store: SqlStore) -> list[tuple[object, ...]]:
    with store._database.transaction() as connection:
        rows = connection.exec_driver_sql("SELECT kind, id, origin, document, changed FROM definitions ORDER BY kind, id")
        return [tuple(row) for row in rows]


def audited(reader: Reader) -> list[tuple[str, str, str | None, str | None]]:
    return [(entry.action, entry.subject, entry.before, entry.after) for entry in audit.entries(reader)][::-1]


def test_what_the_file_defines_is_what_the_store_has(store: SqlStore, reader: Reader) -> None:
    assert store.sync_definitions([PUMP, PIPE, CLASS], NOW) == Synced(added=3)
    assert store.sync_definitions([PIPE, RENAMED], NOW + 1) == Synced(changed=1, removed=1)
    assert stored(store) == [
        ("link", "pipe-1", "file", "{}", NOW),
        ("object", "pump-1", "file", '{"name": "Pump ä"}', NOW + 1),
    ]
    assert audited(reader) == [
        ("catalog.set", "object pump-1", None, PUMP[2]),
        ("catalog.set", "link pipe-1", None, "{}"),
        ("catalog.set", "class pump-1", None, "{}"),
        ("catalog.set", "object pump-1", PUMP[2], RENAMED[2]),
        ("catalog.remove", "class pump-1", "{}", None),
    ]
    assert {(entry.actor, entry.at) for entry in audit.entries(reader)} == {("file", NOW), ("file", NOW + 1)}
    assert len({entry.id for entry in audit.entries(reader)}) == 5


@pytest.mark.parametrize("given", [[], [PUMP, PIPE]])
def test_the_same_file_again_changes_and_audits_nothing(
    store: SqlStore, reader: Reader, given: list[tuple[str, str, str]]
) -> None:
    store.sync_definitions(given, NOW)
    before = stored(store), audited(reader)
    assert store.sync_definitions(given[::-1], NOW + 1) == Synced()
    assert (stored(store), audited(reader)) == before


def test_what_users_made_stays_unless_the_file_takes_it_over(store: SqlStore, reader: Reader) -> None:
    with store._database.transaction() as connection:
        for id_ in ("pump-1", "pump-2"):
            connection.exec_driver_sql(
                f"INSERT INTO definitions (kind, id, origin, document, changed) VALUES ('object', '{id_}', 'store', '{{}}', 1)"
            )
    assert store.sync_definitions([PUMP], NOW) == Synced(changed=1)
    assert stored(store) == [("object", "pump-1", "file", PUMP[2], NOW), ("object", "pump-2", "store", "{}", 1)]
    assert audited(reader) == [("catalog.set", "object pump-1", "{}", PUMP[2])]
    assert store.sync_definitions([], NOW) == Synced(removed=1)
    assert [row[1] for row in stored(store)] == ["pump-2"]


def test_many_definitions_are_audited_in_their_order(store: SqlStore, reader: Reader) -> None:
    many = [("object", f"pump-{n}", "{}") for n in range(500)]
    assert store.sync_definitions(many, NOW).added == 500
    subjects = [entry.subject for entry in audit.entries(reader, limit=1000)]
    assert subjects == [f"object pump-{n}" for n in range(500)][::-1]
