"""`pointsman jobs list`."""

from __future__ import annotations

import click

from pointsman.cli.configured import reader
from pointsman.cli.job_filter import filtered
from pointsman.cli.job_text import COLUMNS, row
from pointsman.cli.output import print_json_array, table, wants_json
from pointsman.cli.verb import verb


@verb("list")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="At most so many.")
@filtered
def command(limit: int, **which: object) -> None:
    """List jobs, newest first.

    Reads the store itself, also while a worker writes it. With --json: one array of jobs.
    """
    from pointsman.cli.job_filter import job_filter
    from pointsman.store.reads.jobs import newest

    with reader() as store:
        jobs = [job.to_json() for job in newest(store, job_filter(which), limit=limit)]
    if wants_json():
        print_json_array(jobs)
    elif jobs:
        click.echo("\n".join(table(COLUMNS, [row(job) for job in jobs])))
    else:
        click.echo("no such job")
