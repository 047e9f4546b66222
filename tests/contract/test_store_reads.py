"""What the command line asks: lists newest first, page by page, by every filter; exports and tails oldest first."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contract.making import NOW, a_change, a_job, a_meta, a_result, ended, pipe, pump, queued
from pointsman.clock import Uuid7
from pointsman.model.ids import SYSTEM_USER, EntityId, EntityRef, JobId, OperationId, OwnerType, StateId, UserId
from pointsman.model.job import Job, JobStatus
from pointsman.model.state import StateChange
from pointsman.model.write import AddChange, AddJob
from pointsman.store.reads import history, jobs, listing
from pointsman.store.reads.history import HistoryFilter
from pointsman.store.reads.jobs import JobFilter
from pointsman.store.reads.listing import Span
from pointsman.store.reads.reader import Reader
from pointsman.store.reads.times import first_id
from pointsman.store.sql_store import SqlStore

MINUTE = 60_000


@dataclass
class Archive:
    """A store with jobs of all sorts, in the order in which they were made, a minute between two."""

    reader: Reader
    jobs: list[Job]


@pytest.fixture
def archive(store: SqlStore, reader: Reader) -> Archive:
    made, ids = [], Uuid7()
    for n, (owner, operation, status) in enumerate(product((pump(1), pump(2), pipe(1)), ("open", "diagnose"), JobStatus)):
        meta = replace(a_meta(3, 5), state=StateId(str(3 + n % 2 * 2))) if n % 5 else None
        user = SYSTEM_USER if meta else UserId("ada")
        about = {"operation_id": OperationId(operation), "status": status, "process_meta": meta, "user_id": user}
        job = a_job(owner, NOW + n * MINUTE, ids=ids, **about)
        made.append(job if status in (JobStatus.QUEUED, JobStatus.RUNNING) else ended(job, status))
    with store.begin() as unit:
        unit.apply([queued(job) for job in made])
    return Archive(reader, made)


FILTERS = st.builds(
    JobFilter,
    owner=st.sampled_from([None, EntityId("pump-1"), EntityId("pipe-1"), EntityId("none")]),
    operation=st.sampled_from([None, OperationId("open"), OperationId("none")]),
    owners=st.none() | st.frozensets(st.sampled_from(["pump-1", "pump-2", "pipe-1", *(f"none-{n}" for n in range(40))])),
    statuses=st.frozensets(st.sampled_from(JobStatus)),
    user=st.sampled_from([None, None, SYSTEM_USER, UserId("ada"), UserId("none")]),
    trigger_state=st.sampled_from([None, None, StateId("3"), StateId("5"), StateId("9")]),
    since=st.none() | st.integers(NOW - MINUTE, NOW + 60 * MINUTE),
    until=st.none() | st.integers(NOW - MINUTE, NOW + 60 * MINUTE) | st.just(2**62),
)


def meets(job: Job, which: JobFilter) -> bool:
    return (
        (which.owner is None or job.owner.id == which.owner)
        and (which.operation is None or job.operation_id == which.operation)
        and (which.owners is None or job.owner.id in which.owners)
        and (not which.statuses or job.status in which.statuses)
        and (which.user is None or job.user_id == which.user)
        and (which.trigger_state is None or (job.process_meta is not None and job.process_meta.state == which.trigger_state))
        and (which.since is None or job.timestamp >= which.since)
        and (which.until is None or job.timestamp < which.until)
    )


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(which=FILTERS, limit=st.integers(1, 50), at=st.none() | st.integers(0, 47))
def test_a_list_has_the_jobs_that_meet_the_filter_newest_first(
    archive: Archive, which: JobFilter, limit: int, at: int | None
) -> None:
    before = None if at is None else archive.jobs[at].id
    wanted = [job for job in archive.jobs[:at][::-1] if meets(job, which)]
    assert jobs.newest(archive.reader, which, before=before, limit=limit) == wanted[:limit]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(which=FILTERS, limit=st.integers(1, 50), at=st.none() | st.integers(0, 47))
def test_a_tail_has_the_jobs_that_came_after_oldest_first(archive: Archive, which: JobFilter, limit: int, at: int | None) -> None:
    last = None if at is None else archive.jobs[at].id
    wanted = [job for job in archive.jobs[0 if at is None else at + 1 :] if meets(job, which)]
    assert jobs.after(archive.reader, last, which, limit=limit) == wanted[:limit]


SPANS = st.builds(
    Span,
    newest_first=st.booleans(),
    skip=st.integers(0, 50),
    limit=st.integers(1, 50),
    budget=st.none() | st.integers(0, 10),
)
"""How a list is cut."""


def is_object(entity: EntityRef) -> bool:
    return entity.kind is OwnerType.OBJECT


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(which=FILTERS, span=SPANS, some=st.booleans(), block=st.integers(1, 60), sparse=st.sampled_from([0, 20]))
def test_pages_have_what_meets_the_filter_and_is_in_reach_each_once_whatever_way_it_is_found(
    archive: Archive, which: JobFilter, span: Span, some: bool, block: int, sparse: int
) -> None:
    wanted = [job for job in archive.jobs if meets(job, which) and (not some or is_object(job.owner))]
    found: list[Job] = []
    pages = 0
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(listing, "BLOCK", block)
        patched.setattr(listing, "SPARSE", sparse)
        patched.setattr(listing, "LOOKED_UP", 1_000 if block % 2 else 1)
        at: Span | None = span
        while at is not None:
            page = jobs.page(archive.reader, which, at, is_object if some else None)
            assert len(page.jobs) <= span.limit
            assert len(page.jobs) == span.limit or page.next is None or span.budget is not None
            found, pages = [*found, *page.jobs], pages + 1
            at = None if page.next is None else replace(span, beyond=page.next, skip=0)
    assert found == (wanted[::-1] if span.newest_first else wanted)[span.skip :]
    assert pages <= len(archive.jobs) + 1


def test_pages_follow_each_other_without_a_gap(archive: Archive) -> None:
    pages: list[Job] = []
    while page := jobs.newest(archive.reader, before=pages[-1].id if pages else None, limit=7):
        pages += page
    assert pages == archive.jobs[::-1]


def test_an_export_gives_every_job_once_however_many_pages_it_takes(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "PAGE", 5)
    assert list(jobs.every(archive.reader)) == archive.jobs
    failed = JobFilter(statuses=frozenset({JobStatus.FAILED, JobStatus.TIMED_OUT}))
    assert list(jobs.every(archive.reader, failed)) == [job for job in archive.jobs if meets(job, failed)]


def test_an_export_gives_jobs_that_come_meanwhile(archive: Archive, store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    late = a_job(at=NOW + 1000 * MINUTE)
    monkeypatch.setattr(jobs, "PAGE", 5)
    exported = jobs.every(archive.reader)
    first = next(exported)
    with store.begin() as unit:
        unit.apply([queued(late)])
    assert [first, *exported] == [*archive.jobs, late]


def test_a_job_comes_with_its_results_from_every_list(store: SqlStore, reader: Reader) -> None:
    job = a_job()
    results = [a_result(job, n) for n in range(3)]
    with store.begin() as unit:
        unit.apply([queued(job), *results])
    wanted = [tuple(result.result for result in results)]
    open_ = JobFilter(statuses=frozenset({JobStatus.QUEUED, JobStatus.RUNNING}))
    for found in (jobs.newest(reader), jobs.after(reader, None), list(jobs.every(reader)), jobs.newest(reader, open_)):
        assert [job.results for job in found] == wanted


def test_jobs_that_were_made_while_the_clock_was_ahead_are_found_by_their_times(store: SqlStore, reader: Reader) -> None:
    """Once a clock was years ahead, ids go on from there: they only go forward."""
    ahead, year = a_job(at=NOW), 365 * 24 * 60 * MINUTE
    back = [replace(ahead, id=JobId(f"{first_id(NOW + year)}-7000-8000-{n:012x}")) for n in range(3)]
    with store.begin() as unit:
        unit.apply([AddJob(ended(job), None) for job in back])
    assert len(jobs.newest(reader, JobFilter(until=NOW + 1))) == 3
    assert jobs.newest(reader, JobFilter(until=NOW)) == []
    assert len(jobs.newest(reader, JobFilter(since=NOW))) == 3


def test_the_history_is_listed_newest_first_by_entity_time_and_page(store: SqlStore, reader: Reader) -> None:
    ids = Uuid7()
    made = [a_change((pump(1), pump(2))[n % 2], NOW + n * MINUTE, ids=ids) for n in range(10)]
    with store.begin() as unit:
        unit.apply([AddChange(change) for change in made])
    assert history.changes(reader) == made[::-1]
    assert history.changes(reader, limit=3) == made[:6:-1]
    assert history.changes(reader, entity=EntityId("pump-2")) == made[1::2][::-1]
    assert history.changes(reader, since=NOW + 3 * MINUTE, until=NOW + 5 * MINUTE) == [made[4], made[3]]
    assert history.changes(reader, before=made[2].id) == [made[1], made[0]]
    assert history.changes(reader, entity=EntityId("none")) == []


HISTORIES = st.builds(
    HistoryFilter,
    entities=st.none() | st.frozensets(st.sampled_from(["pump-1", "pump-2", "pipe-1", *(f"none-{n}" for n in range(40))])),
    states=st.none() | st.frozensets(st.sampled_from([str(n) for n in range(40)])),
    since=st.none() | st.integers(NOW - MINUTE, NOW + 60 * MINUTE),
    until=st.none() | st.integers(NOW - MINUTE, NOW + 60 * MINUTE) | st.just(2**62),
)


@pytest.fixture
def changes(store: SqlStore) -> list[StateChange]:
    ids, entities = Uuid7(), (pump(1), pump(2), pipe(1))
    made = [a_change(entities[n % 3], NOW + n * MINUTE, ids=ids, current=StateId(str(n % 7))) for n in range(48)]
    with store.begin() as unit:
        unit.apply([AddChange(change) for change in made])
    return made


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(which=HISTORIES, span=SPANS, some=st.booleans(), block=st.integers(1, 60), sparse=st.sampled_from([0, 20]))
def test_pages_of_the_history_have_what_meets_the_filter_and_is_in_reach_each_once(
    reader: Reader, changes: list[StateChange], which: HistoryFilter, span: Span, some: bool, block: int, sparse: int
) -> None:
    wanted = [
        change
        for change in changes
        if (which.entities is None or change.entity.id in which.entities)
        and (which.states is None or change.current in which.states)
        and (which.since is None or change.at >= which.since)
        and (which.until is None or change.at < which.until)
        and (not some or is_object(change.entity))
    ]
    found: list[StateChange] = []
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(listing, "BLOCK", block)
        patched.setattr(listing, "SPARSE", sparse)
        patched.setattr(listing, "LOOKED_UP", 1_000 if block % 2 else 1)
        at: Span | None = span
        while at is not None:
            page = history.page(reader, which, at, is_object if some else None)
            found += page.changes
            at = None if page.next is None else replace(span, beyond=page.next, skip=0)
    assert found == (wanted[::-1] if span.newest_first else wanted)[span.skip :]


def test_a_reader_sees_what_is_committed_and_only_that(store: SqlStore, reader: Reader) -> None:
    job, second = a_job(), a_job()
    with store.begin() as unit:
        unit.apply([queued(job)])
        assert jobs.newest(reader) == []
    assert jobs.newest(reader) == [job]
    with store.begin() as unit:
        unit.apply([queued(second)])
        assert jobs.one(reader, second.id) is None


def test_a_reader_cannot_write(reader: Reader) -> None:
    with pytest.raises(Exception, match=r"read-?only"), reader.ask() as connection:
        connection.exec_driver_sql("DELETE FROM jobs")
