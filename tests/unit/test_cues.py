"""What became of jobs on record comes at its time; and jobs that no change led to are known by their arguments, or their time."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pointsman.core.world import World
from pointsman.model.command import AddResult, Command, Finish, ReportState
from pointsman.model.effect import CallOff, Effect, Publish, Resume
from pointsman.model.ids import MQTT_USER, JobId, UserId
from pointsman.model.job import CustomResult, Job, JobStatus, Ladder
from pointsman.rehearsal.comparison import APART, Comparison
from pointsman.rehearsal.cues import Cues
from pointsman.rehearsal.difference import Kind
from unit.world import FAULT, NOW, PUMP, in_state, job, plant


def cues(*open_jobs: Job) -> Cues:
    """With these jobs open."""
    world = World(plant())
    world.jobs = {each.id: each for each in open_jobs}
    world.states[PUMP] = in_state(FAULT)
    return Cues(world)


def begun(id_: str = "job-1") -> tuple[Effect, ...]:
    return (Publish(job=JobId(id_), topic="t", message="m", qos=1, retain=False),)


def course(given: Cues) -> list[tuple[int, Command]]:
    """All that it gives, with the time from the beginning on."""
    found = []
    while (at := given.next_at) is not None:
        if (command := given.pop()) is not None:
            found.append((at - NOW, command))
    return found


def ended(status: JobStatus = JobStatus.SUCCEEDED, **more: Any) -> Job:
    return job(status=status, **{"attempts": 1, "finished": NOW + 9, **more})


def test_a_job_that_is_not_on_record_succeeds_when_it_begins_and_its_device_answers() -> None:
    given = cues(job())
    given.let_out(begun(), NOW + 5)
    assert course(given) == [
        (5, Finish(job=JobId("job-1"), status=JobStatus.SUCCEEDED)),
        (5, AddResult(job=JobId("job-1"), payload=None, by=MQTT_USER, answer=True)),
    ]


def test_a_job_on_record_ends_as_it_did_when_it_did() -> None:
    given = cues(job())
    given.await_record(JobId("job-1"))
    given.let_out(begun(), NOW)
    assert given.next_at is None
    given.record(ended(JobStatus.FAILED, error="no"), NOW)
    assert course(given) == [(9, Finish(job=JobId("job-1"), status=JobStatus.FAILED, error="no"))]


def test_a_job_that_has_not_ended_on_record_stays_open() -> None:
    given = cues(job())
    given.await_record(JobId("job-1"))
    given.let_out(begun(), NOW)
    given.record(job(), NOW)
    assert course(given) == []


def test_a_job_that_waits_begins_later_and_ends_no_earlier_than_that() -> None:
    given = cues(job())
    given.await_record(JobId("job-1"))
    given.record(ended(), NOW)
    assert course(given) == []
    given.let_out((Resume(JobId("job-1")),), NOW + 20)
    assert [at for at, _ in course(given)] == [20]


def test_a_job_that_is_not_on_record_any_more_succeeds() -> None:
    given = cues(job())
    given.await_record(JobId("job-1"))
    given.let_out(begun(), NOW)
    assert list(given.missed("job-1", NOW)) == []
    assert list(given.missed("job-2", NOW)) == ["job-1"]
    assert course(given)[0] == (0, Finish(job=JobId("job-1"), status=JobStatus.SUCCEEDED))


def test_of_several_tries_those_before_the_last_fail_at_once() -> None:
    given = cues(job())
    given.await_record(JobId("job-1"))
    given.record(ended(attempts=2), NOW)
    given.let_out(begun(), NOW)
    [(at, failed)] = course(given)
    assert (at, isinstance(failed, Finish) and failed.status) == (0, JobStatus.FAILED)
    given._world.jobs[JobId("job-1")] = replace(job(), attempts=1)
    given.let_out((Resume(JobId("job-1")),), NOW + 3)
    [(at, done)] = course(given)
    assert (at, isinstance(done, Finish) and done.status) == (9, JobStatus.SUCCEEDED)


def test_a_job_climbs_the_ladder_as_it_did() -> None:
    answer = CustomResult(payload={"ok": True}, by=UserId("device"), timestamp=NOW + 4)
    other = CustomResult(payload="later", by=UserId("ann"), timestamp=NOW + 8)
    ladder = Ladder(acknowledged=NOW + 2, reason_code=16, answered=NOW + 4, confirmed=NOW + 9)
    given = cues(job())
    given.await_record(JobId("job-1"))
    given.let_out(begun(), NOW)
    given.record(ended(ladder=ladder, results=(answer, other)), NOW)
    assert course(given) == [
        (2, Finish(job=JobId("job-1"), status=JobStatus.SUCCEEDED, reason_code=16)),
        (4, AddResult(job=JobId("job-1"), payload={"ok": True}, by=UserId("device"), answer=True)),
        (8, ReportState(PUMP, FAULT.id, "", b"")),
    ]


@pytest.mark.parametrize(("status", "at"), [(JobStatus.CANCELLED, 9), (JobStatus.SUCCEEDED, 3)])
def test_a_job_that_is_called_off_is_cancelled_at_once_unless_it_was_on_record(status: JobStatus, at: int) -> None:
    given = cues(job())
    given.await_record(JobId("job-1"))
    given.let_out(begun(), NOW)
    given.record(ended(status), NOW)
    given.let_out((CallOff(JobId("job-1")),), NOW + 3)
    first = course(given)[0]
    assert (first[0], isinstance(first[1], Finish) and first[1].status) == (at, JobStatus.CANCELLED)


# Jobs that no change led to


def scheduled(id_: str, at: int, **args: Any) -> Job:
    return job(id_, JobStatus.SUCCEEDED, timestamp=at, args=args)


@pytest.mark.parametrize("made_first", [True, False])
@pytest.mark.parametrize(
    ("was", "would", "found"),
    [
        (scheduled("a", NOW), scheduled("b", NOW + 30), {}),
        (scheduled("a", NOW), scheduled("b", NOW + APART + 1), {Kind.DROPPED: 1, Kind.ADDED: 1}),
        (scheduled("a", NOW, scheduled=5), scheduled("b", NOW + 900_000, scheduled=5), {}),
        (scheduled("a", NOW, scheduled=5), scheduled("b", NOW, scheduled=6), {Kind.DROPPED: 1, Kind.ADDED: 1}),
    ],
)
def test_a_run_of_a_schedule_is_known_by_its_arguments_or_by_its_time(
    was: Job, would: Job, found: dict[Kind, int], made_first: bool
) -> None:
    comparison = Comparison(0, 10)
    if made_first:
        comparison.made(would, None, on_record=False)
    comparison.recorded(was)
    if not made_first:
        comparison.made(would, None, on_record=False)
    comparison.close()
    assert comparison.counts == found


def test_what_has_no_counterpart_is_told_when_it_has_waited_for_long_enough() -> None:
    comparison = Comparison(0, 10)
    comparison.expire(NOW)
    comparison.recorded(scheduled("a", NOW))
    comparison.expire(NOW + APART)
    assert comparison.alike
    comparison.expire(NOW + 3 * APART)
    assert comparison.counts == {Kind.DROPPED: 1}


def test_differences_are_counted_beyond_those_that_are_kept_and_none_before_the_beginning() -> None:
    comparison = Comparison(NOW, 2)
    for number in range(4):
        comparison.recorded(scheduled(f"job-{number}", NOW - 1 + number))
    comparison.close()
    assert comparison.counts == {Kind.DROPPED: 3}
    assert [each.job.id for each in comparison.differences] == ["job-1", "job-2"]
