"""Plans an execution: operation × context → the job that records it, and what carries it out.

Whatever cannot be carried out as it is written (a macro with nothing to stand for, a topic that no broker takes) becomes a job
that has failed, with the reason: an execution that was asked for is never silently dropped.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic_core import to_json

from pointsman.core.render import Context, MissingName, payload_value, render
from pointsman.core.script import runs_in_a_shell, script_of
from pointsman.model.catalog import Catalog
from pointsman.model.effect import Dispatch, Publish, StartProgram
from pointsman.model.ids import ChangeId
from pointsman.model.job import Job, JobStatus, ProcessMeta
from pointsman.model.json import Json
from pointsman.model.lineage import Lineage
from pointsman.model.operation import FileSystem, MqttOperation, Operation, ProgramOperation, ScriptReference, ScriptText
from pointsman.model.template import Macro, Template
from pointsman.model.topic import topic_fault

_NOT_ONE_LEVEL = re.compile("[/+#\0]")


class Unplannable(Exception):
    """The operation cannot be carried out in this context. The message says why."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A job, and what carries it out: None when it has failed at once."""

    job: Job
    dispatch: Dispatch | None


def plan(
    operation: Operation,
    context: Context,
    catalog: Catalog,
    *,
    process_meta: ProcessMeta | None = None,
    change_id: ChangeId | None = None,
    lineage: Lineage | None = None,
) -> Plan:
    """Plan one execution of `operation`. `lineage`: what of ours led to it."""
    dispatch: Dispatch | None = None
    description: Mapping[str, Json] = {}
    status, error = JobStatus.QUEUED, None
    try:
        match operation:
            case MqttOperation():
                dispatch = _publish(operation, context, lineage)
                description = {"topic": dispatch.topic, "message": dispatch.message}
            case ProgramOperation():
                dispatch = _program(operation, context, catalog)
                description = {"exitCode": None, "stdout": ""}
    except (MissingName, Unplannable) as fault:
        status, error = JobStatus.FAILED, str(fault)
    job = Job(
        id=context.job,
        operation_id=operation.id,
        owner=context.entity,
        user_id=context.user,
        timestamp=context.timestamp,
        status=status,
        description=description,
        process_meta=process_meta,
        change_id=change_id,
        args=context.args,
        finished=context.timestamp if error else None,
        error=error,
        lineage=lineage,
    )
    return Plan(job, dispatch)


def _publish(operation: MqttOperation, context: Context, lineage: Lineage | None) -> Publish:
    topic = _topic(operation.topic, context)
    return Publish(
        job=context.job,
        topic=topic,
        message=render(operation.message, context),
        qos=operation.qos,
        retain=operation.retain,
        content_type=operation.content_type,
        lineage=lineage,
    )


def _topic(template: Template, context: Context) -> str:
    topic = render(template, context, check_level)
    fault = topic_fault(topic)
    if fault:
        raise Unplannable(f"expected a topic that can be published to, found {topic!r} with {fault}")
    return topic


def check_level(macro: Macro, value: str) -> None:
    """A value stays one level: it may not lead to topics that the operation's author did not mean."""
    if not value or _NOT_ONE_LEVEL.search(value):
        raise Unplannable(
            f"expected one topic level for {{{{{macro}}}}}, found {value!r}: it may not be empty or have / + # or NUL in it"
        )


def _program(operation: ProgramOperation, context: Context, catalog: Catalog) -> StartProgram:
    path, script, macros = _what_to_run(operation, context, catalog)
    environment = _environment(operation, context)
    environment |= {name: render(value, context) for name, value in operation.environment.items()}
    environment |= macros
    return StartProgram(
        job=context.job,
        entity=context.entity,
        path=path,
        script=script,
        arguments=tuple([render(argument, context) for argument in operation.arguments]),
        environment=environment,
        stdin=to_json(_document(operation, context), inf_nan_mode="null").decode(),
        timeout_ms=operation.timeout_ms,
        output_limit=operation.output_limit,
    )


def _what_to_run(
    operation: ProgramOperation, context: Context, catalog: Catalog
) -> tuple[str | None, str | None, Mapping[str, str]]:
    """A program's path or a script's text, and the variables that stand in the text for its macros."""
    match operation.program:
        case FileSystem(path):
            return path, None, {}
        case ScriptReference(script_id):
            script = catalog.scripts.get(script_id)
            if script is None:
                raise Unplannable(f"expected a script {script_id!r} in the repository, found none")
            return None, script.text, {}
        case ScriptText(text):
            if text.macros and not runs_in_a_shell(text.source):
                raise Unplannable(
                    f"expected macros only in a script that a shell runs, found {{{{{text.macros[0]}}}}} in one whose first line "
                    "names another interpreter; read the value from POINTSMAN_* or from the JSON on standard input"
                )
            return None, *script_of(text, context)


def _environment(operation: ProgramOperation, context: Context) -> dict[str, str]:
    state, previous = context.state, context.previous
    variables = {
        "JOB_ID": context.job,
        "OPERATION_ID": operation.id,
        "ENTITY_ID": context.entity.id,
        "ENTITY_NAME": context.name,
        "ENTITY_TYPE": context.entity.kind.name.lower(),
        "USER_ID": context.user,
        "USER_LOGIN": context.login,
        "TIMESTAMP": str(context.timestamp),
        "STATE_ID": state.id if state else "",
        "STATE_NAME": state.name if state else "",
        "PREVIOUS_ID": previous.id if previous else "",
        "PREVIOUS_NAME": previous.name if previous else "",
    }
    return {f"POINTSMAN_{name}": value for name, value in variables.items()}


def _document(operation: ProgramOperation, context: Context) -> Mapping[str, Json]:
    """The whole context, as a program reads it on standard input."""
    state, previous = context.state, context.previous
    return {
        "job": {"id": context.job},
        "operation": {"id": operation.id, "name": operation.name},
        "entity": {
            "id": context.entity.id,
            "name": context.name,
            "type": context.entity.kind.name.lower(),
            "properties": context.properties,
        },
        "user": {"id": context.user, "login": context.login},
        "args": context.args,
        "state": {"id": state.id, "name": state.name} if state else None,
        "previous": {"id": previous.id, "name": previous.name} if previous else None,
        "timestamp": context.timestamp,
        "payload": None if context.payload is None else payload_value(context.payload),
    }
