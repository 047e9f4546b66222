"""A store is a few dictionaries that survive: whatever is written, in whatever order, undone or tried again, both say the same.

Knows the writes and what they mean; knows no table.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace
from enum import Enum, auto

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contract.making import NOW, a_change, a_job, a_meta, a_state, ended, new_id, pipe, published, pump, started
from pointsman.model.effect import Dispatch
from pointsman.model.ids import EntityRef, JobId, UserId
from pointsman.model.job import CustomResult, Job, JobStatus, Ladder, Waits
from pointsman.model.lineage import Lineage
from pointsman.model.remembered import OpenJob
from pointsman.model.state import EntityState, StateChange
from pointsman.model.write import (
    AddChange,
    AddJob,
    AppendResult,
    Climb,
    ForgetDeliveries,
    Release,
    RememberDelivery,
    SaveFilters,
    SaveState,
    UpdateJob,
    Write,
)
from pointsman.store.reads import history, jobs
from pointsman.store.reads.reader import Reader
from pointsman.store.sql_store import SqlStore

WINDOW = 400
ENTITIES = (pump(1), pump(2), pipe(1))


class End(Enum):
    """How a transaction ends."""

    COMMIT = auto()
    UNDO = auto()
    TWICE = auto()
    """Committed, but nobody knows: it is tried again."""


@dataclass
class Rows:
    """What is durable, as dictionaries have it."""

    states: dict[EntityRef, EntityState] = field(default_factory=dict)
    changes: dict[str, StateChange] = field(default_factory=dict)
    jobs: dict[JobId, Job] = field(default_factory=dict)
    dispatches: dict[JobId, Dispatch] = field(default_factory=dict)
    deliveries: list[tuple[int, bytes]] = field(default_factory=list)
    filters: tuple[str, ...] = ()

    def write(self, write: Write) -> None:
        match write:
            case SaveState(state):
                self.states[state.entity] = state
            case AddChange(change, _, _):
                self.changes[change.id] = change
            case AddJob(job, dispatch):
                self.jobs[job.id] = job
                if dispatch is not None:
                    self.dispatches[job.id] = dispatch
            case UpdateJob(job):
                self.jobs[job.id] = replace(job, results=self.jobs[job.id].results)
                if job.status.final:
                    self.dispatches.pop(job.id, None)
            case Climb(id_, ladder):
                self.jobs[id_] = replace(self.jobs[id_], ladder=ladder)
            case Release(id_):
                self.jobs[id_] = replace(self.jobs[id_], waits=None)
            case AppendResult(_, id_, result):
                self.jobs[id_] = replace(self.jobs[id_], results=(*self.jobs[id_].results, result))
            case RememberDelivery(packet_id, digest):
                self.deliveries = [*self.deliveries, (packet_id, digest)][-WINDOW:]
            case ForgetDeliveries():
                self.deliveries = []
            case SaveFilters(filters):
                self.filters = filters


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
OBJECT = st.dictionaries(st.text(), JSON, max_size=3)
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"))
"""What a database can hold in a column of text; what it can't is told of in test_store_writes.py."""


TIMES = st.none() | st.integers(0, 2**62)
LADDERS = st.builds(Ladder, acknowledged=TIMES, reason_code=st.none() | st.integers(0, 255), answered=TIMES, confirmed=TIMES)
LINEAGES = st.none() | st.builds(Lineage, root=st.just(JobId("root")), by=st.just(JobId("by")), hop=st.integers(1, 9))
OF_KNOWN = ("update", "wait", "climb", "release", "result")
KINDS = ("state", "change", "publish", "program", "final", *OF_KNOWN, "remember", "forget", "filters")


@st.composite
def transactions(draw: st.DrawFn) -> list[tuple[list[Write], End]]:
    """Transactions in which a job is added before anything is said of it, and nothing is said of one whose adding was undone."""
    known: list[Job] = []
    drawn = []
    for _ in range(draw(st.integers(1, 5))):
        end = draw(st.sampled_from(End))
        here = list(known)
        writes = [draw_write(draw, here) for _ in range(draw(st.integers(0, 12)))]
        if end is not End.UNDO:
            known = here
        drawn.append((writes, end))
    return drawn


