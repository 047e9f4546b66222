"""Values to rows and back. Pure: it knows the model and the order of the tables' columns, and no database.

A row to be written is a tuple in the order of its table's columns (an update's: what is set, then the key). Whatever text or
number came from outside is made fit for every database here, so that no message can spoil the transaction that it is written in.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from pydantic_core import from_json, to_json

from pointsman.model.effect import Dispatch, Publish, StartProgram
from pointsman.model.ids import ChangeId, EntityId, EntityRef, JobId, OperationId, OwnerType, StateId, TimerId, TriggerId, UserId
from pointsman.model.job import CustomResult, Job, JobStatus, ProcessMeta
from pointsman.model.json import Json
from pointsman.model.state import EntityState, StateChange
from pointsman.model.timer import Timer, TimerKind
from pointsman.model.write import AddAudit, Considered

Value = str | int | bytes | None
Values = tuple[Value, ...]

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
"""PostgreSQL takes no NUL in text, and no database a lone surrogate."""
_INT64 = 1 << 63


def json_text(value: Json) -> str:
    """The value as JSON text, from which `json_value` makes it again: integers of any size, any Unicode, NaN and infinities."""
    try:
        return to_json(value, fallback=dict).decode()
    except ValueError:  # a lone surrogate, or nested deeper than pydantic goes
        return json.dumps(value, default=dict, separators=(",", ":"))


def json_value(text: str) -> Json:
    """The value of a JSON text that `json_text` made."""
    try:
        value: Json = from_json(text)
    except ValueError:  # what only json.dumps could write, only json.loads can read
        value = json.loads(text)
    return value


def is_storable(key: str) -> bool:
    """Whether a row can have this key at all. To ask PostgreSQL for one that cannot is an error there."""
    return _UNSTORABLE.search(key) is None


def storable(text: str) -> str:
    """The text, with U+FFFD for what a database cannot hold."""
    return _UNSTORABLE.sub("\ufffd", text)


def _storable_or_none(text: str | None) -> str | None:
    return None if text is None else _UNSTORABLE.sub("\ufffd", text)


def state_row(state: EntityState) -> Values:
    """A row of `entities`."""
    kind, id_ = state.entity
    return (kind, id_, state.state, state.previous, state.since, state.change)


def change_row(change: StateChange, trace: Sequence[Considered]) -> Values:
    """A row of `state_history`. A time outside 64 bits, which only a message can claim, is dropped."""
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
        _storable_or_none(change.topic),
        json_text([[each.trigger, each.skipped, each.detail, each.job] for each in trace]) if trace else None,
    )


def trace_of(text: str | None) -> tuple[Considered, ...]:
    """The trace in a row of `state_history`."""
    fields: Any = [] if text is None else json_value(text)
    return tuple([Considered(TriggerId(trigger), skipped, detail, job) for trigger, skipped, detail, job in fields])


def timer_row(timer: Timer) -> Values:
    """A row of `timers`."""
    kind, id_ = timer.entity
    document: Json = {
        "kind": timer.kind.value,
        "trigger": timer.trigger,
        "change": timer.change,
        "state": timer.state,
        "previous": timer.previous,
        "previous_age": timer.previous_age,
        "reported": timer.reported,
        "offline": timer.offline,
        "payload": b64encode(timer.payload).decode(),
    }
    return (timer.id, timer.due, kind, id_, json_text(document))


def timer_of(row: Sequence[Any]) -> Timer:
    """The timer in a row of `timers`."""
    id_, due, kind, entity, document = row
    fields: Any = json_value(document)
    fields["kind"] = TimerKind(fields["kind"])
    fields["payload"] = b64decode(fields["payload"])
    return Timer(id=TimerId(id_), due=due, entity=EntityRef(OwnerType(kind), EntityId(entity)), **fields)


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
        _storable_or_none(job.error),
        None if dispatch is None else dispatch_text(job, dispatch),
    )


def outcome_row(job: Job) -> Values:
    """What an update of `jobs` sets, then the job's id."""
    return (job.status.value, json_text(job.description), job.attempts, job.finished, _storable_or_none(job.error), job.id)


def result_row(id_: str, job: JobId, result: CustomResult) -> Values:
    """A row of `job_results`."""
    return (job, id_, json_text(result.payload), storable(result.by), result.timestamp)


def audit_row(entry: AddAudit) -> Values:
    """A row of `audit`."""
    texts = (storable(entry.actor), storable(entry.action), storable(entry.subject))
    return (entry.id, entry.at, *texts, _storable_or_none(entry.before), _storable_or_none(entry.after))


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
        return Publish(job=job.id, **{"topic": job.description.get("topic"), "message": job.description.get("message"), **fields})
    arguments = tuple(fields.pop("arguments"))
    return StartProgram(job=job.id, entity=job.owner, arguments=arguments, **fields)


def state_of(row: Sequence[Any]) -> EntityState:
    """The state in a row of `entities`."""
    kind, id_, state, previous, since, change = row
    return EntityState(entity=EntityRef(OwnerType(kind), id_), state=state, previous=previous, since=since, change=change)


def change_of(row: Sequence[Any]) -> StateChange:
    """The change in a row of `state_history`."""
    id_, kind, entity, previous, state, at, reported, offline, topic, _ = row
    return StateChange(
        id=ChangeId(id_),
        entity=EntityRef(OwnerType(kind), EntityId(entity)),
        previous=previous,
        current=StateId(state),
        at=at,
        reported=reported,
        changed_while_offline=bool(offline),
        topic=topic,
    )


def job_of(row: Sequence[Any], results: tuple[CustomResult, ...]) -> Job:
    """The job in a row of `jobs`."""
    id_, operation, kind, owner, user, timestamp, status, description, meta, change, args, attempts, finished, error, _ = row
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
    )


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
