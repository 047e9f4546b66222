"""`pointsman db restore`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from pointsman.cli.configured import store_url
from pointsman.cli.output import print_json, wants_json
from pointsman.cli.verb import verb
from pointsman.errors import UsageError


@verb("restore")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--yes", is_flag=True, help="Don't ask.")
def command(file: Path, yes: bool) -> None:
    """Put the backup FILE in the place of the store.

    Refused while a worker has the store. What was there before is kept beside it (SQLite) or gone (PostgreSQL).
    """
    from pointsman.store.maintenance import restore

    url = store_url()
    if not yes:
        if wants_json() or not sys.stdin.isatty():
            raise UsageError("expected --yes, since nobody can be asked here whether the store may be replaced")
        click.confirm("Replace the store by the backup?", abort=True, err=True)
    kept = restore(url, file)
    if wants_json():
        print_json({"restored": str(file), "kept": None if kept is None else str(kept)})
    else:
        click.echo(f"the store is that of {file} now" + (f"; the one before is in {kept}" if kept else ""))
