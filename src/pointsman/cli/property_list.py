"""`pointsman property list`: what the configuration declares, and what the store has for it."""

from __future__ import annotations

import json
from typing import Any

import click

from pointsman.cli.configured import configuration, entity_of, reader, with_definitions
from pointsman.cli.output import moment, print_json_array, table, visible, wants_json
from pointsman.cli.verb import verb


@verb("list")
@click.argument("owner")
def command(owner: str) -> None:
    """List the properties of OWNER, the id of an object or link, with their values as they are now.

    Reads the store itself, also while a worker writes it. With --json: one array.
    """
    found = _properties(owner)
    if wants_json():
        print_json_array(found)
    else:
        headings = ("NAME", "ACCESS", "SET", "BY", "VALUE")
        click.echo("\n".join(table(headings, [_row(each) for each in found])))


def _properties(owner: str) -> list[dict[str, Any]]:
    from pointsman.store.reads import entities

    given = with_definitions(configuration())
    entity = entity_of(given, owner)
    resolved = given.catalog.entity(entity)
    declared = {} if resolved is None else resolved.properties
    writable = frozenset[str]() if resolved is None else resolved.writable
    with reader() as store:
        known = entities.properties(store, entity)
    return [
        {
            "name": name,
            "value": known[name].value if name in known else value,
            "type_id": 3 if name in writable else 1,
            "set": known[name].at if name in known else None,
            "by": known[name].by if name in known else None,
        }
        for name, value in declared.items()
    ]


def _row(found: dict[str, Any]) -> tuple[str, ...]:
    access = "writable" if found["type_id"] == 3 else "read-only"
    return (
        visible(found["name"]),
        access,
        moment(found["set"]),
        visible(found["by"] or "-"),
        visible(json.dumps(found["value"], ensure_ascii=False)),
    )
