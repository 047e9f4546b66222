"""One transaction of the engine: what it asks, and the writes that it wants carried out. It decides nothing.

`apply` is the hot path of the whole product: writes are gathered by table, and each table gets one statement for all its rows.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from sqlalchemy import Connection, Select, delete, func, insert, select, tuple_

from pointsman.model.definition import Definition, DefinitionKey, Kind
from pointsman.model.effect import Dispatch
from pointsman.model.ids import EntityId, EntityRef, JobId, OwnerType, TimerId, TriggerId, UserId
from pointsman.model.job import OPEN, Job
from pointsman.model.remembered import OpenJob, Remembered
from pointsman.model.state import EntityState
from pointsman.model.timer import OF_CHANGES, Timer, TimerKind
from pointsman.model.write import CountReject, Write
from pointsman.store import ahead, asked
from pointsman.store.codec import (
    climb_row,
    dispatch_of,
    manual_row,
    outcome_row,
    property_row,
    state_of,
    state_row,
    timer_of,
    timer_row,
)
from pointsman.store.edits import carry_out
from pointsman.store.fetch import by_status, fetch_jobs, jobs_of
from pointsman.store.remembered import open_in_brief, remembered
from pointsman.store.rows import Rows, gather, reject_rows
from pointsman.store.statements import Statements, run
from pointsman.store.tables import (
    entities,
    inbox,
    job_events,
    jobs,
    manual_states,
    rejects,
    state_history,
    subscriptions,
    timers,
    trigger_marks,
)
from pointsman.store.text import is_storable
from pointsman.store.verdicts import add_later, count


@dataclass(slots=True)
class Session:
    """What the store knows of the MQTT session between two transactions."""

    name: str
    keep: int
    """How many deliveries are remembered."""
    following: int | None = None
    """The number of the delivery that is remembered next; None when it has to be read. It moves on only with a known commit, so a
    transaction that is tried again writes the same rows again."""


class SqlUnit:
    """A transaction that is under way on `connection`."""

    def __init__(self, connection: Connection, statements: Statements, session: Session, keep_rejects: int) -> None:
        self._connection = connection
        self._statements = statements
        self._session = session
        self._keep_rejects = keep_rejects
        self.inboxed = 0
        """How many deliveries were added to the inbox."""

    def states(self, entities: Collection[EntityRef]) -> Mapping[EntityRef, EntityState]:
        """The state of each of these entities that has one; on PostgreSQL their rows are locked, always in the same order."""
        found: dict[EntityRef, EntityState] = {}
        for kind in OwnerType:
            ids = [ref.id for ref in entities if ref.kind == kind and is_storable(ref.id)]
            if ids:
                for row in self._connection.execute(_states(kind, ids)):
                    state = state_of(row)
                    found[state.entity] = state
        return found

    def jobs(self, ids: Collection[JobId]) -> Mapping[JobId, Job]:
        """These jobs, with their custom results, as far as they exist."""
        known = [id_ for id_ in ids if is_storable(id_)]
        return {job.id: job for job in fetch_jobs(self._connection, select(jobs).where(jobs.c.id.in_(known)))}

    def open_jobs(self, after: JobId | None, limit: int) -> Sequence[tuple[Job, Dispatch]]:
        """Open jobs that wait for nothing, with what carries them out, in the order of their ids, from the one after `after`."""
        waiting = select(jobs).where(jobs.c.dispatch.is_not(None), jobs.c.waits.is_(None), jobs.c.id > (after or ""))
        rows = self._connection.execute(by_status(waiting, OPEN, limit, newest_first=False)).all()
        return [(job, dispatch_of(row.dispatch, job)) for job, row in zip(jobs_of(self._connection, rows), rows, strict=True)]

    def timers(self, ids: Collection[TimerId] | None = None) -> Mapping[TimerId, Timer]:
        """These timers, as far as they exist; all of them for None."""
        query = select(timers) if ids is None else select(timers).where(timers.c.id.in_(ids))
        return {timer.id: timer for timer in map(timer_of, self._connection.execute(query))}

    def waiting(self, entities: Collection[EntityRef], kinds: Collection[TimerKind] = OF_CHANGES) -> Sequence[Timer]:
        """The timers of these entities of those kinds: unless it says otherwise, those that a change of their state voids."""
        found: list[Timer] = []
        for kind in OwnerType:
            ids = [ref.id for ref in entities if ref.kind == kind]
            if ids:
                theirs = (timers.c.owner_type == kind, timers.c.entity_id.in_(ids), timers.c.kind.in_(kinds))
                found += map(timer_of, self._connection.execute(select(timers).where(*theirs).order_by(timers.c.id)))
        return found

    def remembered(self) -> Remembered:
        """What a worker has to remember of the time before it started."""
        return remembered(self._connection)

    def open_in_brief(self) -> Sequence[OpenJob]:
        """Every open job, in the order of their ids."""
        return open_in_brief(self._connection)

    def definitions(
        self, keys: Collection[DefinitionKey], kinds: Collection[Kind] = (), aliases: Collection[tuple[Kind, str]] = ()
    ) -> Mapping[DefinitionKey, Definition]:
        """These definitions, all of these kinds, and those that are found by these aliases, as far as there are such."""
        return asked.definitions_asked(self._connection, keys, kinds, aliases)

    def made_by_users(self) -> Sequence[Definition]:
        """The definitions of the catalog that the configuration file does not make, by kind and id."""
        return asked.made_by_users(self._connection)

    def requested(self, keys: Collection[tuple[UserId, str]]) -> Mapping[tuple[UserId, str], tuple[bytes, JobId]]:
        """The requests that were made under these keys of their users: a digest of what was asked for, and the job."""
        return asked.requested(self._connection, keys)

    def fired(self, entities: Collection[EntityRef]) -> Mapping[EntityRef, Mapping[TriggerId, int]]:
        """When triggers fired last for these entities, in ms; only those that rest after it."""
        found: dict[EntityRef, dict[TriggerId, int]] = {}
        for kind in OwnerType:
            ids = [ref.id for ref in entities if ref.kind == kind]
            if ids:
                marks = select(trigger_marks).where(trigger_marks.c.owner_type == kind, trigger_marks.c.entity_id.in_(ids))
                for _, entity, trigger, at in self._connection.execute(marks):
                    found.setdefault(EntityRef(kind, EntityId(entity)), {})[TriggerId(trigger)] = at
        return found

    def last_id(self) -> str | None:
        """The greatest id of a job, of an entry of its changes or of a change of state that there is."""
        ids = [self._connection.scalar(select(func.max(table.c.id))) for table in (jobs, job_events, state_history)]
        return max((id_ for id_ in ids if id_ is not None), default=None)

    def deliveries(self) -> Sequence[tuple[int, bytes]]:
        """The packet ids and digests of the deliveries that were applied last, oldest first."""
        query = (
            select(inbox.c.n, inbox.c.packet_id, inbox.c.digest).where(inbox.c.session == self._session.name).order_by(inbox.c.n)
        )
        rows = self._connection.execute(query).all()
        self._session.following = rows[-1].n + 1 if rows else 1
        return [(row.packet_id, bytes(row.digest)) for row in rows]

    def filters(self) -> tuple[str, ...]:
        """The topic filters that the broker was last known to hold for the session."""
        mine = subscriptions.c.session == self._session.name
        return tuple(self._connection.scalars(select(subscriptions.c.topic_filter).where(mine).order_by(subscriptions.c.n)))

    def apply(self, writes: Sequence[Write]) -> None:
        """Carry out the writes. New rows go in before what changes them; of several changes of one row the last one counts."""
        rows = gather(writes)
        statements, connection = self._statements, self._connection
        run(connection, statements.add_change, rows.changes)
        run(connection, statements.save_state, [state_row(state) for state in rows.states.values()])
        run(connection, statements.add_job, rows.jobs)
        ahead.note(connection, rows.jobs or rows.changes)
        self._move_jobs(rows)
        run(connection, statements.add_result, rows.results)
        run(connection, statements.add_audit, rows.audit)
        if rows.forget or rows.deliveries:
            self._remember(rows)
        if rows.rejects:
            self._count(rows.rejects)
        if rows.filters is not None:
            self._save_filters(rows.filters)
        if rows.later:
            add_later(connection, statements, rows.later)
        if rows.verdicts:
            count(connection, statements, rows.verdicts)
        self._keep_time(rows)
        self._keep_in_mind(rows)
        for edit in rows.edits:
            carry_out(connection, edit)

    def _move_jobs(self, rows: Rows) -> None:
        """What jobs that there are become, and that they have."""
        connection, statements, noted = self._connection, self._statements, rows.noted
        run(connection, statements.release_job, [(noted.get(job), job) for job in rows.released])
        known = [(job.status in OPEN, outcome_row(job, noted.get(job.id))) for job in rows.outcomes.values()]
        run(connection, statements.begin_job, [row for is_open, row in known if is_open])
        run(connection, statements.finish_job, [row for is_open, row in known if not is_open])
        climbed = [climb_row(job, ladder, noted.get(job)) for job, ladder in rows.climbed.items()]
        run(connection, statements.climb, climbed)
        moved = rows.released.keys() | rows.outcomes.keys() | rows.climbed.keys()
        run(connection, statements.note_job, [(id_, job) for job, id_ in noted.items() if job not in moved])
        run(connection, statements.add_event, [(id_, job) for job, id_ in noted.items()])

    def _keep_in_mind(self, rows: Rows) -> None:
        """What decisions are made on besides the catalog and the states."""
        connection, statements = self._connection, self._statements
        for entity, manual in rows.manual.items():
            if manual is None:
                mine = (manual_states.c.owner_type == entity.kind, manual_states.c.entity_id == entity.id)
                connection.execute(delete(manual_states).where(*mine))
        run(connection, statements.save_manual, [manual_row(ref, manual) for ref, manual in rows.manual.items() if manual])
        run(connection, statements.save_property, [property_row(saved) for saved in rows.properties.values()])
        quarantined = [(*each.entity, each.operation, each.until, each.times) for each in rows.quarantines.values()]
        run(connection, statements.save_quarantine, quarantined)

    def _keep_time(self, rows: Rows) -> None:
        """What triggers remember. Timers that were set after their entity's others became void are set last."""
        connection = self._connection
        run(connection, self._statements.mark_fired, [(*entity, trigger, at) for (entity, trigger), at in rows.fired.items()])
        for kinds, kind in product(rows.void, OwnerType):
            ids = [ref.id for ref in rows.void[kinds] if ref.kind == kind]
            if ids:
                theirs = (timers.c.owner_type == kind, timers.c.entity_id.in_(ids), timers.c.kind.in_(kinds))
                connection.execute(delete(timers).where(*theirs))
        run(connection, self._statements.drop_timer, [(timer,) for timer in rows.gone])
        run(connection, self._statements.save_timer, [timer_row(timer) for timer in rows.timers.values()])

    def _remember(self, rows: Rows) -> None:
        session, connection = self._session, self._connection
        mine = inbox.c.session == session.name
        if session.following is None:
            session.following = (connection.scalar(select(func.max(inbox.c.n)).where(mine)) or 0) + 1
        if rows.forget:
            connection.execute(delete(inbox).where(mine))
        first = session.following + self.inboxed
        numbered = [(session.name, first + n, each.packet_id, each.digest) for n, each in enumerate(rows.deliveries)]
        run(connection, self._statements.remember_delivery, numbered[-session.keep :])
        self.inboxed += len(numbered)
        connection.execute(delete(inbox).where(mine, inbox.c.n < first + len(numbered) - session.keep))

    def _count(self, counted: Sequence[CountReject]) -> None:
        run(self._connection, self._statements.count_reject, reject_rows(counted))
        beyond = (
            select(rejects.c.reason, rejects.c.topic)
            .order_by(rejects.c.last_at.desc(), rejects.c.reason, rejects.c.topic)
            .offset(self._keep_rejects)
        )
        self._connection.execute(delete(rejects).where(tuple_(rejects.c.reason, rejects.c.topic).in_(beyond)))

    def _save_filters(self, filters: tuple[str, ...]) -> None:
        self._connection.execute(delete(subscriptions).where(subscriptions.c.session == self._session.name))
        rows = [{"session": self._session.name, "n": n, "topic_filter": text} for n, text in enumerate(filters)]
        if rows:
            self._connection.execute(insert(subscriptions), rows)


def _states(kind: OwnerType, ids: Sequence[str]) -> Select[Any]:
    """The rows of these entities, in the order of their ids: the order in which every worker locks them."""
    key = entities.c.entity_id
    return select(entities).where(entities.c.owner_type == kind, key.in_(ids)).order_by(key).with_for_update()
