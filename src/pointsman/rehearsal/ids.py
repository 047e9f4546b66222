"""Ids of what would be decided: ones of its own, and those on record for what is the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

from pointsman.core.world import Decision, NewId
from pointsman.model.ids import ChangeId, JobId
from pointsman.model.job import Job
from pointsman.model.write import AddChange, AddJob

Carry: TypeAlias = Callable[[Job], JobId | None]
"""The id on record of a job that would be made, where that is known."""


class Numbered:
    """Makes ids that look like the worker's (UUIDv7), each greater than those before it: the same ones each time."""

    def __init__(self) -> None:
        self._last = 0

    def __call__(self, at: int) -> str:
        """A new id for the time `at`, in ms. Its `fff` tells it from a worker's, which gets that far with 2²⁶ ids in one ms."""
        self._last += 1
        text = f"{at & 0xFFFF_FFFF_FFFF:012x}"
        return f"{text[:8]}-{text[8:]}-7fff-bfff-{self._last:012x}"


class Ids:
    """New ids that can be given out again, some of them replaced by others."""

    def __init__(self, new_id: NewId, first: str | None) -> None:
        """`first` is given out first, if there is one."""
        self._new_id = new_id
        self._given: list[str] = []
        self._first = first

    def __call__(self, at: int) -> str:
        """A new id for the time `at`, in ms."""
        id_ = self._first if self._first is not None and not self._given else self._new_id(at)
        self._given.append(id_)
        return id_

    def again(self, replaced: Mapping[str, str]) -> NewId:
        """The same ids in the same order, but for those that are replaced."""
        given = iter([replaced.get(id_, id_) for id_ in self._given])
        return lambda at: next(given, None) or self._new_id(at)


def on_record(decision: Decision, change: ChangeId | None, carry: Carry | None) -> Iterator[tuple[str, str]]:
    """The ids that a decision gave to what is on record, with those that it has there."""
    for write in decision.writes:
        if isinstance(write, AddChange) and change is not None:
            yield write.change.id, change
        elif isinstance(write, AddJob) and carry is not None and (known := carry(write.job)) is not None:
            yield write.job.id, known


def of_trigger(recorded: Job) -> Carry:
    """The id of a job on record for the one that the same trigger would make."""
    meta = recorded.process_meta
    return lambda job: recorded.id if job.process_meta and meta and job.process_meta.trigger == meta.trigger else None
