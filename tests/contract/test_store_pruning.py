"""Old jobs go, a little at a time, with all that belongs to them; what is still to be done never does."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contract.conftest import OpenStore
from contract.making import NOW, a_change, a_job, a_result, ended, queued
from pointsman.clock import Uuid7
from pointsman.model.job import Job
from pointsman.model.write import AddChange, AddJob, NoteJob, UpdateJob
from pointsman.store import events, maintenance, pruning
from pointsman.store.reads import history, jobs, live
from pointsman.store.reads.reader import Reader
from pointsman.store.sql_store import SqlStore

HOUR = 3_600_000
FOREVER = 2**62


def fill(store: SqlStore, count: int, *, left_open: frozenset[int] = frozenset()) -> list[Job]:
    """So many jobs, an hour between two, each with a change before it and a result; all final but those named."""
    made = []
    with store.begin() as unit:
        for n in range(count):
            at = NOW + n * HOUR
            change, job = a_change(at=at), a_job(at=at)
            made.append(job if n in left_open else ended(job, at=at))
            unit.apply([AddChange(change), queued(made[-1]), a_result(job, n)])
    return made


def prune_all(store: SqlStore, before_ms: int | None, keep_jobs: int | None, limit: int = 3) -> list[int]:
    """As the engine does it: as long as a chunk is full."""
    gone = [store.prune_chunk(before_ms, keep_jobs, limit)]
    while gone[-1] >= limit:
        gone.append(store.prune_chunk(before_ms, keep_jobs, limit))
    return gone


def left(reader: Reader, made: list[Job]) -> list[int]:
    ids = [job.id for job in made]
    return [ids.index(job.id) for job in jobs.after(reader, None)]


def results(store: SqlStore) -> int:
    with store._database.transaction() as connection:
        return int(connection.exec_driver_sql("SELECT count(*) FROM job_results").scalar_one())


def test_jobs_that_ended_before_the_time_go_with_their_results_and_history(store: SqlStore, reader: Reader) -> None:
    made = fill(store, 10)
    chunks = prune_all(store, NOW + 4 * HOUR, None)
    assert left(reader, made) == [4, 5, 6, 7, 8, 9]
    assert results(store) == 6
    assert [change.at for change in history.changes(reader)] == [NOW + n * HOUR for n in (9, 8, 7, 6, 5, 4)]
    assert sum(chunks) == 8
    assert chunks[-1] < 3
    assert prune_all(store, NOW + 4 * HOUR, None) == [0]


def test_jobs_beyond_the_newest_go_with_history_as_old(store: SqlStore, reader: Reader) -> None:
    made = fill(store, 10)
    prune_all(store, None, 4)
    assert left(reader, made) == [6, 7, 8, 9]
    assert results(store) == 4
    assert [change.at for change in history.changes(reader)] == [NOW + n * HOUR for n in (9, 8, 7, 6)]
    assert prune_all(store, None, 4) == [0]
    prune_all(store, None, 0)
    assert left(reader, made) == []


def test_open_jobs_stay_however_old(store: SqlStore, reader: Reader) -> None:
    made = fill(store, 10, left_open=frozenset({0, 1, 2, 5}))
    prune_all(store, NOW + 100 * HOUR, 0)
    assert left(reader, made) == [0, 1, 2, 5]
    with store.begin() as unit:
        assert len(unit.open_jobs(None, 100)) == 4


def test_a_chunk_is_never_larger_than_asked(store: SqlStore, reader: Reader) -> None:
    fill(store, 10)
    for jobs_left in (8, 6, 4, 2, 0):
        assert store.prune_chunk(NOW + 100 * HOUR, None, 2) == 2
        assert len(jobs.after(reader, None)) == jobs_left


def test_counting_many_jobs_takes_several_turns_and_the_same_jobs_go(
    store: SqlStore, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pruning, "WALK", 3)
    made = fill(store, 20)
    assert store.prune_chunk(None, 7, 50) == 50, "it asks to be called again"
    assert len(jobs.after(reader, None)) == 20
    prune_all(store, None, 7, 50)
    assert left(reader, made) == list(range(13, 20))


def test_jobs_that_come_between_two_turns_are_not_pruned(
    store: SqlStore, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pruning, "WALK", 2)
    made = fill(store, 8)
    assert store.prune_chunk(None, 4, 50) == 50
    late = ended(a_job(at=NOW + 50 * HOUR))
    with store.begin() as unit:
        unit.apply([AddJob(late, None)])
    prune_all(store, None, 4, 50)
    assert left(reader, [*made, late])[-5:] == [4, 5, 6, 7, 8]
    prune_all(store, None, 4, 50)
    assert left(reader, [*made, late]) == [5, 6, 7, 8]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(
    ends=st.lists(st.none() | st.integers(0, 9), max_size=12),
    age=st.none() | st.integers(0, 10),
    keep=st.none() | st.integers(0, 12),
    walk=st.integers(1, 5),
)
def test_nothing_goes_that_should_stay_and_in_time_all_goes_that_should(
    store: SqlStore, reader: Reader, ends: list[int | None], age: int | None, keep: int | None, walk: int
) -> None:
    """A job that ended late keeps younger ones that ended earlier behind it: they go when it goes."""
    prune_all(store, FOREVER, 0)
    made = [a_job() if end is None else ended(a_job(), at=NOW + end) for end in ends]
    with store.begin() as unit:
        unit.apply([AddJob(job, None) for job in made])
    before = None if age is None else NOW + age
    surplus = len(made) - (len(made) if keep is None else keep)
    final = {n for n, job in enumerate(made) if job.finished is not None}
    old = {n for n in final if before is not None and (made[n].finished or 0) < before}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pruning, "WALK", walk)
        prune_all(store, before, keep)
    gone = set(range(len(made))) - set(left(reader, made))
    assert gone <= old | {n for n in final if n < surplus}
    assert gone >= {n for n in final if n < surplus}

    prune_all(store, FOREVER, None)
    assert set(left(reader, made)) == set(range(len(made))) - final
    with store.begin() as unit:
        unit.apply([UpdateJob(ended(job)) for job in made if job.finished is None])


def test_an_operator_prunes_by_hand(opened: OpenStore, store_url: str) -> None:
    with opened() as store:
        fill(store, 10, left_open=frozenset({0}))
    pruned = maintenance.prune(store_url, before_ms=NOW + 4 * HOUR, chunk=2)
    assert (pruned.jobs, pruned.results, pruned.changes) == (3, 3, 4)
    pruned = maintenance.prune(store_url, keep_jobs=2, chunk=2)
    assert (pruned.jobs, pruned.results) == (4, 4)
    assert maintenance.prune(store_url).jobs == 0


def test_of_what_followers_read_the_newest_are_kept_however_long_jobs_are(
    store: SqlStore, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "KEPT", 7)
    monkeypatch.setattr(events, "CHUNK", 4)
    made = fill(store, 20)
    ids = Uuid7(after=made[-1].id)
    with store.begin() as unit:
        for job in made:
            unit.apply([NoteJob(ids(NOW + 100 * HOUR), job.id)])
    before = live.news(reader, "")
    assert len(before.entries) == 40, "each job by its last entry, and each change"
    assert before.kept_from == ""
    assert prune_all(store, None, None)[-1] == 0
    left = live.news(reader, "")
    assert [id_ for id_, job in left.entries if isinstance(job, Job)] == [id_ for id_, _ in before.entries[-7:]]
    assert left.kept_from == before.entries[-8][0], "a reader that has seen the one before the oldest has missed nothing"


def test_a_follower_can_tell_that_jobs_or_changes_went_which_it_has_not_seen(store: SqlStore, reader: Reader) -> None:
    made = fill(store, 10)
    with store.begin() as unit:
        unit.apply([NoteJob(noted := Uuid7(after=made[-1].id)(NOW + 100 * HOUR), made[2].id)])
    assert live.news(reader, "").kept_from == ""
    prune_all(store, NOW + 2 * HOUR, None)
    assert live.news(reader, "").kept_from == made[1].id
    prune_all(store, NOW + 3 * HOUR, None)
    assert live.news(reader, "").kept_from == noted, "the job that went has changed last by that entry"
    prune_all(store, FOREVER, 0)
    assert live.last(reader) == noted, "what is to come lies behind all that ever was"
