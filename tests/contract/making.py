"""Values for tests of a store, each with ids of its own. Knows the model; knows no store."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pointsman.clock import Uuid7
from pointsman.model.command import RejectReason
from pointsman.model.effect import Publish, StartProgram
from pointsman.model.ids import (
    SYSTEM_USER,
    ChangeId,
    EntityId,
    EntityRef,
    JobId,
    OperationId,
    OwnerType,
    StateId,
    TriggerId,
    UserId,
)
from pointsman.model.job import CustomResult, Job, JobStatus, ProcessMeta
from pointsman.model.json import Json
from pointsman.model.state import EntityState, StateChange
from pointsman.model.write import AddAudit, AddJob, AppendResult, CountReject

NOW = 1_700_000_000_000
SESSION = "worker-1"

new_id = Uuid7()

AWKWARD_TEXTS = (
    "",
    "plain",
    "Ventil öffnen 漢字 😀",
    "quote \" ' \\ and\nnew\tline",
    "nul \0 inside",
    "lone \ud800 surrogate",
    "%s %(a)s :a ?",
)
"""Texts that some database or driver stumbles over."""
AWKWARD_JSON: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    2**63,
    10**400,
    1e308,
    5e-324,
    -0.0,
    0.1 + 0.2,
    float("inf"),
    *AWKWARD_TEXTS,
    [],
    {},
    [[[]], {"": {"a": None}}],
    {text: text for text in AWKWARD_TEXTS},
)


def pump(n: int = 1) -> EntityRef:
    """An object."""
    return EntityRef(OwnerType.OBJECT, EntityId(f"pump-{n}"))


def pipe(n: int = 1) -> EntityRef:
    """A link."""
    return EntityRef(OwnerType.LINK, EntityId(f"pipe-{n}"))


def a_state(entity: EntityRef | None = None, state: str = "3", **more: Any) -> EntityState:
    """What is known of an entity's state."""
    given: dict[str, Any] = {"previous": StateId("1"), "since": NOW, "change": None, **more}
    return EntityState(entity=entity or pump(), state=StateId(state), **given)


def a_change(entity: EntityRef | None = None, at: int = NOW, *, ids: Uuid7 = new_id, **more: Any) -> StateChange:
    """A change of state."""
    given: dict[str, Any] = {"previous": StateId("1"), "current": StateId("3"), **more}
    return StateChange(id=ChangeId(ids(at)), entity=entity or pump(), at=at, **given)


def a_meta(*states: int | str) -> ProcessMeta:
    """What ran a job that a trigger with these states ran."""
    return ProcessMeta(
        trigger_states=states, trigger=TriggerId("class pump, trigger 1"), previous=None, state=StateId("3"), reported=NOW
    )


def a_job(owner: EntityRef | None = None, at: int = NOW, *, ids: Uuid7 = new_id, **more: Any) -> Job:
    """A job that publishes and is queued, unless more is said."""
    given: dict[str, Any] = {
        "operation_id": OperationId("open-valve"),
        "user_id": SYSTEM_USER,
        "status": JobStatus.QUEUED,
        "description": {"topic": "plant/pump-1/valve/set", "message": '{"cmd": "open"}'},
        **more,
    }
    return Job(id=JobId(ids(at)), owner=owner or pump(), timestamp=at, **given)


def published(job: Job, **more: Any) -> Publish:
    """What carries out a job that publishes."""
    topic, message = str(job.description["topic"]), str(job.description["message"])
    given: dict[str, Any] = {"topic": topic, "message": message, "qos": 1, "retain": False, **more}
    return Publish(job=job.id, **given)


def started(job: Job, **more: Any) -> StartProgram:
    """What carries out a job that runs a program."""
    given: dict[str, Any] = {
        "path": "/bin/echo",
        "script": None,
        "arguments": ("one", "two words"),
        "environment": {"POINTSMAN_JOB_ID": str(job.id)},
        "stdin": '{"job": 1}',
        "timeout_ms": 60_000,
        "output_limit": 65_536,
        **more,
    }
    return StartProgram(job=job.id, entity=job.owner, **given)


def queued(job: Job) -> AddJob:
    """A new job with what carries it out."""
    return AddJob(job, None if job.status.final else published(job))


def ended(job: Job, status: JobStatus = JobStatus.SUCCEEDED, at: int = NOW, **more: Any) -> Job:
    """The job, at its end."""
    return replace(job, status=status, attempts=1, finished=at, **more)


def a_result(job: Job, payload: Json, by: str = "device") -> AppendResult:
    """A custom result."""
    return AppendResult(new_id(NOW), job.id, CustomResult(payload=payload, by=UserId(by), timestamp=NOW))


def a_reject(topic: str = "plant/x", at: int = NOW, **more: Any) -> CountReject:
    """A message that was not taken."""
    given: dict[str, Any] = {"reason": RejectReason.UNPARSABLE, "detail": "expected JSON, found x", "payload": b"x", **more}
    return CountReject(topic=topic, at=at, **given)


def an_entry(**more: Any) -> AddAudit:
    """An entry of the audit."""
    given: dict[str, Any] = {"at": NOW, "actor": "user", "action": "execute", "subject": "object pump-1: open-valve", **more}
    return AddAudit(id=new_id(NOW), **given)


def plain(job: Job) -> dict[str, Any]:
    """The job's public JSON: for comparing."""
    return job.to_json()
