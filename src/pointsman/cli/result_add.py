"""`pointsman result add`: asks the running worker over MQTT, as a device may."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from pointsman.cli.asking import ask_about
from pointsman.cli.output import counted, print_json, wants_json
from pointsman.cli.parameters import json_value
from pointsman.cli.verb import verb
from pointsman.errors import UsageError


@verb("add")
@click.argument("job")
@click.argument("payload")
def command(job: str, payload: str) -> None:
    """Add PAYLOAD, any JSON, to the custom results of JOB, its id.

    PAYLOAD is the JSON itself, @FILE to read it from a file, or - to read it from standard input. Asks the running worker over
    MQTT 5. Exit code 0 says that the result is recorded.
    """
    value = json_value(_read(payload))
    answer = ask_about(job, lambda topics, id_: topics.results(id_), json.dumps(value).encode())
    if wants_json():
        print_json(answer)
    else:
        click.echo(f"job {answer['job']} has {counted(answer['results'], 'custom result')} now")


def _read(payload: str) -> str | bytes:
    if payload == "-":
        return sys.stdin.buffer.read()
    if not payload.startswith("@"):
        return payload
    try:
        return Path(payload[1:]).read_bytes()
    except OSError as fault:
        raise UsageError(f"cannot read {payload[1:]}: {fault.strerror}") from None
