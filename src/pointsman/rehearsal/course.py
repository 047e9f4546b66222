"""What a replay has on its stage: decisions are made with the ids on record, jobs end as they did, and time goes on.

Knows what is told to it and when; which of what is on record that is, the replay knows.
"""

from __future__ import annotations

from collections.abc import Callable

from pointsman.core.world import Decision
from pointsman.model.catalog import Catalog
from pointsman.model.command import Command, TimerDue
from pointsman.model.ids import ChangeId, EntityRef
from pointsman.model.job import Job
from pointsman.model.timer import TimerKind
from pointsman.model.write import AddJob, SaveTimer
from pointsman.rehearsal.comparison import Comparison
from pointsman.rehearsal.cues import Cues
from pointsman.rehearsal.ids import Carry, Ids, on_record
from pointsman.rehearsal.stage import Begin, Pending, Stage
from pointsman.rehearsal.timing import LATE, gives_way

_OF_JOBS = (TimerKind.RETRY, TimerKind.ANSWER, TimerKind.CONFIRMATION)
_UNHEEDED = (TimerKind.SILENCE, TimerKind.MANUAL, *_OF_JOBS)
"""Timers that do not come up by themselves. What the first led to are changes on record, and that something was heard which
changed nothing is not; those of jobs come with the other cues of theirs."""


class Course:
    """`tell` it what happens; `go_on` lets time pass."""

    def __init__(self, catalog: Catalog, begin: Begin, comparison: Comparison) -> None:
        self.stage = Stage(catalog, begin, _UNHEEDED)
        self.cues = Cues(self.stage.world)
        self.compares = True
        """Whether the comparison is told what jobs are made."""
        self._comparison = comparison

    # Deciding

    def tell(self, command: Command, at: int, change: ChangeId | None = None, carry: Carry | None = None) -> Decision:
        """Decide a command, at the time `at` in ms, with the ids on record for what is on record."""
        ids = Ids(self.stage.new_id, change)
        decision = self.stage.consider(command, at, ids)
        known = dict(on_record(decision, change, carry))
        if any(made != wanted for made, wanted in known.items()):
            decision = self.stage.consider(command, at, ids.again(known))
        self.stage.apply(decision)
        self._let_know(decision, at, frozenset(known.values()))
        return decision

    def restart(self, at: int) -> None:
        """The worker starts, at the time `at` in ms."""
        self._let_know(self.stage.restart(at), at)

    def would_add(self, command: Command, at: int) -> list[Job]:
        """The jobs that a command would make at the time `at`, in ms."""
        return added(self.stage.consider(command, at))

    def _let_know(self, decision: Decision, at: int, known: frozenset[str] = frozenset()) -> None:
        for write in decision.writes:
            match write:
                case AddJob(job, dispatch) if self.compares:
                    self._comparison.made(job, dispatch, on_record=job.id in known)
                    if job.id in known:
                        self.cues.await_record(job.id)
                case SaveTimer(timer) if timer.kind in _OF_JOBS:
                    self.cues.deadline(timer)
        self.cues.let_out(decision.effects, at)

    # Time

    def go_on(self, until: int, patience: int = LATE) -> None:
        """Up to the time `until`, in ms, jobs end, and timers come up that nothing on record has spoken of for so long."""
        while True:
            ends, pending = self.cues.next_at, self.stage.next()
            comes = None if pending is None or pending.comes + patience > until else pending.comes
            if ends is not None and ends < until and (comes is None or ends <= comes):
                self._end_one(ends)
            elif comes is not None and pending is not None:
                self.stage.pop()
                self.come(pending)
            else:
                break
        self._comparison.expire(until)

    def settle(self, entity: EntityRef, at: int, but: Pending | None = None) -> None:
        """Something happens to the entity now: what waits on its state, all but one timer, comes up before that if it has to."""
        while True:
            waiting = self.stage.waiting(entity)
            due = [each for each in waiting if each is not but and each.comes + gives_way(each) <= at]
            if not due:
                return
            first = min(due, key=lambda each: each.comes)
            self.come(first)
            self.end_jobs(first.comes)

    def come(self, pending: Pending) -> None:
        """A timer comes up at its time. What it sets in its place is known as little, or as well, as it was."""
        self.tell(TimerDue(pending.timer.id), pending.comes)
        if pending.unsteady or pending.confirmed:
            for each in self.stage.waiting(pending.timer.entity):
                if each.timer.subject == pending.timer.subject:
                    each.unsteady = each.unsteady or pending.unsteady
                    each.confirmed = each.confirmed or each.timer.kind is pending.timer.kind is TimerKind.HOLD

    def end_jobs(self, until: int, carry: Carry | None = None) -> None:
        """What becomes of jobs up to the time `until`, in ms, that included."""
        while (ends := self.cues.next_at) is not None and ends <= until:
            self._end_one(ends, carry)

    def end_jobs_unless(self, at: int, as_on_record: Callable[[], bool]) -> None:
        """Of what falls on one and the same ms the record tells which came first: as many jobs end before as have to."""
        while self.cues.next_at == at and (self.cues.next_is_seen or not as_on_record()):
            self._end_one(at)

    def _end_one(self, at: int, carry: Carry | None = None) -> None:
        command = self.cues.pop()
        if command is not None:
            self.tell(command, at, None, carry)


def added(decision: Decision) -> list[Job]:
    """The jobs that a decision makes."""
    return [write.job for write in decision.writes if isinstance(write, AddJob)]
