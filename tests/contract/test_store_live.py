"""Whoever follows, in whatever portions, sees the last of what became of each job, and each change, once and in order."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contract.conftest import OpenStore
from contract.making import NOW, a_change, a_job, ended, pump, queued
from pointsman.clock import Uuid7
from pointsman.model.job import Job, JobStatus
from pointsman.model.write import AddChange, NoteJob, SaveFilters, UpdateJob
from pointsman.store import open_reader
from pointsman.store.reads import jobs, live
from pointsman.store.reads.reader import Reader
from pointsman.store.sql_store import SqlStore

ids = Uuid7()
STEPS = st.lists(
    st.sampled_from(["make", "change", "read"]) | st.tuples(st.just("move"), st.integers(0, 9)), min_size=1, max_size=40
)


class Follower:
    """Reads a part at a time, and notes what it is told."""

    def __init__(self, reader: Reader, limit: int) -> None:
        self._reader, self._limit = reader, limit
        self._seen = live.last(reader)
        self.told: list[live.Entry] = []

    def read(self) -> bool:
        """One part. Gives whether there is more."""
        news = live.news(self._reader, self._seen, self._limit)
        assert all(self._seen < id_ <= news.upto for id_, _ in news.entries)
        self.told += news.entries
        self._seen = news.upto
        return news.more


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(steps=STEPS, limit=st.integers(1, 5))
def test_a_reader_in_portions_sees_the_last_of_each_job_once(
    store: SqlStore, reader: Reader, steps: list[str | tuple[str, int]], limit: int
) -> None:
    follower, mine = Follower(reader, limit), []
    changes = 0
    for step in steps:
        with store.begin() as unit:
            match step:
                case "make":
                    mine.append(a_job(pump(), NOW, ids=ids))
                    unit.apply([queued(mine[-1])])
                case "change":
                    changes += 1
                    unit.apply([AddChange(a_change(at=NOW, ids=ids))])
                case (_, int(number)) if mine:
                    job = mine[number % len(mine)]
                    moved = replace(ended(job, JobStatus.SUCCEEDED) if number % 3 else job, attempts=job.attempts + 1)
                    mine[number % len(mine)] = moved
                    unit.apply([UpdateJob(moved), NoteJob(ids(NOW), moved.id)])
        if step == "read":
            follower.read()
    while follower.read():
        pass
    told_ids = [id_ for id_, _ in follower.told]
    assert told_ids == sorted(set(told_ids))
    last: dict[str, Job] = {job.id: job for _, job in follower.told if isinstance(job, Job)}
    assert last == {job.id: jobs.one(reader, job.id) for job in mine}
    assert sum(not isinstance(of, Job) for _, of in follower.told) == changes
    for job in mine:
        seen = [each for _, each in follower.told if isinstance(each, Job) and each.id == job.id]
        assert len(seen) == len({each.attempts for each in seen}), "nothing is told twice as it is"


@pytest.mark.parametrize("workers", [1, 2])
def test_where_several_workers_share_a_database_the_last_moment_is_held_back(
    store_url: str, opened: OpenStore, workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One may give out an id before another does, and commit it after."""
    if workers == 2 and store_url.startswith("sqlite"):
        pytest.skip("SQLite takes one worker")
    stores = [opened(session=f"worker {number}") for number in range(workers)]
    for store in stores:
        with store.begin() as unit:
            unit.apply([SaveFilters(("a/b",))])
    now = int(time.time() * 1000)
    with stores[0].begin() as unit:
        unit.apply([queued(a_job(at=now, ids=Uuid7())), queued(a_job(at=now - 3_600_000, ids=Uuid7()))])
    with open_reader(store_url) as reader:
        assert len(live.news(reader, "0").entries) == (2 if workers == 1 else 1)
        monkeypatch.setattr(live, "HELD_BACK", -60_000)
        assert len(live.news(reader, "0").entries) == 2
