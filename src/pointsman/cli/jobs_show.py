"""`pointsman jobs show`."""

from __future__ import annotations

import click

from pointsman.cli.configured import reader
from pointsman.cli.job_text import in_full
from pointsman.cli.output import print_json, wants_json
from pointsman.cli.verb import verb
from pointsman.errors import NotFound


@verb("show")
@click.argument("job")
def command(job: str) -> None:
    """Show all that is known of JOB, its id.

    Reads the store itself, also while a worker writes it. With --json: the job.
    """
    from pointsman.model.ids import JobId
    from pointsman.store.reads.jobs import one

    with reader() as store:
        found = one(store, JobId(job))
    if found is None:
        raise NotFound(f"there is no job {job!r} in the store (any more); `pointsman jobs list` shows those that there are")
    if wants_json():
        print_json(found.to_json())
    else:
        click.echo("\n".join(in_full(found.to_json())))
