"""`pointsman simulate`."""

from __future__ import annotations

import contextlib
import json
import time
from typing import TYPE_CHECKING, Any

import click

from pointsman.cli.configured import configuration, with_definitions
from pointsman.cli.output import print_json, wants_json
from pointsman.cli.verb import verb
from pointsman.errors import Unavailable

if TYPE_CHECKING:
    from pointsman.model.ids import EntityRef
    from pointsman.rehearsal.simulation import Recall
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
    from pointsman.cli.virtual import interpreter
    from pointsman.model.delivery import Delivery
    from pointsman.supposing import suppose
    from pointsman.wiring import trigger_bounds

    config, at = with_definitions(configuration()), time.time_ns() // 1_000_000
    found = suppose(
        Delivery(0, 0, 0, False, retained, topic, message.encode()),
        _recall(config, state, at),
        catalog=config.catalog,
        bounds=trigger_bounds(config.settings),
        interpret=interpreter(config),
        at=at,
    )
    if wants_json():
        print_json({"topic": topic, "commands": found})
    else:
        click.echo("\n".join(line for each in found for line in _in_words(each)) or "nothing: it is passed over")


def _recall(config: Configuration, state: str | None, at: int) -> Recall:
    """The state that was given, else what a store that can be read says."""
    from pointsman.rehearsal.simulation import Known
    from pointsman.store.opening import open_reader
    from pointsman.supposing import instead, recalled

    given = None if state is None else config.catalog.state(state)
    if state is not None and given is None:
        raise click.BadParameter(f"expected a state's id or name, found {state!r}", param_hint="--from")

    def recall(entity: EntityRef) -> Known:
        known = Known()
        with contextlib.suppress(Unavailable), open_reader(config.settings.store.url) as store:
            known = recalled(store, entity)
        return known if given is None else instead(known, entity, given.id, at)

    return recall


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
