"""`pointsman result add`: asks the running worker over MQTT, as a device may."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from pointsman.cli.configured import configuration
from pointsman.cli.output import counted, print_json, wants_json
from pointsman.cli.parameters import json_value
from pointsman.cli.verb import verb
from pointsman.errors import NotFound, UsageError


@verb("add")
@click.argument("job")
@click.argument("payload")
def command(job: str, payload: str) -> None:
    """Add PAYLOAD, any JSON, to the custom results of JOB, its id.

    PAYLOAD is the JSON itself, @FILE to read it from a file, or - to read it from standard input. Asks the running worker over
    MQTT 5. Exit code 0 says that the result is recorded.
    """
    value = json_value(_read(payload))
    answer = _add(job, value)
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


def _add(job: str, value: Any) -> Any:
    from pointsman.model.ids import JobId
    from pointsman.model.topic import topic_fault
    from pointsman.mqtt.requests import Client, ask
    from pointsman.mqtt.topics import ResultTopic, Topics
    from pointsman.wiring import connection_options

    settings = configuration().settings
    topics = Topics(settings.mqtt.base_topic, settings.node.id)
    topic = topics.results(JobId(job))
    if topic_fault(topic) or topics.read(topic) != ResultTopic(JobId(job)):
        raise NotFound(f"expected the id of a job, found {job!r}")
    with Client(connection_options(settings)) as client:
        answer = ask(client, topics, topic, json.dumps(value).encode())
    if "job" not in answer:
        raise NotFound(str(answer.get("error", answer)))
    return answer
