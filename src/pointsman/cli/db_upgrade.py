"""`pointsman db upgrade`."""

from __future__ import annotations

import click

from pointsman.cli.configured import store_url
from pointsman.cli.output import print_json, wants_json
from pointsman.cli.verb import verb


@verb("upgrade")
def command() -> None:
    """Bring the store to the schema of this version, and make one where there is none.

    Refused while a worker has the store. A SQLite file is copied first, to FILE.before-SCHEMA.
    """
    from pointsman.store.maintenance import upgrade

    revision = upgrade(store_url())
    if wants_json():
        print_json({"from": revision.found, "to": revision.wanted})
    elif revision.behind:
        click.echo(f"the store has schema {revision.wanted} now; it had {revision.found or 'none'}")
    else:
        click.echo(f"the store has schema {revision.wanted} already")
