"""`pointsman explain`."""

from __future__ import annotations

import time as clock
from typing import TYPE_CHECKING

import click

from pointsman.cli.configured import configuration, reader, with_definitions
from pointsman.cli.output import moment, print_json_array, visible, wants_json
from pointsman.cli.parameters import time
from pointsman.cli.verb import verb
from pointsman.errors import NotFound

if TYPE_CHECKING:
    from pointsman.model.job import Job
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
    from pointsman.explaining import as_json

    with reader() as store:
        job, found = _find(store, what, at, limit)
    if wants_json():
        print_json_array(as_json(each, job) for each in found)
    else:
        click.echo("\n\n".join(_in_words(each, job) for each in found))


def _why_not(entity: str, operation: str, at: int | None) -> None:
    from pointsman.cli.virtual import knowledge
    from pointsman.core.why import findings
    from pointsman.explaining import evidence, finding_as_json
    from pointsman.store.opening import open_reader

    config = with_definitions(configuration())
    at = clock.time_ns() // 1_000_000 if at is None else at
    with open_reader(config.settings.store.url) as store:
        asked = evidence(knowledge(config), store, entity, operation, at)
    found = findings(asked, moment)
    if wants_json():
        print_json_array(finding_as_json(each) for each in found)
        return
    click.echo(f"{asked.entity}, {asked.operation.id}, {moment(asked.at)}:")
    for each in found:
        click.echo(f"  {moment(each.at) if each.at is not None else 'at any time':23}  {visible(each.words)}")


def _find(store: Reader, what: str, at: int | None, limit: int) -> tuple[Job | None, list[Traced]]:
    from pointsman.explaining import on_record

    job, found = on_record(store, what, None if at is None else at + 1, limit)
    if not found:
        then = "" if at is None else f" up to {moment(at)}"
        raise NotFound(f"there is no job, no change of state and no entity with a history{then} with the id {what!r}")
    return job, found


def _in_words(traced: Traced, job: Job | None) -> str:
    from pointsman.core.explain import considered_in_words
    from pointsman.explaining import later

    change, made_later = traced.change, later(traced, job)
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
    if made_later is not None and made_later.process_meta is not None and all(each.job != made_later.id for each in traced.trace):
        lines.append(f"  {visible(made_later.process_meta.trigger)}: fired when its time had come: job {made_later.id}")
    return "\n".join(lines if traced.trace else [*lines, "  no trigger applies to it"])
