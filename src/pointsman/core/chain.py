"""Chains of causes that come back without a word: the jobs carried out last are remembered, so that one whose id is echoed in a
message is known for what led to it. An id that is not among them says nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import replace
from typing import TypeAlias

from pointsman.model.command import Execute, ReportState, ReportValues, SetProperty
from pointsman.model.ids import JobId
from pointsman.model.job import Job
from pointsman.model.lineage import Lineage

REMEMBERED = 10_000
"""How many jobs. A device that answers after more than so many others were carried out begins a new chain."""

Caused: TypeAlias = ReportState | ReportValues | SetProperty | Execute
"""What a message of ours may have led to."""
CAUSED = (ReportState, ReportValues, SetProperty, Execute)


class Recent:
    """The jobs that were carried out last, and what led to each. The engine's own; changed only by what was decided."""

    def __init__(self, size: int = REMEMBERED) -> None:
        self._size = size
        self._order: deque[JobId] = deque()
        self._lineage: dict[JobId, Lineage | None] = {}

    def put(self, job: Job) -> None:
        """A job is to be carried out."""
        if job.id not in self._lineage:
            self._order.append(job.id)
        self._lineage[job.id] = job.lineage
        if len(self._order) > self._size:
            del self._lineage[self._order.popleft()]

    def lineage_of(self, echoes: Iterable[JobId]) -> Lineage | None:
        """What an echo of these leads from: of several jobs the one furthest down its chain."""
        found = [self._follow(job) for job in echoes if job in self._lineage]
        return max(found, key=lambda lineage: lineage.hop, default=None)

    def _follow(self, job: JobId) -> Lineage:
        led_to_it = self._lineage[job]
        return Lineage(job, job, 1) if led_to_it is None else Lineage(led_to_it.root, job, led_to_it.hop + 1)

    def __len__(self) -> int:
        return len(self._order)


def traced(command: Caused, recent: Recent) -> Caused:
    """The command with its lineage, when all that it has are echoes and one of them is a job's."""
    if command.lineage is not None:
        return command
    lineage = recent.lineage_of(command.echoes)
    return command if lineage is None else replace(command, lineage=lineage)
