"""`pointsman manual-state`: asks the running worker over MQTT to set an entity's state by hand, or to release it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import click

from pointsman.cli.configured import configuration, entity_of
from pointsman.cli.output import moment, pairs, print_json, visible, wants_json
from pointsman.cli.parameters import ahead
from pointsman.cli.verb import verb
from pointsman.errors import PointsmanError, UsageError


@verb("manual-state")
@click.argument("entity")
@click.argument("state", required=False)
@click.option("--reason", default="", help="Why; it stands in the history.")
@click.option("--since", type=ahead, help="From when on: a time, or how long from now, as 2h. Default: now.")
@click.option("--until", type=ahead, help="Until when. Default: until it is cleared.")
@click.option("--cleared-by", metavar="STATE", multiple=True, help="A report of this state clears it. Repeatable.")
@click.option("--clear", is_flag=True, help="Clear it: the entity goes to what was reported last.")
def command(
    entity: str,
    state: str | None,
    reason: str,
    since: int | None,
    until: int | None,
    cleared_by: tuple[str, ...],
    clear: bool,
) -> None:
    """Set the state of ENTITY, the id of an object or link, by hand: reports do not change it while that is in force.

    STATE is a state's id or name. Asks the running worker over MQTT 5. Exit code 0 says that it is recorded.
    """
    if clear == (state is not None):
        raise UsageError(f"expected STATE or --clear, found {'both' if clear else 'neither'}")
    if clear and (since is not None or until is not None or cleared_by):
        raise UsageError("expected --clear with no more than --reason")
    wanted = {"stateId": state, "since": since, "until": until, "clearedByStateId": list(cleared_by) or None}
    body = {"clear": True, "reason": reason} if clear else {**wanted, "reason": reason}
    answer = _ask(entity, {name: value for name, value in body.items() if value is not None})
    if wants_json():
        print_json(answer)
    else:
        click.echo("\n".join(pairs(_facts(answer))))


def _facts(answer: Mapping[str, Any]) -> list[tuple[str, str]]:
    manual = answer["manual_state"]
    facts = [("state", visible(answer["state"] or "unknown"))]
    if manual is None:
        return [*facts, ("manual state", "none")]
    facts.append(("manual state", visible(manual["stateId"]) + (", yet to begin" if manual["pending"] else "")))
    facts += [(name, moment(manual[name])) for name in ("since", "until") if manual[name] is not None]
    if manual["clearedByStateId"]:
        facts.append(("cleared by", visible(", ".join(manual["clearedByStateId"]))))
    if manual["reported"] is not None:
        facts.append(("reported", visible(manual["reported"])))
    return [*facts, ("reason", visible(manual["reason"]))] if manual["reason"] else facts


def _ask(entity: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
    from pointsman.mqtt.requests import Client, ask
    from pointsman.mqtt.topics import Topics
    from pointsman.wiring import connection_options

    given = configuration()
    settings = given.settings
    ref = entity_of(given, entity)
    topics = Topics(settings.mqtt.base_topic, settings.node.id)
    with Client(connection_options(settings)) as client:
        answer = ask(client, topics, topics.manual(ref), json.dumps(body).encode())
    if "error" in answer:
        raise PointsmanError(str(answer["error"]))
    return answer
