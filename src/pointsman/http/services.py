"""What the routes are given: the way to the engine, the store to read, and what is known without asking."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ParamSpec, Protocol, TypeVar

import anyio.to_thread
from anyio import CapacityLimiter
from fastapi import Request
from structlog.typing import FilteringBoundLogger

from pointsman.engine.ports import Clock, Ids, Intake
from pointsman.http.live.pulse import Pulse
from pointsman.http.problems import Refusal
from pointsman.model.catalog import Catalog
from pointsman.model.command import Command, Execute, Reply
from pointsman.model.delivery import Delivery
from pointsman.model.ids import ChangeId, EntityRef, JobId, OperationId, StateId
from pointsman.model.json import Json
from pointsman.store.reads.reader import Reader

Given = ParamSpec("Given")
Found = TypeVar("Found")

THREADS = 8
"""How many questions to the store there are at once; the others wait."""
ANSWER = 10.0
"""For how many seconds the engine is waited for: it answers in milliseconds unless the store is out of reach."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the settings say of the API."""

    session_ms: int = 12 * 3_600_000
    max_body: int = 1_048_576
    https: bool = False
    """Whether it is served over TLS by ourselves."""
    proxies: tuple[str, ...] = ()


class Explaining(Protocol):
    """What says why things ran, or did not. It reads the store, so it is asked by `Services.look`."""

    def job(self, id_: JobId) -> Mapping[str, Any] | None:
        """Why a job was made; None when there is none of that id."""

    def change(self, id_: ChangeId) -> Mapping[str, Any] | None:
        """What was considered at a change of state; None when there is none of that id."""

    def operation(self, entity: EntityRef, operation: OperationId, at: int) -> Sequence[Mapping[str, Any]]:
        """Why an operation of an entity ran around a time, in ms, or did not. Raises NotFound when it has no such operation."""


class Simulating(Protocol):
    """What says what would happen, and does nothing of it. It reads the store, so it is asked by `Services.look`."""

    def __call__(
        self, asked: Delivery | Execute, state: StateId | None, reached: Callable[[EntityRef], bool]
    ) -> Sequence[Mapping[str, Any]]:
        """What a message or a request would lead to; for entities in that state, or in the one that they are in. What is not
        reached is left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """All of it. One for each worker, in `app.state.services`."""

    intake: Intake
    reader: Reader
    catalog: Callable[[], Catalog]
    """The definitions as they are now."""
    clock: Clock
    new_id: Ids
    log: FilteringBoundLogger
    health: Callable[[], Mapping[str, Any]]
    about: Mapping[str, Json]
    """What does not change of the worker while it runs: its version, its name, since when."""
    explaining: Explaining
    simulate: Simulating
    messages: Callable[[], Mapping[str, Json]] = dict
    """The AsyncAPI document of this worker's MQTT side."""
    pulse: Pulse = field(default_factory=Pulse)
    """Beats when something is durable that those who follow may want to see."""
    options: Options = field(default_factory=Options)
    threads: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(THREADS))

    async def look(self, question: Callable[Given, Found], *args: Given.args, **kwargs: Given.kwargs) -> Found:
        """The answer of a function of `store.reads` (or of other blocking work), asked for on a thread of the pool."""
        return await anyio.to_thread.run_sync(lambda: question(*args, **kwargs), limiter=self.threads)

    async def ask(self, command: Callable[[Reply], Command], *, wait: float = ANSWER) -> Mapping[str, Any]:
        """What the engine answers to a command, once that is durable. The command is made with the `reply` that it gets.

        Raises Refusal when the engine says no, and 503 when it does not answer in time; it may then still do what was asked for.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Mapping[str, Any]] = loop.create_future()

        def settle(body: Mapping[str, Any]) -> None:
            if not future.done():
                future.set_result(body)

        def reply(body: Mapping[str, Any]) -> None:
            loop.call_soon_threadsafe(settle, body)

        self.intake.put(command(reply))
        try:
            answer = await asyncio.wait_for(future, wait)
        except TimeoutError:
            raise Refusal.unavailable() from None
        if "error" in answer:
            raise Refusal.of_engine(answer)
        return answer


def services_of(request: Request) -> Services:
    """Those of the app that the request came to."""
    services: Services = request.app.state.services
    return services
