"""The catalog as documents: one canonical JSON text for each definition, for the store to keep and to compare."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

from pointsman.model.catalog import Catalog
from pointsman.model.condition import StateCondition
from pointsman.model.conduct import PLAIN, Conduct, Confirm
from pointsman.model.entity import Class, Entity
from pointsman.model.ids import OwnerType
from pointsman.model.json import Json
from pointsman.model.operation import FileSystem, MqttOperation, Operation, ProgramOperation, ScriptReference, ScriptText
from pointsman.model.schedule import Schedule
from pointsman.model.trigger import ActiveHours, Late, StateTrigger
from pointsman.settings.kept import Kept
from pointsman.settings.triggers import DAYS

Definition: TypeAlias = tuple[str, str, str]
"""Kind (`state`, `class`, `object`, `link`, `script`), id, and the document as JSON text, its keys in order."""

_CANONICAL = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def definitions(catalog: Catalog, kept: Kept) -> Iterator[Definition]:
    """Every definition of the catalog, under the names that the reference gives its fields, else those of the file.

    What is as it is by default is left out, so that a version that knows more leaves documents as they are.
    """
    for state in catalog.states.values():
        yield _definition("state", state.id, {"id": state.declared, "name": state.name, "priority": state.priority})
    for script in catalog.scripts.values():
        yield _definition("script", script.id, {"id": script.id, "name": script.name, "text": script.text})
    for each in catalog.classes.values():
        document = {"id": each.id, "name": each.name, "description": each.description}
        yield _definition("class", each.id, {**document, **_attached(each, kept.get(f"class {each.id}", {}))})
    for resolved in catalog.entities:
        entity = resolved.entity
        kind = "object" if entity.ref.kind is OwnerType.OBJECT else "link"
        yield _definition(kind, entity.ref.id, _entity(entity, kept.get(str(entity.ref), {})))


def _definition(kind: str, id_: str, document: Mapping[str, Json]) -> Definition:
    return kind, id_, _CANONICAL.encode(document)


def _entity(entity: Entity, kept: Mapping[int, Json]) -> dict[str, Json]:
    document: dict[str, Json] = {"id": entity.ref.id, "name": entity.name, "class_id": entity.class_id}
    if entity.ref.kind is OwnerType.LINK:
        document |= {"source": entity.source, "target": entity.target}
    return {**document, **_attached(entity, kept)}


def _attached(owner: Class | Entity, kept: Mapping[int, Json]) -> dict[str, Json]:
    triggers = [_trigger(trigger) for trigger in owner.triggers]
    for index in sorted(kept):
        triggers.insert(index, kept[index])
    writable: dict[str, Json] = {"writable": sorted(owner.writable)} if owner.writable else {}
    document: dict[str, Json] = {
        "properties": owner.properties,
        **writable,
        "operations": _operations(owner.operations),
        "triggers": triggers,
    }
    # Only where there are some: a document that says nothing new stays what it was before there could be any.
    if owner.conditions:
        document["conditions"] = [_condition(condition) for condition in owner.conditions]
    if owner.silence is not None:
        document["no_data"] = {"after": owner.silence.after_ms, "state": owner.silence.state}
    return document


def _condition(condition: StateCondition) -> Json:
    tests = {"when": condition.when, "until": condition.until}
    return {"condition": {key: test.source for key, test in tests.items() if test is not None}, "state": condition.state}


def _operations(operations: Iterable[Operation]) -> list[Json]:
    return [{**_common(each), **_particular(each), **_conduct(each.conduct)} for each in operations]


def _common(operation: Operation) -> dict[str, Json]:
    document: dict[str, Json] = {
        "id": operation.id,
        "name": operation.name,
        "description": operation.description,
        "popupResult": operation.popup_result,
    }
    if operation.on_property:
        document["runOnReadWritePropertyModification"] = True
    if operation.schedules:
        document["schedule"] = [_schedule(schedule) for schedule in operation.schedules]
    return document


def _schedule(schedule: Schedule) -> Json:
    when: dict[str, Json] = {"every": schedule.every_ms} if schedule.cron is None else {"cron": schedule.cron}
    zone: dict[str, Json] = {} if schedule.zone is None else {"zone": str(schedule.zone)}
    return {**when, **zone, "missed": schedule.missed.value, "latest": schedule.latest_ms}


def _particular(operation: Operation) -> dict[str, Json]:
    match operation:
        case MqttOperation():
            return {
                "type": "1",
                "parameters": {"topic": operation.topic.source, "message": operation.message.source},
                "qos": operation.qos,
                "retain": operation.retain,
                "content_type": operation.content_type,
            }
        case ProgramOperation():
            return {
                "type": "2",
                "parameters": _program(operation),
                "environment": {name: value.source for name, value in operation.environment.items()},
                "timeout": operation.timeout_ms,
                "output_limit": operation.output_limit,
            }


def _program(operation: ProgramOperation) -> dict[str, Json]:
    arguments = [argument.source for argument in operation.arguments]
    match operation.program:
        case FileSystem(path):
            return {"type": "fileSystem", "path": path, "args": arguments}
        case ScriptReference(script):
            return {"type": "scriptReference", "ref": script, "args": arguments}
        case ScriptText(text):
            return {"type": "scriptText", "text": text.source, "args": arguments}


def _conduct(conduct: Conduct) -> dict[str, Json]:
    if conduct is PLAIN:
        return {}
    pauses = {"backoff": conduct.backoff_ms, "backoff_max": conduct.backoff_most_ms} if conduct.retries else {}
    given: dict[str, Json] = {
        "mode": conduct.mode,
        "max": conduct.max or None,
        "retries": conduct.retries,
        **pauses,
        "on_interrupted": conduct.on_interrupted,
        "expect_result": None if conduct.expect is None else {"within": conduct.expect.within_ms},
        "confirm": None if conduct.confirm is None else _confirm(conduct.confirm),
        "on_timeout": conduct.on_timeout,
    }
    plain = {"mode": PLAIN.mode, "retries": PLAIN.retries, "on_interrupted": PLAIN.on_interrupted}
    return {key: value for key, value in given.items() if value is not None and value != plain.get(key)}


def _confirm(confirm: Confirm) -> Json:
    if confirm.state is not None:
        return {"state": confirm.state, "within": confirm.within_ms}
    return {"property": confirm.property, "value": confirm.value, "within": confirm.within_ms}


def _trigger(trigger: StateTrigger) -> Json:
    given: dict[str, Json] = {
        "id": None if trigger.id == trigger.origin else trigger.id,
        "enabled": None if trigger.enabled else False,
        "from": sorted(trigger.from_states) or None,
        "not_from": sorted(trigger.not_from) or None,
        "not_to": sorted(trigger.not_to) or None,
        "when": None if trigger.when is None else trigger.when.source,
        "active": None if trigger.active is None else _active(trigger.active),
        "cooldown": trigger.cooldown_ms or None,
        "duration": trigger.hold_ms or None,
        "every": trigger.every_ms or None,
        "late": None if trigger.late is Late.FIRE else trigger.late,
        "latest": trigger.latest_ms,
    }
    clauses = {key: value for key, value in given.items() if value is not None}
    return {**clauses, "states": trigger.states, **_action(trigger)}


def _action(trigger: StateTrigger) -> dict[str, Json]:
    program = trigger.program
    if program is None or not isinstance(program.program, FileSystem):
        return {"type": "operation", "payload": {"operation": trigger.operation}}
    arguments = [argument.source for argument in program.arguments]
    return {"type": "script", "payload": {"execPath": program.program.path, "args": arguments}}


def _active(hours: ActiveHours) -> Json:
    return {
        "days": [DAYS[day] for day in sorted(hours.days)],
        "from": _time(hours.start),
        "to": _time(hours.end),
        "zone": str(hours.zone),
    }


def _time(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
