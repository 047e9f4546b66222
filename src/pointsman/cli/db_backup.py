"""`pointsman db backup`."""

from __future__ import annotations

from pathlib import Path

import click

from pointsman.cli.configured import store_url
from pointsman.cli.output import print_json, wants_json
from pointsman.cli.verb import verb


@verb("backup")
@click.argument("file", type=click.Path(path_type=Path))
def command(file: Path) -> None:
    """Copy the store to FILE, also while a worker runs; an earlier FILE is replaced once the copy is complete.

    SQLite: another SQLite file, checked. PostgreSQL: a dump by pg_dump, in its custom format.
    """
    from pointsman.store.maintenance import backup

    backup(store_url(), file)
    size = file.stat().st_size
    if wants_json():
        print_json({"file": str(file), "bytes": size})
    else:
        click.echo(f"the store is in {file} ({size} bytes)")
