"""`pointsman explain`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from pointsman.cli.configured import reader
from pointsman.cli.output import moment, print_json_array, visible, wants_json
from pointsman.cli.verb import verb
from pointsman.errors import NotFound

if TYPE_CHECKING:
    from pointsman.model.job import Job
    from pointsman.store.reads.history import Traced
    from pointsman.store.reads.reader import Reader


@verb("explain")
@click.argument("what")
@click.option("--limit", type=click.IntRange(min=1), default=5, show_default=True, help="Of an entity: at most so many changes.")
def command(what: str, limit: int) -> None:
    """Say why something ran, or did not. WHAT is the id of a job, of a change of state, or of an object or link.

    For each change of state, every trigger that was considered: the job that it made, or why it did not fire. Reads the store
    itself, also while a worker writes it. With --json: one array of changes.
    """
    with reader() as store:
        job, found = _find(store, what, limit)
    if wants_json():
        print_json_array(_as_json(each, job) for each in found)
    else:
        click.echo("\n\n".join(_in_words(each, job) for each in found))


def _find(store: Reader, what: str, limit: int) -> tuple[Job | None, list[Traced]]:
    from pointsman.model.ids import ChangeId, EntityId, JobId
    from pointsman.store.reads import history, jobs

    job = jobs.one(store, JobId(what))
    if job is not None and job.change_id is None:
        raise NotFound(f"the job {what} was executed by {job.user_id}, not by a change of state: there is nothing to explain")
    change = history.one(store, job.change_id if job is not None and job.change_id is not None else ChangeId(what))
    found = [change] if change is not None else history.traced(store, entity=EntityId(what), limit=limit)
    if not found:
        raise NotFound(f"there is no job, no change of state and no entity with a history with the id {what!r}")
    return job, found


def _later(traced: Traced, job: Job | None) -> Job | None:
    """The job that is asked about, when a trigger made it some time after the change: its state had held, or holds still."""
    return None if job is None or any(each.job == job.id for each in traced.trace) else job


def _as_json(traced: Traced, job: Job | None) -> dict[str, Any]:
    change, later = traced.change, _later(traced, job)
    return {
        "change_id": change.id,
        "entity_id": change.entity.id,
        "entity_type": int(change.entity.kind),
        "previous": change.previous,
        "state": change.current,
        "timestamp": change.at,
        "topic": change.topic,
        "reason": change.reason,
        "changed_while_offline": change.changed_while_offline,
        "triggers": [
            {"trigger": each.trigger, "skipped": each.skipped, "detail": each.detail, "job": each.job} for each in traced.trace
        ],
        "later": None if later is None else later.id,
    }


def _in_words(traced: Traced, job: Job | None) -> str:
    from pointsman.core.explain import in_words

    change = traced.change
    lines = [
        f"{moment(change.at)}  {change.entity}: state {change.previous or 'unknown'} → {change.current}"
        + (f", reported on {visible(change.topic)}" if change.topic else "")
        + (", found out afterwards" if change.changed_while_offline else ""),
        f"  change {change.id}",
        *([f"  because: {visible(change.reason)}"] if change.reason else []),
    ]
    for each in traced.trace:
        outcome = f"fired: job {each.job}" if each.job else in_words(each.skipped, each.detail)
        lines.append(f"  {visible(each.trigger)}: {outcome}")
    if (later := _later(traced, job)) is not None and later.process_meta is not None:
        lines.append(f"  {visible(later.process_meta.trigger)}: fired when its time had come: job {later.id}")
    return "\n".join(lines if traced.trace else [*lines, "  no trigger applies to it"])
