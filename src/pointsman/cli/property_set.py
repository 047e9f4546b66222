"""`pointsman property set`: asks the running worker over MQTT, as any client may."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from pointsman.cli.configured import configuration, entity_of
from pointsman.cli.output import counted, print_json, visible, wants_json
from pointsman.cli.verb import verb
from pointsman.errors import NotFound, PointsmanError


@verb("set")
@click.argument("owner")
@click.argument("name")
@click.argument("value")
def command(owner: str, name: str, value: str) -> None:
    """Set the property NAME of OWNER, the id of an object or link, to VALUE: JSON where it is JSON, else text.

    Asks the running worker over MQTT 5. Exit code 0 says that the value, and a job for each operation that it runs, are recorded.
    """
    answer = _set(owner, name, value)
    if wants_json():
        print_json(answer)
    elif answer["changed"]:
        click.echo(f"{visible(name)} is set; it runs {counted(len(answer['jobs']), 'job')}")
        for job in answer["jobs"]:
            click.echo(job)
    else:
        click.echo(f"{visible(name)} has that value already")


def _set(owner: str, name: str, value: str) -> Mapping[str, Any]:
    from pointsman.model.topic import topic_fault
    from pointsman.mqtt.requests import Client, ask
    from pointsman.mqtt.topics import PropertyTopic, Topics
    from pointsman.wiring import connection_options

    given = configuration()
    entity = entity_of(given, owner)
    settings = given.settings
    topics = Topics(settings.mqtt.base_topic, settings.node.id)
    topic = topics.set_property(entity, name)
    if topic_fault(topic) or topics.read(topic) != PropertyTopic(entity, name):
        raise NotFound(f"expected the name of a property that can be one level of a topic, found {name!r}")
    with Client(connection_options(settings)) as client:
        answer = ask(client, topics, topic, value.encode("utf-8", "surrogateescape"))
    if "error" in answer:
        raise PointsmanError(str(answer["error"]))
    return answer
