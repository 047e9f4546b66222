"""Asks a worker over MQTT 5: a connection of its own, a request, the answer to it (MQTT 5 §4.10).

For the command line, which is not the worker: no session is kept, no will, no reconnecting, one thread. Knows `wire`, `options`
and `topics`; must not know paho, the store, or what is asked.
"""

from __future__ import annotations

import contextlib
import math
import secrets
import select
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Any, NamedTuple

from pydantic_core import from_json

from pointsman.errors import BrokerUnavailable, ConfigurationError, WorkerUnavailable
from pointsman.model.ids import JobId
from pointsman.model.job import JobStatus
from pointsman.model.lineage import Lineage
from pointsman.mqtt.options import ConnectionOptions, Version
from pointsman.mqtt.publisher import Outgoing
from pointsman.mqtt.topics import Topics
from pointsman.mqtt.wire import Message, Wire

BROKER = 5.0
"""Seconds that the broker has for each of its own answers: to CONNECT, SUBSCRIBE, PUBLISH."""
WORKER = 5.0
"""Seconds that the worker has for an answer."""
GOODBYE = 1.0
"""Seconds that saying goodbye may take."""
NO_SUBSCRIBER = 0x10
"""PUBACK: nobody has subscribed to that topic (MQTT 5 §3.4.2.1)."""
NEEDS_MQTT_5 = "asking a worker needs MQTT 5, for its response topics"


class Heard(NamedTuple):
    """A message that came."""

    topic: str
    payload: bytes
    correlation: bytes | None


