"""What is written is what is read: each kind of write, alone, together, undone, and applied twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import cycle

import pytest
from sqlalchemy import event

from contract.conftest import OpenStore
from contract.making import (
    AWKWARD_JSON,
    AWKWARD_TEXTS,
    NOW,
    a_change,
    a_job,
    a_meta,
    a_reject,
    a_result,
    a_state,
    an_entry,
    ended,
    new_id,
    pipe,
    plain,
    published,
    pump,
    queued,
    started,
)
from pointsman.model.effect import Dispatch
from pointsman.model.ids import EntityId, EntityRef, JobId, OwnerType
from pointsman.model.job import Job, JobStatus
from pointsman.model.state import StateChange
from pointsman.model.write import (
    AddChange,
    AddJob,
    ForgetDeliveries,
    RememberDelivery,
    SaveFilters,
    SaveState,
    UpdateJob,
    Write,
)
from pointsman.store.reads import audit, entities, history, jobs, rejects
from pointsman.store.reads.reader import Reader
from pointsman.store.sql_store import SqlStore


class Undo(Exception):
    """Ends a transaction."""


def begin_and_undo(store: SqlStore, *writes: Write) -> None:
    with store.begin() as unit:
        unit.apply(writes)
        raise Undo


def write(store: SqlStore, *writes: Write) -> None:
    with store.begin() as unit:
        unit.apply(writes)


def open_jobs(store: SqlStore, after: JobId | None = None, limit: int = 100) -> Sequence[tuple[Job, Dispatch]]:
    with store.begin() as unit:
        return unit.open_jobs(after, limit)


def deliveries(store: SqlStore) -> list[tuple[int, bytes]]:
    with store.begin() as unit:
        return list(unit.deliveries())


def remember(*numbers: int) -> list[Write]:
    return [RememberDelivery(n, n.to_bytes(16, "big")) for n in numbers]


def remembered(*numbers: int) -> list[tuple[int, bytes]]:
    return [(n, n.to_bytes(16, "big")) for n in numbers]


# States and changes


def test_a_state_is_read_as_it_was_saved(store: SqlStore, reader: Reader) -> None:
    first, second = a_state(pump(), previous=None, change=None), a_state(pipe(), change=new_id(NOW))
    write(store, SaveState(first), SaveState(second))
    with store.begin() as unit:
        assert unit.states([pump(), pipe(), pump(2)]) == {pump(): first, pipe(): second}
        assert unit.states([]) == {}
    assert entities.state(reader, pipe()) == second
    assert entities.state(reader, pump(2)) is None
    assert entities.states(reader) == [first, second]


def test_of_several_states_of_an_entity_the_last_one_counts(store: SqlStore) -> None:
    write(store, *[SaveState(a_state(pump(), state)) for state in ("1", "3", "4")], SaveState(a_state(pump(2), "5")))
    write(store, SaveState(a_state(pump(2), "6")))
    with store.begin() as unit:
        assert {ref.id: state.state for ref, state in unit.states([pump(), pump(2)]).items()} == {"pump-1": "4", "pump-2": "6"}


def test_an_object_and_a_link_of_the_same_id_are_two_entities(store: SqlStore) -> None:
    object_, link = EntityRef(OwnerType.OBJECT, EntityId("x")), EntityRef(OwnerType.LINK, EntityId("x"))
    write(store, SaveState(a_state(object_, "1")), SaveState(a_state(link, "2")))
    with store.begin() as unit:
        assert unit.states([link])[link].state == "2"
        assert len(unit.states([object_, link])) == 2


def test_whatever_the_id_that_is_asked_for_the_answer_is_that_there_is_none(store: SqlStore, reader: Reader) -> None:
    """Ids come from topics: anybody can make one up."""
    with store.begin() as unit:
        assert unit.states([EntityRef(OwnerType.OBJECT, EntityId(id_)) for id_ in AWKWARD_TEXTS]) == {}
        assert unit.jobs([JobId(id_) for id_ in AWKWARD_TEXTS]) == {}
    for id_ in AWKWARD_TEXTS:
        assert jobs.one(reader, JobId(id_)) is None
        assert jobs.newest(reader, jobs.JobFilter(owner=EntityId(id_))) == []
        assert history.changes(reader, entity=EntityId(id_)) == []


CHANGES = [
    a_change(),
    a_change(pipe(), previous=None, changed_while_offline=True),
    a_change(reported=0, topic="plant/pump-1/state"),
    a_change(reported=-5, topic="ünï/漢"),
]


def test_a_change_is_read_as_it_was_added(store: SqlStore, reader: Reader) -> None:
    write(store, *[AddChange(change) for change in CHANGES])
    assert history.changes(reader) == CHANGES[::-1]
    assert history.change(reader, CHANGES[1].id) == CHANGES[1]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (a_change(reported=2**63), {"reported": None}),
        (a_change(reported=-(10**30)), {"reported": None}),
        (a_change(topic="a\0b\ud800"), {"topic": "a\ufffdb\ufffd"}),
    ],
)
def test_what_no_database_can_hold_does_not_spoil_a_change(
    store: SqlStore, reader: Reader, given: StateChange, kept: dict[str, object]
) -> None:
    write(store, AddChange(given))
    assert history.changes(reader) == [replace(given, **kept)]  # type: ignore[arg-type]


# Jobs

JOBS = [
    a_job(),
    a_job(pipe(), user_id=None, process_meta=a_meta(3, "4", "ALARM"), change_id="c"),
    a_job(description={}, args={"n": 10**30, "text": "ä"}),
    a_job(process_meta=a_meta()),
    a_job(status=JobStatus.FAILED, finished=NOW, error="expected a topic, found none", attempts=0),
    a_job(description={"exitCode": 1, "stdout": "a\0b\x1b[0m 😀", "stderr": "", "signal": None, "truncated": True}),
    *[a_job(args={"value": value}) for value in AWKWARD_JSON],
]


def test_a_job_is_read_as_it_was_added(store: SqlStore, reader: Reader) -> None:
    write(store, *[AddJob(job, None) for job in JOBS])
    with store.begin() as unit:
        assert unit.jobs([*[job.id for job in JOBS], JobId("none")]) == {job.id: job for job in JOBS}
    assert jobs.newest(reader) == JOBS[::-1]
    assert [plain(job) for job in jobs.newest(reader)] == [plain(job) for job in JOBS[::-1]]


def test_a_custom_result_is_read_as_it_was_given(store: SqlStore, reader: Reader) -> None:
    job = a_job()
    results = [a_result(job, payload, by) for payload, by in zip(AWKWARD_JSON, cycle(("mqtt", "ä")), strict=False)]
    write(store, queued(job), *results)
    found = jobs.one(reader, job.id)
    assert found is not None
    assert found.results == tuple(result.result for result in results)
    assert [repr(result.payload) for result in found.results] == [repr(payload) for payload in AWKWARD_JSON], "True is not 1"


def test_results_come_oldest_first_each_with_its_job(store: SqlStore, reader: Reader) -> None:
    first, second = a_job(), a_job()
    results = [a_result(job, n) for n, job in enumerate([first, second, first])]
    write(store, queued(first), queued(second))
    for result in results:
        write(store, result)
    assert [job.results for job in jobs.newest(reader)] == [(results[1].result,), (results[0].result, results[2].result)]
    with store.begin() as unit:
        assert [result.payload for result in unit.jobs([first.id])[first.id].results] == [0, 2]


def test_an_update_sets_what_is_known_now_and_leaves_the_rest(store: SqlStore, reader: Reader) -> None:
    job = a_job(process_meta=a_meta("3"), args={"a": 1})
    write(store, queued(job))
    running = replace(job, status=JobStatus.RUNNING, attempts=1)
    write(store, UpdateJob(running))
    assert jobs.one(reader, job.id) == running
    failed = ended(running, JobStatus.FAILED, description={"exitCode": 1, "stdout": ""}, error="exit code 1 \0")
    write(store, UpdateJob(failed))
    assert jobs.one(reader, job.id) == replace(failed, error="exit code 1 \ufffd")


def test_a_job_and_its_end_may_be_in_one_apply(store: SqlStore, reader: Reader) -> None:
    job = a_job()
    running = replace(job, status=JobStatus.RUNNING, attempts=1)
    write(store, queued(job), UpdateJob(running), UpdateJob(ended(running)))
    assert jobs.one(reader, job.id) == ended(running)
    assert open_jobs(store) == []


def test_what_carries_out_a_job_is_read_as_it_was_added(store: SqlStore) -> None:
    messages: list[dict[str, object]] = [
        {},
        {"qos": 0, "retain": True},
        {"qos": 2, "content_type": "application/json"},
        {"topic": "another/topic/than/the/description/says"},
        {"message": "", "topic": "ä/漢"},
    ]
    programs: list[dict[str, object]] = [
        {},
        {"path": None, "script": "#!/bin/sh\necho 'ä' \"$1\"\n", "arguments": ()},
        {"environment": {}, "stdin": "x" * 300_000, "timeout_ms": 2**40},
    ]
    publishes = [(job := a_job(), published(job, **more)) for more in messages]
    starts = [(job := a_job(pipe(), description={"stdout": ""}), started(job, **more)) for more in programs]
    wanted: list[tuple[Job, Dispatch]] = [*publishes, *starts]
    write(store, *[AddJob(job, dispatch) for job, dispatch in wanted])
    assert open_jobs(store) == wanted


def test_a_message_is_not_stored_twice(store: SqlStore) -> None:
    job = a_job(description={"topic": "a", "message": "m" * 1000})
    write(store, queued(job))
    with store._database.transaction() as connection:
        row = connection.exec_driver_sql("SELECT description, dispatch FROM jobs").one()
    assert "mmm" in row.description
    assert "mmm" not in row.dispatch
    assert len(row.dispatch) < 60


def test_open_jobs_come_in_the_order_of_their_ids_page_by_page(store: SqlStore) -> None:
    made = [a_job() for _ in range(10)]
    write(store, *[queued(job) for job in made])
    running = [replace(made[n], status=JobStatus.RUNNING, attempts=1) for n in (1, 4, 7)]
    write(store, *[UpdateJob(job) for job in running], UpdateJob(ended(made[5])), UpdateJob(ended(made[0], JobStatus.FAILED)))
    left = [made[n].id for n in (1, 2, 3, 4, 6, 7, 8, 9)]
    assert [job.id for job, _ in open_jobs(store)] == left
    assert [job.id for job, _ in open_jobs(store, None, 3)] == left[:3]
    assert [job.id for job, _ in open_jobs(store, left[2], 3)] == left[3:6]
    assert open_jobs(store, left[-1], 3) == []
    assert {job.status for job, _ in open_jobs(store)} == {JobStatus.QUEUED, JobStatus.RUNNING}


def test_an_open_job_comes_with_its_results(store: SqlStore) -> None:
    job = a_job()
    result = a_result(job, "early")
    write(store, queued(job), result)
    assert [found.results for found, _ in open_jobs(store)] == [(result.result,)]


def test_a_final_job_keeps_nothing_to_carry_it_out(store: SqlStore) -> None:
    ends = [(a_job(), status) for status in JobStatus if status.final]
    write(store, *[queued(job) for job, _ in ends])
    write(store, *[UpdateJob(ended(job, status)) for job, status in ends])
    assert open_jobs(store) == []
    with store._database.transaction() as connection:
        assert set(connection.exec_driver_sql("SELECT dispatch FROM jobs").scalars()) == {None}


def test_the_last_id_is_the_greatest_of_jobs_and_changes(store: SqlStore) -> None:
    with store.begin() as unit:
        assert unit.last_id() is None
    job, change = a_job(), a_change()
    write(store, queued(job))
    with store.begin() as unit:
        assert unit.last_id() == job.id
    write(store, AddChange(change))
    with store.begin() as unit:
        assert unit.last_id() == change.id


# The session


def test_only_the_last_deliveries_are_remembered_oldest_first(opened: OpenStore) -> None:
    store = opened(window=4)
    assert deliveries(store) == []
    write(store, *remember(1, 2, 3))
    assert deliveries(store) == remembered(1, 2, 3)
    write(store, *remember(4, 5))
    assert deliveries(store) == remembered(2, 3, 4, 5)
    write(store, *remember(6, 7, 8, 9, 10, 11))
    assert deliveries(store) == remembered(8, 9, 10, 11)


def test_several_applies_in_one_transaction_remember_all_their_deliveries(store: SqlStore) -> None:
    with store.begin() as unit:
        unit.apply(remember(1, 2))
        unit.apply(remember(3))
    write(store, *remember(4))
    assert deliveries(store) == remembered(1, 2, 3, 4)


def test_what_was_remembered_outlives_the_store_that_wrote_it(opened: OpenStore) -> None:
    with opened() as store:
        write(store, *remember(1, 2), SaveFilters(("a/#", "b/+")))
    again = opened()
    write(again, *remember(3))
    assert deliveries(again) == remembered(1, 2, 3)
    with again.begin() as unit:
        assert unit.filters() == ("a/#", "b/+")


def test_a_lost_session_forgets_what_came_before_and_nothing_after(store: SqlStore) -> None:
    write(store, *remember(1, 2))
    write(store, *remember(3), ForgetDeliveries(), *remember(4))
    assert deliveries(store) == remembered(4)


def test_each_session_has_deliveries_and_filters_of_its_own(opened: OpenStore) -> None:
    with opened(session="one") as one:
        write(one, *remember(1), SaveFilters(("one",)))
    with opened(session="two") as two:
        write(two, *remember(2), SaveFilters(("two",)), ForgetDeliveries())
        assert deliveries(two) == []
    again = opened(session="one")
    assert deliveries(again) == remembered(1)
    with again.begin() as unit:
        assert unit.filters() == ("one",)


def test_filters_are_those_that_were_saved_last_in_their_order(store: SqlStore) -> None:
    with store.begin() as unit:
        assert unit.filters() == ()
    write(store, SaveFilters(("z", "a", "z/#")), SaveFilters(("z/+", "a")))
    with store.begin() as unit:
        assert unit.filters() == ("z/+", "a")
    write(store, SaveFilters(()))
    with store.begin() as unit:
        assert unit.filters() == ()


# Rejects and audit


def test_rejects_are_counted_by_reason_and_topic_with_the_last_example(store: SqlStore, reader: Reader) -> None:
    write(store, a_reject("a", NOW), a_reject("b", NOW + 1), a_reject("a", NOW + 2, detail="second", payload=b"\0\xff"))
    write(store, a_reject("a", NOW + 3, detail="third", payload=b""))
    first, second = rejects.rejected(reader)
    assert (first.topic, first.count, first.first, first.last) == ("a", 3, NOW, NOW + 3)
    assert (first.detail, first.payload) == ("third", b"")
    assert (second.topic, second.count, second.first, second.last) == ("b", 1, NOW + 1, NOW + 1)


def test_of_too_many_rejects_those_go_that_happened_longest_ago(opened: OpenStore, store_url: str) -> None:
    store = opened(keep_rejects=3)
    write(store, *[a_reject(f"t/{n}", NOW + n) for n in range(5)])
    write(store, a_reject("t/2", NOW + 9), a_reject("t/5", NOW + 10))
    with store._database.transaction() as connection:
        rows = connection.exec_driver_sql("SELECT topic, count FROM rejects ORDER BY last_at").all()
    assert [tuple(row) for row in rows] == [("t/4", 1), ("t/2", 2), ("t/5", 1)]


def test_whatever_the_topic_a_reject_is_counted(store: SqlStore, reader: Reader) -> None:
    topics = [*AWKWARD_TEXTS, "x" * 65_535, "😀" * 16_000]
    write(store, *[a_reject(topic, detail=topic, payload=b"\xff" * 1024) for topic in topics])
    write(store, *[a_reject(topic, detail=topic) for topic in topics])
    found = rejects.rejected(reader)
    assert {each.topic for each in found} == {topic.replace("\0", "\ufffd").replace("\ud800", "\ufffd")[:512] for topic in topics}
    assert {each.count for each in found} == {2}


def test_the_audit_is_read_as_it_was_written(store: SqlStore, reader: Reader) -> None:
    made = [an_entry(), an_entry(before='{"a": 1}', after=None), an_entry(after="ä", actor="")]
    write(store, *made)
    assert audit.entries(reader) == made[::-1]
    assert audit.entries(reader, before=made[2].id, limit=1) == [made[1]]


@pytest.mark.parametrize("statement", ["UPDATE audit SET actor = 'nobody'", "DELETE FROM audit"])
def test_the_audit_cannot_be_changed(store: SqlStore, reader: Reader, statement: str) -> None:
    entry = an_entry()
    write(store, entry)
    with pytest.raises(Exception, match="append-only"), store._database.transaction() as connection:
        connection.exec_driver_sql(statement)
    assert audit.entries(reader) == [entry]


# Transactions


def everything() -> list[Write]:
    """One of each kind of write."""
    job, other = a_job(), a_job(pipe())
    return [
        SaveState(a_state()),
        AddChange(a_change()),
        queued(job),
        AddJob(other, started(other)),
        UpdateJob(ended(job)),
        a_result(job, {"a": 1}),
        a_reject(),
        an_entry(),
        *remember(7, 8),
        SaveFilters(("a", "b")),
    ]


def all_there_is(store: SqlStore) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table, for comparing."""
    names = ("entities", "state_history", "jobs", "job_results", "inbox", "subscriptions", "rejects", "audit")
    with store._database.transaction() as connection:
        rows = {name: connection.exec_driver_sql(f"SELECT * FROM {name}").all() for name in names}
    return {name: sorted((tuple(row) for row in found), key=repr) for name, found in rows.items()}


