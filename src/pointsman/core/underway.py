"""Open jobs of operations whose executions heed each other, or wait for their effect to be seen: who is at it, and who is next.

Jobs of other operations are not kept here, so that a flood of them costs nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pointsman.model.catalog import Catalog
from pointsman.model.conduct import Mode
from pointsman.model.ids import EntityRef, JobId, OperationId
from pointsman.model.job import Job, Waits
from pointsman.model.remembered import OpenJob


class Underway:
    """The engine's own; changed only by what was decided."""

    def __init__(self, jobs: Iterable[OpenJob] = ()) -> None:
        self._by_entity: dict[EntityRef, dict[JobId, OpenJob]] = {}
        self._by_id: dict[JobId, OpenJob] = {}
        for job in jobs:
            self._keep(job)

    def of(self, entity: EntityRef, operation: OperationId) -> Sequence[OpenJob]:
        """The open jobs of an operation of an entity, oldest first."""
        return [job for job in self._by_entity.get(entity, {}).values() if job.operation == operation]

    def of_entity(self, entity: EntityRef) -> Iterable[OpenJob]:
        """All open jobs of an entity that are kept here."""
        return self._by_entity.get(entity, {}).values()

    def stranded(self, catalog: Catalog) -> Sequence[JobId]:
        """Those that wait for their turn though it is theirs: they are first, or nobody has to wait any more."""
        found: list[JobId] = []
        met: set[tuple[EntityRef, OperationId]] = set()
        for job in self._by_id.values():
            key = (job.entity, job.operation)
            in_turn = catalog.conduct(*key).mode in (Mode.QUEUED, Mode.RESTART)
            if job.waits is Waits.TURN and (key not in met or not in_turn):
                found.append(job.id)
            met.add(key)
        return found

    def put(self, job: Job) -> None:
        """A job is new, or stands otherwise than before."""
        if not job.status.final:
            self._keep(OpenJob(job.id, job.owner, job.operation_id, job.waits))
        elif self._by_id.pop(job.id, None) is not None:
            jobs = self._by_entity[job.owner]
            del jobs[job.id]
            if not jobs:
                del self._by_entity[job.owner]

    def release(self, job: JobId) -> None:
        """A job does not wait any more."""
        known = self._by_id.get(job)
        if known is not None:
            self._keep(known._replace(waits=None))

    def take_in(self, jobs: Iterable[OpenJob]) -> None:
        """Open jobs that are kept here from now on."""
        for job in jobs:
            self._keep(job)

    def _keep(self, job: OpenJob) -> None:
        self._by_id[job.id] = job
        self._by_entity.setdefault(job.entity, {})[job.id] = job

    def __contains__(self, job: JobId) -> bool:
        return job in self._by_id

    def __len__(self) -> int:
        return len(self._by_id)
