"""The life of a job: which status may follow which, and the one function that changes a status."""

from __future__ import annotations

from collections.abc import Mapping

from pointsman.model.job import Job, JobStatus, Ladder, Waits
from pointsman.model.json import Json

_ENDS = frozenset(
    {
        JobStatus.SUCCEEDED,
        JobStatus.FAILED,
        JobStatus.TIMED_OUT,
        JobStatus.CANCELLED,
        JobStatus.INTERRUPTED,
    }
)

TRANSITIONS: Mapping[JobStatus, frozenset[JobStatus]] = {
    JobStatus.QUEUED: _ENDS | {JobStatus.QUEUED, JobStatus.RUNNING, JobStatus.SUPPRESSED},
    JobStatus.RUNNING: _ENDS | {JobStatus.QUEUED, JobStatus.RUNNING},
    JobStatus.SUCCEEDED: frozenset(),
    JobStatus.FAILED: frozenset(),
    JobStatus.TIMED_OUT: frozenset(),
    JobStatus.CANCELLED: frozenset(),
    JobStatus.SUPPRESSED: frozenset(),
    JobStatus.INTERRUPTED: frozenset(),
}
"""From each status to those that may follow. A final one is followed by none, so a late or repeated outcome changes nothing. An
open one may be followed by *queued*, to be tried again, and by itself, when what it waits for changes."""

_NEVER_BEGUN = frozenset({JobStatus.CANCELLED, JobStatus.SUPPRESSED})
"""What follows a queued job that nobody began to carry out."""


def advance(
    job: Job,
    status: JobStatus,
    at: int,
    *,
    error: str | None = None,
    description: Mapping[str, Json] | None = None,
    waits: Waits | None = None,
    ladder: Ladder | None = None,
) -> Job | None:
    """The job in its next status, or None when that status may not follow its present one. `ladder`: None leaves it as it is."""
    if status not in TRANSITIONS[job.status]:
        return None
    return Job(  # spelled out: dataclasses.replace costs four times as much, and every job comes through here
        id=job.id,
        operation_id=job.operation_id,
        owner=job.owner,
        user_id=job.user_id,
        timestamp=job.timestamp,
        status=status,
        description=job.description if description is None else description,
        process_meta=job.process_meta,
        change_id=job.change_id,
        args=job.args,
        attempts=job.attempts + (job.status is JobStatus.QUEUED and status not in _NEVER_BEGUN),
        finished=at if status.final else None,
        error=error,
        results=job.results,
        waits=waits,
        ladder=job.ladder if ladder is None else ladder,
        lineage=job.lineage,
    )
