"""Asks the running worker over MQTT about a job, as any client may."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from pointsman.cli.configured import configuration
from pointsman.errors import NotFound, PointsmanError

if TYPE_CHECKING:
    from pointsman.model.ids import JobId
    from pointsman.mqtt.topics import Topics


def ask_about(job: str, topic_of: Callable[[Topics, JobId], str], body: bytes) -> Mapping[str, Any]:
    """Publish a request on a topic of the job's, and give the worker's answer.

    Raises NotFound when that is no job's id, PointsmanError when the worker says no, Unavailable when there is nobody to ask.
    """
    from pointsman.model.ids import JobId
    from pointsman.model.topic import topic_fault
    from pointsman.mqtt.requests import Client, ask
    from pointsman.mqtt.topics import Topics
    from pointsman.wiring import connection_options

    settings = configuration().settings
    topics = Topics(settings.mqtt.base_topic, settings.node.id)
    topic = topic_of(topics, JobId(job))
    if topic_fault(topic) or getattr(topics.read(topic), "job", None) != job:
        raise NotFound(f"expected the id of a job, found {job!r}")
    with Client(connection_options(settings)) as client:
        answer = ask(client, topics, topic, body)
    if "job" not in answer:
        raise PointsmanError(str(answer.get("error", answer)))
    return answer
