"""Why an operation of an entity ran, or did not, around a point in time: what is known → findings, in words.

Pure, and never consulted to decide. It goes by the traces: what was decided then, by the configuration of then. The configuration
of now only names the triggers that run the operation, and says what they ask for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from pointsman.core.evidence import Answer, Evidence, Finding
from pointsman.core.explain import considered_in_words, in_words
from pointsman.core.match import SkipReason
from pointsman.model.ids import JobId, StateId
from pointsman.model.job import Job, JobStatus
from pointsman.model.state import StateChange
from pointsman.model.trigger import StateTrigger
from pointsman.model.write import LEFT_OUT, Considered

SHORTLY = 60_000
"""What happened up to so many ms after the time that is asked about may be what was meant. A longer silence is worth a word."""
LATER = 3
"""How many later verdicts on a trigger are told, the last ones."""


def findings(evidence: Evidence, moment: Callable[[int], str] = str) -> list[Finding]:
    """All there is to say, in the order in which it happened. `moment` puts times, in ms, into words."""
    told = _Telling(evidence, moment)
    if told.triggers:
        found = [*told.of_silence(), *told.of_manual(), *told.of_refused(), *told.of_quarantine()]
        for index in range(len(evidence.changes)):
            found += told.of_change(index)
    else:
        found = [told.no_trigger()]
    named = {finding.job for finding in found}
    found += [finding for finding in told.of_jobs() if finding.job not in named]
    return sorted(found, key=lambda finding: finding.at or 0)


@dataclass(slots=True)
class _Telling:
    """Puts evidence into words, kind by kind."""

    evidence: Evidence
    moment: Callable[[int], str]
    triggers: list[StateTrigger] = field(init=False)
    """Those that run the operation."""

    def __post_init__(self) -> None:
        mine = self.evidence.operation.id
        self.triggers = [each for each in self.evidence.resolved.triggers if each.operation == mine]

    def no_trigger(self) -> Finding:
        """What else runs it."""
        operation, all_of_them = self.evidence.operation, self.evidence.resolved.operations.values()
        others = [f"the schedule {schedule.source}" for schedule in operation.schedules]
        others += ["a property that is modified"] if operation.on_property else []
        others += [f"a job of {each.id} that times out" for each in all_of_them if each.conduct.on_timeout == operation.id]
        instead = ", ".join(["requests", *others])
        words = f"no trigger of {self.evidence.entity} runs {operation.id}, only {instead}"
        return Finding(reason=Answer.NO_TRIGGER, words=words)

    def of_silence(self) -> Iterator[Finding]:
        """Where there was no change to act on."""
        evidence = self.evidence
        state, before, entity = evidence.state, evidence.before, evidence.entity
        if state is None and not evidence.changes:
            yield Finding(reason=Answer.NEVER_REPORTED, words=f"no state of {entity} was ever reported, so there was no change")
        elif before is None and not self._is_snapshot():
            yield Finding(
                reason=Answer.NO_HISTORY,
                words=f"no change of {entity} up to then is known: it came later, or is not kept any more",
            )
        elif before is not None and evidence.at - before.at > SHORTLY and not self._is_snapshot():
            span = f"{self._name(before.current)} since {self.moment(before.at)}, and no change until {self.moment(evidence.at)}"
            words = f"{span}: the same state reported again is none"
            yield Finding(reason=Answer.NO_CHANGE, words=words, at=evidence.at, change=before.id)
        if state is not None and self._is_snapshot():
            words = f"{self._name(state.state)} came as a retained snapshot, which says what is and fires nothing"
            yield Finding(reason=Answer.SNAPSHOT, words=words, at=state.since)

    def of_manual(self) -> Iterator[Finding]:
        """A state that was set by hand."""
        manual, at = self.evidence.manual, self.evidence.at
        if manual is not None and manual.since <= at and (manual.until is None or at < manual.until):
            until = "it is cleared" if manual.until is None else self.moment(manual.until)
            because = f" ({manual.reason})" if manual.reason else ""
            by_hand = f"{self._name(manual.state)} was set by hand by {manual.by}{because}"
            words = f"{by_hand}: it stands before what is reported, until {until}"
            yield Finding(reason=Answer.MANUAL, words=words, at=manual.since)

    def of_quarantine(self) -> Iterator[Finding]:
        """A breaker that keeps triggers from running it."""
        quarantine = self.evidence.quarantine
        if quarantine is not None and quarantine.until > self.evidence.at:
            words = f"triggers do not run it until {self.moment(quarantine.until)}, since it ran in circles"
            yield Finding(reason=Answer.QUARANTINE, words=words)

    def of_refused(self) -> Iterator[Finding]:
        """Messages that might have changed the state, had they been right."""
        before, end = self.evidence.before, self.evidence.at + SHORTLY
        for each in self.evidence.refused:
            if each.first <= end and (before is None or each.last >= before.at):
                messages = "1 message" if each.count == 1 else f"{each.count} messages"
                words = f"{messages} on {each.topic} could not be taken ({each.reason}), the last time: {each.detail}"
                yield Finding(reason=Answer.REJECTED, words=words, at=each.last)

    def of_jobs(self) -> Iterator[Finding]:
        """Executions."""
        for job in self.evidence.jobs:
            by = "" if job.change_id is not None else f", executed by {job.user_id}"
            yield Finding(
                reason=_ran(job), words=f"job {job.id}{by}: {_status(job)}", at=job.timestamp, change=job.change_id, job=job.id
            )

    def of_change(self, index: int) -> Iterator[Finding]:
        """What each trigger made of a change, and what became of it later."""
        change, trace = self.evidence.changes[index]
        if index and change.previous != self.evidence.changes[index - 1][0].current:
            words = f"in between, a retained snapshot said {self._name(change.previous)}, which fires nothing"
            yield Finding(reason=Answer.SNAPSHOT, words=words, at=change.at - 1)
        for trigger in self.triggers:
            mine = [each for each in trace if each.trigger == trigger.id]
            if not mine:
                words = "it was not there at the time: the configuration has changed since"
                yield self._finding(change, trigger, Answer.NOT_CONSIDERED, words)
                continue
            at_once, *later = mine
            end = self.evidence.at + SHORTLY
            later = [each for each in later if (each.at or 0) <= end and each.skipped != LEFT_OUT]
            if at_once.skipped != SkipReason.HOLDING.value:
                yield self._considered(change, trigger, at_once)
            elif not later:
                yield self._finding(change, trigger, SkipReason.HOLDING, self._held(change, trigger, at_once))
            for each in later[-LATER:]:
                yield self._considered(change, trigger, each)

    def _considered(self, change: StateChange, trigger: StateTrigger, each: Considered) -> Finding:
        job = next((job for job in self.evidence.jobs if job.id == each.job), None)
        known = "" if each.job is None else f": {_status(job)}" if job is not None else ", which is not kept any more"
        words = f"{considered_in_words(each, self.moment)}{self._asked_for(change, trigger, each)}{known}"
        reason = each.skipped or Answer.RAN
        return self._finding(change, trigger, reason, words, each.at, each.job)

    def _finding(
        self,
        change: StateChange,
        trigger: StateTrigger,
        reason: str,
        words: str,
        at: int | None = None,
        job: JobId | None = None,
    ) -> Finding:
        happened = f"{self._name(change.previous)} → {self._name(change.current)}"
        happened += f" ({change.reason})" if change.reason else ", found out afterwards" if change.changed_while_offline else ""
        return Finding(
            reason=str(reason),
            words=f"{happened}, {trigger.id}: {words}",
            at=change.at if at is None else at,
            trigger=trigger.id,
            change=change.id,
            job=job,
        )

    def _held(self, change: StateChange, trigger: StateTrigger, each: Considered) -> str:
        """A hold of which nothing is known yet."""
        words = in_words(each.skipped, each.detail, self.moment)
        for timer in self.evidence.timers:
            if timer.subject == trigger.id and timer.waiting is not None and timer.waiting.change == change.id:
                return f"the state must hold until {self.moment(timer.due)}, which is still to come"
        if self.evidence.state is not None and self.evidence.state.change != change.id:
            return f"{words}, but it changed before that"
        return words

    def _asked_for(self, change: StateChange, trigger: StateTrigger, each: Considered) -> str:
        """What a clause asks for, as far as the trigger still asks for it as it did then."""
        if each.skipped == SkipReason.OTHER_STATE.value and change.current not in trigger.state_ids:
            return f": {self._names(trigger.state_ids)}"
        if each.skipped == SkipReason.OTHER_ORIGIN.value and change.previous not in trigger.from_states:
            return f": {self._names(trigger.from_states)}"
        return ""

    def _is_snapshot(self) -> bool:
        """Whether the present state came as a snapshot, after all changes that are known and before the end of what is asked."""
        state, changes = self.evidence.state, self.evidence.changes
        if state is None or state.change is not None or state.since > self.evidence.at + SHORTLY:
            return False
        return not changes or state.since >= changes[-1][0].at

    def _name(self, id_: StateId | None) -> str:
        if id_ is None:
            return "unknown"
        state = self.evidence.states.get(id_)
        return id_ if state is None else state.name

    def _names(self, ids: frozenset[StateId]) -> str:
        return ", ".join(sorted(self._name(id_) for id_ in ids))


def _ran(job: Job) -> Answer:
    return Answer.SUPPRESSED if job.status is JobStatus.SUPPRESSED else Answer.RAN


def _status(job: Job) -> str:
    return f"{job.status.value}, {job.error}" if job.error else job.status.value
