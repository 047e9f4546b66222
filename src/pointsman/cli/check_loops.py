"""Which operations of the configuration may set each other off without end. Sends nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pointsman.core.loops import Announcing, Listener, Loop, OwnReports, OwnRequests, find_loops, in_words
from pointsman.model.ids import EntityId, EntityRef, JobId, OperationId, OwnerType
from pointsman.model.job import JobStatus
from pointsman.model.topic import TopicFilter
from pointsman.mqtt.publisher import Announced
from pointsman.mqtt.topics import Topics
from pointsman.settings import Configuration
from pointsman.settings.locate import operation_origins

LISTED = 20
"""So many loops are told; further ones are counted."""


def loop_warnings(given: Configuration, path: Path) -> Iterator[str]:
    """The loops in words, each with the place of its first operation. `path` is where the configuration was read from."""
    found = loops(given)
    firsts = {(loop.steps[0].owner, str(loop.steps[0].operation)) for loop in found[:LISTED]}
    origins = operation_origins(path, firsts) if firsts else {}
    for loop in found[:LISTED]:
        first = loop.steps[0]
        origin = origins.get((first.owner, first.operation))
        message = f"expected operations that do not set each other off, found a loop: {in_words(loop)}"
        yield f"{f'{origin}: ' if origin else ''}{message}; if it is meant, set allow_loop in one of them"
    if len(found) > LISTED:
        yield f"… and {len(found) - LISTED} more loops"


def loops(given: Configuration, *, most: int | None = None) -> list[Loop]:
    """The loops there may be, by what a worker with this configuration would listen to and announce.

    Raises TooMany when more than `most` entities would have to be looked at one by one.
    """
    mqtt = given.settings.mqtt
    topics = Topics(mqtt.base_topic, given.settings.node.id)
    listeners: list[Listener] = [*given.rules]
    for kind in OwnerType:
        every = EntityRef(kind, EntityId("+"))
        listeners.append(OwnReports(TopicFilter(topics.state(every)), kind))
        listeners.append(OwnRequests(TopicFilter(topics.execute(every, OperationId("+"))), kind))
    return find_loops(given.catalog, listeners, _announcing(topics, Announced(mqtt.announce)), most=most)


def _announcing(topics: Topics, announced: Announced) -> Announcing | None:
    if announced is Announced.NONE:
        return None
    statuses = [each for each in JobStatus if each.final or announced is Announced.ALL]
    return Announcing(topics.job(JobId("")), tuple(statuses))
