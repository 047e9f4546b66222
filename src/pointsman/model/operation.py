"""Operations: what can be done to an entity. A closed union; a new kind of operation starts here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from pointsman.model.conduct import PLAIN, Conduct
from pointsman.model.ids import OperationId, ScriptId
from pointsman.model.schedule import Schedule
from pointsman.model.template import Template


@dataclass(frozen=True, slots=True, kw_only=True)
class MqttOperation:
    """Publish a message (type "1" of the reference)."""

    id: OperationId
    name: str
    topic: Template
    message: Template
    qos: int = 1
    retain: bool = False
    content_type: str | None = None
    """MQTT 5 §3.3.2.3.9; not sent on 3.1.1."""
    description: str = ""
    popup_result: bool = False
    conduct: Conduct = PLAIN
    on_property: bool = False
    """Whether it runs when a ReadWrite property of its owner is modified (`runOnReadWritePropertyModification`)."""
    schedules: tuple[Schedule, ...] = ()
    allow_loop: bool = False
    """Whether nobody is warned of loops that it is in."""


@dataclass(frozen=True, slots=True)
class FileSystem:
    """A program on the worker's file system (`fileSystem`). Its path has no macros: nobody but the author picks the program."""

    path: str


@dataclass(frozen=True, slots=True)
class ScriptReference:
    """A script of the repository (`scriptReference`)."""

    script: ScriptId


@dataclass(frozen=True, slots=True)
class ScriptText:
    """A script written in the operation itself (`scriptText`). Macros in it become variables of the shell."""

    text: Template


Program: TypeAlias = FileSystem | ScriptReference | ScriptText


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramOperation:
    """Run a program or a script (type "2" of the reference)."""

    id: OperationId
    name: str
    program: Program
    arguments: tuple[Template, ...] = ()
    """What follows the program in argv; each is one argument whatever its macros become."""
    environment: Mapping[str, Template] = field(default_factory=dict)
    timeout_ms: int = 60_000
    """How long it may run, in ms, before its process group is ended."""
    output_limit: int = 65_536
    """How much of its output is kept, in bytes: the first and the last half of it."""
    description: str = ""
    popup_result: bool = False
    conduct: Conduct = PLAIN
    on_property: bool = False
    """Whether it runs when a ReadWrite property of its owner is modified (`runOnReadWritePropertyModification`)."""
    schedules: tuple[Schedule, ...] = ()
    allow_loop: bool = False
    """Whether nobody is warned of loops that it is in."""


Operation: TypeAlias = MqttOperation | ProgramOperation
