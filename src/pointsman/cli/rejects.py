"""`pointsman rejects`."""

from __future__ import annotations

import click

from pointsman.cli.configured import reader
from pointsman.cli.output import moment, print_json_array, table, visible, wants_json
from pointsman.cli.verb import verb


@verb("rejects")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="At most so many.")
def command(limit: int) -> None:
    """List the messages that could not be taken: how often for each reason and topic, and why the last time, the latest first.

    Reads the store itself, also while a worker writes it. With --json: one array, payloads as text.
    """
    from pointsman.store.reads.rejects import rejected

    with reader() as store:
        found = rejected(store, limit=limit)
    if wants_json():
        print_json_array(
            {
                "reason": each.reason.value,
                "topic": each.topic,
                "count": each.count,
                "first": each.first,
                "last": each.last,
                "detail": each.detail,
                "payload": each.payload.decode("utf-8", "backslashreplace"),
            }
            for each in found
        )
    elif found:
        rows = [
            (moment(each.last), str(each.count), each.reason.value, visible(each.topic), visible(each.detail)) for each in found
        ]
        click.echo("\n".join(table(("LAST", "COUNT", "REASON", "TOPIC", "DETAIL"), rows)))
    else:
        click.echo("nothing was rejected")
