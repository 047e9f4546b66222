"""A stand-in for the engine, as the pool sees it: an Intake that answers Begin and keeps what it is given."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from pointsman.engine.ports import Item
from pointsman.model.command import Begin, Finish
from pointsman.model.effect import StartProgram
from pointsman.model.ids import EntityId, EntityRef, JobId, OwnerType
from pointsman.programs.policy import ProgramPolicy
from pointsman.programs.pool import Pool

_numbers = itertools.count(1)
PATIENCE = 30.0
"""Seconds after which a test that waits has failed."""


def effect(path: str | None = None, *arguments: str, **fields: Any) -> StartProgram:
    """A job's effect with a new job id, as the engine would hand it over."""
    entity = EntityRef(OwnerType.OBJECT, EntityId(fields.pop("entity", "pump-1")))
    given: dict[str, Any] = {
        "environment": {},
        "stdin": "{}",
        "timeout_ms": 20_000,
        "output_limit": 65_536,
        "script": None,
    } | fields
    return StartProgram(job=JobId(f"job-{next(_numbers):06}"), entity=entity, path=path, arguments=arguments, **given)


class Engine:
    """Lets every job begin unless `go` says otherwise; `go` giving None leaves the question open.

    What a Finish says is durable at once, and the pool is told so, unless `durable` is False.
    """

    def __init__(self, go: Callable[[JobId], bool | None] = lambda _: True) -> None:
        self._go = go
        self._changed = threading.Condition()
        self.items: list[Item] = []
        self.pool: Pool | None = None
        self.durable = True

    def put(self, item: Item) -> None:
        with self._changed:
            self.items.append(item)
            self._changed.notify_all()
        if isinstance(item, Finish) and self.pool is not None and self.durable:
            self.pool.settled(item.job)
        if isinstance(item, Begin) and (go := self._go(item.job)) is not None:
            item.reply({"go": go})

    def __len__(self) -> int:
        return 0

    def begun(self) -> list[JobId]:
        with self._changed:
            return [item.job for item in self.items if isinstance(item, Begin)]

    def finishes(self) -> list[Finish]:
        with self._changed:
            return [item for item in self.items if isinstance(item, Finish)]

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Wait until it holds; it is looked at whenever the pool has said something."""
        with self._changed:
            assert self._changed.wait_for(condition, PATIENCE), f"waited in vain; so far: {self.items}"

    def wait_for_finishes(self, count: int) -> list[Finish]:
        self.wait_until(lambda: len(self.finishes()) >= count)
        return self.finishes()


@contextmanager
def running(
    policy: ProgramPolicy,
    engine: Engine,
    *,
    leave: bool = False,
    ours: Callable[[Collection[JobId]], Collection[JobId]] = list,
) -> Iterator[Pool]:
    """A pool at work, stopped at the end: what runs is ended then, or left. `ours` are the jobs that the store calls running."""
    pool = engine.pool = Pool(replace(policy, leave_on_stop=leave), engine)
    pool.open(ours)
    try:
        yield pool
    finally:
        pool.stop(0)
        pool.close()


def carry_out(job: StartProgram, policy: ProgramPolicy) -> Finish:
    """Run one job in a pool of its own; how it ended."""
    engine = Engine()
    with running(policy, engine) as pool:
        pool.start(job)
        (finish,) = engine.wait_for_finishes(1)
    assert pool.failed is None
    return finish


def eventually(condition: Callable[[], bool]) -> None:
    """Wait until it holds, for what nobody tells us of."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)