def test_an_exception_in_the_transaction_undoes_it(store: SqlStore) -> None:
    write(store, *everything())
    before = all_there_is(store)
    with pytest.raises(Undo):
        begin_and_undo(store, *everything())
    assert all_there_is(store) == before


def test_a_connection_whose_transaction_failed_is_never_used_again(store: SqlStore) -> None:
    """What it believes of the disk may be wrong: a failed fsync is told once, and the next one succeeds."""
    used: list[object] = []
    event.listen(store._database.engine, "checkout", lambda raw, *_: used.append(raw))
    write(store, a_reject())
    with pytest.raises(Undo):
        begin_and_undo(store, a_reject())
    write(store, a_reject())
    assert used[0] is used[1]
    assert used[2] is not used[1]


def test_a_transaction_that_is_tried_again_after_it_was_undone_is_applied_once(store: SqlStore) -> None:
    writes = everything()
    with pytest.raises(Undo):
        begin_and_undo(store, *writes)
    write(store, *writes)
    assert deliveries(store) == remembered(7, 8)
    assert {name: len(rows) for name, rows in all_there_is(store).items()} == {
        "entities": 1,
        "state_history": 1,
        "jobs": 2,
        "job_results": 1,
        "inbox": 2,
        "subscriptions": 2,
        "rejects": 1,
        "audit": 1,
    }


def test_writes_that_are_applied_again_leave_all_as_it_is_but_the_count_of_rejects(store: SqlStore) -> None:
    """As after a commit whose outcome nobody knows. That it did commit, the store itself has not noticed."""
    write(store, *remember(1))
    writes = everything()
    following = store._session.following
    write(store, *writes)
    once = all_there_is(store)
    store._session.following = following
    write(store, *writes)
    twice = all_there_is(store)
    assert {name for name in once if once[name] != twice[name]} == {"rejects"}
    assert deliveries(store) == remembered(1, 7, 8)


def test_a_job_that_is_added_again_stays_what_it_became(store: SqlStore, reader: Reader) -> None:
    job = a_job()
    write(store, queued(job), UpdateJob(ended(job)))
    write(store, queued(job))
    assert jobs.one(reader, job.id) == ended(job)
    assert open_jobs(store) == []
