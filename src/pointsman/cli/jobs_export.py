"""`pointsman jobs export`."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from pointsman.cli.configured import reader
from pointsman.cli.job_filter import filtered
from pointsman.cli.output import print_json
from pointsman.cli.verb import verb
from pointsman.model.table import JOB_COLUMNS as FIELDS
from pointsman.model.table import row

if TYPE_CHECKING:
    from pointsman.model.job import Job


@verb("export")
@click.option(
    "--format",
    "form",
    type=click.Choice(["ndjson", "csv"]),
    default="ndjson",
    show_default=True,
    help="A job a line, or a table.",
)
@filtered
def command(form: str, **which: object) -> None:
    """Write jobs to standard output, oldest first.

    Reads the store itself, a page at a time, so that any number of jobs takes the same memory. In CSV the columns are the fields
    of a job; what is no plain value is JSON.
    """
    from pointsman.cli.job_filter import job_filter
    from pointsman.store.reads.jobs import every

    with reader() as store:
        jobs = every(store, job_filter(which))
        if form == "csv":
            _write_csv(jobs)
        else:
            for job in jobs:
                print_json(job.to_json())


def _write_csv(jobs: Iterable[Job]) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(FIELDS)
    for job in jobs:
        writer.writerow(row(FIELDS, job.to_json()))
