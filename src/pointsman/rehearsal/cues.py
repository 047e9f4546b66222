"""What became of jobs, as far as it is on record: the commands that carried them to their ends, at their times.

A job that is not on record succeeds as soon as it is begun, and its device answers. Of one that was tried several times only the
last try is on record: the ones before fail at once. When a program had ended whose device had to answer then is not on record: it
is taken to have been as long before the deadline as that lasts.
"""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heapify, heappop, heappush

from pointsman.core.world import World
from pointsman.model.command import AddResult, Command, Finish, ReportState, TimerDue
from pointsman.model.conduct import Conduct
from pointsman.model.effect import CallOff, Effect, Publish, Resume, StartProgram
from pointsman.model.ids import MQTT_USER, JobId
from pointsman.model.job import Job, JobStatus
from pointsman.model.timer import Timer, TimerKind
from pointsman.rehearsal.timing import LATE


class Cues:
    """Tell it what is let out, and what is on record; it gives the commands, each when its time has come."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._heap: list[tuple[int, int, Command | JobId]] = []
        self._count = 0
        self._recorded: dict[JobId, Job] = {}
        """The open jobs that are on record."""
        self._awaited: dict[JobId, int | None] = {}
        """Jobs that must be on record and have not come up there yet, with when they began, if they have."""

    # What is told

    def await_record(self, job: JobId) -> None:
        """A job was made that is on record further on."""
        self._awaited[job] = None

    def record(self, job: Job, at: int) -> None:
        """A job came up on record, at the time `at` in ms."""
        began = self._awaited.pop(job.id, None)
        if job.id in self._world.jobs:
            self._recorded[job.id] = job
            if began is not None:
                self._begin(job.id, at)

    def missed(self, before: str, at: int) -> Iterator[JobId]:
        """The record has gone on to the id `before`: jobs that were awaited up to there are not on it any more."""
        gone = [job for job in self._awaited if job < before]
        for job in gone:
            if self._awaited.pop(job) is not None:
                self._begin(job, at)
        yield from gone

    def let_out(self, effects: tuple[Effect, ...], at: int) -> None:
        """Effects of a decision, at the time `at` in ms."""
        for effect in effects:
            match effect:
                case Publish(job=job) | StartProgram(job=job) | Resume(job):
                    if job in self._awaited:
                        self._awaited[job] = at
                    else:
                        self._begin(job, at)
                case CallOff(job):
                    known = self._recorded.get(job)
                    if known is None or known.status is not JobStatus.CANCELLED:
                        self._push(at, Finish(job=job, status=JobStatus.CANCELLED))

    def deadline(self, timer: Timer) -> None:
        """A job waits for a time: one that has timed out on record comes to it when it did there, if it is the same.

        One that is open there still, and of which it isn't known since when it waits, does not come to it.
        """
        job = self._recorded.get(JobId(timer.subject))
        if job is not None and job.finished is None and job.ladder.acknowledged is None and timer.kind is not TimerKind.RETRY:
            return
        ended = job.finished if job is not None and job.status is JobStatus.TIMED_OUT else None
        self._push(ended if ended is not None and 0 <= ended - timer.due < LATE else timer.due, TimerDue(timer.id))

    def put_off(self, since: int, until: int) -> None:
        """Nobody was there between these times, in ms: what jobs wait for comes up in the end."""
        self._heap = [
            (until if isinstance(cue, TimerDue) and since < at < until else at, number, cue) for at, number, cue in self._heap
        ]
        heapify(self._heap)

    # What it gives

    @property
    def next_at(self) -> int | None:
        """When the next command comes, in ms."""
        return self._heap[0][0] if self._heap else None

    @property
    def next_is_seen(self) -> bool:
        """Whether the next one is that the effect of a job is seen: the entity is still in the state that shows it."""
        return bool(self._heap) and isinstance(self._heap[0][2], str)

    def last_before(self, until: int) -> int:
        """The last time before `until`, in ms, at which the worker took in something of all this; 0 when there is none."""
        return max([at for at, _, cue in self._heap if at < until and isinstance(cue, Finish | AddResult)], default=0)

    def pop(self) -> Command | None:
        """The next command; None when there is nothing in it any more."""
        _, _, command = heappop(self._heap)
        if isinstance(command, str):
            return self._confirmation(command)
        if isinstance(command, Finish | AddResult) and command.job not in self._world.jobs:
            self._recorded.pop(command.job, None)
            return None
        return command

    def _begin(self, id_: JobId, at: int) -> None:
        job, open_ = self._recorded.get(id_), self._world.jobs.get(id_)
        if job is None:
            self._push(at, Finish(job=id_, status=JobStatus.SUCCEEDED))
            self._push(at, AddResult(job=id_, payload=None, by=MQTT_USER, answer=True))
        elif open_ is not None and open_.attempts + 1 < job.attempts:
            self._push(at, Finish(job=id_, status=JobStatus.FAILED, error="one of the tries that are not on record"))
        else:
            for when, command in _course(job, self._world.catalog.conduct(job.owner, job.operation_id)):
                self._push(max(at, when), command)

    def _confirmation(self, id_: JobId) -> Command | None:
        """The entity says again in which state it is: reports that change nothing are not on record."""
        job = self._world.jobs.get(id_)
        state = self._world.states.get(job.owner) if job else None
        return None if job is None or state is None else ReportState(job.owner, state.state, "", b"")

    def _push(self, at: int, command: Command | JobId) -> None:
        self._count += 1
        heappush(self._heap, (at, self._count, command))


def _course(job: Job, conduct: Conduct) -> Iterator[tuple[int, Command | JobId]]:
    """The last try of a job on record: how far it got, and when."""
    ladder = job.ladder
    carried_out = _carried_out(job, conduct)
    if carried_out is not None:
        yield carried_out, Finish(job=job.id, status=JobStatus.SUCCEEDED, reason_code=ladder.reason_code)
    if ladder.answered is not None:
        for result in job.results:
            if result.timestamp == ladder.answered:
                yield ladder.answered, AddResult(job=job.id, payload=result.payload, by=result.by, answer=True)
    if ladder.confirmed is not None:
        yield ladder.confirmed - 1, job.id  # what is seen by a change of state is seen again by that
    if job.finished is not None and job.status is not JobStatus.SUCCEEDED:
        yield job.finished, Finish(job=job.id, status=job.status, error=job.error)


def _carried_out(job: Job, conduct: Conduct) -> int | None:
    """When its message was acknowledged, or its program had ended well, in ms; None when that did not happen."""
    ladder, finished = job.ladder, job.finished
    if ladder.acknowledged is not None:
        return ladder.acknowledged
    if job.status is JobStatus.SUCCEEDED:
        # What came last ended it; when that was not this, it was before the first of the others as far as anybody knows.
        rungs = [at for at in (ladder.answered, ladder.confirmed) if at is not None]
        return min(rungs) - 1 if finished in rungs else finished
    missing = [
        rule.within_ms
        for rule, rung in ((conduct.expect, ladder.answered), (conduct.confirm, ladder.confirmed))
        if rule is not None and rung is None
    ]
    if job.status is JobStatus.TIMED_OUT and finished is not None and missing:
        return finished - min(missing)
    return job.timestamp if job.status is JobStatus.RUNNING and job.waits is not None else None
