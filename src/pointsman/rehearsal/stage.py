"""All that a worker would know, in memory, with the timers that wait. Commands go to `core.decide`, and nowhere else.

As in the engine, a decision sees the states of entities, the jobs that are open, and of the timers the one whose time has come.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import TypeAlias

from pointsman.core.decide import decide
from pointsman.core.standing import Standing
from pointsman.core.world import Decision, NewId, World
from pointsman.model.catalog import Catalog
from pointsman.model.command import Arm, Command, TimerDue
from pointsman.model.effect import WakeAt
from pointsman.model.ids import EntityRef, OperationId, TimerId
from pointsman.model.remembered import OpenJob, Remembered
from pointsman.model.timer import OF_CHANGES, Timer, TimerKind
from pointsman.model.write import AddJob, DropTimer, DropTimers, SaveTimer, UpdateJob
from pointsman.rehearsal.ids import Numbered

Begin: TypeAlias = Callable[[Remembered], Standing]
"""How a worker begins that remembers this."""


@dataclass(slots=True)
class Pending:
    """A timer that waits."""

    timer: Timer
    comes: int
    """When it comes up, in ms: when it is due, unless somebody says otherwise."""
    confirmed: bool = False
    """Whether it is known that a worker had set the same one."""
    unsteady: bool = False
    """Whether it is not known in which step it repeats."""


class Stage:
    """`decide` one command after the other; `next` and `pop` are for whoever lets time go on."""

    def __init__(self, catalog: Catalog, begin: Begin, unheeded: Iterable[TimerKind] = ()) -> None:
        """Timers of kinds that are `unheeded` never come up."""
        self.world = World(catalog, standing=begin(Remembered()))
        self.new_id: NewId = Numbered()
        self._begin = begin
        self._pending: dict[TimerId, Pending] = {}
        self._voidable: dict[EntityRef, dict[TimerId, Pending]] = {}
        self._scheduled: dict[tuple[EntityRef, str], dict[TimerId, Pending]] = {}
        self._heap: list[tuple[int, TimerId]] = []
        self._unheeded = frozenset(unheeded)

    # Deciding

    def consider(self, command: Command, at: int, new_id: NewId | None = None) -> Decision:
        """What would be decided, at the time `at` in ms. Nothing comes of it yet."""
        match command:
            case TimerDue(timer):
                pending = self._pending.get(timer)
                self.world.timers = {} if pending is None else {timer: pending.timer}
            case Arm():
                self.world.timers = {id_: pending.timer for id_, pending in self._pending.items()}
            case _:
                self.world.timers = {}
        return decide(self.world, command, at, new_id or self.new_id)

    def apply(self, decision: Decision) -> None:
        """Take in what was decided. Jobs are known until they are final."""
        self.world.fold(decision)
        for write in decision.writes:
            match write:
                case AddJob(job, _) | UpdateJob(job):
                    if job.status.final:
                        self.world.jobs.pop(job.id, None)
                case SaveTimer(timer):
                    self._keep(Pending(timer, timer.due))
                case DropTimer(timer_id):
                    self._drop(timer_id)
                case DropTimers(entity, kinds):
                    theirs = [each.timer for each in self._pending.values() if each.timer.entity == entity]
                    for timer in theirs if not kinds <= OF_CHANGES else [each.timer for each in self.waiting(entity)]:
                        if timer.kind in kinds:
                            self._drop(timer.id)
        for effect in decision.effects:
            if isinstance(effect, WakeAt) and (pending := self._pending.get(effect.timer)) is not None:
                self.put(pending, effect.due)

    def decide(self, command: Command, at: int) -> Decision:
        """Decide a command, and take in what was decided."""
        decision = self.consider(command, at)
        self.apply(decision)
        return decision

    def restart(self, at: int) -> Decision:
        """The worker starts again, at the time `at` in ms: it knows no more than what a store keeps."""
        world, standing = self.world, self.world.standing
        remembered = Remembered(
            open=[OpenJob(job.id, job.owner, job.operation_id, job.waits) for job in world.jobs.values()],
            manual=standing.manual,
            properties=standing.properties,
            quarantines=standing.quarantines,
        )
        world.standing = self._begin(remembered)
        return self.decide(Arm(), at)

    # Timers

    def waiting(self, entity: EntityRef) -> list[Pending]:
        """What waits on the entity's state as it is."""
        return list(self._voidable.get(entity, {}).values())

    def scheduled(self, entity: EntityRef, operation: OperationId) -> list[Pending]:
        """The schedules of an operation of an entity."""
        return list(self._scheduled.get((entity, operation), {}).values())

    def next(self) -> Pending | None:
        """The timer that comes up first."""
        while self._heap:
            comes, id_ = self._heap[0]
            pending = self._pending.get(id_)
            if pending is not None and pending.comes == comes and pending.timer.kind not in self._unheeded:
                return pending
            heappop(self._heap)
        return None

    def pop(self) -> None:
        """The timer that `next` gives comes up now: it is told of once."""
        heappop(self._heap)

    def put(self, pending: Pending, comes: int) -> None:
        """Have a timer come up at the time `comes`, in ms."""
        pending.comes = comes
        self._keep(pending)
        heappush(self._heap, (comes, pending.timer.id))

    def drop(self, pending: Pending) -> None:
        """Have a timer wait no longer."""
        self._drop(pending.timer.id)

    def _keep(self, pending: Pending) -> None:
        timer = pending.timer
        self._pending[timer.id] = pending
        if timer.kind in OF_CHANGES:
            self._voidable.setdefault(timer.entity, {})[timer.id] = pending
        elif timer.kind is TimerKind.SCHEDULE:
            self._scheduled.setdefault((timer.entity, timer.subject), {})[timer.id] = pending

    def _drop(self, id_: TimerId) -> None:
        pending = self._pending.pop(id_, None)
        if pending is not None:
            timer = pending.timer
            self._voidable.get(timer.entity, {}).pop(id_, None)
            self._scheduled.get((timer.entity, timer.subject), {}).pop(id_, None)
