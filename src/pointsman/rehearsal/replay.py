"""Recorded history against a catalog: what would have been decided, held against what was.

The record is told in the order of its ids, which is that of the decisions. Each change is reported again, with its message; each
request is made again; jobs end as they did. Timers come up by the virtual clock, unless a job on record says when the worker's
own came up: a worker is never quite on time, and while it is down it is blind.

What is the same gets the same id: then messages that name their job, and whatever is derived from ids, are the same too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from pointsman.core.world import Decision
from pointsman.model.catalog import Catalog
from pointsman.model.command import Command, ReportState, TimerDue
from pointsman.model.ids import SYSTEM_USER, EntityRef, JobId, TriggerId
from pointsman.model.job import Job, JobStatus
from pointsman.model.state import Retained, StateChange
from pointsman.model.timer import TimerKind
from pointsman.model.trigger import StateTrigger
from pointsman.model.write import STARTED, AddAudit, AddChange, Considered, SaveTimer
from pointsman.rehearsal.comparison import Comparison, first_words
from pointsman.rehearsal.course import Course
from pointsman.rehearsal.ids import of_trigger
from pointsman.rehearsal.recorded import Recorded, report_of, request_of, time_of
from pointsman.rehearsal.stage import Begin, Pending
from pointsman.rehearsal.timing import EARLY, GIVES_WAY, LATE, Match, Timing

_FOR_THE_TIME_BEING = frozenset({"cooldown", "limit", "quarantined", "loop"})
"""Reasons not to fire that lie in what was before the change."""


class Replay:
    """One run over the record. `seed` it where it does not begin at the beginning, then `run`."""

    def __init__(self, catalog: Catalog, begin: Begin, comparison: Comparison) -> None:
        self._course = Course(catalog, begin, comparison)
        self._stage = self._course.stage
        self._comparison = comparison
        self._timing = Timing()
        self._last: int | None = None
        """When the worker was last seen to be up, in ms."""
        self._started = 0
        self._down = False
        """Whether the worker had stopped."""
        self.requests = 0
        """How many requests of users were made again."""

    def seed(self, changes: Iterable[AddChange], start: int, stopped: int | None) -> None:
        """The last changes of each entity before the time `start`, in ms, in the order of their ids. They are not compared.

        `stopped`: when the worker had stopped that was down at that time, in ms; None when none was.
        """
        course = self._course
        course.compares = False
        for each in changes:
            self._align(each.change)
            self._report(each)
            self._drop_what_rested(each)
            course.end_jobs(each.change.at)
        up = start if stopped is None else stopped
        while (pending := self._stage.next()) is not None and pending.comes < up:
            self._stage.pop()
            if pending.timer.kind is TimerKind.REPEAT and (every := self._every(pending)):
                due = pending.comes + -(-(up - pending.comes) // every) * every
                self._stage.put(Pending(replace(pending.timer, due=due), due, unsteady=True), due)
            else:
                course.tell(TimerDue(pending.timer.id), pending.comes)
                course.end_jobs(pending.comes)
        course.compares = True
        self._last, self._down = up, stopped is not None
        course.restart(up)

    def run(self, record: Iterable[Recorded], until: int) -> None:
        """All that is on record, and then on to the time `until`, in ms."""
        for item in record:
            at = time_of(item)
            if self._last is None:
                self._course.restart(at)
            match item:
                case AddChange():
                    self._change(item)
                case Job():
                    self._job(item)
                case AddAudit(action=action):
                    self._start(at) if action == STARTED else self._stop(at)
            self._last = at
        if not self._down:
            self._course.go_on(until)
            if self._last is not None:
                # What was due up to the last that is on record has come up, however little time has passed since.
                self._course.go_on(self._last, 0)
        self._comparison.close()

    # Changes

    def _change(self, item: AddChange) -> None:
        change = item.change
        self._miss(change.id, change.at)
        self._course.go_on(change.at)
        self._course.settle(change.entity, change.at)
        self._comparison.change(change.entity, change.id, change.at, silent=not item.payload)
        self._align(change)
        report, was = report_of(item), {trigger: each.skipped for trigger, each in first_words(item.trace).items()}
        self._course.end_jobs_unless(change.at, lambda: _verdicts(self._stage.consider(report, change.at)) == was)
        self._report(item)

    def _report(self, item: AddChange) -> None:
        """Report a change as it was reported."""
        change, words = item.change, first_words(item.trace)
        jobs = {trigger: each.job for trigger, each in words.items() if each.job is not None}

        def carry(made: Job) -> JobId | None:
            return jobs.get(made.process_meta.trigger) if made.process_meta else None

        decision = self._course.tell(report_of(item), change.at, change.id, carry)
        trace = next((write.trace for write in decision.writes if isinstance(write, AddChange)), ())
        if self._course.compares and item.payload:
            self._comparison.judged(change.id, change.at, item.trace, trace)
        self._confirm(change.entity, decision, words, trace)

    def _align(self, change: StateChange) -> None:
        """Be in the state that was left: a retained snapshot that only said what is left no change on record."""
        states = self._stage.world.states
        known = states.get(change.entity)
        if change.previous is None:
            states.pop(change.entity, None)
        elif known is None or known.state != change.previous:
            self._course.tell(ReportState(change.entity, change.previous, "", b"", Retained.BASELINE), change.at)

    def _confirm(
        self, entity: EntityRef, decision: Decision, was: Mapping[TriggerId, Considered], would: Iterable[Considered]
    ) -> None:
        """Holds that are on record as they would be set: until the same time."""
        alike = {each.trigger for each in would if each.job is None and was.get(each.trigger) == each}
        set_now = {write.timer.id for write in decision.writes if isinstance(write, SaveTimer) and write.timer.subject in alike}
        for pending in self._stage.waiting(entity):
            if pending.timer.id in set_now:
                pending.confirmed = pending.timer.kind is TimerKind.HOLD

    def _drop_what_rested(self, item: AddChange) -> None:
        """What the worker had reason not to do then, which is not known here, it did not do."""
        words = first_words(item.trace)
        for pending in self._stage.waiting(item.change.entity):
            was = words.get(TriggerId(pending.timer.subject))
            if was is not None and was.skipped in _FOR_THE_TIME_BEING:
                self._stage.drop(pending)

    # Jobs

    def _job(self, job: Job) -> None:
        course, at = self._course, job.timestamp
        self._miss(job.id, at)
        course.end_jobs(at - 1)
        if not self._comparison.expects(job.id):
            found = self._set_for(job)
            course.settle(job.owner, at - GIVES_WAY, but=found[0] if found else None)
            if job.change_id is not None:
                self._witness(job)
            elif job.user_id not in (None, SYSTEM_USER):
                self._request(job)
            else:
                self._by_itself(job)
        self._comparison.recorded(job)
        course.cues.record(job, at)
        course.go_on(at)

    def _witness(self, job: Job) -> None:
        """A timer came up when this job was made. One that would make none then came up before, and may have set another."""
        at = job.timestamp
        while (found := self._set_for(job)) is not None:
            pending, trigger = found
            match, due = self._timing.match(pending, trigger, at), TimerDue(pending.timer.id)
            if match is Match.THIS and self._course.would_add(due, at):
                self._end_jobs_before(due, job)
                self._course.tell(due, at, None, of_trigger(job))
                return
            if match is Match.NOT or pending.comes >= at:
                return
            self._course.come(pending)

    def _set_for(self, job: Job) -> tuple[Pending, StateTrigger] | None:
        """The timer that the change and the trigger of a job have set, while it waits."""
        meta, resolved = job.process_meta, self._stage.world.catalog.entity(job.owner)
        trigger = resolved.trigger(meta.trigger) if meta is not None and resolved is not None else None
        if trigger is None:
            return None
        mine = [each for each in self._stage.waiting(job.owner) if each.timer.subject == trigger.id]
        return next(((each, trigger) for each in mine if each.timer.waiting and each.timer.waiting.change == job.change_id), None)

    def _request(self, job: Job) -> None:
        request = request_of(job)
        self.requests += job.timestamp >= self._comparison.since
        self._end_jobs_before(request, job)
        self._course.tell(request, job.timestamp, None, lambda _: job.id)

    def _by_itself(self, job: Job) -> None:
        """No change and no user: a schedule, or a job that had timed out, led to this one."""
        at = job.timestamp

        def carry(made: Job) -> JobId | None:
            alike = made.owner == job.owner and made.operation_id == job.operation_id and made.args == job.args
            return job.id if alike and made.change_id is None else None

        for pending in self._stage.scheduled(job.owner, job.operation_id):
            due = TimerDue(pending.timer.id)
            if -EARLY <= at - pending.comes < LATE and any(carry(made) for made in self._course.would_add(due, at)):
                self._end_jobs_before(due, job)
                self._course.tell(due, at, None, carry)
                return
        self._course.end_jobs(at, carry)

    def _end_jobs_before(self, command: Command, job: Job) -> None:
        """As many jobs end in the ms of this one as have to, for it to be suppressed as it is on record, or not."""
        at, suppressed = job.timestamp, job.status is JobStatus.SUPPRESSED

        def as_on_record() -> bool:
            return suppressed in [made.status is JobStatus.SUPPRESSED for made in self._course.would_add(command, at)]

        self._course.end_jobs_unless(at, as_on_record)

    def _miss(self, id_: str, at: int) -> None:
        """The record has come to the id `id_`, at the time `at` in ms: what had to be on it up to there is not."""
        for gone in self._course.cues.missed(id_, at):
            self._comparison.forget(gone)

    # The worker

    def _start(self, at: int) -> None:
        """The worker started. What came due since it was last seen to be up, and would have made a job then, is late: it comes up
        now. What would have made none is taken to have come up in time: a worker is quiet for longer than it is down."""
        course = self._course
        last = max(self._last or at, course.cues.last_before(at))
        seen = max(last - GIVES_WAY, self._started)
        course.end_jobs(last)
        course.cues.put_off(last if self._down else seen, at)
        course.go_on(seen, 0)
        while (pending := self._stage.next()) is not None and pending.comes < at:
            due = TimerDue(pending.timer.id)
            if (self._down and pending.comes > last) or course.would_add(due, pending.comes):
                self._stage.put(pending, at)
            else:
                self._stage.pop()
                course.come(pending)
        course.end_jobs(at - 1)
        course.restart(at)
        self._started, self._down = at, False

    def _stop(self, at: int) -> None:
        """The worker stopped, in order: what comes due from now on comes up late."""
        self._course.go_on(at, GIVES_WAY)
        self._course.end_jobs(at)
        self._down = True

    def _every(self, pending: Pending) -> int | None:
        resolved = self._stage.world.catalog.entity(pending.timer.entity)
        trigger = resolved.trigger(TriggerId(pending.timer.subject)) if resolved else None
        return None if trigger is None else trigger.every_ms


def _verdicts(decision: Decision) -> dict[TriggerId, str | None]:
    trace = next((write.trace for write in decision.writes if isinstance(write, AddChange)), ())
    return {each.trigger: each.skipped for each in trace}