class Client:
    """A connection for the length of a `with` block."""

    def __init__(self, options: ConnectionOptions) -> None:
        """`options` are the worker's; its client id is only the beginning of ours, so that both can be connected at once.

        Raises ConfigurationError when they forbid MQTT 5, or name a file for TLS that cannot be used.
        """
        if options.version is Version.V311:
            raise ConfigurationError(f"{NEEDS_MQTT_5}, and mqtt.version is 3.1.1; set it to auto or 5")
        self.client_id = f"{options.client_id}-{secrets.token_hex(4)}"
        self.broker = str(options.address)
        self._heard: deque[Heard] = deque()
        self._connected = False
        self._fault: str | None = None
        self._granted: dict[int, bool] = {}
        self._settled: dict[int, tuple[int, str | None]] = {}
        self._swept_at = 0.0
        own = replace(options, client_id=self.client_id, session_expiry=0)
        self._wire = Wire(own, Version.V5, None, self, options.tls.context() if options.tls else None)

    def __enter__(self) -> Client:
        """Connect. Raises BrokerUnavailable."""
        try:
            self._wire.connect()
        except OSError as fault:
            raise BrokerUnavailable(
                f"cannot reach the broker at {self.broker}: {fault}; is it running, and mqtt.url right?"
            ) from None
        if not self._until(lambda: self._connected, BROKER):
            raise BrokerUnavailable(f"the broker at {self.broker} did not answer within {BROKER:g} s")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Say goodbye."""
        deadline = time.monotonic() + GOODBYE
        with contextlib.suppress(OSError, ValueError):
            self._wire.disconnect()
            while self._wire.socket is not None and self._wire.wants_write and time.monotonic() < deadline:
                self._wire.write()
        self._wire.close()

    def subscribe(self, *filters: str, replay: bool = False) -> None:
        """Subscribe, and wait for the grant. `replay`: retained messages are to come now. Raises BrokerUnavailable."""
        number = self._wire.subscribe(filters, 1, replay=replay)
        if not self._until(lambda: number in self._granted, BROKER):
            raise BrokerUnavailable(f"the broker at {self.broker} did not answer a subscription within {BROKER:g} s")
        if not self._granted.pop(number):
            names = ", ".join(filters)
            raise BrokerUnavailable(f"the broker at {self.broker} refuses the subscription to {names}; its ACL has to allow it")

    def publish(self, outgoing: Outgoing) -> int:
        """Publish, and wait until the broker has it; its reason code. Raises BrokerUnavailable, also when it is refused."""
        number = self._wire.publish(outgoing)
        if not self._until(lambda: number in self._settled, BROKER):
            raise BrokerUnavailable(f"the broker at {self.broker} did not acknowledge a message within {BROKER:g} s")
        code, fault = self._settled.pop(number)
        if fault is not None:
            raise BrokerUnavailable(f"the broker at {self.broker} refuses a message on {outgoing.topic}: {fault}")
        return code

    def receive(self, seconds: float) -> Heard | None:
        """The next message; None when none comes within so many seconds. Raises BrokerUnavailable."""
        return self._heard.popleft() if self._until(lambda: bool(self._heard), seconds) else None

    def put_back(self, heard: Sequence[Heard]) -> None:
        """Messages that were received are to be received again, before all others."""
        self._heard.extendleft(reversed(heard))

    def _until(self, done: Callable[[], bool], seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while not done():
            if self._fault is not None:
                raise BrokerUnavailable(self._fault)
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            self._turn(min(left, 1.0))
        return True

    def _turn(self, seconds: float) -> None:
        wire = self._wire
        if wire.wants_write:
            wire.write()
        if wire.socket is not None:
            poll = select.poll()
            poll.register(wire.socket, select.POLLIN | (select.POLLOUT if wire.wants_write else 0))
            if poll.poll(0 if wire.buffered else seconds * 1000) or wire.buffered:
                wire.read()
        if (now := time.monotonic()) - self._swept_at >= 1:
            self._swept_at = now
            wire.sweep()
        if wire.socket is None and self._fault is None:
            self._fault = f"the connection to the broker at {self.broker} was lost"

    # What the wire tells, on this thread

    def connected(self, present: bool, receive_maximum: int, max_packet: int | None) -> None:
        """The broker accepted the connection."""
        self._connected = True

    def refused(self, code: int, fault: str) -> None:
        """The broker refused the connection."""
        self._fault = f"the broker at {self.broker} refuses us: {fault}"
        if code == 0x84:
            self._fault += f"; {NEEDS_MQTT_5}"

    def disconnected(self, code: int | None, fault: str) -> None:
        """The connection is gone."""
        if self._fault is None:
            hint = "" if self._connected else f"; {NEEDS_MQTT_5}, does it know it?"
            self._fault = f"the broker at {self.broker} closed the connection: {fault}{hint}"

    def received(
        self, message: Message, topic: str, response: str | None, correlation: bytes | None, lineage: Lineage | None
    ) -> None:
        """A message came."""
        if message.qos:
            self._wire.acknowledge(message.mid)
        self._heard.append(Heard(topic, bytes(message.payload), correlation))

    def settled(self, packet_id: int, code: int, fault: str | None) -> None:
        """The broker answered a publish."""
        self._settled[packet_id] = (code, fault)

    def subscribed(self, packet_id: int, refused: Sequence[bool]) -> None:
        """The broker answered a subscription."""
        self._granted[packet_id] = not any(refused)


def ask(client: Client, topics: Topics, topic: str, body: bytes, within: float = WORKER) -> Mapping[str, Any]:
    """Publish a request, and give the worker's answer.

    The request expires with our patience (`within`, in seconds): a worker that starts later does not carry out what its asker
    has given up. Raises WorkerUnavailable when no answer comes, BrokerUnavailable.
    """
    response, correlation = topics.response(client.client_id), secrets.token_bytes(8)
    client.subscribe(response)
    request = Outgoing(
        topic=topic, payload=body, qos=1, response_topic=response, correlation=correlation, expiry=max(1, math.ceil(within))
    )
    if client.publish(request) == NO_SUBSCRIBER:
        raise WorkerUnavailable(f"no worker listens at {client.broker}: is `pointsman run` running with this configuration?")
    aside: list[Heard] = []
    deadline = time.monotonic() + within
    while (heard := client.receive(max(0.0, deadline - time.monotonic()))) is not None:
        if heard.topic == response and heard.correlation == correlation:
            client.put_back(aside)
            return _read(heard)
        aside.append(heard)
    raise WorkerUnavailable(
        f"no worker answered at {client.broker} within {within:g} s: is `pointsman run` running with this configuration?"
    )


def follow(client: Client, topics: Topics, job: JobId, within: float) -> Mapping[str, Any] | None:
    """The job as it is announced with a final status; None when that takes longer than `within`, in seconds.

    The client must have subscribed to `topics.jobs` before the job was asked for. Raises BrokerUnavailable.
    """
    deadline = time.monotonic() + within
    while (heard := client.receive(max(0.0, deadline - time.monotonic()))) is not None:
        if heard.topic == topics.job(job):
            found = _read(heard)
            if JobStatus(found["status"]).final:
                return found
    return None


def _read(heard: Heard) -> Mapping[str, Any]:
    try:
        body: Mapping[str, Any] = from_json(heard.payload)
    except ValueError:
        raise WorkerUnavailable(f"expected an answer in JSON on {heard.topic}, found {heard.payload[:80]!r}") from None
    return body
