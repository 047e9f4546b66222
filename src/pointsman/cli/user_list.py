"""`pointsman user list`."""

from __future__ import annotations

import click

from pointsman.cli.configured import reader
from pointsman.cli.output import print_json_array, table, visible, wants_json
from pointsman.cli.verb import verb


@verb("list")
def command() -> None:
    """List the users: who may log in to the HTTP API, and what they may do there. Also while a worker runs."""
    from pointsman.model.access import EVERYTHING
    from pointsman.store.reads import access

    with reader() as store:
        users = access.everyone(store)
    if wants_json():
        print_json_array(
            {
                "id": each.user.id,
                "login": each.user.login,
                "permissions": sorted(each.user.permissions),
                "groups": list(each.user.groups),
                "password_changed": each.changed,
            }
            for each in users
        )
        return
    rows = [
        (
            visible(each.user.login),
            visible(each.user.id),
            "yes" if each.digest is not None else "no",
            visible(", ".join(each.user.groups)) or "-",
            "all" if each.user.permissions >= EVERYTHING else ", ".join(sorted(each.user.permissions)) or "-",
        )
        for each in users
    ]
    click.echo("\n".join(table(("LOGIN", "ID", "PASSWORD", "GROUPS", "PERMISSIONS"), rows)) if rows else "no users")
