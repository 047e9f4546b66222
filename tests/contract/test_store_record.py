"""The record as a replay reads it: everything in the order of ids, in pages; and what there was before the time it begins."""

from __future__ import annotations

import pytest

from contract.making import NOW, a_change, a_job, an_entry, pipe, published, pump
from pointsman.clock import Uuid7
from pointsman.model.job import Job
from pointsman.model.write import STARTED, STOPPED, AddAudit, AddChange, AddJob, Write
from pointsman.store.codec import PAYLOAD_KEPT
from pointsman.store.reads import record as reads
from pointsman.store.reads.reader import Reader
from pointsman.store.sql_store import SqlStore


def keep(store: SqlStore, *writes: Write) -> None:
    with store.begin() as unit:
        unit.apply(writes)


def change(ids: Uuid7, at: int, entity: int = 1, payload: bytes = b"x", **more: object) -> AddChange:
    return AddChange(a_change(pump(entity), at, ids=ids, **more), (), payload)


def job(ids: Uuid7, at: int) -> AddJob:
    made = a_job(at=at, ids=ids)
    return AddJob(made, published(made))


def audited(ids: Uuid7, at: int, action: str) -> AddAudit:
    return AddAudit(id=ids(at), at=at, actor="w", action=action, subject="worker w")


def ids_of(found: object) -> list[str]:
    assert isinstance(found, list)
    return [
        each.change.id if isinstance(each, AddChange) else each.job.id if isinstance(each, AddJob) else each.id for each in found
    ]


def read(reader: Reader, since: int | None = None, until: int = NOW + 1_000, upto: str | None = None) -> list[reads.Recorded]:
    return list(reads.record(reader, since, reads.last_id(reader) if upto is None else upto, until))


def test_everything_comes_in_the_order_in_which_it_was_decided(store: SqlStore, reader: Reader) -> None:
    ids = Uuid7()
    made = [
        audited(ids, NOW, STARTED),
        change(ids, NOW),
        job(ids, NOW),
        change(ids, NOW),
        job(ids, NOW),
        audited(ids, NOW, STOPPED),
    ]
    keep(store, *made[::-1], an_entry())
    found = read(reader)
    assert ids_of(found) == ids_of(made)
    assert [type(each) for each in found] == [AddAudit, AddChange, Job, AddChange, Job, AddAudit]
    assert found[1] == made[1]
    assert reads.last_id(reader) >= ids_of(made)[-1]


def test_it_is_read_in_pages(store: SqlStore, reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reads, "PAGE", 3)
    ids = Uuid7()
    made = [make(ids, NOW + number) for number in range(7) for make in (change, job)]
    keep(store, *made)
    assert ids_of(read(reader)) == ids_of(made)
    assert len(list(reads.last_before(reader, NOW + 100))) == 2


def test_what_is_asked_for_is_a_span_of_time_up_to_an_id(store: SqlStore, reader: Reader) -> None:
    ids = Uuid7()
    made = [make(ids, NOW + number) for number in range(4) for make in (change, job)]
    keep(store, *made)
    assert ids_of(read(reader, NOW + 1, NOW + 3)) == ids_of(made[2:6])
    assert ids_of(read(reader, upto=ids_of(made)[4])) == ids_of(made[:5])


def test_a_store_without_anything_has_no_record(store: SqlStore, reader: Reader) -> None:
    assert store is not None
    assert reads.last_id(reader) == ""
    assert read(reader) == list(reads.last_before(reader, NOW)) == []
    assert reads.stopped_before(reader, NOW) is None


def test_a_change_from_before_messages_were_kept_has_an_empty_one(store: SqlStore, reader: Reader) -> None:
    keep(store, change(Uuid7(), NOW, payload=b""))
    [found] = read(reader)
    assert isinstance(found, AddChange)
    assert found.payload == b""


def test_before_a_time_there_are_the_last_two_changes_of_each_entity(store: SqlStore, reader: Reader) -> None:
    ids = Uuid7()
    one = [change(ids, NOW + number, 1) for number in range(3)]
    two = [change(ids, NOW + 3, 2)]
    link = AddChange(a_change(pipe(), NOW + 4, ids=ids), (), b"x")
    later = [change(ids, NOW + 9, entity) for entity in (1, 2, 3)]
    keep(store, *one, *two, link, *later)
    found = list(reads.last_before(reader, NOW + 9))
    assert ids_of(found) == ids_of([one[1], one[2], two[0], link])


def test_whether_the_worker_was_down_is_what_the_audit_said_last(store: SqlStore, reader: Reader) -> None:
    ids = Uuid7()
    keep(store, audited(ids, NOW, STARTED), audited(ids, NOW + 10, STOPPED), audited(ids, NOW + 20, STARTED))
    assert [reads.stopped_before(reader, NOW + at) for at in (0, 5, 15, 25)] == [None, None, NOW + 10, None]


@pytest.mark.parametrize(("size", "kept"), [(PAYLOAD_KEPT, True), (PAYLOAD_KEPT + 1, False)])
def test_the_message_of_a_change_is_kept_unless_it_is_large(store: SqlStore, reader: Reader, size: int, kept: bool) -> None:
    payload = b"x" * size
    keep(store, change(Uuid7(), NOW, payload=payload))
    [found] = read(reader)
    assert isinstance(found, AddChange)
    assert found.payload == (payload if kept else b"")
