"""The statements that write, one a kind of row, compiled once: on the hot path nothing is left to do but to send rows.

Built from the tables by SQLAlchemy for the dialect at hand; run with `exec_driver_sql`, which takes tuples as they are. Inserts
leave a row alone that is there already, so that a transaction whose outcome is unknown may be tried again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BindParameter, Connection, Dialect, Null, Table, Text, bindparam, delete, func, null, update
from sqlalchemy.dialects import postgresql, sqlite

from pointsman.store import tables
from pointsman.store.codec import Values


@dataclass(frozen=True, slots=True)
class Statements:
    """SQL texts by what they do. Each takes rows as `codec` makes them."""

    save_state: str
    add_change: str
    add_job: str
    begin_job: str
    """Sets what is known of a job that is still open."""
    finish_job: str
    """Sets what is known of a job that is final, and drops its dispatch."""
    add_result: str
    add_audit: str
    remember_delivery: str
    count_reject: str
    mark_fired: str
    save_timer: str
    drop_timer: str
    release_job: str
    note_job: str
    """Sets when a job changed last, and nothing else."""
    add_event: str
    climb: str
    save_manual: str
    save_property: str
    save_quarantine: str
    save_trace: str
    count_verdicts: str

    @classmethod
    def compile(cls, dialect: Dialect) -> Statements:
        """The statements for a dialect."""
        return cls(
            save_state=_upsert(dialect, tables.entities),
            add_change=_insert(dialect, tables.state_history),
            add_job=_insert(dialect, tables.jobs),
            begin_job=_outcome(dialect, final=False),
            finish_job=_outcome(dialect, final=True),
            add_result=_insert(dialect, tables.job_results),
            add_audit=_insert(dialect, tables.audit),
            remember_delivery=_upsert(dialect, tables.inbox),
            count_reject=_count(dialect, tables.rejects, "last_at", "detail", "payload"),
            mark_fired=_upsert(dialect, tables.trigger_marks),
            save_timer=_insert(dialect, tables.timers),
            drop_timer=str(delete(tables.timers).where(tables.timers.c.id == bindparam("timer")).compile(dialect=dialect)),
            release_job=_set(dialect, {"waits": null()}),
            note_job=_set(dialect, {}),
            add_event=_insert(dialect, tables.job_events),
            climb=_set(dialect, {name: bindparam(f"new_{name}") for name in _LADDER}),
            save_manual=_upsert(dialect, tables.manual_states),
            save_property=_upsert(dialect, tables.property_values),
            save_quarantine=_upsert(dialect, tables.quarantines),
            save_trace=_trace(dialect),
            count_verdicts=_count(dialect, tables.verdicts, "examples"),
        )


def run(connection: Connection, statement: str, rows: Sequence[Values]) -> None:
    """Run the statement once for each row."""
    if rows:
        connection.exec_driver_sql(statement, list(rows))


def _values(dialect: Dialect, table: Table) -> sqlite.Insert | postgresql.Insert:
    insert = sqlite.insert if dialect.name == "sqlite" else postgresql.insert
    return insert(table).values({column.name: bindparam(column.name) for column in table.columns})


def _insert(dialect: Dialect, table: Table) -> str:
    return str(_values(dialect, table).on_conflict_do_nothing().compile(dialect=dialect))


def _upsert(dialect: Dialect, table: Table) -> str:
    insert = _values(dialect, table)
    rest = {column.name: insert.excluded[column.name] for column in table.columns if not column.primary_key}
    return str(insert.on_conflict_do_update(index_elements=list(table.primary_key), set_=rest).compile(dialect=dialect))


def _count(dialect: Dialect, table: Table, *others: str) -> str:
    """Adds to the column `count`, and sets the others."""
    insert = _values(dialect, table)
    latest = {name: insert.excluded[name] for name in others}
    counted = {"count": table.c.count + insert.excluded["count"], **latest}
    return str(insert.on_conflict_do_update(index_elements=list(table.primary_key), set_=counted).compile(dialect=dialect))


_LADDER = ("acknowledged", "reason_code", "answered", "confirmed")


def _trace(dialect: Dialect) -> str:
    history = tables.state_history
    return str(update(history).where(history.c.id == bindparam("change")).values(trace=bindparam("new")).compile(dialect=dialect))


def _outcome(dialect: Dialect, *, final: bool) -> str:
    names = ("status", "description", "attempts", "finished", "error", "waits", *_LADDER)
    known: dict[str, BindParameter[Any] | Null] = {name: bindparam(f"new_{name}") for name in names}
    return _set(dialect, {**known, "dispatch": null()} if final else known)


def _set(dialect: Dialect, values: Mapping[str, BindParameter[Any] | Null]) -> str:
    """Sets something of the job whose id comes last, and before it, unless that is null, the last entry in `job_events`."""
    jobs = tables.jobs
    noted = {"changed": func.coalesce(bindparam("noted", type_=Text()), jobs.c.changed)}
    setting = update(jobs).where(jobs.c.id == bindparam("job")).values({**values, **noted})
    return str(setting.compile(dialect=dialect))
