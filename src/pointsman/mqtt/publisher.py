"""Turns effects into outgoing messages. Implements the engine's Publisher; knows no paho and decides nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from pydantic_core import to_json

from pointsman.model.delivery import Delivery
from pointsman.model.effect import Publish, ReplyTo
from pointsman.model.ids import JobId
from pointsman.model.job import Job
from pointsman.model.json import Json
from pointsman.model.lineage import Lineage
from pointsman.mqtt.topics import Topics


@dataclass(slots=True, kw_only=True)
class Outgoing:
    """One message to be published."""

    topic: str
    payload: bytes
    qos: int = 0
    retain: bool = False
    job: JobId | None = None
    """The job that it carries out; its outcome becomes a Finish."""
    lineage: Lineage | None = None
    """What led to the job."""
    content_type: str | None = None
    response_topic: str | None = None
    correlation: bytes | None = None
    expiry: int | None = None
    """After how many seconds the broker drops it where it has not delivered it yet (MQTT 5 §3.3.2.3.3)."""
    attempts: int = 0
    """How often it was refused for a passing reason, or alone in flight when the broker closed the connection."""


class Link(Protocol):
    """What carries outgoing messages; `mqtt/session.py` is one."""

    def send(self, outgoing: Outgoing) -> None:
        """Publish when there is a connection; what carries out no job is dropped while there is none."""

    def acknowledge(self, connection: int, packet_id: int) -> None:
        """Send a PUBACK, if that connection still stands."""

    def room(self) -> int:
        """How many more messages of jobs it takes."""

    def withdraw(self, job: JobId) -> None:
        """Do not publish a job's message, if it has not been published yet."""


class Announced(StrEnum):
    """Which jobs are announced on `BASE/jobs/ID` (setting `mqtt.announce`)."""

    ALL = "all"
    """Every change of a job's status, and every custom result."""
    FINAL = "final"
    """A job when its status is final, and every custom result after that."""
    NONE = "none"


class MqttPublisher:
    """The way out to the broker."""

    def __init__(self, link: Link, topics: Topics, announced: Announced = Announced.ALL) -> None:
        self._link = link
        self._topics = topics
        self._announced = announced

    def room(self) -> int:
        """How many more messages of jobs are taken now."""
        return self._link.room()

    def publish(self, effect: Publish) -> None:
        """Publish a job's message. On MQTT 5 it says where an answer goes, so that a device's reply becomes a custom result."""
        self._link.send(
            Outgoing(
                topic=effect.topic,
                payload=effect.message.encode("utf-8", "surrogatepass"),
                qos=effect.qos,
                retain=effect.retain,
                job=effect.job,
                lineage=effect.lineage,
                content_type=effect.content_type,
                response_topic=self._topics.results(effect.job),
                correlation=effect.job.encode(),
            )
        )

    def withdraw(self, job: JobId) -> None:
        """Do not publish a job's message, if it has not been published yet."""
        self._link.withdraw(job)

    def acknowledge(self, delivery: Delivery) -> None:
        """Send the PUBACK of a delivery."""
        self._link.acknowledge(delivery.connection, delivery.packet_id)

    def announce(self, job: Job) -> None:
        """Publish a job on its topic, at QoS 0: the store has it, and whoever missed one reads it there."""
        if self._announced is Announced.ALL or (self._announced is Announced.FINAL and job.status.final):
            payload = _encoded(job.to_json())
            self._link.send(Outgoing(topic=self._topics.job(job.id), payload=payload, content_type="application/json"))

    def answer(self, to: ReplyTo, body: Mapping[str, Json]) -> None:
        """Answer a requester."""
        self._link.send(
            Outgoing(topic=to.topic, payload=_encoded(body), qos=1, correlation=to.correlation, content_type="application/json")
        )


def _encoded(body: Mapping[str, Any]) -> bytes:
    """JSON whatever the values: a lone surrogate, or more levels than pydantic goes, must not stop the engine that sends them."""
    try:
        return to_json(body, inf_nan_mode="null")
    except ValueError:
        return json.dumps(body, default=repr).encode()
