"""`pointsman replay`."""

from __future__ import annotations

import time as clock
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from pointsman.cli.configured import configuration, with_definitions
from pointsman.cli.output import counted, moment, print_json, visible, wants_json
from pointsman.cli.parameters import time
from pointsman.cli.verb import verb

if TYPE_CHECKING:
    from pointsman.rehearsal.comparison import Comparison
    from pointsman.rehearsal.difference import Difference
    from pointsman.rehearsal.replay import Replay
    from pointsman.settings import Configuration

KEPT = 1 << 62
"""For `--json`: all."""


@verb("replay")
@click.option("--since", type=time, help="From when on: 2026-01-31, 2026-01-31T08:00, ms, or 2h ago. Default: all there is.")
@click.option("--until", type=time, help="Up to when; as --since. Default: now.")
@click.option("--limit", type=click.IntRange(min=0), default=20, show_default=True, help="At most so many differences.")
@click.option("--expect-same", is_flag=True, help="Exit code 1 when anything differs.")
def command(since: int | None, until: int | None, limit: int, expect_same: bool) -> int:
    """Replay recorded history against the configuration, and say which jobs would be added, dropped or changed. Nothing is sent.

    What users have defined counts as it is now. The store is that of the configuration; it is only read, also while a worker
    writes it. Unchanged, definitions make the jobs that are on record. With --json: one object, with all the differences.
    """
    from pointsman.rehearsal.comparison import Comparison

    config = with_definitions(configuration())
    began = clock.monotonic()
    now = round(clock.time() * 1000)
    comparison = Comparison(since or 0, KEPT if wants_json() else limit)
    until = now if until is None else min(until, now)
    replay = _run(config, comparison, since, until)
    seconds = clock.monotonic() - began
    if wants_json():
        print_json(_as_json(comparison, replay, since, until, seconds))
    else:
        click.echo("\n".join(_in_words(comparison, replay, seconds)))
    return int(expect_same and not comparison.alike)


def _run(config: Configuration, comparison: Comparison, since: int | None, until: int) -> Replay:
    from pointsman.cli.virtual import beginning
    from pointsman.rehearsal.lead_in import lead_in
    from pointsman.rehearsal.replay import Replay
    from pointsman.store.opening import open_reader
    from pointsman.store.reads.record import last_before, last_id, record, stopped_before

    replay = Replay(config.catalog, beginning(config), comparison)
    start = None if since is None else since - lead_in(config.catalog)
    with open_reader(config.settings.store.url) as store:
        upto = last_id(store)
        if start is not None:
            replay.seed(last_before(store, start), start, stopped_before(store, start))
        replay.run(record(store, start, upto, until), until)
    return replay


def _as_json(comparison: Comparison, replay: Replay, since: int | None, until: int, seconds: float) -> dict[str, Any]:
    from pointsman.rehearsal.difference import Kind

    return {
        "since": since,
        "until": until,
        "seconds": round(seconds, 3),
        "changes": comparison.changes,
        "without_message": comparison.silent,
        "requests": replay.requests,
        "same": comparison.same,
        **{kind.value: comparison.counts[kind] for kind in Kind},
        "differences": [each.to_json() for each in comparison.differences],
        "verdicts": [each._asdict() for each in comparison.verdicts],
    }


def _in_words(comparison: Comparison, replay: Replay, seconds: float) -> Iterator[str]:
    from pointsman.rehearsal.difference import Kind

    counts: Counter[Kind] = comparison.counts
    silent = f", {comparison.silent} of them without their message" if comparison.silent else ""
    requests = f" and {counted(replay.requests, 'request')}" if replay.requests else ""
    yield f"replayed {counted(comparison.changes, 'change')}{silent}{requests} in {seconds:.1f} s"
    yield f"jobs: {comparison.same} the same, " + ", ".join([f"{counts[kind]} {kind}" for kind in Kind])
    if comparison.verdict_count:
        yield f"verdicts: {comparison.verdict_count} others"
    for each in comparison.differences:
        yield from _line(each)
    if (rest := counts.total() - len(comparison.differences)) > 0:
        yield f"… and {counted(rest, 'difference')} more"
    for verdict in comparison.verdicts if not counts.total() else ():
        yield f"change {verdict.change}: {visible(verdict.trigger)}: was {verdict.was}, would be {verdict.would}"


def _line(each: Difference) -> Iterator[str]:
    job = each.job
    by = f", by {job.process_meta.trigger}" if job.process_meta is not None else ""
    yield visible(f"{each.kind:<7}  {moment(job.timestamp)}  {job.owner.id}: {job.operation_id}{by}")
    if each.was is not None:
        was = each.was
        did = f"{was.description['topic']} {was.description.get('message')}" if "topic" in was.description else ""
        yield visible(f"  was    {was.status}{': ' + was.error if was.error else ''} {did}").rstrip()
    if each.would is not None:
        from pointsman.rehearsal.words import of_dispatch

        would = each.would.job
        late = f"at {moment(would.timestamp)}, " if each.was is not None and would.timestamp != each.was.timestamp else ""
        fault = f"{would.status}: {would.error}" if would.error else of_dispatch(each.would.dispatch)
        yield visible(f"  would  {late}{fault}")
