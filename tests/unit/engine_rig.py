"""An engine on ports in memory, driven by hand: for tests of the engine. Knows the engine and what stands in for its ports."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import structlog
from structlog.typing import EventDict, FilteringBoundLogger

from pointsman.core.world import NewId
from pointsman.engine.engine import Engine, Retention
from pointsman.engine.inbox import Inbox
from pointsman.engine.ports import Interpreter, Item
from pointsman.model.catalog import Catalog
from pointsman.model.command import Command, Execute, ReportState
from pointsman.model.delivery import Delivery
from pointsman.model.ids import OperationId, StateId, UserId
from pointsman.model.job import Job
from pointsman.settings.define import define
from unit.in_memory import MANY, MemoryStore, Ports
from unit.world import NOW, PUMPS, counting, delivery, obj, plant


class Clock:
    """Stands still until it is told to go on."""

    def __init__(self, at: int = NOW) -> None:
        self.at = at
        self.seconds = 0.0

    def now(self) -> int:
        return self.at

    def monotonic(self) -> float:
        return self.seconds


def says(state: str, packet_id: int = 1, pump: int = 1, *, dup: bool = False, qos: int = 1, connection: int = 1) -> Delivery:
    """A message that says a pump's state."""
    return delivery(f"plant/pump-{pump}/state", state, packet_id, dup=dup, qos=qos, connection=connection)


def execute(operation: str = "open-valve", pump: int = 1, **more: Any) -> Execute:
    """A request to run an operation of a pump."""
    return Execute(entity=PUMPS[pump - 1], operation=OperationId(operation), user=UserId("ann"), login="Ann", **more)


def read_state(delivery: Delivery, catalog: Catalog) -> Sequence[Command]:
    """`plant/ENTITY/state` with a state's id; `defect` stands for a defect of ours."""
    if delivery.payload == b"defect":
        raise ZeroDivisionError("a defect in reading")
    entity = obj(delivery.topic.split("/")[1])
    return [ReportState(entity, StateId(delivery.payload.decode()), delivery.topic, delivery.payload)]


class Rig:
    """An engine on its ports, driven by hand: `feed` it, and let it `settle`."""

    def __init__(
        self,
        store: MemoryStore | None = None,
        *,
        catalog: Catalog | None = None,
        interpret: Interpreter = read_state,
        new_id: NewId | None = None,
        publishes: int = MANY,
        programs: int = MANY,
        limit: int = 200,
        window: int = 200,
        retention: Retention | None = None,
        at: int = NOW,
    ) -> None:
        self.store = store or MemoryStore()
        self.rows = self.store.rows
        self.inbox = Inbox()
        self.clock = Clock(at)
        self.ports = Ports(self.store, self.inbox, publishes, programs)
        self.logged: list[EventDict] = []
        self.engine = Engine(
            inbox=self.inbox,
            store=self.store,
            interpret=interpret,
            define=define,
            catalog=catalog or plant(),
            publisher=self.ports.publisher,
            programs=self.ports.pool,
            clock=self.clock,
            new_id=new_id or counting(len(self.rows.jobs) + len(self.rows.changes) + 1),
            log=self._log(),
            limit=limit,
            window=window,
            retention=retention,
        )
        self.engine.load()

    def feed(self, *items: Item) -> None:
        for item in items:
            self.inbox.put(item)

    def pass_time(self, ms: int) -> None:
        self.clock.at += ms
        self.clock.seconds = round(self.clock.seconds + ms / 1000, 3)

    def step(self) -> bool:
        return self.engine.step(0)

    def settle(self, *items: Item) -> None:
        """Feed it, and go on until nothing happens any more."""
        self.feed(*items)
        first, moved = len(self.ports.effects), True
        while moved:
            before = len(self.ports.effects), len(self.store.commits)
            taken = self.step()
            moved = not taken or bool(len(self.inbox)) or before != (len(self.ports.effects), len(self.store.commits))
        announced = {effect.id: effect for effect in self.ports.effects[first:] if isinstance(effect, Job)}
        assert announced == {id_: self.rows.job(id_) for id_ in announced}, "what was announced last is not what is stored"

    @property
    def jobs(self) -> list[Job]:
        """All jobs, in the order of their ids."""
        return [self.rows.job(id_) for id_ in sorted(self.rows.jobs)]

    def _log(self) -> FilteringBoundLogger:
        def keep(_logger: object, level: str, event: EventDict) -> EventDict:
            self.logged.append({**event, "level": level})
            raise structlog.DropEvent

        log: FilteringBoundLogger = structlog.wrap_logger(
            structlog.PrintLogger(), processors=[keep], wrapper_class=structlog.make_filtering_bound_logger(0)
        )
        return log
