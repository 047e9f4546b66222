"""The AsyncAPI 3.0 document of the MQTT side: from the topics and the forms of the code to what tools and people read. Pure.

Actions are from the worker's side: it *receives* reports and requests, and *sends* jobs, answers and how it stands.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from pointsman.model.ids import EntityId, EntityRef, JobId, OperationId, OwnerType
from pointsman.mqtt.asyncapi_messages import ANSWERS, MESSAGES, SCHEMAS
from pointsman.mqtt.topics import Topics

Part: TypeAlias = dict[str, Any]

PARAMETERS: Mapping[str, str] = {
    "object": "The id of an object.",
    "link": "The id of a link.",
    "operation": "The id of an operation of that object or link, or of its class.",
    "property": "The name of a property. One whose name holds `/`, `+` or `#` has no topic.",
    "job": "The id of a job.",
    "node": "The name of the worker: `node.id`.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """One topic, and what is said there."""

    name: str
    address: str | None
    """None: it is only known while it runs, as an answer's or a device's."""
    title: str
    meaning: str
    message: str
    """The key of the message in `MESSAGES`."""
    sends: bool = False
    """Whether the worker says it; else it listens."""
    qos: int = 1
    retain: bool = False
    answers: Sequence[str] = ()
    """The keys of the answers there are to it."""


def asyncapi_document(version: str, topics: Topics | None = None, broker: str = "localhost:1883") -> Part:
    """The document. `topics` are a worker's own; without them, those of one with the default `mqtt.base_topic` and any name."""
    spoken = tuple(_spoken(topics or Topics("pointsman", "{node}")))
    answers = {name: {"$ref": f"#/components/messages/{name}"} for name in ANSWERS}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Pointsman over MQTT",
            "version": version,
            "description": "What a worker listens to and what it says. MQTT 5, falling back to 3.1.1. Devices that speak "
            "otherwise are read by intake and reply rules of the configuration, which are not in this document.",
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "broker": {"host": broker, "protocol": "mqtt", "protocolVersion": "5.0", "description": "The broker (`mqtt.url`)."}
        },
        "channels": {
            **{each.name: _channel(each) for each in spoken},
            "answers": {
                "address": None,
                "title": "Answers",
                "description": "The Response Topic of the request (MQTT 5 §4.10), with its Correlation Data.",
                "messages": answers,
            },
        },
        "operations": {each.name: _operation(each) for each in spoken},
        "components": {"messages": MESSAGES, "schemas": SCHEMAS},
    }


def _channel(spoken: Spoken) -> Part:
    named = [name for name in PARAMETERS if f"{{{name}}}" in (spoken.address or "")]
    return {
        "address": spoken.address,
        "title": spoken.title,
        "description": spoken.meaning,
        "messages": {spoken.message: {"$ref": f"#/components/messages/{spoken.message}"}},
        **({"parameters": {name: {"description": PARAMETERS[name]} for name in named}} if named else {}),
    }


def _operation(spoken: Spoken) -> Part:
    found: Part = {
        "action": "send" if spoken.sends else "receive",
        "channel": {"$ref": f"#/channels/{spoken.name}"},
        "title": spoken.title,
        "summary": spoken.meaning,
        "messages": [{"$ref": f"#/channels/{spoken.name}/messages/{spoken.message}"}],
        "bindings": {"mqtt": {"qos": spoken.qos, "retain": spoken.retain, "bindingVersion": "0.2.0"}},
    }
    if spoken.answers:
        found["reply"] = {
            "address": {"location": "$message.header#/responseTopic", "description": "The request's Response Topic."},
            "channel": {"$ref": "#/channels/answers"},
            "messages": [{"$ref": f"#/channels/answers/messages/{name}"} for name in spoken.answers],
        }
    return found


def _spoken(topics: Topics) -> Iterator[Spoken]:
    for kind in OwnerType:
        yield from _of_entity(topics, kind)
    yield from _of_jobs(topics)
    yield from _of_worker(topics)


def _of_entity(topics: Topics, kind: OwnerType) -> Iterator[Spoken]:
    word = kind.plural.removesuffix("s")
    entity = EntityRef(kind, EntityId(f"{{{word}}}"))
    of = f"{'an' if kind is OwnerType.OBJECT else 'a'} {word}"
    yield Spoken(
        name=f"{word}State",
        address=topics.state(entity),
        title=f"State of {of}",
        meaning="A report. What a retained one does, `mqtt.retained` says.",
        message="report",
    )
    yield Spoken(
        name=f"{word}ManualState",
        address=topics.manual(entity),
        title=f"Manual state of {of}",
        meaning="Set the state by hand, or release it. Refused when retained.",
        message="manualState",
        answers=("manualStateSet", "refused"),
    )
    yield Spoken(
        name=f"{word}Execute",
        address=topics.execute(entity, OperationId("{operation}")),
        title=f"Run an operation of {of}",
        meaning="Run it; the payload is its arguments. Answered once the job is recorded. Refused when retained.",
        message="execute",
        answers=("jobRecorded", "refused"),
    )
    yield Spoken(
        name=f"{word}Property",
        address=topics.set_property(entity, "{property}"),
        title=f"Set a property of {of}",
        meaning="Set a ReadWrite property, which runs the operations that ask for it. Refused when retained.",
        message="propertyValue",
        answers=("propertySet", "refused"),
    )


def _of_jobs(topics: Topics) -> Iterator[Spoken]:
    job = JobId("{job}")
    yield Spoken(
        name="job",
        address=topics.job(job),
        title="A job",
        meaning="The job, at each change of its status and with each custom result (`mqtt.announce`).",
        message="job",
        sends=True,
        qos=0,
    )
    yield Spoken(
        name="jobResults",
        address=topics.results(job),
        title="Results of a job",
        meaning="With a Response Topic: a custom result. Without: the device's answer. Refused when retained.",
        message="result",
        answers=("resultAdded", "refused"),
    )
    yield Spoken(
        name="jobCancel",
        address=topics.cancel(job),
        title="Call a job off",
        meaning="Call it off while it is open. Refused when retained.",
        message="cancel",
        answers=("jobCancelled", "refused"),
    )
    yield Spoken(
        name="command",
        address=None,
        title="A message to a device",
        meaning="What an operation of type 1 publishes, on the topic that the operation names, with its QoS and retain.",
        message="command",
        sends=True,
    )


def _of_worker(topics: Topics) -> Iterator[Spoken]:
    yield Spoken(
        name="workerState",
        address=topics.status,
        title="Whether the worker is there",
        meaning="`online`, or `offline`, which is also its will.",
        message="workerState",
        sends=True,
        retain=True,
    )
    yield Spoken(
        name="workerInfo",
        address=topics.info,
        title="What the worker is",
        meaning="Said at each connect.",
        message="workerInfo",
        sends=True,
        retain=True,
    )
    yield Spoken(
        name="workerHealth",
        address=topics.health,
        title="How the worker stands",
        meaning="At each change, and every minute.",
        message="workerHealth",
        sends=True,
        retain=True,
        qos=0,
    )
