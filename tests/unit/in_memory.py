"""The engine's ports, in memory: a store that fails where it is told to, a publisher and a pool that keep what they are given.

They are also witnesses: whatever the engine lets out is checked, at that moment, against what is durable. Knows the ports; knows
no broker, no database, no program.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from enum import Enum

from pointsman.engine.inbox import Inbox
from pointsman.engine.redelivery import digest_of
from pointsman.errors import StoreUnavailable
from pointsman.model.command import Begin, Finish
from pointsman.model.definition import Definition, DefinitionKey, Kind, Origin
from pointsman.model.delivery import Delivery
from pointsman.model.edit import DropKeys, ForgetEntity, RememberRequest, RemoveDefinition, SaveCredential, SaveDefinition
from pointsman.model.effect import Dispatch, Publish, ReplyTo, StartProgram
from pointsman.model.ids import EntityRef, JobId, OperationId, TimerId, TriggerId, UserId
from pointsman.model.job import CustomResult, Job, JobStatus
from pointsman.model.json import Json
from pointsman.model.remembered import OpenJob, Quarantine, Remembered
from pointsman.model.state import EntityState, ManualState, StateChange
from pointsman.model.timer import OF_CHANGES, Timer, TimerKind
from pointsman.model.write import (
    AddAudit,
    AddChange,
    AddJob,
    AddVerdict,
    AppendResult,
    Climb,
    Considered,
    CountReject,
    CountVerdicts,
    DropTimer,
    DropTimers,
    ForgetDeliveries,
    MarkFired,
    Release,
    RememberDelivery,
    SaveFilters,
    SaveManual,
    SaveProperty,
    SaveQuarantine,
    SaveState,
    SaveTimer,
    UpdateJob,
    Write,
)

MANY = 1000


class Fault(Enum):
    """Where a transaction fails."""

    NONE = "nowhere"
    BEGIN = "when it begins"
    READ = "when it is read"
    APPLY = "when it is written"
    COMMIT = "before it is durable"
    AMBIGUOUS = "after it is durable, so that nobody knows"


@dataclass
class Rows:
    """What is durable."""

    states: dict[EntityRef, EntityState] = field(default_factory=dict)
    changes: dict[str, StateChange] = field(default_factory=dict)
    jobs: dict[JobId, tuple[Job, Dispatch | None]] = field(default_factory=dict)
    results: dict[str, tuple[JobId, CustomResult]] = field(default_factory=dict)
    audits: dict[str, AddAudit] = field(default_factory=dict)
    rejects: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By reason and topic. A transaction that is tried again counts twice: nothing tells it from another message."""
    deliveries: dict[tuple[int, bytes], None] = field(default_factory=dict)
    filters: tuple[str, ...] = ()
    definitions: dict[DefinitionKey, Definition] = field(default_factory=dict)
    credentials: dict[UserId, str] = field(default_factory=dict)
    requests: dict[tuple[UserId, str], tuple[bytes, JobId]] = field(default_factory=dict)
    dropped_keys: list[UserId] = field(default_factory=list)
    timers: dict[TimerId, Timer] = field(default_factory=dict)
    fired: dict[EntityRef, dict[TriggerId, int]] = field(default_factory=dict)
    manual: dict[EntityRef, ManualState | None] = field(default_factory=dict)
    properties: dict[EntityRef, dict[str, Json]] = field(default_factory=dict)
    quarantines: dict[tuple[EntityRef, OperationId], Quarantine] = field(default_factory=dict)
    traces: dict[str, list[Considered]] = field(default_factory=dict)
    verdicts: Counter[str] = field(default_factory=Counter)
    """By reason. A transaction that is tried again counts twice."""
    written: dict[JobId, list[Job]] = field(default_factory=dict, compare=False)
    """All that each job ever was, in order."""
    applied: set[tuple[int, bytes]] = field(default_factory=set, compare=False)
    """All deliveries that were ever remembered."""
    forgotten: bool = field(default=False, compare=False)

    def job(self, id_: JobId) -> Job:
        """A job with its custom results."""
        results = tuple(result for owner, result in self.results.values() if owner == id_)
        return replace(self.jobs[id_][0], results=results)

    def open_in_brief(self) -> list[OpenJob]:
        """Every open job."""
        known = sorted(self.jobs.items())
        return [OpenJob(id_, job.owner, job.operation_id, job.waits) for id_, (job, _) in known if not job.status.final]

    def write(self, write: Write) -> None:
        """Carry out one write. What is there already is left as it is."""
        match write:
            case SaveState(state):
                self.states[state.entity] = state
            case AddJob() | UpdateJob() | AppendResult() | Climb():
                self._write_job(write)
            case AddChange(change, trace, _):
                self.changes.setdefault(change.id, change)
                self.traces.setdefault(change.id, list(trace))
            case AddVerdict(_, change_id, considered):
                if change_id in self.traces and considered not in self.traces[change_id]:
                    self.traces[change_id].append(considered)
            case CountVerdicts(reason, count):
                self.verdicts[reason] += count
            case CountReject():
                self.rejects[write.reason.value, write.topic] += 1
            case AddAudit():
                self.audits.setdefault(write.id, write)
            case RememberDelivery(packet_id, digest):
                self.deliveries.pop((packet_id, digest), None)
                self.deliveries[packet_id, digest] = None
                self.applied.add((packet_id, digest))
            case ForgetDeliveries():
                self.deliveries.clear()
                self.forgotten = True
            case SaveFilters(filters):
                self.filters = filters
            case MarkFired(entity, trigger, at):
                self.fired.setdefault(entity, {})[trigger] = at
            case SaveTimer(timer):
                self.timers.setdefault(timer.id, timer)
            case DropTimer(timer_id):
                self.timers.pop(timer_id, None)
            case DropTimers(entity, kinds):
                void = [id_ for id_, each in self.timers.items() if each.entity == entity and each.kind in kinds]
                for id_ in void:
                    del self.timers[id_]
            case Release(job_id):
                if (kept := self.jobs.get(job_id)) is not None:
                    self.jobs[job_id] = replace(kept[0], waits=None), kept[1]
            case SaveManual(entity, manual):
                self.manual[entity] = manual
            case SaveProperty():
                self.properties.setdefault(write.entity, {})[write.name] = write.value
            case SaveQuarantine():
                self.quarantines[write.entity, write.operation] = Quarantine(write.until, write.times)
            case SaveDefinition() | RemoveDefinition() | ForgetEntity() | SaveCredential() | DropKeys() | RememberRequest():
                self._edit(write)

    def _edit(self, write: Write) -> None:
        match write:
            case SaveDefinition(definition):
                self.definitions[definition.key] = definition
            case RemoveDefinition(key):
                self.definitions.pop(key, None)
            case ForgetEntity(entity):
                for table in (self.states, self.fired, self.manual, self.properties):
                    table.pop(entity, None)  # type: ignore[attr-defined]
                self.timers = {id_: timer for id_, timer in self.timers.items() if timer.entity != entity}
                self.quarantines = {key: each for key, each in self.quarantines.items() if key[0] != entity}
            case SaveCredential(user, digest, _):
                self.credentials.pop(user, None)
                if digest is not None:
                    self.credentials[user] = digest
            case DropKeys(user):
                self.dropped_keys.append(user)
            case RememberRequest():
                self.requests[write.user, write.key] = write.digest, write.job

    def _write_job(self, write: AddJob | UpdateJob | AppendResult | Climb) -> None:
        match write:
            case AddJob(Job(id=id_) as job, dispatch):
                self.jobs.setdefault(id_, (job, dispatch))
            case UpdateJob(Job(id=id_) as job):
                dispatch = self.jobs[id_][1]
                self.jobs[id_] = replace(job, results=()), None if job.status.final else dispatch
            case AppendResult(row, id_, result):
                self.results.setdefault(row, (id_, result))
            case Climb(id_, ladder):
                self.jobs[id_] = replace(self.jobs[id_][0], ladder=ladder), self.jobs[id_][1]
        self.written.setdefault(id_, []).append(self.job(id_))


