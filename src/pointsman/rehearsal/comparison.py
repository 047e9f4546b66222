"""Jobs on record × jobs that would be made → what is the same, changed, added or dropped.

A job is known by the change that led to it, its trigger, operation and entity, and which one it is of those: a job that would be
made comes with the id of the one on record that it stands for, when that could be told. The others wait until the next change of
their entity, after which nothing can come of the one before; jobs that no change led to wait for a minute.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from pointsman.model.effect import Dispatch
from pointsman.model.ids import ChangeId, EntityRef, JobId, OperationId, TriggerId
from pointsman.model.job import Job
from pointsman.model.write import Considered
from pointsman.rehearsal.difference import Difference, Kind, Made, OtherVerdict, same

APART = 60_000
"""How far two jobs that no change led to may be apart and still be the same, in ms."""


Waiting = TypeVar("Waiting", Job, Made)


@dataclass(slots=True)
class _Episode:
    """A change of an entity's state, until the next one."""

    change: ChangeId
    silent: bool
    """Whether there is no message on record, so that nothing can be said of what jobs say."""
    recorded: Counter[tuple[TriggerId | None, OperationId]] = field(default_factory=Counter)
    made: Counter[tuple[TriggerId | None, OperationId]] = field(default_factory=Counter)
    missing: list[tuple[int, Job]] = field(default_factory=list)
    """With which one it is of its trigger and operation."""
    extra: list[tuple[int, Made]] = field(default_factory=list)


