"""`pointsman jobs cancel`: asks the running worker over MQTT, as any client may."""

from __future__ import annotations

import json

import click

from pointsman.cli.asking import ask_about
from pointsman.cli.output import print_json, wants_json
from pointsman.cli.verb import verb


@verb("cancel")
@click.argument("job")
@click.option("--reason", default="", metavar="TEXT", help="Why: for the job's error.")
def command(job: str, reason: str) -> None:
    """Call JOB off, its id, while it is open.

    What waits is not carried out; a program that runs is ended, within the time that programs.grace gives it. A message that is
    on its way to the broker may be published all the same. Asks the running worker over MQTT 5.
    """
    answer = ask_about(job, lambda topics, id_: topics.cancel(id_), json.dumps({"reason": reason} if reason else {}).encode())
    if wants_json():
        print_json(answer)
    elif answer.get("status") == "cancelled":
        click.echo(f"job {job} is cancelled")
    else:
        click.echo(f"job {job} is cancelled as soon as its program has ended; `pointsman jobs show` tells when")
