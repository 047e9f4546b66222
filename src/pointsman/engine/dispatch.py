"""Lets effects out, after their transaction has committed and never before; hands jobs to the ports that carry them out.

The job table is the outbox. A port is given as many jobs as it has room for; the rest wait in the store, in the order of their
ids. So memory stays bounded, and a restart needs nothing of its own: everything that is open waits in the store then.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Set
from dataclasses import dataclass, field
from typing import Generic, TypeAlias, TypeVar

from pointsman.engine.ports import ProgramPool, Publisher, Unit
from pointsman.engine.timers import Timers
from pointsman.model.command import Finish
from pointsman.model.delivery import Delivery
from pointsman.model.effect import (
    Acknowledge,
    Announce,
    Answer,
    CallOff,
    Effect,
    Publish,
    ReplyTo,
    Resume,
    StartProgram,
    WakeAt,
)
from pointsman.model.ids import JobId
from pointsman.model.job import Job, JobStatus

PAGE = 200
"""How many waiting jobs are read at a time."""
PAGES = 10
"""How many pages are read in one transaction at most, so that the line never waits long."""

INTERRUPTED = "the worker went down while the program ran: its outcome is unknown"


D = TypeVar("D", Publish, StartProgram)


@dataclass(slots=True)
class Lane(Generic[D]):
    """One port that carries out jobs, and from where in the store on jobs wait for it."""

    kind: type[D]
    hand: Callable[[D], None]
    room: Callable[[], int]
    adopt: Callable[[D], None] | None = None
    """Takes up a job that a worker before this one had begun; without it, nobody knows what became of such a job."""
    after: JobId | None = None
    """No job of this kind up to this one waits."""
    waiting: bool = True
    """Whether jobs may wait in the store; at a start they do."""
    handed: set[JobId] = field(default_factory=set)
    """The jobs that the port has: they are open in the store, and must not be handed over again."""
    enough: int = field(init=False)
    """How much room makes it worth reading them."""

    def __post_init__(self) -> None:
        self.enough = max(1, min(PAGE, self.room() // 2))

    def offer(self, dispatch: D) -> bool:
        """Hand over a new job, unless others wait before it or there is no room: then it waits in the store too."""
        if not self.waiting and self.room() > 0:
            self.take(dispatch)
            self.after = dispatch.job
            return True
        self.waiting = True
        return False

    def take(self, dispatch: D) -> None:
        """Hand a job to the port."""
        self.handed.add(dispatch.job)
        self.hand(dispatch)

    def resume(self, job: JobId) -> None:
        """A job that waited for something, or is to be carried out again, is open in the store again."""
        self.handed.discard(job)
        self.waiting = True
        if self.after is not None and job <= self.after:
            self.after = JobId(job[:-1])  # comes before it, and before little else: what is in hand is passed over

    @property
    def ready(self) -> bool:
        """Whether waiting jobs should be read now."""
        return self.waiting and self.room() >= self.enough

    def read(self, unit: Unit) -> Refill[D]:
        """The jobs that come next, as many as there is room for."""
        refill = Refill(self, self.after)
        room = self.room()
        for _ in range(PAGES):
            page = unit.open_jobs(refill.after, PAGE)
            for job, dispatch in page:
                if isinstance(dispatch, self.kind) and job.id not in self.handed:
                    if len(refill.jobs) >= room:
                        return refill
                    refill.jobs.append((job, dispatch))
                refill.after = job.id
            if len(page) < PAGE:
                refill.waiting = False
                break
        return refill


@dataclass(slots=True)
class Refill(Generic[D]):
    """Jobs that were read for a lane, to be handed over once the transaction has committed."""

    lane: Lane[D]
    after: JobId | None
    jobs: list[tuple[Job, D]] = field(default_factory=list)
    waiting: bool = True

    def hand_over(self, withdrawn: Set[JobId]) -> None:
        """The transaction has committed. `withdrawn` are jobs that, by it, are not to be carried out now."""
        self.lane.after = self.after
        self.lane.waiting = self.waiting
        for job, dispatch in self.jobs:
            if job.status is JobStatus.QUEUED and job.id not in withdrawn:
                self.lane.take(dispatch)
            elif job.status is JobStatus.RUNNING and self.lane.adopt is not None:
                self.lane.handed.add(job.id)
                self.lane.adopt(dispatch)

    def interrupted(self) -> list[Finish]:
        """What became of those that a worker before this one had begun: all that this one begins is behind `lane.after`."""
        if self.lane.adopt is not None:
            return []
        return [
            Finish(job=job.id, status=JobStatus.INTERRUPTED, error=INTERRUPTED)
            for job, _ in self.jobs
            if job.status is JobStatus.RUNNING
        ]


AnyRefill: TypeAlias = "Refill[Publish] | Refill[StartProgram]"


class Dispatcher:
    """From effects to ports. `open` are the jobs that were handed over and are not final, as they stand."""

    def __init__(self, publisher: Publisher, programs: ProgramPool, timers: Timers, hold: int = 0) -> None:
        self._timers = timers
        self._publisher = publisher
        self._pool = programs
        self._publishes = Lane(Publish, publisher.publish, publisher.room)
        self._programs = Lane(StartProgram, programs.start, programs.room, programs.adopt)
        self._settled = programs.settled
        self.open: dict[JobId, Job] = {}
        self._unacknowledged: deque[Delivery] = deque()
        self._ease = publisher.room() // 2
        self._hold = hold

    @property
    def ready(self) -> bool:
        """Whether `read` would find something to do, as far as is known."""
        return self._publishes.ready or self._programs.ready

    def read(self, unit: Unit) -> list[AnyRefill]:
        """Jobs that wait in the store, for each port that has room for them."""
        refills: list[AnyRefill] = []
        if self._publishes.ready:
            refills.append(self._publishes.read(unit))
        if self._programs.ready:
            refills.append(self._programs.read(unit))
        return refills

    def resume(self, refills: Iterable[AnyRefill], withdrawn: Set[JobId]) -> None:
        """Hand over what was read, but for what was `withdrawn` by the transaction that read it."""
        for refill in refills:
            self.open.update({job.id: job for job, _ in refill.jobs if job.status is JobStatus.QUEUED})
            refill.hand_over(withdrawn)

    def release(self, effects: Iterable[Effect]) -> None:
        """Let the effects out, in order."""
        publisher = self._publisher
        for effect in effects:
            match effect:
                case Acknowledge(delivery):
                    self._unacknowledged.append(delivery)
                    self.acknowledge()
                case Announce(job):
                    self._follow(job)
                    publisher.announce(job)
                case Publish():
                    self._offer(self._publishes, effect)
                case StartProgram():
                    self._offer(self._programs, effect)
                case Resume(job_id):
                    self._settled(job_id)
                    self._publishes.resume(job_id)
                    self._programs.resume(job_id)
                case CallOff(job_id):
                    self._pool.cancel(job_id)
                    publisher.withdraw(job_id)
                case WakeAt(timer, due, by_clock):
                    self._timers.set(timer, due, by_clock=by_clock)
                case Answer(to=to, body=body):
                    if isinstance(to, ReplyTo):
                        publisher.answer(to, body)
                    else:
                        to(body)

    def acknowledge(self) -> None:
        """Acknowledge what is durable, in order; but hold back up to `hold` of them while publishing lags behind.

        Then the broker, which sends no more than its window of unacknowledged messages, slows down with us: what comes in faster
        than it can go out would only travel through the store. Should the worker die meanwhile, the messages come again and are
        recognised. A broker that does not keep to the window (Mosquitto before 2.0.13) gains nothing by our holding back more.
        """
        while self._unacknowledged and (self._publishes.room() >= self._ease or len(self._unacknowledged) > self._hold):
            self._publisher.acknowledge(self._unacknowledged.popleft())

    def _offer(self, lane: Lane[D], dispatch: D) -> None:
        if not lane.offer(dispatch):
            self.open.pop(dispatch.job, None)

    def _follow(self, job: Job) -> None:
        if job.status.final or job.waits is not None:
            self._publishes.handed.discard(job.id)
            self._programs.handed.discard(job.id)
        # A job with custom results is read from the store when it is needed: a copy here would announce old ones.
        if job.status.final or job.waits is not None:
            self._settled(job.id)
        if job.status.final or job.waits is not None or job.results:
            self.open.pop(job.id, None)
        else:
            self.open[job.id] = job
