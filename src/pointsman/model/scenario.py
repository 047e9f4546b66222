"""Scenarios: tests of the rules of a configuration. Given states and messages, so and so many jobs are expected."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pointsman.model.ids import EntityRef, OperationId, StateId, TriggerId
from pointsman.model.job import JobStatus
from pointsman.model.json import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A message that comes."""

    topic: str
    message: bytes
    retained: bool = False
    """Whether it comes on subscribing, kept by the broker."""
    after_ms: int = 0
    """How long after what was before, in ms."""
    rejected: bool = False
    """Whether it is one that cannot be taken. Else the test fails when it is not."""
    where: str = ""
    """Where it is written, `file:line:col`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Anything:
    """The place of a message that may be whatever it likes."""


ANYTHING = Anything()


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """A job that is expected. What is None here may be anything."""

    operation: OperationId | None = None
    entity: EntityRef | None = None
    trigger: TriggerId | None = None
    status: JobStatus | None = None
    """How it stands at the end."""
    topic: str | None = None
    message: Json | Anything = ANYTHING
    """A text is the message as it is; anything else is its JSON, of a mapping a part."""
    command: tuple[str, ...] | None = None
    """The program and its arguments; of a script only the arguments."""
    where: str = ""
    """Where it is written, `file:line:col`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One test."""

    name: str
    where: str
    """Where it is written, `file:line:col`."""
    at: int
    """What time it is at the beginning, in ms."""
    given: Mapping[EntityRef, StateId] = field(default_factory=dict)
    """The states that entities are in, since the beginning."""
    when: tuple[Told, ...] = ()
    wait_ms: int = 0
    """How much time passes after the last message, in ms."""
    expect: tuple[Expected, ...] = ()
    """All the jobs there are to be, in their order."""
