"""`pointsman simulate`."""

from __future__ import annotations

import contextlib
import json
import time
from typing import TYPE_CHECKING, Any

import click

from pointsman.cli.configured import configuration
from pointsman.cli.output import print_json, wants_json
from pointsman.cli.verb import verb
from pointsman.errors import Unavailable

if TYPE_CHECKING:
    from pointsman.core.world import Decision
    from pointsman.model.command import Command
    from pointsman.model.ids import EntityRef
    from pointsman.model.json import Json
    from pointsman.model.state import EntityState, ManualState
    from pointsman.settings import Configuration


@verb("simulate")
@click.argument("topic")
@click.argument("message")
@click.option("--retained", is_flag=True, help="As a retained message that comes on subscribing.")
@click.option("--from", "state", metavar="STATE", help="The state that the entity is in. Default: as the store has it, if any.")
def command(topic: str, message: str, retained: bool, state: str | None) -> None:
    """Say what MESSAGE on TOPIC would do: which triggers would fire, and what they would publish or run. Nothing is sent.

    The decision is made by the same function as in the worker. With --json: one object.
    """
    from pointsman.cli.virtual import beginning, interpreter
    from pointsman.rehearsal.rehearsal import Rehearsal

    config = configuration()
    rehearsal = Rehearsal(config.catalog, beginning(config), interpreter(config), time.time_ns() // 1_000_000)
    commands = rehearsal.read(topic, message.encode(), retain=retained)
    for each in commands:
        entity: EntityRef | None = getattr(each, "entity", None)
        if entity is not None:
            known, manual = _known(config, entity, state)
            rehearsal.given(entity, known, manual=manual, properties=_values(config, entity))
    found = [_as_json(each, rehearsal.tell(each)[0].decision) for each in commands]
    if wants_json():
        print_json({"topic": topic, "commands": found})
    else:
        click.echo("\n".join(line for each in found for line in _in_words(each)) or "nothing: it is passed over")


def _known(config: Configuration, entity: EntityRef, state: str | None) -> tuple[EntityState | None, ManualState | None]:
    """The state that was given, else what a store that can be read says: the state, and the manual one."""
    from pointsman.model.state import EntityState
    from pointsman.store.opening import open_reader
    from pointsman.store.reads import entities

    if state is not None:
        found = config.catalog.state(state)
        if found is None:
            raise click.BadParameter(f"expected a state's id or name, found {state!r}", param_hint="--from")
        return EntityState(entity=entity, state=found.id, previous=None, since=0, change=None), None
    with contextlib.suppress(Unavailable), open_reader(config.settings.store.url) as store:
        return entities.state(store, entity), entities.manual(store, entity)
    return None, None


def _values(config: Configuration, entity: EntityRef) -> dict[str, Json]:
    """The properties that were set while a worker ran, when there is a store that can be read."""
    from pointsman.store.opening import open_reader
    from pointsman.store.reads.entities import properties

    with contextlib.suppress(Unavailable), open_reader(config.settings.store.url) as store:
        return {name: each.value for name, each in properties(store, entity).items()}
    return {}


def _as_json(command: Command, decision: Decision) -> dict[str, Any]:
    from pointsman.core.explain import in_words
    from pointsman.model.write import AddChange, AddJob, CountReject, SaveProperty
    from pointsman.rehearsal.words import as_json as would

    change = next((write.change for write in decision.writes if isinstance(write, AddChange)), None)
    saved = next((write for write in decision.writes if isinstance(write, SaveProperty)), None)
    reject = next((write for write in decision.writes if isinstance(write, CountReject)), None)
    entity = getattr(command, "entity", None)
    return {
        "what": type(command).__name__,
        "entity": None if entity is None else str(entity),
        "state": getattr(command, "state", None),
        "change": None if change is None else {"previous": change.previous, "state": change.current},
        "reason": None if change is None else change.reason,
        "property": None if saved is None else {"name": saved.name, "value": saved.value},
        "rejected": None if reject is None else {"reason": reject.reason.value, "detail": reject.detail},
        "triggers": [
            {
                "trigger": each.trigger.id,
                "operation": each.trigger.operation,
                "skipped": each.skipped.value if each.skipped else None,
                "words": in_words(each.skipped.value if each.skipped else None, each.detail),
            }
            for each in decision.verdicts
        ],
        "jobs": [
            {
                "operation": write.job.operation_id,
                "status": write.job.status.value,
                "error": write.job.error,
                "would": would(write.dispatch),
            }
            for write in decision.writes
            if isinstance(write, AddJob)
        ],
    }


def _in_words(found: dict[str, Any]) -> list[str]:
    if found["rejected"]:
        return [f"rejected: {found['rejected']['reason']}: {found['rejected']['detail']}"]
    change = found["change"]
    head = f"{found['what']}: {found['entity']}"
    if found["what"] in ("ReportState", "ReportValues"):
        said = f"state {found['state']}" if found["state"] else "values"
        what = f"state {change['previous'] or 'unknown'} → {change['state']}" if change else f"{said}: no change"
        head = f"{found['entity']}: {what}" + (f" ({found['reason']})" if found["reason"] else "")
    if found["what"] == "SetProperty":
        saved = found["property"]
        what = f"{saved['name']} = {json.dumps(saved['value'])}" if saved else "the property has that value"
        head = f"{found['entity']}: {what}"
    lines = [head, *[f"  {each['trigger']}: {each['words']}" for each in found["triggers"]]]
    for job in found["jobs"]:
        would = job["would"]
        if would is None:
            lines.append(f"  {job['operation']} would fail: {job['error']}")
        elif "topic" in would:
            lines.append(f"  {job['operation']} would publish {would['topic']} {would['message']}")
        else:
            lines.append(f"  {job['operation']} would run {would['run']}")
    return lines
