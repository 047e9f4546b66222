"""A planned job is recorded: it begins, waits for its turn, takes the place of others, or is suppressed, as it is to be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pointsman.core.lifecycle import advance
from pointsman.core.plan import Plan
from pointsman.core.world import World
from pointsman.model.conduct import Conduct, Mode
from pointsman.model.effect import Announce, CallOff, Effect
from pointsman.model.job import Job, JobStatus, Waits
from pointsman.model.remembered import OpenJob
from pointsman.model.write import AddJob, UpdateJob, Write

MAY_BE_OUT = "; its message may have been published all the same"


def record(world: World, planned: Plan, writes: list[Write], effects: list[Effect]) -> Job:
    """Record a job that was planned, with what carries it out. Gives it as it is recorded."""
    job, dispatch = planned.job, planned.dispatch
    if dispatch is not None:
        conduct = world.catalog.conduct(job.owner, job.operation_id)
        if not conduct.is_plain:
            job = _admitted(world, job, conduct, writes, effects)
    writes.append(AddJob(job, None if job.status.final else dispatch))
    effects.append(Announce(job))
    if dispatch is not None and job.status is JobStatus.QUEUED and job.waits is None:
        effects.append(dispatch)
    return job


def call_off(job: Job, at: int, reason: str, writes: list[Write], effects: list[Effect]) -> Job:
    """Cancel an open job. One whose program runs ends only when its program has; until then its error says why it will."""
    if job.status is JobStatus.RUNNING and job.waits is None:
        told: Job | None = replace(job, error=reason)
    else:
        handed = job.status is JobStatus.QUEUED and job.waits is None and "topic" in job.description
        told = advance(job, JobStatus.CANCELLED, at, error=reason + MAY_BE_OUT if handed else reason)
    if told is None:
        return job
    writes.append(UpdateJob(told))
    effects += [Announce(told), CallOff(told.id)]
    return told


def others_open(world: World, job: Job, writes: Sequence[Write]) -> list[OpenJob]:
    """The other open jobs of the same operation of the same entity, oldest first; `writes` is what is decided already."""
    found = {each.id: each for each in world.standing.underway.of(job.owner, job.operation_id)}
    for write in writes:
        if isinstance(write, AddJob | UpdateJob) and (write.job.owner, write.job.operation_id) == (job.owner, job.operation_id):
            if write.job.status.final:
                found.pop(write.job.id, None)
            else:
                found[write.job.id] = OpenJob(write.job.id, job.owner, job.operation_id, write.job.waits)
    found.pop(job.id, None)
    return list(found.values())


def _admitted(world: World, job: Job, conduct: Conduct, writes: list[Write], effects: list[Effect]) -> Job:
    mode, others = conduct.mode, others_open(world, job, writes)
    if not others:
        return job
    if mode is Mode.SINGLE:
        return _suppressed(job, f"busy: job {others[0].id} of the same operation is open still, and the mode is single")
    if mode is Mode.RESTART:
        reason = f"job {job.id} took its place: the mode of the operation is restart"
        known = [world.jobs.get(each.id) for each in others]
        ended = [each is not None and call_off(each, job.timestamp, reason, writes, effects).status.final for each in known]
        return job if all(ended) else replace(job, waits=Waits.TURN)
    if conduct.max and len(others) >= conduct.max:
        return _suppressed(job, f"busy: {len(others)} jobs of the same operation are open, and max is {conduct.max}")
    return replace(job, waits=Waits.TURN) if mode is Mode.QUEUED else job


def _suppressed(job: Job, reason: str) -> Job:
    return advance(job, JobStatus.SUPPRESSED, job.timestamp, error=reason) or job
