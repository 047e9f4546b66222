"""What the engine needs of the world, as protocols, and what it offers. Adapters implement them; only `daemon.py` knows which."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol, TypeAlias

from pointsman.model.catalog import Catalog
from pointsman.model.command import Command
from pointsman.model.definition import Built, Definition, DefinitionKey, Kind, Misfit
from pointsman.model.delivery import Arrival, Delivery
from pointsman.model.effect import Dispatch, Publish, ReplyTo, StartProgram
from pointsman.model.ids import EntityRef, JobId, TimerId, TriggerId, UserId
from pointsman.model.job import Job
from pointsman.model.json import Json
from pointsman.model.remembered import OpenJob, Remembered
from pointsman.model.state import EntityState
from pointsman.model.timer import OF_CHANGES, Timer, TimerKind
from pointsman.model.write import Write

Item: TypeAlias = Arrival | Command
"""What can stand in the queue: something that came over MQTT, not understood yet, or a command."""


class Intake(Protocol):
    """What the engine offers to everything that feeds it."""

    def put(self, item: Item) -> None:
        """Queue an item. Never blocks; safe from any thread."""

    def __len__(self) -> int:
        """How many items wait, about."""


class Unit(Protocol):
    """One transaction of the store. Every method raises StoreUnavailable when the store cannot be used for now."""

    def states(self, entities: Collection[EntityRef]) -> Mapping[EntityRef, EntityState]:
        """The state of each of these entities that has one; held against other workers until the transaction ends."""

    def jobs(self, ids: Collection[JobId]) -> Mapping[JobId, Job]:
        """These jobs, with their custom results, as far as they exist."""

    def open_jobs(self, after: JobId | None, limit: int) -> Sequence[tuple[Job, Dispatch]]:
        """Open jobs that wait for nothing, with their results and what carries them out, in the order of their ids, from the one
        after `after`."""

    def last_id(self) -> str | None:
        """The greatest id of a job or a change that there is: new ones must be greater, even if the clock went back meanwhile."""

    def deliveries(self) -> Sequence[tuple[int, bytes]]:
        """The packet ids and digests of the deliveries that were applied last, oldest first."""

    def filters(self) -> tuple[str, ...]:
        """The topic filters that the broker was last known to hold for the session."""

    def timers(self, ids: Collection[TimerId] | None = None) -> Mapping[TimerId, Timer]:
        """These timers, as far as they exist; all of them for None."""

    def waiting(self, entities: Collection[EntityRef], kinds: Collection[TimerKind] = OF_CHANGES) -> Sequence[Timer]:
        """The timers of these entities of those kinds: unless it says otherwise, those that a change of their state voids."""

    def remembered(self) -> Remembered:
        """What a worker has to remember of the time before it started; asked for once."""

    def open_in_brief(self) -> Sequence[OpenJob]:
        """Every open job, in the order of their ids."""

    def definitions(
        self, keys: Collection[DefinitionKey], kinds: Collection[Kind] = (), aliases: Collection[tuple[Kind, str]] = ()
    ) -> Mapping[DefinitionKey, Definition]:
        """These definitions, all of these kinds, and those that are found by these aliases, as far as there are such."""

    def made_by_users(self) -> Sequence[Definition]:
        """The definitions of the catalog that the configuration file does not make, by kind and id."""

    def requested(self, keys: Collection[tuple[UserId, str]]) -> Mapping[tuple[UserId, str], tuple[bytes, JobId]]:
        """The requests that were made under these keys of their users: a digest of what was asked for, and the job."""

    def fired(self, entities: Collection[EntityRef]) -> Mapping[EntityRef, Mapping[TriggerId, int]]:
        """When triggers fired last for these entities, in ms; only those that rest after it."""

    def apply(self, writes: Sequence[Write]) -> None:
        """Carry out the writes, in this order as far as it matters."""


class Store(Protocol):
    """Where everything is kept."""

    def begin(self) -> AbstractContextManager[Unit]:
        """A transaction: durable once the context ends without an exception, undone otherwise.

        Raises StoreUnavailable, also from the context's end, when it is not known to be durable. The same writes may then be
        applied again: rows that are there already are left as they are.
        """

    def prune_chunk(self, before_ms: int | None, keep_jobs: int | None, limit: int) -> int:
        """Delete up to `limit` of the oldest final jobs that ended before `before_ms` or are beyond the newest `keep_jobs`, and
        history as old; and, whatever is kept of those, some of what followers are not expected to read any more. Gives how many
        rows went, and `limit` when it wants to be called again. A transaction of its own."""


class Publisher(Protocol):
    """The way out to the broker. No method blocks or raises; all may be called while there is no connection."""

    def room(self) -> int:
        """How many more messages of jobs it takes now; the others wait in the store."""

    def publish(self, effect: Publish) -> None:
        """Publish a job's message; a Finish follows when the broker has answered."""

    def withdraw(self, job: JobId) -> None:
        """Do not publish a job's message, if it has not been published yet."""

    def acknowledge(self, delivery: Delivery) -> None:
        """Send the PUBACK, if the connection that the delivery came on still stands."""

    def announce(self, job: Job) -> None:
        """Publish the job on its topic, if there is a connection."""

    def answer(self, to: ReplyTo, body: Mapping[str, Json]) -> None:
        """Publish an answer to a requester, if there is a connection."""


class ProgramPool(Protocol):
    """Where programs run. No method blocks or raises."""

    def room(self) -> int:
        """How many more programs it takes now, running or waiting; the others wait in the store."""

    def start(self, effect: StartProgram) -> None:
        """Run a job's program when its turn comes: Begin is put first, and Finish follows when it has ended."""

    def adopt(self, effect: StartProgram) -> None:
        """Take up a job's program that a worker before this one had begun: a Finish follows that says how it ended; INTERRUPTED
        when that cannot be known."""

    def cancel(self, job: JobId) -> bool:
        """End a job that runs, or keep one that waits from running: a Finish says so. False when the job is not here."""

    def settled(self, job: JobId) -> None:
        """A job's end is durable, or that it waits to be tried again: what was kept of its program for that may go. Any job, also
        one that was never here."""


class Interpreter(Protocol):
    """Reads deliveries. Pure."""

    def __call__(self, delivery: Delivery, catalog: Catalog) -> Sequence[Command]:
        """What the delivery asks for; Reject when it cannot be taken, nothing when it is passed over."""


class Definer(Protocol):
    """Builds what documents stand for. Pure."""

    def __call__(self, kind: Kind, id_: str, document: Mapping[str, Json], catalog: Catalog) -> Built | Misfit:
        """What the document stands for beside the catalog that there is, or all that is wrong with it."""


class Followers(Protocol):
    """Those who follow what happens, by reading the store."""

    def moved(self) -> None:
        """Something is durable that they may want to see. Never blocks or raises; called from the engine's thread."""


class Clock(Protocol):
    """Time, so that tests can bend it."""

    def now(self) -> int:
        """Milliseconds since the Unix epoch."""

    def monotonic(self) -> float:
        """Seconds on a clock that never goes back."""


class Ids(Protocol):
    """New identifiers."""

    def __call__(self, at: int) -> str:
        """A new UUIDv7 for the time `at`, in ms: greater than every one given before, even when the clock went back."""
