"""Values to rows and back. Pure: it knows the model and the order of the tables' columns, and no database.

A row to be written is a tuple in the order of its table's columns (an update's: what is set, then the key). Whatever text or
number came from outside is made fit for every database here, so that no message can spoil the transaction that it is written in.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from pointsman.model.effect import Dispatch, Publish, StartProgram
from pointsman.model.ids import ChangeId, EntityId, EntityRef, JobId, OperationId, OwnerType, StateId, TimerId, UserId
from pointsman.model.job import RECORDED, CustomResult, Job, JobStatus, Ladder, ProcessMeta, Waits
from pointsman.model.json import Json
from pointsman.model.lineage import Lineage
from pointsman.model.state import EntityState, ManualState, StateChange
from pointsman.model.timer import Timer, TimerKind, Waiting
from pointsman.model.write import AddAudit, Considered, SaveProperty
from pointsman.store.text import json_text, json_value, storable, storable_or_none
from pointsman.store.traces import trace_text

Value = str | int | bytes | None
Values = tuple[Value, ...]

_INT64 = 1 << 63
PAYLOAD_KEPT = 16_384
"""A message that led to a change is kept with it, for a replay, up to so many bytes: SD cards are small, states short."""


def state_row(state: EntityState) -> Values:
    """A row of `entities`."""
    kind, id_ = state.entity
    return (kind, id_, state.state, state.previous, state.since, state.change, state.heard)


def change_row(change: StateChange, trace: Sequence[Considered], payload: bytes) -> Values:
    """A row of `state_history`. A time outside 64 bits, which only a message can claim, is dropped; so is a large message."""
    kind, id_ = change.entity
    reported = change.reported
    return (
        change.id,
        kind,
        id_,
        change.previous,
        change.current,
        change.at,
        reported if reported is not None and -_INT64 <= reported < _INT64 else None,
        change.changed_while_offline,
        storable_or_none(change.topic),
        trace_text(trace),
        payload if len(payload) <= PAYLOAD_KEPT else b"",
        storable_or_none(change.reason),
        _lineage_text(change.lineage),
    )


def timer_row(timer: Timer) -> Values:
    """A row of `timers`."""
    kind, id_ = timer.entity
    document: dict[str, Json] = {"kind": timer.kind.value, "subject": timer.subject, "detail": timer.detail}
    if (waiting := timer.waiting) is not None:
        document |= {
            "change": waiting.change,
            "state": waiting.state,
            "previous": waiting.previous,
            "previous_age": waiting.previous_age,
            "reported": waiting.reported,
            "offline": waiting.offline,
            "payload": b64encode(waiting.payload).decode(),
            "lineage": _lineage_text(waiting.lineage),
        }
    return (timer.id, timer.due, kind, id_, json_text(document), timer.kind.value)


def timer_of(row: Sequence[Any]) -> Timer:
    """The timer in a row of `timers`."""
    id_, due, kind, entity, document, _ = row
    fields: Any = json_value(document)
    what = TimerKind(fields.pop("kind"))
    # Until schema 0003 every timer was a trigger's.
    subject, detail = fields.pop("subject", None) or fields.pop("trigger", ""), fields.pop("detail", "")
    waiting = None
    if fields:
        fields["payload"] = b64decode(fields["payload"])
        fields["lineage"] = _lineage_of(fields.get("lineage"))
        waiting = Waiting(**fields)
    ref = EntityRef(OwnerType(kind), EntityId(entity))
    return Timer(id=TimerId(id_), due=due, kind=what, entity=ref, subject=subject, detail=detail, waiting=waiting)


def job_row(job: Job, dispatch: Dispatch | None) -> Values:
    """A row of `jobs`."""
    kind, id_ = job.owner
    return (
        job.id,
        job.operation_id,
        kind,
        id_,
        job.user_id,
        job.timestamp,
        job.status.value,
        json_text(job.description),
        None if job.process_meta is None else _meta_text(job.process_meta),
        job.change_id,
        json_text(job.args) if job.args else None,
        job.attempts,
        job.finished,
        storable_or_none(job.error),
        None if dispatch is None else dispatch_text(job, dispatch),
        job.waits,
        *_rungs(job.ladder),
        _lineage_text(job.lineage),
        None,
        None if job.process_meta is None else job.process_meta.state,
    )


def outcome_row(job: Job, noted: str | None) -> Values:
    """What an update of `jobs` sets, `changed` last, then the job's id."""
    known = (job.status.value, json_text(job.description), job.attempts, job.finished, storable_or_none(job.error))
    return (*known, job.waits, *_rungs(job.ladder), noted, job.id)


def climb_row(job: JobId, ladder: Ladder, noted: str | None) -> Values:
    """What an update of a job's ladder sets, then the job's id."""
    return (*_rungs(ladder), noted, job)


def _rungs(ladder: Ladder) -> Values:
    return (ladder.acknowledged, ladder.reason_code, ladder.answered, ladder.confirmed)


def result_row(id_: str, job: JobId, result: CustomResult) -> Values:
    """A row of `job_results`."""
    return (job, id_, json_text(result.payload), storable(result.by), result.timestamp)


def audit_row(entry: AddAudit) -> Values:
    """A row of `audit`."""
    texts = (storable(entry.actor), storable(entry.action), storable(entry.subject))
    return (entry.id, entry.at, *texts, storable_or_none(entry.before), storable_or_none(entry.after))


