"""How a job that would be made differs from the one on record."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from pointsman.model.effect import Dispatch
from pointsman.model.ids import ChangeId, TriggerId
from pointsman.model.job import Job, JobStatus
from pointsman.model.json import Json
from pointsman.rehearsal.words import as_json


class Kind(StrEnum):
    """How a job differs."""

    ADDED = "added"
    """It is not on record."""
    DROPPED = "dropped"
    """It would not be made."""
    CHANGED = "changed"
    """It would be another: it would say something else, or come at another time."""


class Made(NamedTuple):
    """A job that would be made."""

    job: Job
    dispatch: Dispatch | None


@dataclass(frozen=True, slots=True)
class Difference:
    """A job that differs."""

    kind: Kind
    job: Job
    """The one on record where there is one, else the other."""
    was: Job | None
    would: Made | None

    def to_json(self) -> dict[str, Json]:
        """For programs to read."""
        job = self.job
        return {
            "what": self.kind.value,
            "timestamp": job.timestamp,
            "entity_id": job.owner.id,
            "entity_type": int(job.owner.kind),
            "operation_id": job.operation_id,
            "trigger": job.process_meta.trigger if job.process_meta else None,
            "change_id": job.change_id,
            "was": None if self.was is None else _was(self.was),
            "would": None if self.would is None else _would(self.would),
        }


class OtherVerdict(NamedTuple):
    """A trigger that would be judged otherwise at a change."""

    change: ChangeId
    trigger: TriggerId
    was: str | None
    """The reason on record why it did not fire, `fired`, or None when it was not considered."""
    would: str | None


def same(was: Job, made: Made) -> bool:
    """Whether both are for the same thing to be done. Of a program only that one runs is on record, not its arguments."""
    job = made.job
    held, would_be_held = was.status is JobStatus.SUPPRESSED, job.status is JobStatus.SUPPRESSED
    if held or would_be_held:
        return held and would_be_held
    if job.status is JobStatus.FAILED:
        return was.status is JobStatus.FAILED and was.error == job.error
    if "topic" in was.description or "topic" in job.description:
        return all(was.description.get(name) == _renamed(job.description.get(name), job, was) for name in ("topic", "message"))
    return bool(was.description) == bool(job.description)


def _renamed(text: Json, job: Job, was: Job) -> Json:
    return text.replace(job.id, was.id) if isinstance(text, str) else text


def _was(job: Job) -> dict[str, Json]:
    return {"job": job.id, "timestamp": job.timestamp, "status": job.status.value, "error": job.error, "did": job.description}


def _would(made: Made) -> dict[str, Json]:
    job = made.job
    return {"timestamp": job.timestamp, "status": job.status.value, "error": job.error, "do": as_json(made.dispatch)}
