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
from pointsman.model.ids import SYSTEM_USER, ChangeId, EntityRef, TriggerId
from pointsman.model.job import Job
from pointsman.model.state import Retained, StateChange
from pointsman.model.timer import TimerKind
from pointsman.model.trigger import StateTrigger
from pointsman.model.write import STARTED, AddAudit, AddChange, AddJob, Considered, SaveTimer
from pointsman.rehearsal.comparison import Comparison, first_words
from pointsman.rehearsal.cues import Cues
from pointsman.rehearsal.ids import Carry, Ids, of_trigger, on_record
from pointsman.rehearsal.recorded import Recorded, report_of, request_of, time_of
from pointsman.rehearsal.stage import Begin, Pending, Stage
from pointsman.rehearsal.timing import GIVES_WAY, LATE, Match, Timing, gives_way

_UNHEEDED = (TimerKind.SILENCE, TimerKind.MANUAL)
"""What these led to are changes on record; and that something was heard which changed nothing is not."""

_FOR_THE_TIME_BEING = frozenset({"cooldown", "limit", "quarantined", "loop"})
"""Reasons not to fire that lie in what was before the change."""


class Replay:
    """One run over the record. `seed` it where it does not begin at the beginning, then `run`."""

    def __init__(self, catalog: Catalog, begin: Begin, comparison: Comparison) -> None:
        self._stage = Stage(catalog, begin, _UNHEEDED)
        self._cues = Cues(self._stage.world)
        self._comparison = comparison
        self._timing = Timing()
        self._compares = True
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
        self._compares = False
        for each in changes:
            self._report(each)
            self._without_what_rested(each)
            self._let_jobs_end(each.change.at)
        up = start if stopped is None else stopped
        while (pending := self._stage.next()) is not None and pending.comes < up:
            self._stage.pop()
            if pending.timer.kind is TimerKind.REPEAT and (every := self._every(pending)):
                due = pending.comes + -(-(up - pending.comes) // every) * every
                self._stage.put(Pending(replace(pending.timer, due=due), due, unsteady=True), due)
            else:
                self._tell(TimerDue(pending.timer.id), pending.comes)
                self._let_jobs_end(pending.comes)
        self._compares = True
        self._last, self._down = up, stopped is not None
        self._tell_all(self._stage.restart(up), up)

    def _without_what_rested(self, item: AddChange) -> None:
        """What the worker had reason not to do then, which is not known here, it did not do."""
        words = first_words(item.trace)
        for pending in self._stage.waiting(item.change.entity):
            was = words.get(TriggerId(pending.timer.subject))
            if was is not None and was.skipped in _FOR_THE_TIME_BEING:
                self._stage.drop(pending)

    def run(self, record: Iterable[Recorded], until: int) -> None:
        """All that is on record, and then on to the time `until`, in ms."""
        for item in record:
            at = time_of(item)
            if self._last is None:
                self._tell_all(self._stage.restart(at), at)
            match item:
                case AddChange():
                    self._change(item)
                case Job():
                    self._job(item)
                case AddAudit(action=action):
                    self._start(at) if action == STARTED else self._stop(at)
            self._last = at
        if not self._down:
            # What was due up to the last that is on record has come up, however little time has passed since.
            self._pass(until if self._last is None else max(until, self._last + LATE))
        self._comparison.close()

    # What is on record

    def _change(self, item: AddChange) -> None:
        change = item.change
        self._miss(change.id, change.at)
        self._pass(change.at)
        self._settle(change.entity, change.at)
        self._comparison.change(change.entity, change.id, change.at, silent=not item.payload)
        self._report(item)

    def _report(self, item: AddChange) -> None:
        """Report a change as it was reported."""
        change, words = item.change, first_words(item.trace)
        self._align(change)
        jobs = {trigger: each.job for trigger, each in words.items() if each.job is not None}
        decision = self._tell(
            report_of(item), change.at, change.id, lambda job: jobs.get(job.process_meta.trigger) if job.process_meta else None
        )
        trace = next((write.trace for write in decision.writes if isinstance(write, AddChange)), ())
        if self._compares and item.payload:
            self._comparison.judged(change.id, change.at, item.trace, trace)
        self._confirm(change.entity, decision, words, trace)

    def _align(self, change: StateChange) -> None:
        """Be in the state that was left: a retained snapshot that only said what is left no change on record."""
        states = self._stage.world.states
        known = states.get(change.entity)
        if change.previous is None:
            states.pop(change.entity, None)
        elif known is None or known.state != change.previous:
            self._tell(ReportState(change.entity, change.previous, "", b"", Retained.BASELINE), change.at)

    def _confirm(
        self, entity: EntityRef, decision: Decision, was: Mapping[TriggerId, Considered], would: Iterable[Considered]
    ) -> None:
        """Holds that are on record as they would be set: until the same time."""
        alike = {each.trigger for each in would if each.job is None and was.get(each.trigger) == each}
        set_now = {write.timer.id for write in decision.writes if isinstance(write, SaveTimer) and write.timer.subject in alike}
        for pending in self._stage.waiting(entity):
            if pending.timer.id in set_now:
                pending.confirmed = pending.timer.kind is TimerKind.HOLD

    def _job(self, job: Job) -> None:
        at = job.timestamp
        self._miss(job.id, at)
        self._let_jobs_end(at)
        if not self._comparison.expects(job.id):
            self._settle(job.owner, at - GIVES_WAY, but=self._set_for(job))
            if job.change_id is not None:
                self._witness(job)
            elif job.user_id not in (None, SYSTEM_USER):
                self._request(job)
        self._comparison.recorded(job)
        self._cues.record(job, at)
        self._pass(at)

    def _witness(self, job: Job) -> None:
        """A timer came up when this job was made. One that would make none then came up before, and may have set another."""
        at = job.timestamp
        while (found := self._set_for(job)) is not None:
            pending, trigger = found
            match = self._timing.match(pending, trigger, at)
            if match is Match.THIS and self._makes_a_job(pending, at):
                self._tell(TimerDue(pending.timer.id), at, None, of_trigger(job))
                return
            if match is Match.NOT or pending.comes >= at:
                return
            self._come(pending)

    def _makes_a_job(self, pending: Pending, at: int) -> bool:
        """Whether a timer that came up at the time `at`, in ms, would make a job."""
        decision = self._stage.consider(TimerDue(pending.timer.id), at)
        return any(isinstance(write, AddJob) for write in decision.writes)

    def _set_for(self, job: Job) -> tuple[Pending, StateTrigger] | None:
        """The timer that the change and the trigger of a job have set, while it waits."""
        meta, resolved = job.process_meta, self._stage.world.catalog.entity(job.owner)
        trigger = resolved.trigger(meta.trigger) if meta is not None and resolved is not None else None
        if trigger is None:
            return None
        mine = [each for each in self._stage.waiting(job.owner) if each.timer.subject == trigger.id]
        return next(((each, trigger) for each in mine if each.timer.waiting and each.timer.waiting.change == job.change_id), None)

    def _request(self, job: Job) -> None:
        self.requests += job.timestamp >= self._comparison.since
        self._tell(request_of(job), job.timestamp, None, lambda _: job.id)

    def _start(self, at: int) -> None:
        """The worker started. What came due since it was last seen to be up, and would have made a job then, is late: it comes up
        now. What would have made none is taken to have come up in time: a worker is quiet for longer than it is down."""
        last = max(self._last or at, self._cues.last_before(at))
        seen = max(last - GIVES_WAY, self._started)
        self._pass(seen + LATE)
        while (pending := self._stage.next()) is not None and pending.comes < at:
            if (self._down and pending.comes > last) or self._makes_a_job(pending, pending.comes):
                self._stage.put(pending, at)
            else:
                self._stage.pop()
                self._come(pending)
        self._let_jobs_end(at)
        self._tell_all(self._stage.restart(at), at)
        self._started, self._down = at, False

    def _stop(self, at: int) -> None:
        """The worker stopped, in order: what comes due from now on comes up late."""
        self._pass(at - GIVES_WAY + LATE)
        self._down = True

    # Time

    def _miss(self, id_: str, at: int) -> None:
        """The record has come to the id `id_`, at the time `at` in ms: what had to be on it up to there is not."""
        for gone in self._cues.missed(id_, at):
            self._comparison.forget(gone)

    def _pass(self, until: int) -> None:
        """Jobs end, and timers come up that nothing on record speaks of: as late as one may be that is."""
        while True:
            ends, pending = self._cues.next_at, self._stage.next()
            comes = None if pending is None or pending.comes + LATE > until else pending.comes
            if ends is not None and ends <= until and (comes is None or ends <= comes):
                self._let_one_job_end(ends)
            elif comes is not None and pending is not None:
                self._stage.pop()
                self._come(pending)
            else:
                break
        self._comparison.expire(until)

    def _settle(self, entity: EntityRef, at: int, but: tuple[Pending, StateTrigger] | None = None) -> None:
        """Something happens to the entity now: what waits on its state, all but one timer, comes up before that if it has to."""
        left_out = None if but is None else but[0]
        while True:
            waiting = self._stage.waiting(entity)
            due = [each for each in waiting if each is not left_out and each.comes + gives_way(each) <= at]
            if not due:
                return
            first = min(due, key=lambda each: each.comes)
            self._come(first)
            self._let_jobs_end(first.comes)

    def _come(self, pending: Pending) -> None:
        """A timer comes up at its time. What it sets in its place is known as little, or as well, as it was."""
        self._tell(TimerDue(pending.timer.id), pending.comes)
        if pending.unsteady or pending.confirmed:
            for each in self._stage.waiting(pending.timer.entity):
                if each.timer.subject == pending.timer.subject:
                    each.unsteady = each.unsteady or pending.unsteady
                    each.confirmed = each.confirmed or each.timer.kind is pending.timer.kind is TimerKind.HOLD

    def _let_jobs_end(self, until: int) -> None:
        while (ends := self._cues.next_at) is not None and ends <= until:
            self._let_one_job_end(ends)

    def _let_one_job_end(self, at: int) -> None:
        command = self._cues.pop()
        if command is not None:
            self._tell(command, at)

    def _every(self, pending: Pending) -> int | None:
        resolved = self._stage.world.catalog.entity(pending.timer.entity)
        trigger = next((each for each in resolved.triggers if each.id == pending.timer.subject), None) if resolved else None
        return None if trigger is None else trigger.every_ms

    # Deciding

    def _tell(self, command: Command, at: int, change: ChangeId | None = None, carry: Carry | None = None) -> Decision:
        """Decide a command, with the ids on record for what is on record."""
        ids = Ids(self._stage.new_id, change)
        decision = self._stage.consider(command, at, ids)
        known = dict(on_record(decision, change, carry))
        if any(made != wanted for made, wanted in known.items()):
            decision = self._stage.consider(command, at, ids.again(known))
        self._stage.apply(decision)
        self._tell_all(decision, at, frozenset(known.values()))
        return decision

    def _tell_all(self, decision: Decision, at: int, known: frozenset[str] = frozenset()) -> None:
        """Let the others know what was decided. `known`: the ids of it that are on record."""
        for write in decision.writes:
            if isinstance(write, AddJob) and self._compares:
                self._comparison.made(write.job, write.dispatch, on_record=write.job.id in known)
                if write.job.id in known:
                    self._cues.await_record(write.job.id)
        self._cues.let_out(decision.effects, at)