class MemoryUnit:
    """One transaction."""

    def __init__(self, rows: Rows, fault: Fault) -> None:
        self._rows = rows
        self._fault = fault
        self.writes: list[Write] = []

    def states(self, entities: Collection[EntityRef]) -> Mapping[EntityRef, EntityState]:
        self._fail_at(Fault.READ)
        return {ref: self._rows.states[ref] for ref in entities if ref in self._rows.states}

    def jobs(self, ids: Collection[JobId]) -> Mapping[JobId, Job]:
        self._fail_at(Fault.READ)
        return {id_: self._rows.job(id_) for id_ in ids if id_ in self._rows.jobs}

    def open_jobs(self, after: JobId | None, limit: int) -> Sequence[tuple[Job, Dispatch]]:
        self._fail_at(Fault.READ)
        waiting = [
            (self._rows.job(id_), dispatch)
            for id_, (_, dispatch) in sorted(self._rows.jobs.items())
            if dispatch is not None and self._rows.jobs[id_][0].waits is None and (after is None or id_ > after)
        ]
        return waiting[:limit]

    def timers(self, ids: Collection[TimerId] | None = None) -> Mapping[TimerId, Timer]:
        self._fail_at(Fault.READ)
        return {id_: timer for id_, timer in self._rows.timers.items() if ids is None or id_ in ids}

    def waiting(self, entities: Collection[EntityRef], kinds: Collection[TimerKind] = OF_CHANGES) -> Sequence[Timer]:
        self._fail_at(Fault.READ)
        return [timer for timer in self._rows.timers.values() if timer.entity in entities and timer.kind in kinds]

    def definitions(
        self, keys: Collection[DefinitionKey], kinds: Collection[Kind] = (), aliases: Collection[tuple[Kind, str]] = ()
    ) -> Mapping[DefinitionKey, Definition]:
        self._fail_at(Fault.READ)
        known = self._rows.definitions
        return {
            key: each
            for key, each in known.items()
            if key in keys or key[0] in kinds or (key[0], each.document.get("discovery_id")) in aliases
        }

    def made_by_users(self) -> Sequence[Definition]:
        self._fail_at(Fault.READ)
        people = (Kind.USER, Kind.GROUP)
        known = sorted(self._rows.definitions.items())
        return [each for key, each in known if each.origin is Origin.STORE and key[0] not in people]

    def requested(self, keys: Collection[tuple[UserId, str]]) -> Mapping[tuple[UserId, str], tuple[bytes, JobId]]:
        self._fail_at(Fault.READ)
        return {key: self._rows.requests[key] for key in keys if key in self._rows.requests}

    def open_in_brief(self) -> Sequence[OpenJob]:
        self._fail_at(Fault.READ)
        return self._rows.open_in_brief()

    def fired(self, entities: Collection[EntityRef]) -> Mapping[EntityRef, Mapping[TriggerId, int]]:
        self._fail_at(Fault.READ)
        return {ref: dict(self._rows.fired[ref]) for ref in entities if ref in self._rows.fired}

    def remembered(self) -> Remembered:
        self._fail_at(Fault.READ)
        rows = self._rows
        return Remembered(
            open=rows.open_in_brief(),
            manual={ref: manual for ref, manual in rows.manual.items() if manual is not None},
            properties={ref: dict(values) for ref, values in rows.properties.items()},
            quarantines=dict(rows.quarantines),
        )

    def last_id(self) -> str | None:
        return max((*self._rows.jobs, *self._rows.changes), default=None)

    def deliveries(self) -> Sequence[tuple[int, bytes]]:
        return list(self._rows.deliveries)

    def filters(self) -> tuple[str, ...]:
        return self._rows.filters

    def apply(self, writes: Sequence[Write]) -> None:
        self._fail_at(Fault.APPLY)
        self.writes += writes

    def _fail_at(self, fault: Fault) -> None:
        if self._fault is fault:
            raise StoreUnavailable(f"it fails {fault.value}")


