"""Effects: what shall be done once the transaction that decided it has committed.

`Publish` and `StartProgram` carry out a job. They are stored with it until it is final, so that they can be carried out after
a restart too: the job table is the outbox.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from pointsman.model.delivery import Delivery
from pointsman.model.ids import EntityRef, JobId, TimerId
from pointsman.model.job import Job
from pointsman.model.json import Json
from pointsman.model.lineage import Lineage


@dataclass(frozen=True, slots=True)
class Acknowledge:
    """Send the PUBACK of a delivery: all that it leads to is durable."""

    delivery: Delivery


@dataclass(frozen=True, slots=True, kw_only=True)
class Publish:
    """Publish a job's message; its topic is known to be valid."""

    job: JobId
    topic: str
    message: str
    qos: int
    retain: bool
    content_type: str | None = None
    lineage: Lineage | None = None
    """What led to the job: it goes out with the message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StartProgram:
    """Run a job's program. Exactly one of `path` and `script` is given."""

    job: JobId
    entity: EntityRef
    path: str | None
    """A program on the file system."""
    script: str | None
    """The text of a script, macros filled in."""
    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    """Variables that the operation sets, and `POINTSMAN_*`."""
    stdin: str
    """The whole context as JSON."""
    timeout_ms: int
    output_limit: int


Dispatch: TypeAlias = Publish | StartProgram
"""What carries out a job."""


@dataclass(frozen=True, slots=True)
class Announce:
    """Publish a job on `BASE/jobs/ID`: its status, or its results, changed."""

    job: Job


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyTo:
    """Where an MQTT requester waits for the answer (MQTT 5 §4.10)."""

    topic: str
    correlation: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Tell whoever asked what became of it: an MQTT requester, or a thread of this process."""

    to: ReplyTo | Callable[[Mapping[str, Json]], None]
    body: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Resume:
    """A job that waited is to be carried out now: the store has what carries it out."""

    job: JobId


@dataclass(frozen=True, slots=True)
class CallOff:
    """A job is cancelled: end its program, or keep its message from being published, if that can be done still."""

    job: JobId


@dataclass(frozen=True, slots=True)
class WakeAt:
    """Put TimerDue in the queue when the timer's time comes."""

    timer: TimerId
    due: int
    """In ms."""
    by_clock: bool = False
    """Whether the wall clock decides, also when it is set meanwhile; else so much time has to pass, whatever it says."""


Effect: TypeAlias = Acknowledge | Publish | StartProgram | Announce | Answer | Resume | CallOff | WakeAt
