"""Jobs: the record of one execution of an operation (reference: *Job*). Their public JSON is made here and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from pointsman.model.ids import ChangeId, EntityRef, JobId, OperationId, StateId, TriggerId, UserId
from pointsman.model.json import Json
from pointsman.model.lineage import Lineage


class JobStatus(StrEnum):
    """Where a job stands. Which status may follow which is `core/lifecycle.py`'s table."""

    QUEUED = "queued"
    """Recorded; its operation has not begun, or was published and the broker has not answered yet. Or it waits: `waits` says for
    what."""
    RUNNING = "running"
    """Its program was started; or all is done but that the device has to answer, or the effect to be seen."""
    SUCCEEDED = "succeeded"
    """The broker acknowledged the message, or the program ended with exit code 0; and the device has answered, and the effect was
    seen, where the operation asks for it."""
    FAILED = "failed"
    """It could not be carried out, was refused, or the program ended with another exit code; `error` says which."""
    TIMED_OUT = "timed_out"
    """The program ran into its time limit and was ended; or no answer came, or the effect was not seen, in time."""
    CANCELLED = "cancelled"
    """Somebody called it off."""
    SUPPRESSED = "suppressed"
    """A limit kept it from being carried out; `error` says which."""
    INTERRUPTED = "interrupted"
    """Outcome unknown: the worker went down while the program ran."""

    @property
    def final(self) -> bool:
        """Whether nothing follows it."""
        return self not in OPEN


OPEN = frozenset({JobStatus.QUEUED, JobStatus.RUNNING})


class Waits(StrEnum):
    """What an open job waits for. While it does, it is not to be carried out."""

    TURN = "turn"
    """For another job of the same operation to end."""
    RETRY = "retry"
    """For the time of its next try."""
    ANSWER = "answer"
    """For its device to answer."""
    CONFIRMATION = "confirmation"
    """For its effect to be seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """How far it is known that a job got, beyond that it was recorded: each rung with its time, in ms."""

    acknowledged: int | None = None
    """The broker took the message. At QoS 0 nobody says so, and it stays None."""
    reason_code: int | None = None
    """What the broker said with that: 0, or 16, that nobody had subscribed (MQTT 5 §3.4.2.1)."""
    answered: int | None = None
    """The device answered."""
    confirmed: int | None = None
    """The effect was seen."""

    @property
    def rung(self) -> str:
        """The highest that was reached."""
        rungs = {"confirmed": self.confirmed, "answered": self.answered, "acknowledged": self.acknowledged}
        return next((name for name, at in rungs.items() if at is not None), "recorded")


RECORDED = Ladder()


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomResult:
    """Something added to a job later, by a user or a device."""

    payload: Json
    by: UserId
    timestamp: int

    def to_json(self) -> dict[str, Any]:
        """The public JSON (`results[]` of the reference)."""
        return {"payload": self.payload, "by": self.by, "timestamp": self.timestamp}


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessMeta:
    """Which trigger ran the operation, and on what change."""

    trigger_states: tuple[int | str, ...]
    """The trigger's states, as its `states` has them."""
    trigger: TriggerId
    previous: StateId | None
    state: StateId
    reported: int | None
    """The time that the message itself gave, in ms."""

    def to_json(self) -> dict[str, Any]:
        """The public JSON: `triggerStates` of the reference, ours beside it."""
        return {
            "triggerStates": self.trigger_states,
            "trigger": self.trigger,
            "previous": self.previous,
            "state": self.state,
            "timestamp": self.reported,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One execution of an operation, with what is known of it."""

    id: JobId
    operation_id: OperationId
    owner: EntityRef
    user_id: UserId | None
    timestamp: int
    """When the operation was executed, in ms."""
    status: JobStatus
    description: Mapping[str, Json] = field(default_factory=dict)
    """What was done: `topic` and `message`, or `exitCode` and `stdout` (and our `stderr`, `signal`, `truncated`)."""
    process_meta: ProcessMeta | None = None
    """None unless a state change triggered the operation."""
    change_id: ChangeId | None = None
    """The state change that triggered it."""
    args: Mapping[str, Json] = field(default_factory=dict)
    attempts: int = 0
    """How often it was begun: handed to the broker's connection, or its program started."""
    finished: int | None = None
    """When it reached a final status, in ms."""
    error: str | None = None
    results: tuple[CustomResult, ...] = ()
    waits: Waits | None = None
    """What it waits for, while it is open."""
    ladder: Ladder = RECORDED
    lineage: Lineage | None = None
    """What led to it, when that was another job; None: it is the first of its chain."""

    def to_json(self) -> dict[str, Any]:
        """The public JSON: the documented fields under their names, ours beside them."""
        return {
            "id": self.id,
            "operation_id": self.operation_id,
            "owner_id": self.owner.id,
            "owner_type": int(self.owner.kind),
            "user_id": self.user_id,
            "timestamp": self.timestamp,
            "description": self.description,
            "process_meta": None if self.process_meta is None else self.process_meta.to_json(),
            "results": [result.to_json() for result in self.results],
            "status": self.status.value,
            "finished": self.finished,
            "error": self.error,
            "attempts": self.attempts,
            "args": self.args,
            "change_id": self.change_id,
            "waits": self.waits,
            "delivery": {
                "rung": self.ladder.rung,
                "recorded": self.timestamp,
                "acknowledged": self.ladder.acknowledged,
                "reason_code": self.ladder.reason_code,
                "answered": self.ladder.answered,
                "confirmed": self.ladder.confirmed,
            },
            "caused_by": None if self.lineage is None else self.lineage.by,
            "root_id": self.id if self.lineage is None else self.lineage.root,
            "hop": 0 if self.lineage is None else self.lineage.hop,
        }
