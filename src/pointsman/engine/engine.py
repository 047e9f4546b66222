"""The single writer: takes what is waiting, decides it in order, commits it in one transaction, then lets its effects out.

    take → begin → know → decide → apply → commit → release

One thread runs it; nothing else writes. It knows its ports and the core, and neither MQTT nor SQL nor programs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from structlog.typing import FilteringBoundLogger

from pointsman.core.decide import decide
from pointsman.core.limits import Bounds
from pointsman.core.standing import Standing, standing_of
from pointsman.core.world import Decision, NewId, World
from pointsman.engine.batch import Batch, is_worth_following, moved, withdrawn
from pointsman.engine.dispatch import Dispatcher
from pointsman.engine.inbox import Inbox
from pointsman.engine.knowing import know
from pointsman.engine.loading import with_stored
from pointsman.engine.ports import Clock, Definer, Followers, Interpreter, Item, ProgramPool, Publisher, Store, Unit
from pointsman.engine.redelivery import Redeliveries
from pointsman.engine.tally import Tally
from pointsman.engine.timers import Timers
from pointsman.errors import StoreUnavailable
from pointsman.model.catalog import Catalog
from pointsman.model.command import Arm, Command, EditCatalog, Reject, RejectReason, Reply, TimerDue
from pointsman.model.delivery import Delivery, SessionStarted, Subscribed
from pointsman.model.effect import Acknowledge, Answer, Effect
from pointsman.model.timer import BY_CLOCK
from pointsman.model.write import ForgetDeliveries, NoteJob, SaveFilters, Write

IDLE = 1.0
"""How long one wait for something to do lasts at most, in seconds: the heartbeat's period."""
SETTLE = 3.0
"""For how many seconds, at a start, timers wait for the broker at most: what it has kept for us, which may say that a state has
not held or that a device has answered, comes first."""
BACK_OFF = (0.05, 5.0)
"""First and longest pause before the store is tried again, in seconds."""


@dataclass(frozen=True, slots=True)
class Retention:
    """How long final jobs are kept. None: for ever."""

    keep_ms: int | None = None
    keep_jobs: int | None = None
    every: float = 60.0
    """Seconds between two rounds."""
    chunk: int = 200
    """How many rows go in one transaction, so that the line never waits long."""

    @property
    def first(self) -> float:
        """Seconds until the first round: where jobs are kept for ever, what else there is to tidy up has time."""
        return self.every if self.keep_ms is None and self.keep_jobs is None else 0.0