def dispatch_text(job: Job, dispatch: Dispatch) -> str:
    """What the column `dispatch` holds: only what the rest of the job's row does not say."""
    if isinstance(dispatch, Publish):
        said = job.description
        if dispatch.topic == said.get("topic") and dispatch.message == said.get("message"):
            return _publish_text(dispatch.qos, dispatch.retain, dispatch.content_type)
        return json_text({**_publish(dispatch), "topic": dispatch.topic, "message": dispatch.message})
    return json_text(
        {
            "path": dispatch.path,
            "script": dispatch.script,
            "arguments": dispatch.arguments,
            "environment": dispatch.environment,
            "stdin": dispatch.stdin,
            "timeout_ms": dispatch.timeout_ms,
            "output_limit": dispatch.output_limit,
        }
    )


def dispatch_of(text: str, job: Job) -> Dispatch:
    """What carries out the job, as `dispatch_text` wrote it."""
    fields: Any = json_value(text)
    if "qos" in fields:
        said = {"topic": job.description.get("topic"), "message": job.description.get("message"), "lineage": job.lineage}
        return Publish(job=job.id, **{**said, **fields})
    arguments = tuple(fields.pop("arguments"))
    return StartProgram(job=job.id, entity=job.owner, arguments=arguments, **fields)


def state_of(row: Sequence[Any]) -> EntityState:
    """The state in a row of `entities`."""
    kind, id_, state, previous, since, change, heard = row
    ref = EntityRef(OwnerType(kind), id_)
    return EntityState(entity=ref, state=state, previous=previous, since=since, change=change, heard=heard)


def change_of(row: Sequence[Any]) -> StateChange:
    """The change in a row of `state_history`."""
    id_, kind, entity, previous, state, at, reported, offline, topic, _, _, reason, lineage = row
    return StateChange(
        id=ChangeId(id_),
        entity=EntityRef(OwnerType(kind), EntityId(entity)),
        previous=previous,
        current=StateId(state),
        at=at,
        reported=reported,
        changed_while_offline=bool(offline),
        topic=topic,
        reason=reason,
        lineage=_lineage_of(lineage),
    )


def job_of(row: Sequence[Any], results: tuple[CustomResult, ...]) -> Job:
    """The job in a row of `jobs`."""
    id_, operation, kind, owner, user, timestamp, status, description, meta, change, args, attempts, finished, error, *rest = row
    _, waits, acknowledged, code, answered, confirmed, lineage, *_ = rest
    ladder = (acknowledged, code, answered, confirmed)
    return Job(
        id=JobId(id_),
        operation_id=OperationId(operation),
        owner=EntityRef(OwnerType(kind), EntityId(owner)),
        user_id=None if user is None else UserId(user),
        timestamp=timestamp,
        status=JobStatus(status),
        description=_mapping(description),
        process_meta=None if meta is None else _meta_of(meta),
        change_id=None if change is None else ChangeId(change),
        args=_mapping(args) if args is not None else {},
        attempts=attempts,
        finished=finished,
        error=error,
        results=results,
        waits=None if waits is None else Waits(waits),
        ladder=RECORDED if ladder == _NOTHING else _ladder_of(*ladder),
        lineage=_lineage_of(lineage),
    )


def manual_row(entity: EntityRef, manual: ManualState) -> Values:
    """A row of `manual_states`."""
    document = {name: getattr(manual, name) for name in ("state", "reason", "by", "since", "until", "reported", "pending")}
    return (entity.kind, entity.id, json_text({**document, "cleared_by": sorted(manual.cleared_by)}))


def manual_of(document: str) -> ManualState:
    """The manual state in a row of `manual_states`."""
    fields: Any = json_value(document)
    fields["cleared_by"] = frozenset(fields["cleared_by"])
    return ManualState(**fields)


def property_row(saved: SaveProperty) -> Values:
    """A row of `property_values`."""
    return (saved.entity.kind, saved.entity.id, storable(saved.name), json_text(saved.value), saved.at, storable(saved.by))


_NOTHING = (None, None, None, None)


def _ladder_of(acknowledged: int | None, code: int | None, answered: int | None, confirmed: int | None) -> Ladder:
    return Ladder(acknowledged=acknowledged, reason_code=code, answered=answered, confirmed=confirmed)


def _lineage_text(lineage: Lineage | None) -> str | None:
    return None if lineage is None else json_text([lineage.root, lineage.by, lineage.hop])


def _lineage_of(text: str | None) -> Lineage | None:
    fields: Any = None if text is None else json_value(text)
    return None if fields is None else Lineage(*fields)


def result_of(row: Sequence[Any]) -> CustomResult:
    """The custom result in a row of `job_results`."""
    _, _, payload, by, timestamp = row
    return CustomResult(payload=json_value(payload), by=UserId(by), timestamp=timestamp)


def _mapping(text: str) -> Mapping[str, Json]:
    value = json_value(text)
    return value if isinstance(value, dict) else {}


def _publish(dispatch: Publish) -> dict[str, Json]:
    return {"qos": dispatch.qos, "retain": dispatch.retain, "content_type": dispatch.content_type}


# The same few texts stand in nearly every row. Both directions are pure, so they may be remembered.


@lru_cache(maxsize=256)
def _publish_text(qos: int, retain: bool, content_type: str | None) -> str:
    return json_text({"qos": qos, "retain": retain, "content_type": content_type})


@lru_cache(maxsize=256)
def _meta_text(meta: ProcessMeta) -> str:
    return json_text(meta.to_json())


@lru_cache(maxsize=256)
def _meta_of(text: str) -> ProcessMeta:
    fields: Any = json_value(text)
    return ProcessMeta(
        trigger_states=tuple(fields["triggerStates"]),
        trigger=fields["trigger"],
        previous=fields["previous"],
        state=fields["state"],
        reported=fields["timestamp"],
    )
