"""Writes, gathered by table, so that each table gets one statement for all its rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from pointsman.model.edit import Edit
from pointsman.model.ids import EntityRef, JobId, OperationId, TimerId, TriggerId
from pointsman.model.job import Job, Ladder
from pointsman.model.state import EntityState, ManualState
from pointsman.model.timer import Timer, TimerKind
from pointsman.model.write import (
    AddAudit,
    AddChange,
    AddJob,
    AddVerdict,
    AppendResult,
    Climb,
    CountReject,
    CountVerdicts,
    DropTimer,
    DropTimers,
    ForgetDeliveries,
    MarkFired,
    NoteJob,
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
from pointsman.store.codec import Values, audit_row, change_row, job_row, result_row
from pointsman.store.text import storable

TOPIC_KEPT = 512
"""How much of a rejected message's topic is kept, in characters: it is part of a key, which PostgreSQL bounds to 2,704 bytes."""


@dataclass(slots=True)
class Rows:
    """Writes, gathered by table."""

    states: dict[EntityRef, EntityState] = field(default_factory=dict)
    changes: list[Values] = field(default_factory=list)
    jobs: list[Values] = field(default_factory=list)
    outcomes: dict[JobId, Job] = field(default_factory=dict)
    results: list[Values] = field(default_factory=list)
    audit: list[Values] = field(default_factory=list)
    rejects: list[CountReject] = field(default_factory=list)
    forget: bool = False
    deliveries: list[RememberDelivery] = field(default_factory=list)
    filters: tuple[str, ...] | None = None
    fired: dict[tuple[EntityRef, TriggerId], int] = field(default_factory=dict)
    timers: dict[TimerId, Timer] = field(default_factory=dict)
    gone: list[TimerId] = field(default_factory=list)
    void: defaultdict[frozenset[TimerKind], set[EntityRef]] = field(default_factory=lambda: defaultdict(set))
    released: dict[JobId, None] = field(default_factory=dict)
    climbed: dict[JobId, Ladder] = field(default_factory=dict)
    manual: dict[EntityRef, ManualState | None] = field(default_factory=dict)
    properties: dict[tuple[EntityRef, str], SaveProperty] = field(default_factory=dict)
    quarantines: dict[tuple[EntityRef, OperationId], SaveQuarantine] = field(default_factory=dict)
    later: list[AddVerdict] = field(default_factory=list)
    verdicts: list[CountVerdicts] = field(default_factory=list)
    edits: list[Edit] = field(default_factory=list)
    noted: dict[JobId, str] = field(default_factory=dict)


def gather(writes: Sequence[Write]) -> Rows:
    """The writes of one transaction by table; of several of one row the last one counts."""
    rows = Rows()
    for write in writes:
        match write:
            case SaveState(state):
                rows.states[state.entity] = state
            case AddChange(change, trace, payload):
                rows.changes.append(change_row(change, trace, payload))
            case AddJob(job, dispatch):
                rows.jobs.append(job_row(job, dispatch))
            case UpdateJob() | Release() | Climb():
                _gather_outcome(rows, write)
            case NoteJob(id_, job_id):
                rows.noted[job_id] = id_
            case RememberDelivery():
                rows.deliveries.append(write)
            case AppendResult(id_, job_id, result):
                rows.results.append(result_row(id_, job_id, result))
            case AddAudit():
                rows.audit.append(audit_row(write))
            case CountReject():
                rows.rejects.append(write)
            case ForgetDeliveries():
                rows.forget = True
                rows.deliveries.clear()
            case SaveFilters(filters):
                rows.filters = filters
            case SaveTimer() | DropTimer() | DropTimers():
                _gather_timer(rows, write)
            case AddVerdict():
                rows.later.append(write)
            case CountVerdicts():
                rows.verdicts.append(write)
            case MarkFired() | SaveManual() | SaveProperty() | SaveQuarantine():
                _gather_memory(rows, write)
            case _:
                rows.edits.append(write)
    return rows


def _gather_outcome(rows: Rows, write: UpdateJob | Release | Climb) -> None:
    """What an update says goes over what was said before it; what is said after it is put into it."""
    match write:
        case UpdateJob(job):
            rows.outcomes[job.id] = job
            rows.released.pop(job.id, None)
            rows.climbed.pop(job.id, None)
        case Release(job_id):
            if (known := rows.outcomes.get(job_id)) is not None:
                rows.outcomes[job_id] = replace(known, waits=None)
            else:
                rows.released[job_id] = None
        case Climb(job_id, ladder):
            if (known := rows.outcomes.get(job_id)) is not None:
                rows.outcomes[job_id] = replace(known, ladder=ladder)
            else:
                rows.climbed[job_id] = ladder


def _gather_timer(rows: Rows, write: SaveTimer | DropTimer | DropTimers) -> None:
    match write:
        case SaveTimer(timer):
            rows.timers[timer.id] = timer
        case DropTimer(timer_id):
            rows.timers.pop(timer_id, None)
            rows.gone.append(timer_id)
        case DropTimers(entity, kinds):
            rows.void[kinds].add(entity)
            void = [id_ for id_, each in rows.timers.items() if each.entity == entity and each.kind in kinds]
            for id_ in void:
                del rows.timers[id_]


def _gather_memory(rows: Rows, write: MarkFired | SaveManual | SaveProperty | SaveQuarantine) -> None:
    match write:
        case MarkFired(entity, trigger, at):
            rows.fired[entity, trigger] = at
        case SaveManual(entity, manual):
            rows.manual[entity] = manual
        case SaveProperty():
            rows.properties[write.entity, write.name] = write
        case SaveQuarantine():
            rows.quarantines[write.entity, write.operation] = write


def reject_rows(counted: Sequence[CountReject]) -> list[Values]:
    """One row for each reason and topic, however often it was counted."""
    groups: defaultdict[tuple[str, str], list[CountReject]] = defaultdict(list)
    for each in counted:
        groups[each.reason.value, storable(each.topic)[:TOPIC_KEPT]].append(each)
    return [
        (*key, len(group), group[0].at, group[-1].at, storable(group[-1].detail), group[-1].payload)
        for key, group in groups.items()
    ]
