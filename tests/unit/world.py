"""A small plant for tests: its catalog, and what can happen in it. Knows the model; knows no port, no broker, no store."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pointsman.core.render import Context
from pointsman.model.catalog import Catalog, build_catalog
from pointsman.model.command import ReportState
from pointsman.model.delivery import Delivery
from pointsman.model.entity import Class, Entity, Script
from pointsman.model.ids import (
    SYSTEM_USER,
    ChangeId,
    ClassId,
    EntityId,
    EntityRef,
    JobId,
    OperationId,
    OwnerType,
    ScriptId,
    StateId,
    TriggerId,
)
from pointsman.model.job import Job, JobStatus, ProcessMeta
from pointsman.model.jsonpath import parse_json_path
from pointsman.model.operation import FileSystem, MqttOperation, Operation, ProgramOperation, ScriptReference, ScriptText
from pointsman.model.rule import Ignore, IntakeRule
from pointsman.model.state import EntityState, Retained, State
from pointsman.model.template import Quoting, parse_message, parse_template
from pointsman.model.topic import TopicFilter
from pointsman.model.trigger import StateTrigger

NOW = 1_700_000_000_000

OK = State(id=StateId("1"), name="OK", declared="1")
ALARM = State(id=StateId("3"), name="ALARM", priority=10, declared=3)
FAULT = State(id=StateId("4"), name="FAULT", priority=20, declared="4")
STATES = (OK, ALARM, FAULT)

VALVE_MESSAGE = '{"cmd": "open", "because": "{{state.name}}", "serial": "{{properties.Serial Number}}", "job": "{{job.id}}"}'


def mqtt(id_: str = "open-valve", topic: str = "plant/{{id}}/valve/set", message: str = VALVE_MESSAGE, **more: Any) -> Operation:
    """An operation that publishes."""
    return MqttOperation(id=OperationId(id_), name=id_, topic=parse_template(topic), message=parse_message(message), **more)


def program(id_: str = "diagnose", path: str = "/bin/echo", arguments: tuple[str, ...] = (), **more: Any) -> Operation:
    """An operation that runs a program of the file system."""
    compiled = tuple(parse_template(each) for each in arguments)
    return ProgramOperation(id=OperationId(id_), name=id_, program=FileSystem(path), arguments=compiled, **more)


def script(id_: str = "script", text: str = "echo {{name}}", **more: Any) -> Operation:
    """An operation that runs the script written in it."""
    return ProgramOperation(id=OperationId(id_), name=id_, program=ScriptText(parse_template(text, Quoting.SHELL)), **more)


def referring(id_: str = "script", to: str = "restart", **more: Any) -> Operation:
    """An operation that runs a script of the repository."""
    return ProgramOperation(id=OperationId(id_), name=id_, program=ScriptReference(ScriptId(to)), **more)


def meta(*states: int | str, trigger: str = "on ALARM, FAULT") -> ProcessMeta:
    """What ran a job that a trigger with these states ran."""
    return ProcessMeta(trigger_states=states, trigger=TriggerId(trigger), previous=OK.id, state=ALARM.id, reported=None)


def trigger(operation: str, *states: State, **more: Any) -> StateTrigger:
    """Runs an operation when one of these states is entered."""
    return StateTrigger(
        id=TriggerId(f"{operation} on {', '.join(state.name for state in states)}"),
        states=tuple(state.declared for state in states),
        state_ids=frozenset(state.id for state in states),
        operation=OperationId(operation),
        origin=f"on {', '.join(state.name for state in states)}",
        **more,
    )


OPERATIONS: tuple[Operation, ...] = (mqtt(), program(arguments=("diagnosing {{name}}", "was {{previous.name}}")))
TRIGGERS = (trigger("open-valve", ALARM, FAULT), trigger("diagnose", FAULT))


def obj(id_: str) -> EntityRef:
    """An object."""
    return EntityRef(OwnerType.OBJECT, EntityId(id_))


def link(id_: str) -> EntityRef:
    """A link."""
    return EntityRef(OwnerType.LINK, EntityId(id_))


PUMPS = tuple(obj(f"pump-{number}") for number in range(1, 4))
PUMP, PIPE = PUMPS[0], link("pipe-1")


def plant(
    operations: tuple[Operation, ...] = OPERATIONS,
    triggers: tuple[StateTrigger, ...] = TRIGGERS,
    properties: Mapping[str, Any] | None = None,
    **of_class: Any,
) -> Catalog:
    """Three pumps and a pipe, all of one class."""
    pump = ClassId("pump")
    owned = {"Serial Number": "A-17"} if properties is None else properties
    return build_catalog(
        states=STATES,
        classes=[Class(id=pump, name="Pump", operations=operations, triggers=triggers, **of_class)],
        entities=[Entity(ref=ref, name=ref.id.title(), class_id=pump, properties=owned) for ref in (*PUMPS, PIPE)],
        scripts=[Script(id=ScriptId("restart"), name="Restart", text="#!/bin/sh\necho restarting {{name}}\n")],
    )


def counting(start: int = 1) -> Callable[[int], str]:
    """New ids that sort as they are made."""
    numbers = itertools.count(start)
    return lambda at: f"{at:013}-{next(numbers):06}"


def report(
    state: State | str = FAULT,
    entity: EntityRef = PUMP,
    *,
    retained: Retained | None = None,
    payload: bytes | None = None,
    reported: int | None = None,
) -> ReportState:
    """A message said that the entity is in this state."""
    id_ = StateId(state) if isinstance(state, str) else state.id
    body = json.dumps({"state": id_}).encode() if payload is None else payload
    return ReportState(entity, id_, f"plant/{entity.id}/state", body, retained, reported)


def in_state(state: State, previous: State | None = None, entity: EntityRef = PUMP, change: str | None = "change") -> EntityState:
    """An entity is in this state since a second ago."""
    return EntityState(
        entity=entity,
        state=state.id,
        previous=previous.id if previous else None,
        since=NOW - 1000,
        change=ChangeId(change) if change else None,
    )


def job(id_: str = "job-1", status: JobStatus = JobStatus.QUEUED, **more: Any) -> Job:
    """A job of the first pump."""
    given: dict[str, Any] = {
        "operation_id": OperationId("open-valve"),
        "owner": PUMP,
        "user_id": SYSTEM_USER,
        "timestamp": NOW,
        "finished": NOW if status.final else None,
    }
    return Job(id=JobId(id_), status=status, **(given | more))


def context(**more: Any) -> Context:
    """What the macros of a report can name."""
    given: dict[str, Any] = {
        "entity": PUMP,
        "name": "Pump 1",
        "properties": {"Serial Number": "A-17"},
        "user": SYSTEM_USER,
        "login": SYSTEM_USER,
        "args": {},
        "job": JobId("job-1"),
        "state": FAULT,
        "previous": OK,
        "timestamp": NOW,
        "payload": b'{"state": "FAULT"}',
    }
    return Context(**(given | more))


def delivery(
    topic: str,
    payload: bytes | str | Mapping[str, Any],
    packet_id: int = 1,
    *,
    connection: int = 1,
    qos: int = 1,
    dup: bool = False,
    retain: bool = False,
    response_topic: str | None = None,
    correlation: bytes | None = None,
) -> Delivery:
    """A message that came. A mapping is sent as JSON."""
    body = json.dumps(payload) if isinstance(payload, Mapping) else payload
    raw = body.encode() if isinstance(body, str) else body
    return Delivery(connection, packet_id, qos, dup, retain, topic, raw, response_topic, correlation)


def rule(
    filter_: str = "plant/+/state",
    entity: str = "{1}",
    state: str | None = "$.state",
    *,
    reported: str | None = None,
    ignore: Iterable[Ignore] = (),
    **more: Any,
) -> IntakeRule:
    """How the messages of a foreign device are read."""
    return IntakeRule(
        filter=TopicFilter(filter_),
        entity=entity,
        state=None if state is None else parse_json_path(state),
        reported=None if reported is None else parse_json_path(reported),
        ignore=frozenset(ignore),
        **more,
    )
