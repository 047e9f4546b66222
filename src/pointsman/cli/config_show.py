"""`pointsman config show`."""

from __future__ import annotations

import json

import click

from pointsman.cli.configured import configuration
from pointsman.cli.output import pairs, print_json, table, visible, wants_json
from pointsman.cli.verb import verb


@verb("show")
@click.option("--origin", is_flag=True, help="Say where each was given, and which variable would set it.")
def command(origin: bool) -> None:
    """Show every setting in force, secrets hidden: durations in ms, sizes in bytes.

    The environment goes before secrets, they before the file. With --json: one object, by the settings' names.
    """
    from pointsman.settings.show import effective

    shown = list(effective(configuration()))
    if wants_json():
        print_json({each.name: {"value": each.value, "origin": str(each.origin)} if origin else each.value for each in shown})
        return
    if origin:
        rows = [(each.name, str(each.origin), each.variable, visible(_text(each.value))) for each in shown]
        click.echo("\n".join(table(("SETTING", "ORIGIN", "VARIABLE", "VALUE"), rows)))
    else:
        click.echo("\n".join(pairs([(each.name, visible(_text(each.value))) for each in shown])))


def _text(value: object) -> str:
    return value if isinstance(value, str) else "-" if value is None else json.dumps(value, ensure_ascii=False)