class MemoryStore:
    """Keeps rows in dictionaries. `faults` are those of the transactions to come, one each; then there are none."""

    def __init__(self, rows: Rows | None = None) -> None:
        self.rows = rows or Rows()
        self.faults: deque[Fault] = deque()
        self.commits: list[list[Write]] = []
        self.pruned: list[tuple[int | None, int | None, int]] = []
        self.to_prune = 0

    @contextmanager
    def begin(self) -> Iterator[MemoryUnit]:
        fault = self.faults.popleft() if self.faults else Fault.NONE
        if fault is Fault.BEGIN:
            raise StoreUnavailable(f"it fails {fault.value}")
        unit = MemoryUnit(self.rows, fault)
        yield unit
        if fault is Fault.COMMIT:
            raise StoreUnavailable(f"it fails {fault.value}")
        for write in unit.writes:
            self.rows.write(write)
        self.commits.append(unit.writes)
        if fault is Fault.AMBIGUOUS:
            raise StoreUnavailable(f"it fails {fault.value}")

    def prune_chunk(self, before_ms: int | None, keep_jobs: int | None, limit: int) -> int:
        if self.faults and self.faults.popleft() is not Fault.NONE:
            raise StoreUnavailable("it cannot be pruned")
        self.pruned.append((before_ms, keep_jobs, limit))
        gone = min(limit, self.to_prune)
        self.to_prune -= gone
        return gone


Effect = Publish | StartProgram | Delivery | Job | tuple[ReplyTo, Mapping[str, Json]]


