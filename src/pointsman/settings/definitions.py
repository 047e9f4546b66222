"""The catalog as documents: one canonical JSON text for each definition, for the store to keep and to compare."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

from pointsman.model.catalog import Catalog
from pointsman.model.entity import Class, Entity
from pointsman.model.ids import OwnerType
from pointsman.model.json import Json
from pointsman.model.operation import FileSystem, MqttOperation, Operation, ProgramOperation, ScriptReference, ScriptText
from pointsman.model.schedule import Schedule
from pointsman.model.trigger import StateTrigger

Definition: TypeAlias = tuple[str, str, str]
"""Kind (`state`, `class`, `object`, `link`, `script`), id, and the document as JSON text, its keys in order."""

_CANONICAL = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def definitions(catalog: Catalog) -> Iterator[Definition]:
    """Every definition of the catalog, under the names that the reference gives its fields."""
    for state in catalog.states.values():
        yield _definition("state", state.id, {"id": state.declared, "name": state.name, "priority": state.priority})
    for script in catalog.scripts.values():
        yield _definition("script", script.id, {"id": script.id, "name": script.name, "text": script.text})
    for each in catalog.classes.values():
        document = {"id": each.id, "name": each.name, "description": each.description}
        yield _definition("class", each.id, {**document, **_attached(each)})
    for resolved in catalog.entities:
        entity = resolved.entity
        kind = "object" if entity.ref.kind is OwnerType.OBJECT else "link"
        yield _definition(kind, entity.ref.id, _entity(entity))


def _definition(kind: str, id_: str, document: Mapping[str, Json]) -> Definition:
    return kind, id_, _CANONICAL.encode(document)


def _entity(entity: Entity) -> dict[str, Json]:
    document: dict[str, Json] = {"id": entity.ref.id, "name": entity.name, "class_id": entity.class_id}
    if entity.ref.kind is OwnerType.LINK:
        document |= {"source": entity.source, "target": entity.target}
    return {**document, **_attached(entity)}


def _attached(owner: Class | Entity) -> dict[str, Json]:
    writable: dict[str, Json] = {"writable": sorted(owner.writable)} if owner.writable else {}
    return {
        "properties": owner.properties,
        **writable,
        "operations": _operations(owner.operations),
        "triggers": [_trigger(trigger) for trigger in owner.triggers],
    }


def _operations(operations: Iterable[Operation]) -> list[Json]:
    return [{**_common(operation), **_particular(operation)} for operation in operations]


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


def _trigger(trigger: StateTrigger) -> Json:
    return {"states": trigger.states, "type": "operation", "payload": {"operation": trigger.operation}}
