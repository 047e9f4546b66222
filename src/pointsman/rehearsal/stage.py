"""All that a worker would know, in memory, with the timers that wait. Commands go to `core.decide`, and nowhere else.

As in the engine, a decision sees the states of entities, the jobs that are open, and of the timers the one whose time has come.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from heapq import heapify, heappop, heappush

from pointsman.core.decide import decide
from pointsman.core.standing import Standing
from pointsman.core.world import Decision, NewId, World
from pointsman.model.catalog import Catalog
from pointsman.model.command import Command, TimerDue
from pointsman.model.effect import WakeAt
from pointsman.model.ids import EntityRef, TimerId
from pointsman.model.timer import OF_CHANGES, Timer, TimerKind
from pointsman.model.write import AddJob, DropTimer, DropTimers, SaveTimer, UpdateJob


class Numbered:
    """Makes ids that look like the worker's (UUIDv7), each greater than those before it: the same ones each time."""

    def __init__(self) -> None:
        self._last = 0

    def __call__(self, at: int) -> str:
        """A new id for the time `at`, in ms. Its `fff` tells it from a worker's, which gets that far with 2²⁶ ids in one ms."""
        self._last += 1
        text = f"{at & 0xFFFF_FFFF_FFFF:012x}"
        return f"{text[:8]}-{text[8:]}-7fff-bfff-{self._last:012x}"


class Stage:
    """`decide` one command after the other; `next` and `pop` are for whoever lets time go on."""

    def __init__(self, catalog: Catalog, standing: Standing, unheeded: Iterable[TimerKind] = ()) -> None:
        """`standing`: how a worker begins. Timers of kinds that are `unheeded` never come up."""
        self.catalog = catalog
        self.world = World(catalog, standing=standing)
        self.new_id: NewId = Numbered()
        self.timers: dict[TimerId, Timer] = {}
        """All that wait."""
        self._voidable: dict[EntityRef, dict[TimerId, Timer]] = {}
        self._heap: list[tuple[int, TimerId]] = []
        self._unheeded = frozenset(unheeded)

    def consider(self, command: Command, at: int, new_id: NewId | None = None) -> Decision:
        """What would be decided, at the time `at` in ms. Nothing comes of it yet."""
        named = self.timers.get(command.timer) if isinstance(command, TimerDue) else None
        self.world.timers = {} if named is None else {named.id: named}
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
                    self._keep(timer)
                case DropTimer(timer_id):
                    self._drop(timer_id)
                case DropTimers(entity):
                    for void in self._voidable.pop(entity, ()):
                        self.timers.pop(void, None)
        for effect in decision.effects:
            if isinstance(effect, WakeAt) and effect.timer in self.timers:
                heappush(self._heap, (effect.due, effect.timer))

    def decide(self, command: Command, at: int) -> Decision:
        """Decide a command, and take in what was decided."""
        decision = self.consider(command, at)
        self.apply(decision)
        return decision

    def waiting(self, entity: EntityRef) -> list[Timer]:
        """What waits on the entity's state as it is."""
        return list(self._voidable.get(entity, {}).values())

    def next(self) -> tuple[int, Timer] | None:
        """The timer that comes up first, and when, in ms."""
        while self._heap:
            due, id_ = self._heap[0]
            timer = self.timers.get(id_)
            if timer is not None and timer.kind not in self._unheeded:
                return due, timer
            heappop(self._heap)
        return None

    def pop(self) -> None:
        """The timer that `next` gives has come up: it is told of once."""
        heappop(self._heap)

    def move(self, wanted: Callable[[int, Timer], int]) -> None:
        """Have the timers that wait come up at other times: `wanted` is given when one would, and the timer."""
        moved = [(wanted(due, timer), id_) for due, id_ in self._heap if (timer := self.timers.get(id_)) is not None]
        heapify(moved)
        self._heap = moved

    def replace(self, timer: Timer) -> None:
        """Put a timer in the place of the one of the same id."""
        self._keep(timer)

    def _keep(self, timer: Timer) -> None:
        self.timers[timer.id] = timer
        if timer.kind in OF_CHANGES:
            self._voidable.setdefault(timer.entity, {})[timer.id] = timer

    def _drop(self, id_: TimerId) -> None:
        timer = self.timers.pop(id_, None)
        if timer is not None and (others := self._voidable.get(timer.entity)) is not None:
            others.pop(id_, None)
            if not others:
                del self._voidable[timer.entity]