class Ports:
    """Publisher and pool in one: `effects` is all that was let out, in order. Both have as much room as they are given."""

    def __init__(self, store: MemoryStore, inbox: Inbox, publishes: int = MANY, programs: int = MANY) -> None:
        self._rows = store.rows
        self._inbox = inbox
        self._room = {Publish: publishes, StartProgram: programs}
        self._held: dict[type, deque[JobId]] = {Publish: deque(), StartProgram: deque()}
        self.effects: list[Effect] = []
        self.started: list[JobId] = []
        self.adopted: list[JobId] = []
        self.settled: list[JobId] = []
        self.publisher = Publisher(self)
        self.pool = Pool(self)

    def room(self, kind: type[Dispatch]) -> int:
        return self._room[kind] - len(self._held[kind])

    def take(self, dispatch: Dispatch) -> None:
        """A job is handed over: it is durable, still queued, carried out as it is stored, and there is room for it."""
        job, stored = self._rows.jobs[dispatch.job]
        assert stored == dispatch
        assert job.status is JobStatus.QUEUED
        assert self.room(type(dispatch)) > 0, "more was handed over than there was room for"
        self._held[type(dispatch)].append(dispatch.job)
        self.effects.append(dispatch)

    def held(self, kind: type[Dispatch]) -> list[JobId]:
        """The jobs that a port has in hand."""
        return list(self._held[kind])

    def forget(self, job: JobId) -> None:
        """The port is done with a job, whoever said so."""
        for held in self._held.values():
            if job in held:
                held.remove(job)

    def adopt(self, dispatch: StartProgram) -> None:
        """A job is taken up that a worker before this one had begun, as the store has it."""
        job, stored = self._rows.jobs[dispatch.job]
        assert stored == dispatch
        assert job.status is JobStatus.RUNNING
        self._held[StartProgram].append(dispatch.job)
        self.adopted.append(dispatch.job)

    def settle_job(self, job: JobId) -> None:
        stored = self._rows.jobs[job][0]
        assert stored.status is not JobStatus.RUNNING or stored.waits is not None, "settled, and may still go on"
        self.settled.append(job)

    def acknowledge(self, delivery: Delivery) -> None:
        applied = (delivery.packet_id, digest_of(delivery)) in self._rows.applied
        assert applied or self._rows.forgotten, "a PUBACK before its commit"
        self.effects.append(delivery)

    def announce(self, job: Job) -> None:
        assert job in self._rows.written[job.id], "another job was announced than what was written"
        self.effects.append(job)

    def settle(self, count: int = MANY, status: JobStatus = JobStatus.SUCCEEDED) -> None:
        """The broker answers for so many messages, the oldest first."""
        held = self._held[Publish]
        for _ in range(min(count, len(held))):
            self._inbox.put(Finish(job=held.popleft(), status=status))

    def begin(self, count: int = MANY) -> None:
        """So many programs are about to start, the oldest first. Those that may are in `started`."""
        for job in list(self._held[StartProgram])[:count]:
            self._inbox.put(Begin(job=job, reply=lambda body, job=job: self._may_start(job, body)))  # type: ignore[misc]

    def _may_start(self, job: JobId, body: Mapping[str, Json]) -> None:
        assert self._rows.jobs[job][0].status is JobStatus.RUNNING or body["go"] is False
        if body["go"]:
            self.started.append(job)

    def end(self, count: int = MANY, status: JobStatus = JobStatus.SUCCEEDED, *, but_the_first: int = 0) -> None:
        """So many programs come to their end, the oldest first."""
        held = self._held[StartProgram]
        for job in list(held)[but_the_first:][:count]:
            held.remove(job)
            self._inbox.put(Finish(job=job, status=status, description={"exitCode": 0, "stdout": ""}))

    def of(self, kind: type[Effect]) -> list[Effect]:
        return [effect for effect in self.effects if isinstance(effect, kind)]

    @property
    def handed_over(self) -> list[JobId]:
        return [effect.job for effect in self.effects if isinstance(effect, Publish | StartProgram)]


class Publisher:
    """The way out to a broker that there is not."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    def room(self) -> int:
        return self._ports.room(Publish)

    def publish(self, effect: Publish) -> None:
        self._ports.take(effect)

    def withdraw(self, job: JobId) -> None:
        self._ports.forget(job)

    def acknowledge(self, delivery: Delivery) -> None:
        self._ports.acknowledge(delivery)

    def announce(self, job: Job) -> None:
        self._ports.announce(job)

    def answer(self, to: ReplyTo, body: Mapping[str, Json]) -> None:
        self._ports.effects.append((to, body))


class Pool:
    """Where programs would run."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    def room(self) -> int:
        return self._ports.room(StartProgram)

    def start(self, effect: StartProgram) -> None:
        self._ports.take(effect)

    def adopt(self, effect: StartProgram) -> None:
        self._ports.adopt(effect)

    def cancel(self, job: JobId) -> bool:
        """One that waits here is taken back at once; one that runs ends when it is told to."""
        if job not in self._ports._held[StartProgram]:
            return False
        self._ports.forget(job)
        self._ports._inbox.put(Finish(job=job, status=JobStatus.CANCELLED, error="cancelled"))
        return True

    def settled(self, job: JobId) -> None:
        self._ports.settle_job(job)