class Engine:
    """The loop. `run` is its thread's function."""

    def __init__(
        self,
        *,
        inbox: Inbox,
        store: Store,
        interpret: Interpreter,
        define: Definer,
        catalog: Catalog,
        publisher: Publisher,
        programs: ProgramPool,
        clock: Clock,
        new_id: NewId,
        log: FilteringBoundLogger,
        limit: int = 200,
        window: int = 200,
        retention: Retention | None = None,
        bounds: Bounds | None = None,
        followers: Followers | None = None,
    ) -> None:
        self._inbox, self._store = inbox, store
        self._interpret, self._define, self._catalog = interpret, define, catalog
        self._timers = Timers(clock)
        self._dispatcher = Dispatcher(publisher, programs, self._timers, hold=window)
        self._clock, self._new_id, self._log = clock, new_id, log
        self._limit = limit
        self._standing = Standing(bounds or Bounds())
        self._redeliveries = Redeliveries()
        self._retention = retention or Retention()
        self._followers = followers
        self._next_prune = clock.monotonic() + self._retention.first
        self._pending: Batch | None = None
        self._pause = BACK_OFF[0]
        self._stopping = False
        self._settle_by: float | None = None
        self.tally = Tally()
        self.heartbeat = clock.monotonic()
        """When the loop last came round, on the monotonic clock."""
        self.store_fault: str | None = None
        """Why the store cannot be used at present."""

    @property
    def catalog(self) -> Catalog:
        """The definitions as they are now. Safe from any thread."""
        return self._catalog

    def load(self) -> None:
        """Read what the store remembers, and ask for what keeps time by itself to be set. Raises StoreUnavailable."""
        with self._store.begin() as unit:
            self._catalog, lost = with_stored(self._catalog, unit.made_by_users(), self._define)
            self._redeliveries.load(unit.deliveries())
            self._standing = standing_of(unit.remembered(), self._catalog, self._standing.bounds)
            for timer in unit.timers().values():
                self._timers.set(timer.id, timer.due, by_clock=timer.kind in BY_CLOCK)
        for definition, misfit in lost:
            what = f"{definition.kind} {definition.id}"
            self._log.warning("a definition does not fit any more: kept, and not acted on", definition=what, fault=str(misfit))
        self._settle_by = self._clock.monotonic() + SETTLE
        self._inbox.put(Arm())

    def stop(self) -> None:
        """Make `run` return once all that is queued is durable. Safe from any thread."""
        self._stopping = True
        self._inbox.wake()

    def run(self, sleep: Callable[[float], object]) -> None:
        """Until `stop`. `sleep` passes the time, in seconds, while the store is out of reach."""
        while not (self._stopping and (self.store_fault or not len(self._inbox))):
            if self.step(IDLE) is False:
                sleep(self._pause)
                self._pause = min(2 * self._pause, BACK_OFF[1])
            self._prune()
        self._write_counts()

    def step(self, wait: float) -> bool:
        """One batch. Gives False when the store could not take it: it is kept, and nothing of it has been let out."""
        self.heartbeat = self._clock.monotonic()
        batch = self._pending or self._gather(wait)
        # While the store is at fault, an empty batch finds out when it is back.
        idle = not (batch.commands or batch.deliveries or batch.acknowledge or self._dispatcher.ready)
        if idle and not self.store_fault and not self.tally.verdicts.due(self.heartbeat):
            self._dispatcher.acknowledge()
            return True
        self._pending = batch
        try:
            with self._store.begin() as unit:
                if not batch.decided:
                    self._decide(batch, unit)
                unit.apply(batch.writes)
        except StoreUnavailable as fault:
            self._note_store(str(fault))
            return False
        self._pending = None
        self._catalog = self._catalog if batch.catalog is None else batch.catalog
        self._note_store(None)
        if self._followers is not None and is_worth_following(batch.writes):
            self._followers.moved()
        self._dispatcher.release(batch.acknowledge)
        self._dispatcher.resume(batch.refills, withdrawn(batch))
        self._dispatcher.release(batch.effects)
        self._dispatcher.acknowledge()
        return True

    def _gather(self, wait: float) -> Batch:
        batch = Batch()
        for item in self._inbox.take(self._limit, 0 if self._dispatcher.ready else self._patience(wait)):
            self._read(item, batch)
        behind_edits = bool(batch.commands) and isinstance(batch.commands[-1], EditCatalog)
        if not behind_edits and (self._settle_by is None or self._clock.monotonic() >= self._settle_by):
            self._settle_by = None
            batch.commands += [TimerDue(timer) for timer in self._timers.due(self._limit)]
        return batch

    def _patience(self, wait: float) -> float:
        """How long to wait for something to come, in seconds: until a timer is due, and it is time for timers."""
        rest = 0.0 if self._settle_by is None else max(0.0, self._settle_by - self._clock.monotonic())
        return min(wait, max(rest, self._timers.wait(wait)))

    def _read(self, item: Item, batch: Batch) -> None:
        match item:
            case Delivery():
                self._receive(item, batch)
            case SessionStarted(_, present, forgotten):
                if not present:
                    self._redeliveries.forget()
                    batch.deliveries = [ForgetDeliveries()]
                if forgotten is not None:
                    batch.acknowledge.append(Answer(to=lambda _: forgotten()))
            case Subscribed(filters):
                batch.deliveries.append(SaveFilters(filters))
                self._settle_by = None  # the broker sends what it has kept before it answers to a subscription
            case _:
                batch.commands.append(item)

    def _receive(self, delivery: Delivery, batch: Batch) -> None:
        self.tally.received += 1
        if delivery.qos:
            batch.acknowledge.append(Acknowledge(delivery))
            remember = self._redeliveries.admit(delivery)
            if remember is None:
                self.tally.redelivered += 1
                return
            batch.deliveries.append(remember)
        try:
            batch.commands.extend(self._interpret(delivery, self._catalog))
        except Exception as defect:  # noqa: BLE001 a defect in reading one message must not stop the others
            batch.commands.append(self._defect(defect, delivery.topic, delivery.payload))

    def _decide(self, batch: Batch, unit: Unit) -> None:
        world = World(self._catalog, standing=self._standing)
        refills = self._dispatcher.read(unit)
        interrupted = [finish for refill in refills for finish in refill.interrupted()]
        world.jobs.update({job.id: job for refill in refills for job, _ in refill.jobs})
        know(world, batch.commands, unit, self._dispatcher.open)
        writes: list[Write] = list(batch.deliveries)
        effects: list[Effect] = []
        at = self._clock.now()
        for command in (*interrupted, *batch.commands):
            decision = self._decide_one(world, command, at)
            world.fold(decision)
            writes += decision.writes
            effects += decision.effects
        writes += [NoteJob(self._new_id(at), job) for job in moved(writes)]
        if self.tally.verdicts.due(self.heartbeat):
            writes += self.tally.verdicts.take()
        batch.catalog = None if world.catalog is self._catalog else world.catalog
        batch.refills, batch.writes, batch.effects, batch.decided = refills, writes, effects, True

    def _decide_one(self, world: World, command: Command, at: int) -> Decision:
        try:
            if isinstance(command, EditCatalog) and command.document is not None:
                built = self._define(command.kind, command.id, command.document, world.catalog)
                command = replace(command, built=built)
            decision = decide(world, command, at, self._new_id)
        except Exception as defect:  # noqa: BLE001 a defect in deciding one command must not stop the others
            reply: Reply = getattr(command, "reply", None)
            command = self._defect(defect, getattr(command, "topic", ""), getattr(command, "payload", b""), reply)
            decision = decide(world, command, at, self._new_id)
        for reject in self.tally.count(command, decision):
            self._log.warning("message not taken", reason=reject.reason.value, topic=reject.topic, detail=reject.detail)
        return decision

    def _defect(self, defect: Exception, topic: str, payload: object, reply: Reply = None) -> Reject:
        self._log.error("a defect stopped one message or request", topic=topic, exc_info=defect)
        excerpt = payload if isinstance(payload, bytes) else b""
        detail = f"{type(defect).__name__}: {defect}"
        return Reject(reason=RejectReason.INTERNAL_ERROR, topic=topic, detail=detail, payload=excerpt, reply=reply)

    def _note_store(self, fault: str | None) -> None:
        if fault == self.store_fault:
            return
        if fault:
            self._log.error("store unavailable: nothing is acknowledged until it is back", fault=fault)
        else:
            self._pause = BACK_OFF[0]
            self._log.info("store available again")
        self.store_fault = fault

    def _write_counts(self) -> None:
        """What was counted since the last batch, when the worker stops."""
        counted = self.tally.verdicts.take()
        if counted and not self.store_fault:
            try:
                with self._store.begin() as unit:
                    unit.apply(counted)
            except StoreUnavailable as fault:
                self._note_store(str(fault))

    def _prune(self) -> None:
        keep, now = self._retention, self._clock.monotonic()
        if self.store_fault or now < self._next_prune:
            return
        before = None if keep.keep_ms is None else self._clock.now() - keep.keep_ms
        try:
            gone = self._store.prune_chunk(before, keep.keep_jobs, keep.chunk)
        except StoreUnavailable as fault:
            self._note_store(str(fault))
            gone = 0
        self._next_prune = now if gone >= keep.chunk else now + keep.every
