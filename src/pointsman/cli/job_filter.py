"""The options that say which jobs are meant, the same for every verb that reads jobs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import click

from pointsman.cli.parameters import time

if TYPE_CHECKING:
    from pointsman.store.reads.jobs import JobFilter

STATUSES = ("queued", "running", "succeeded", "failed", "timed_out", "cancelled", "suppressed", "interrupted")
"""As `model/job.py` has them; a test compares the two, so that this file need not load the model for `--help`."""

F = TypeVar("F", bound=Callable[..., Any])


def filtered(function: F) -> F:
    """Add the options to a verb; `job_filter` reads what they give."""
    for option in (
        click.option("--until", type=time, help="Only jobs executed before then; as --since."),
        click.option("--since", type=time, help="Only jobs executed then or later: 2026-01-31, 2026-01-31T08:00, ms, or 2h ago."),
        click.option(
            "--status",
            "statuses",
            type=click.Choice(STATUSES),
            metavar="STATUS",
            multiple=True,
            help=f"Only jobs that are {', '.join(STATUSES[:-1])} or {STATUSES[-1]}. Repeatable.",
        ),
        click.option("--operation", help="Only jobs of this operation, by its id."),
        click.option("--owner", help="Only jobs of this object or link, by its id."),
    ):
        function = option(function)
    return function


def job_filter(given: Mapping[str, Any]) -> JobFilter:
    """The filter that the options give."""
    from pointsman.model.job import JobStatus
    from pointsman.store.reads.jobs import JobFilter

    return JobFilter(
        owner=given["owner"],
        operation=given["operation"],
        statuses=frozenset(JobStatus(status) for status in given["statuses"]),
        since=given["since"],
        until=given["until"],
    )
