"""`pointsman explain`."""

from __future__ import annotations

import time as clock
from typing import TYPE_CHECKING, Any

import click

from pointsman.cli.configured import configuration, reader
from pointsman.cli.output import moment, print_json_array, visible, wants_json
from pointsman.cli.parameters import time
from pointsman.cli.verb import verb
from pointsman.errors import NotFound

if TYPE_CHECKING:
    from pointsman.model.job import Job
    from pointsman.model.write import Considered
    from pointsman.store.reads.history import Traced
    from pointsman.store.reads.reader import Reader


@verb("explain")
@click.argument("what")
@click.option("--operation", metavar="OPERATION", help="Of an entity: why this operation of it ran, or did not.")
@click.option("--at", type=time, help="Of an entity: around then: 2026-01-31T08:00, 08:00 (today), ms, or 10m ago. Default: now.")
@click.option("--limit", type=click.IntRange(min=1), default=5, show_default=True, help="Of an entity: at most so many changes.")
def command(what: str, operation: str | None, at: int | None, limit: int) -> None:
    """Say why something ran, or did not. WHAT is the id of a job, of a change of state, or of an object or link.

    For each change of state, every trigger that was considered: the job that it made, or why it did not fire, and what became
    later of those that wait or repeat. With --operation: every reason why it ran, or did not, at the last change up to the time
    and at those up to a minute after it.

    Reads the store itself, also while a worker writes it. With --json: one array, of changes or of findings.
    """
    if at is not None and at > clock.time() * 1000:
        raise click.BadParameter(f"expected a time that has come, found {moment(at)}", param_hint="--at")
    if operation is not None:
        _why_not(what, operation, at)
        return
    with reader() as store:
        job, found = _find(store, what, at, limit)
    if wants_json():
        print_json_array(_as_json(each, job) for each in found)
    else:
        click.echo("\n\n".join(_in_words(each, job) for each in found))


def _why_not(entity: str, operation: str, at: int | None) -> None:
    from pointsman.cli.why_not import as_json, evidence, in_words
    from pointsman.core.why import findings
    from pointsman.store.opening import open_reader

    config = configuration()
    with open_reader(config.settings.store.url) as store:
        asked = evidence(config, store, entity, operation, at)
    found = findings(asked, moment)
    if wants_json():
        print_json_array(as_json(each) for each in found)
    else:
        click.echo(in_words(asked, found))


def _find(store: Reader, what: str, at: int | None, limit: int) -> tuple[Job | None, list[Traced]]:
    from pointsman.model.ids import ChangeId, EntityId, JobId
    from pointsman.store.reads import history, jobs

    job = jobs.one(store, JobId(what))
    if job is not None and job.change_id is None:
        raise NotFound(f"the job {what} was executed by {job.user_id}, not by a change of state: there is nothing to explain")
    change = history.one(store, job.change_id if job is not None and job.change_id is not None else ChangeId(what))
    until = None if at is None else at + 1
    found = [change] if change is not None else history.traced(store, entity=EntityId(what), until=until, limit=limit)
    if not found:
        then = "" if at is None else f" up to {moment(at)}"
        raise NotFound(f"there is no job, no change of state and no entity with a history{then} with the id {what!r}")
    return job, found


def _later(traced: Traced, job: Job | None) -> Job | None:
    """The job that is asked about, when a trigger made it some time after the change: its state had held, or holds still."""
    at_once = any(each.job == job.id for each in traced.trace if each.timer is None) if job is not None else True
    return None if at_once else job


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
        "triggers": [_considered(each) for each in traced.trace if each.timer is None],
        "afterwards": [
            {**_considered(each), "waited": each.timer.value, "timestamp": each.at}
            for each in traced.trace
            if each.timer is not None
        ],
        "later": None if later is None else later.id,
    }


def _considered(each: Considered) -> dict[str, Any]:
    return {"trigger": each.trigger, "skipped": each.skipped, "detail": each.detail, "job": each.job}


def _in_words(traced: Traced, job: Job | None) -> str:
    from pointsman.core.explain import considered_in_words

    change = traced.change
    lines = [
        f"{moment(change.at)}  {change.entity}: state {change.previous or 'unknown'} → {change.current}"
        + (f", reported on {visible(change.topic)}" if change.topic else "")
        + (", found out afterwards" if change.changed_while_offline else ""),
        f"  change {change.id}",
        *([f"  because: {visible(change.reason)}"] if change.reason else []),
    ]
    for each in traced.trace:
        when = "" if each.timer is None else f"{moment(each.at)}  "
        lines.append(f"  {when}{visible(f'{each.trigger}: {considered_in_words(each, moment)}')}")
    later = _later(traced, job)
    if later is not None and later.process_meta is not None and all(each.job != later.id for each in traced.trace):
        lines.append(f"  {visible(later.process_meta.trigger)}: fired when its time had come: job {later.id}")
    return "\n".join(lines if traced.trace else [*lines, "  no trigger applies to it"])
