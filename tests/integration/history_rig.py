"""A worker's engine on a real SQLite file, with a clock that is moved by hand, to make histories: restarted, and late, at will.

Knows the engine, its ports and the store. Messages and programs go nowhere: they end as they are told to.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import structlog

from integration.outside import Outside
from pointsman.clock import Uuid7
from pointsman.core.limits import Bounds, Limit
from pointsman.engine.engine import Engine
from pointsman.engine.inbox import Inbox
from pointsman.model.catalog import Catalog
from pointsman.model.command import Command, Finish
from pointsman.model.delivery import Delivery, Subscribed
from pointsman.model.effect import Publish, StartProgram
from pointsman.model.ids import JobId
from pointsman.model.job import Job, JobStatus
from pointsman.model.write import STARTED, STOPPED, AddAudit
from pointsman.settings.define import define
from pointsman.store import open_reader, open_store
from pointsman.store.reads import jobs
from pointsman.store.sql_store import SqlStore
from unit.engine_rig import Clock
from unit.world import NOW


@dataclass
class Away(Outside):
    """Keeps the jobs that it is given, until somebody says how they ended."""

    open: deque[JobId] = field(default_factory=deque)

    def publish(self, effect: Publish) -> None:
        self.open.append(effect.job)

    def start(self, effect: StartProgram) -> None:
        self.open.append(effect.job)

    def adopt(self, effect: StartProgram) -> None:
        self.open.append(effect.job)

    def cancel(self, job: JobId) -> bool:
        return False


class History:
    """Tell it what happens."""

    def __init__(self, directory: Path, catalog: Catalog, rate: Limit | None = None) -> None:
        (directory / "jobs.db").write_bytes(_empty())
        self.url = f"sqlite:///{directory / 'jobs.db'}"
        self.clock = Clock()
        self.clock.at = NOW
        self._catalog = catalog
        self._bounds = Bounds(rate=rate)
        self._store: SqlStore | None = None
        self._said = ""
        self.start()

    def start(self) -> None:
        """The worker starts, as `daemon.py` has it."""
        self._store = open_store(self.url, session="test")
        with self._store.begin() as unit:
            started = Uuid7(after=max(unit.last_id() or "", self._said) or None)(self.clock.at)
            unit.apply([self._audited(STARTED, started)])
        self._new_id = Uuid7(after=started)
        self._inbox, self._away = Inbox(), Away()
        self._engine = Engine(
            inbox=self._inbox,
            store=self._store,
            interpret=_nothing,
            define=define,
            catalog=self._catalog,
            publisher=self._away,
            programs=self._away,
            clock=self.clock,
            new_id=self._new_id,
            log=structlog.wrap_logger(structlog.PrintLogger(), wrapper_class=structlog.make_filtering_bound_logger(50)),
            bounds=self._bounds,
        )
        self._engine.load()
        self._inbox.put(Subscribed(()))
        self._settle()

    def restart(self, down: int = 0) -> None:
        """The worker is killed, and starts again so many ms later."""
        self.close()
        self._go_to(self.clock.at + down)
        self.start()

    def stop(self, down: int = 0) -> None:
        """The worker stops, in order; then so many ms pass."""
        assert self._store is not None
        with self._store.begin() as unit:
            unit.apply([self._audited(STOPPED, self._new_id(self.clock.at))])
        self.close()
        self._go_to(self.clock.at + down)

    def _audited(self, action: str, id_: str) -> AddAudit:
        self._said = id_
        return AddAudit(id=id_, at=self.clock.at, actor="test", action=action, subject="worker test")

    def close(self) -> None:
        """The worker is killed."""
        if self._store is not None:
            self._store.close()
            self._store = None

    def tell(self, *commands: Command, late: int = 0) -> None:
        """These come; the engine takes them up so many ms later, in one batch."""
        for command in commands:
            self._inbox.put(command)
        self._go_to(self.clock.at + late)
        self._settle()

    def end(self, status: JobStatus = JobStatus.SUCCEEDED) -> None:
        """All that was begun has ended."""
        while self._away.open:
            code = 0 if status is JobStatus.SUCCEEDED else None
            self._inbox.put(Finish(job=self._away.open.popleft(), status=status, reason_code=code))
        self._settle()

    def wait(self, milliseconds: int, late: int = 0) -> None:
        """Time goes on. Each timer is taken up so many ms after it came due."""
        until = self.clock.at + milliseconds
        while (due := self._next_due()) is not None and due + late <= until:
            self._go_to(max(self.clock.at, due + late))
            self._settle()
            if self._next_due() == due:
                self.clock.seconds += 1e-6  # the sum of floats at which the engine expects it was a little more
                self._settle()
        self._go_to(until)

    def jobs(self) -> list[Job]:
        """All jobs, oldest first."""
        with open_reader(self.url) as reader:
            return list(jobs.every(reader))

    def _next_due(self) -> int | None:
        assert self._store is not None
        with self._store.begin() as unit:
            return min([timer.due for timer in unit.timers().values()], default=None)

    def _go_to(self, at: int) -> None:
        self.clock.seconds += (at - self.clock.at) / 1000
        self.clock.at = at

    def _settle(self) -> None:
        self._engine.step(0)
        while len(self._inbox):
            self._engine.step(0)


@cache
def _empty() -> bytes:
    """An empty store, as a file: to make its tables each time would take longer than what is done with it."""
    with TemporaryDirectory() as directory:
        path = Path(directory) / "jobs.db"
        open_store(f"sqlite:///{path}", session="test").close()
        return path.read_bytes()


def _nothing(delivery: Delivery, catalog: Catalog) -> Sequence[Command]:
    raise AssertionError("no message comes here")
