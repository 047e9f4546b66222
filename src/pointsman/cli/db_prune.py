"""`pointsman db prune`."""

from __future__ import annotations

import time

import click

from pointsman.cli.configured import store_url
from pointsman.cli.output import counted, print_json, wants_json
from pointsman.cli.parameters import duration
from pointsman.cli.verb import verb
from pointsman.errors import StoreUnavailable, UsageError


@verb("prune")
@click.option("--older-than", type=duration, help="Jobs that ended, and changes of state, longer ago than this: 30d.")
@click.option("--keep-jobs", type=click.IntRange(min=0), help="All jobs but the newest so many, and changes of state as old.")
def command(older_than: int | None, keep_jobs: int | None) -> None:
    """Delete finished jobs with their results, and the state history; open jobs stay.

    Refused while a worker has a SQLite store; one that runs deletes by itself what store.keep and store.keep_jobs say.
    """
    from pointsman.store.maintenance import prune

    if older_than is None and keep_jobs is None:
        raise UsageError("expected --older-than, --keep-jobs or both, found neither: say what may go")
    before = None if older_than is None else round(time.time() * 1000) - older_than
    try:
        pruned = prune(store_url(), before_ms=before, keep_jobs=keep_jobs)
    except StoreUnavailable as fault:
        raise StoreUnavailable(f"{fault}. Or set store.keep: a worker that runs deletes by itself") from None
    if wants_json():
        print_json({"jobs": pruned.jobs, "results": pruned.results, "changes": pruned.changes})
    else:
        parts = (
            counted(pruned.jobs, "job"),
            counted(pruned.results, "custom result"),
            counted(pruned.changes, "change of state", "changes of state"),
        )
        click.echo(f"deleted {', '.join(parts)}")
