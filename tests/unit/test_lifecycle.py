"""The life of a job: the table of transitions, and the function that obeys it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.core.lifecycle import TRANSITIONS, advance
from pointsman.model.job import OPEN, JobStatus
from unit.world import NOW, job, meta

STATUSES = st.sampled_from(JobStatus)


def test_every_status_has_its_line_in_the_table() -> None:
    assert set(TRANSITIONS) == set(JobStatus)


@pytest.mark.parametrize("status", JobStatus)
def test_a_status_is_final_exactly_when_nothing_follows_it(status: JobStatus) -> None:
    assert status.final == (not TRANSITIONS[status])
    assert status.final == (status not in OPEN)


@pytest.mark.parametrize("status", JobStatus)
def test_every_status_can_be_reached_and_an_end_from_every_open_one(status: JobStatus) -> None:
    assert status is JobStatus.QUEUED or any(status in following for following in TRANSITIONS.values())
    assert status.final or any(following.final for following in TRANSITIONS[status])


def test_no_end_is_followed_by_anything_so_a_job_ends_once() -> None:
    """Open ones may come round, since a job is tried again; what bounds that is its operation's number of retries."""
    assert all(not TRANSITIONS[status] for status in JobStatus if status not in OPEN)
    assert all(JobStatus.QUEUED in TRANSITIONS[status] for status in OPEN)


@pytest.mark.parametrize("before", JobStatus)
@pytest.mark.parametrize("after", JobStatus)
def test_a_job_only_moves_along_the_table(before: JobStatus, after: JobStatus) -> None:
    moved = advance(job(status=before), after, NOW + 5)
    assert (moved is not None) == (after in TRANSITIONS[before])
    if moved is not None:
        assert moved.status is after
        assert moved.finished == (NOW + 5 if after.final else None)


@given(st.lists(STATUSES, max_size=8))
def test_a_walk_stops_at_its_first_end_whatever_is_said_after(wanted: list[JobStatus]) -> None:
    current = job()
    final = None
    tries = 0
    for step, status in enumerate(wanted):
        moved = advance(current, status, NOW + step, error=f"step {step}", description={"step": step})
        if final is not None:
            assert moved is None
        begun = current.status is JobStatus.QUEUED and status not in (JobStatus.CANCELLED, JobStatus.SUPPRESSED)
        tries += moved is not None and begun
        current = moved or current
        final = current if current.status.final else None
    assert current.attempts == tries
    if final is not None:
        assert final.finished is not None


def test_an_outcome_without_a_description_leaves_what_the_job_says() -> None:
    queued = job(description={"topic": "a", "message": "b"})
    finished = advance(queued, JobStatus.SUCCEEDED, NOW)
    assert finished is not None
    assert finished.description == queued.description
    described = advance(queued, JobStatus.SUCCEEDED, NOW, description={"exitCode": 0})
    assert described is not None
    assert described.description == {"exitCode": 0}


def test_an_outcome_keeps_all_else_of_the_job() -> None:
    queued = job(args={"a": 1}, process_meta=meta(3, "4"), timestamp=NOW - 9)
    finished = advance(queued, JobStatus.FAILED, NOW, error="no")
    assert finished == replace(queued, status=JobStatus.FAILED, error="no", finished=NOW, attempts=1)


@pytest.mark.parametrize(
    ("walk", "attempts"),
    [
        ([], 0),
        ([JobStatus.SUCCEEDED], 1),
        ([JobStatus.RUNNING], 1),
        ([JobStatus.RUNNING, JobStatus.FAILED], 1),
        ([JobStatus.CANCELLED], 0),
        ([JobStatus.SUPPRESSED], 0),
        ([JobStatus.RUNNING, JobStatus.CANCELLED], 1),
    ],
)
def test_attempts_count_how_often_it_was_begun(walk: list[JobStatus], attempts: int) -> None:
    current = job()
    for status in walk:
        current = advance(current, status, NOW) or current
    assert current.attempts == attempts