def draw_write(draw: st.DrawFn, known: list[Job]) -> Write:
    entity = draw(st.sampled_from(ENTITIES))
    kind = draw(st.sampled_from(KINDS))
    if kind in OF_KNOWN and not known:
        kind = "publish"
    match kind:
        case "state":
            return SaveState(a_state(entity, draw(TEXT), since=draw(st.integers(0, 2**62)), change=draw(st.none() | TEXT)))
        case "change":
            return AddChange(a_change(entity, reported=draw(st.none() | st.integers(-(2**63), 2**63 - 1)), topic=draw(TEXT)))
        case "wait":
            at = draw(st.integers(0, len(known) - 1))
            if not known[at].status.final:
                known[at] = replace(known[at], waits=draw(st.sampled_from(Waits)), ladder=draw(LADDERS))
            return UpdateJob(known[at])
        case "climb" | "release":
            at = draw(st.integers(0, len(known) - 1))
            if kind == "climb":
                known[at] = replace(known[at], ladder=draw(LADDERS))
                return Climb(known[at].id, known[at].ladder)
            known[at] = replace(known[at], waits=None)
            return Release(known[at].id)
        case "publish":
            lineage = draw(
                st.none() | st.builds(Lineage, root=st.just(JobId("root")), by=st.just(JobId("by")), hop=st.integers(1, 9))
            )
            job = a_job(entity, description={"topic": draw(st.text()), "message": draw(st.text())}, args=draw(OBJECT))
            job = replace(job, lineage=lineage)
            known.append(job)
            return AddJob(
                job, published(job, qos=draw(st.integers(0, 2)), content_type=draw(st.none() | st.text()), lineage=lineage)
            )
        case "program":
            job = a_job(entity, description={"exitCode": None, "stdout": ""}, process_meta=a_meta(1, draw(st.text())))
            known.append(job)
            texts = draw(st.lists(st.text(), max_size=3))
            environment = draw(st.dictionaries(st.text(), st.text(), max_size=2))
            return AddJob(job, started(job, arguments=tuple(texts), stdin=draw(st.text()), environment=environment))
        case "final":
            job = ended(a_job(entity, user_id=None), JobStatus.FAILED, error=draw(TEXT))
            known.append(job)
            return AddJob(job, None)
        case "update":
            at = draw(st.integers(0, len(known) - 1))
            status = draw(st.sampled_from([JobStatus.RUNNING, JobStatus.SUCCEEDED, JobStatus.FAILED]))
            job = known[at]
            if job.status.final:
                status = job.status
            waits = None if status.final else job.waits
            finished = NOW if status.final else None
            known[at] = job = replace(job, status=status, attempts=job.attempts + 1, finished=finished, waits=waits)
            return UpdateJob(replace(job, description=draw(OBJECT)) if status.final else job)
        case "result":
            result = CustomResult(payload=draw(JSON), by=UserId(draw(TEXT)), timestamp=NOW)
            return AppendResult(new_id(NOW), draw(st.sampled_from(known)).id, result)
        case "remember":
            return RememberDelivery(draw(st.integers(1, 65_535)), draw(st.binary(min_size=16, max_size=16)))
        case "forget":
            return ForgetDeliveries()
        case _:
            return SaveFilters(tuple(draw(st.lists(TEXT, max_size=3))))


class Undo(Exception):
    """Ends a transaction."""


def carry_out(store: SqlStore, writes: list[Write], end: End) -> None:
    following = store._session.following
    with suppress(Undo), store.begin() as unit:
        unit.apply(writes)
        if end is End.UNDO:
            raise Undo
    if end is End.TWICE:
        store._session.following = following  # the store believes that it failed
        with store.begin() as unit:
            unit.apply(writes)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(script=transactions())
def test_a_store_says_what_dictionaries_would_say(store: SqlStore, reader: Reader, script: list[tuple[list[Write], End]]) -> None:
    rows = Rows()
    with store.begin() as unit:
        unit.apply([ForgetDeliveries(), SaveFilters(())])
        rows.states = dict(unit.states(ENTITIES))
        last = unit.last_id()
    for writes, end in script:
        carry_out(store, writes, end)
        if end is not End.UNDO:
            for write in writes:
                rows.write(write)
        with store.begin() as unit:
            assert unit.states(ENTITIES) == rows.states
            assert unit.jobs(rows.jobs.keys()) == rows.jobs
            after = JobId(last) if last else None
            ready = [(id_, dispatch) for id_, dispatch in sorted(rows.dispatches.items()) if rows.jobs[id_].waits is None]
            assert [(job.id, dispatch) for job, dispatch in unit.open_jobs(after, 1000)] == ready
            still_open = [
                OpenJob(id_, job.owner, job.operation_id, job.waits)
                for id_, job in sorted(rows.jobs.items())
                if not job.status.final
            ]
            assert [each for each in unit.remembered().open if each.id in rows.jobs] == still_open
            assert list(unit.deliveries()) == rows.deliveries
            assert unit.filters() == rows.filters
            everything = [*rows.jobs, *rows.changes, *([last] if last else [])]
            assert unit.last_id() == max(everything, default=None)
    assert jobs.after(reader, JobId(last) if last else None) == [rows.jobs[id_] for id_ in sorted(rows.jobs)]
    changes = [change for change in history.changes(reader, limit=1000) if change.id in rows.changes]
    assert changes == [rows.changes[id_] for id_ in sorted(rows.changes, reverse=True)]
