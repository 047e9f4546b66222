"""Whose turn it is: jobs that wait for a thread, fair by entity and in order within each. Pure; the caller has the lock.

Knows: model. Two rules. The jobs of one entity start in the order in which they came: while one is starting, that is from `take`
to `started`, its entity's next one waits; from then on they may run side by side. And no entity's flood starves another: the
turn goes to the entity with the fewest programs that run, and round robin among those with equally many.
"""

from __future__ import annotations

from collections import Counter, deque

from pointsman.model.effect import StartProgram
from pointsman.model.ids import EntityRef, JobId


class Turns:
    """Jobs from `add` over `take` and `started` to `ended`, or from `adopt` to `ended`."""

    def __init__(self) -> None:
        self._waiting: dict[EntityRef, deque[StartProgram]] = {}
        self._ring: dict[EntityRef, None] = {}
        """Entities whose next job may be taken, in the order of their turns."""
        self._entities: dict[JobId, EntityRef] = {}
        """Every job that is here."""
        self._starting: set[JobId] = set()
        self._taken: Counter[EntityRef] = Counter()

    def __len__(self) -> int:
        """How many jobs are here, waiting or taken."""
        return len(self._entities)

    def __contains__(self, job: JobId) -> bool:
        return job in self._entities

    def add(self, effect: StartProgram) -> None:
        """A job comes to wait. One that is here already stays as it is: no program is run twice."""
        if effect.job in self._entities:
            return
        self._entities[effect.job] = effect.entity
        queue = self._waiting.setdefault(effect.entity, deque())
        queue.append(effect)
        if not self._is_starting(effect.entity):
            self._ring.setdefault(effect.entity)

    @property
    def taken(self) -> int:
        """How many jobs are taken and have not ended."""
        return self._taken.total()

    def adopt(self, effect: StartProgram) -> bool:
        """A job's program runs already, out of turn. False when the job is here."""
        if effect.job in self._entities:
            return False
        self._entities[effect.job] = effect.entity
        self._taken[effect.entity] += 1
        return True

    def take(self) -> StartProgram | None:
        """The job whose turn it is; None when there is none that may start now."""
        if not self._ring:
            return None
        entity = min(self._ring, key=self._taken.__getitem__)
        del self._ring[entity]
        effect = self._waiting[entity].popleft()
        if not self._waiting[entity]:
            del self._waiting[entity]
        self._starting.add(effect.job)
        self._taken[entity] += 1
        return effect

    def started(self, job: JobId) -> None:
        """A taken job's program runs, or never will: its entity's next may start."""
        if job in self._starting:
            self._starting.remove(job)
            entity = self._entities[job]
            if entity in self._waiting:
                self._ring.setdefault(entity)

    def ended(self, job: JobId) -> None:
        """A taken job is done with."""
        self.started(job)
        entity = self._entities.pop(job)
        self._taken[entity] -= 1
        if not self._taken[entity]:
            del self._taken[entity]

    def withdraw(self, job: JobId) -> bool:
        """Take back a job that waits. False when it does not."""
        entity = self._entities.get(job)
        queue = self._waiting.get(entity) if entity is not None else None
        effect = next((each for each in queue or () if each.job == job), None)
        if entity is None or queue is None or effect is None:
            return False
        queue.remove(effect)
        del self._entities[job]
        if not queue:
            del self._waiting[entity]
            self._ring.pop(entity, None)
        return True

    def forget_waiting(self) -> None:
        """Forget all that wait."""
        for queue in self._waiting.values():
            for effect in queue:
                del self._entities[effect.job]
        self._waiting.clear()
        self._ring.clear()

    def _is_starting(self, entity: EntityRef) -> bool:
        return any(self._entities[job] == entity for job in self._starting)