class Comparison:
    """Told of both in the order of time. Of verdicts and differences the first `keep` are kept, and all are counted."""

    def __init__(self, since: int, keep: int) -> None:
        self.since = since
        """Only jobs from then on are compared, in ms."""
        self._keep = keep
        self._expected: dict[JobId, Made] = {}
        self._episodes: dict[EntityRef, _Episode] = {}
        self._missing: defaultdict[tuple[EntityRef, OperationId], list[Job]] = defaultdict(list)
        self._extra: defaultdict[tuple[EntityRef, OperationId], list[Made]] = defaultdict(list)
        self._expires = 0
        self.same = 0
        self.changes = 0
        """How many changes there were on record."""
        self.silent = 0
        """How many of them without the message."""
        self.counts: Counter[Kind] = Counter()
        self.differences: list[Difference] = []
        self.verdict_count = 0
        self.verdicts: list[OtherVerdict] = []

    # What is told

    def change(self, entity: EntityRef, change: ChangeId, at: int, *, silent: bool) -> None:
        """The entity's state changed, at the time `at` in ms."""
        if (before := self._episodes.get(entity)) is not None:
            self._finish(before)
        self._episodes[entity] = _Episode(change, silent)
        self.changes += at >= self.since
        self.silent += silent and at >= self.since

    def judged(self, change: ChangeId, at: int, was: Sequence[Considered], would: Sequence[Considered]) -> None:
        """Triggers were considered at a change."""
        if at < self.since or was == would:
            return
        before, after = first_words(was), first_words(would)
        for trigger in dict.fromkeys([*before, *after]):
            one, other = _verdict(before.get(trigger)), _verdict(after.get(trigger))
            if one != other:
                self.verdict_count += 1
                if len(self.verdicts) < self._keep:
                    self.verdicts.append(OtherVerdict(change, trigger, one, other))

    def made(self, job: Job, dispatch: Dispatch | None, *, on_record: bool) -> None:
        """A job would be made; `on_record`: it has the id of the job that it stands for."""
        made = Made(job, dispatch)
        episode = self._episode(job)
        number = 0
        if episode is not None:
            number = episode.made[_key(job)]
            episode.made[_key(job)] += 1
        if on_record:
            self._expected[job.id] = made
        elif episode is not None:
            episode.extra.append((number, made))
        elif job.change_id is not None:
            self._note(Kind.ADDED, None, made)
        elif (was := _closest(self._missing[job.owner, job.operation_id], job, lambda each: each)) is not None:
            self._pair(was, made, silent=False)
        else:
            self._extra[job.owner, job.operation_id].append(made)

    def recorded(self, job: Job) -> None:
        """A job is on record."""
        episode = self._episode(job)
        number = 0
        if episode is not None:
            number = episode.recorded[_key(job)]
            episode.recorded[_key(job)] += 1
        made = self._expected.pop(job.id, None)
        if made is not None:
            self._pair(job, made, silent=episode is not None and episode.silent)
        elif episode is not None:
            episode.missing.append((number, job))
        elif job.change_id is not None:
            self._note(Kind.DROPPED, job, None)
        elif (made := _closest(self._extra[job.owner, job.operation_id], job, lambda each: each.job)) is not None:
            self._pair(job, made, silent=False)
        else:
            self._missing[job.owner, job.operation_id].append(job)

    def expects(self, job: JobId) -> bool:
        """Whether a job on record has been made."""
        return job in self._expected

    def forget(self, job: JobId) -> None:
        """A job that was made is not on record after all: it was deleted meanwhile, and nothing can be said of it."""
        self._expected.pop(job, None)

    def expire(self, at: int) -> None:
        """Time has gone on to `at`, in ms: what waited for long enough has no counterpart."""
        if at < self._expires:
            return
        self._expires = at + APART
        for key, jobs in list(self._missing.items()):
            for job in jobs:
                if job.timestamp < at - APART:
                    self._note(Kind.DROPPED, job, None)
            self._missing[key] = [job for job in jobs if job.timestamp >= at - APART]
        for key, mades in list(self._extra.items()):
            for made in mades:
                if made.job.timestamp < at - APART:
                    self._note(Kind.ADDED, None, made)
            self._extra[key] = [made for made in mades if made.job.timestamp >= at - APART]

    @property
    def alike(self) -> bool:
        """Whether nothing differs."""
        return not self.counts.total() and not self.verdict_count

    def close(self) -> None:
        """Nothing more is told."""
        for episode in self._episodes.values():
            self._finish(episode)
        self._episodes.clear()
        self._expires = 0
        self.expire(1 << 62)

    # What comes of it

    def _episode(self, job: Job) -> _Episode | None:
        episode = self._episodes.get(job.owner)
        return episode if episode is not None and episode.change == job.change_id else None

    def _finish(self, episode: _Episode) -> None:
        extra = {_key(made.job): made for number, made in episode.extra if number == 0}
        for number, job in episode.missing:
            made = extra.pop(_key(job), None) if number == 0 else None
            if made is None:
                self._note(Kind.DROPPED, job, None)
            else:
                episode.extra.remove((0, made))
                self._note(Kind.CHANGED, job, made)
        for _, made in episode.extra:
            self._note(Kind.ADDED, None, made)

    def _pair(self, was: Job, made: Made, *, silent: bool) -> None:
        if silent or same(was, made):
            self.same += was.timestamp >= self.since
        else:
            self._note(Kind.CHANGED, was, made)

    def _note(self, kind: Kind, was: Job | None, would: Made | None) -> None:
        job = was if was is not None else would.job if would is not None else None
        if job is None or job.timestamp < self.since:
            return
        self.counts[kind] += 1
        if len(self.differences) < self._keep:
            self.differences.append(Difference(kind, job, was, would))


def first_words(trace: Sequence[Considered]) -> Mapping[TriggerId, Considered]:
    """What was said of each trigger at the change itself: what became of it later stands behind."""
    found: dict[TriggerId, Considered] = {}
    for each in trace:
        found.setdefault(each.trigger, each)
    return found


def _verdict(considered: Considered | None) -> str | None:
    return None if considered is None else considered.skipped or "fired"


def _key(job: Job) -> tuple[TriggerId | None, OperationId]:
    return (job.process_meta.trigger if job.process_meta else None, job.operation_id)


def _closest(candidates: list[Waiting], job: Job, of: Callable[[Waiting], Job]) -> Waiting | None:
    """Take the one that is the same run of an operation: for the same arguments, as each run of a schedule has its own, or else
    at about the same time."""
    alike = [each for each in candidates if of(each).args == job.args]
    near = [each for each in alike if job.args or abs(of(each).timestamp - job.timestamp) <= APART]
    if not near:
        return None
    found = min(near, key=lambda each: abs(of(each).timestamp - job.timestamp))
    candidates.remove(found)
    return found
