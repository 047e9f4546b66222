"""`pointsman execute`: asks the running worker over MQTT, as any client may. The worker decides, and records."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import click

from pointsman.cli.configured import configuration, entity_of
from pointsman.cli.job_text import in_full
from pointsman.cli.output import print_json, wants_json
from pointsman.cli.parameters import duration, named_json, named_text
from pointsman.cli.verb import verb
from pointsman.errors import NotFound, PointsmanError, UsageError


@verb("execute")
@click.argument("owner")
@click.argument("operation")
@click.option(
    "--arg", "texts", metavar="NAME=TEXT", type=named_text, multiple=True, help="An argument, {{args.NAME}}. Repeatable."
)
@click.option(
    "--arg-json", "values", metavar="NAME=JSON", type=named_json, multiple=True, help="One that is no text. Repeatable."
)
@click.option("--wait", is_flag=True, help="Wait until the job has ended, and print all of it.")
@click.option("--timeout", type=duration, default="30s", show_default=True, help="How long --wait waits.")
def command(
    owner: str, operation: str, texts: tuple[tuple[str, str], ...], values: tuple[tuple[str, Any], ...], wait: bool, timeout: int
) -> None:
    """Run OPERATION of OWNER, the id of an object or link, and print the job's id.

    Asks the running worker over MQTT 5. Exit code 0 says that the job is recorded; with --wait, that it succeeded.
    """
    job = _execute(owner, operation, {**dict(texts), **dict(values)}, timeout / 1000 if wait else None)
    if wants_json():
        print_json(job if wait else {"job": job["job"]})
    else:
        click.echo("\n".join(in_full(job)) if wait else job["job"])
    if wait and job["status"] != "succeeded":
        raise click.exceptions.Exit(1)


def _execute(owner: str, operation: str, args: Mapping[str, Any], wait: float | None) -> Mapping[str, Any]:
    """The worker's answer or, after waiting so many seconds, the job."""
    from pointsman.model.ids import JobId, OperationId
    from pointsman.mqtt.requests import Client, ask, follow
    from pointsman.mqtt.topics import Topics
    from pointsman.wiring import connection_options

    given = configuration()
    settings = given.settings
    entity = entity_of(given, owner)
    if wait is not None and settings.mqtt.announce == "none":
        raise UsageError("--wait follows the job on its topic, and mqtt.announce is none; look it up with `pointsman jobs show`")
    topics = Topics(settings.mqtt.base_topic, settings.node.id)
    with Client(connection_options(settings)) as client:
        if wait is not None:
            client.subscribe(topics.jobs)
        answer = ask(client, topics, topics.execute(entity, OperationId(operation)), json.dumps(args).encode())
        if "job" not in answer:
            raise NotFound(str(answer.get("error", answer)))
        if wait is None:
            return answer
        job = follow(client, topics, JobId(answer["job"]), wait)
    if job is None:
        raise PointsmanError(
            f"job {answer['job']} has not ended within {wait:g} s; `pointsman jobs show` tells what becomes of it"
        )
    return job
