"""An MQTT client for tests: publishes and waits for the PUBACK, subscribes and collects. Knows nothing of Pointsman."""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

_NUMBERS = itertools.count(1)


class Address(Protocol):
    """What a client needs to know of a broker."""

    @property
    def host(self) -> str: ...
    @property
    def port(self) -> int: ...


class Refused(Exception):
    """The broker did not take us, or a message of ours: its reason is the message."""


@dataclass(frozen=True)
class Received:
    """A message that arrived."""

    topic: str
    payload: bytes
    qos: int
    retain: bool
    dup: bool
    response_topic: str | None
    correlation: bytes | None
    content_type: str | None
    user: Mapping[str, str]
    """MQTT 5 user properties, the last of each name."""

    @property
    def text(self) -> str:
        """The payload as UTF-8."""
        return self.payload.decode()

    def json(self) -> Any:
        """The payload as JSON."""
        return json.loads(self.payload)


class MqttClient:
    """A connected client on MQTT 5 (or 3.1.1), with a clean session unless told otherwise."""

    def __init__(
        self,
        broker: Address,
        *,
        client_id: str = "",
        username: str | None = None,
        password: str | None = None,
        clean_start: bool = True,
        session_expiry: int = 0,
        v5: bool = True,
        ca_file: str | None = None,
    ) -> None:
        """Connect, and raise Refused with the broker's reason when it does not want us."""
        self.messages: list[Received] = []
        self._arrived = threading.Condition()
        self._answers: dict[int, ReasonCode] = {}
        self._connected: ReasonCode | None = None
        version = MQTTProtocolVersion.MQTTv5 if v5 else MQTTProtocolVersion.MQTTv311
        self._v5 = v5
        options: dict[str, Any] = {} if v5 else {"clean_session": clean_start}
        name = client_id or f"test-{next(_NUMBERS)}-{time.monotonic_ns()}"
        self._paho = paho.Client(CallbackAPIVersion.VERSION2, client_id=name, protocol=version, **options)
        self._paho.on_connect = self._on_connect
        self._paho.on_message = self._on_message
        self._paho.on_publish = self._on_publish
        self._paho.on_subscribe = self._on_subscribe
        if username is not None:
            self._paho.username_pw_set(username, password)
        if ca_file is not None:
            self._paho.tls_set(ca_certs=ca_file)
        if v5:
            properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
            properties.SessionExpiryInterval = session_expiry
            self._paho.connect(broker.host, broker.port, clean_start=clean_start, properties=properties)
        else:
            self._paho.connect(broker.host, broker.port)
        self._paho.loop_start()
        self._await(lambda: self._connected is not None, 10, "no CONNACK came")
        self._raise_if_refused()

    def publish(
        self,
        topic: str,
        payload: bytes | str | Mapping[str, Any],
        *,
        qos: int = 1,
        retain: bool = False,
        response_topic: str | None = None,
        correlation: bytes | None = None,
        user: Mapping[str, str] | None = None,
        timeout: float = 20,
    ) -> None:
        """Publish, and wait until the broker has it (at QoS 0: until it is on its way). A mapping is sent as JSON.

        Raises Refused when the broker says no, as only MQTT 5 brokers do.
        """
        number = self.send(
            topic, payload, qos=qos, retain=retain, response_topic=response_topic, correlation=correlation, user=user
        )
        self._answered(number, timeout, f"no PUBACK came for {topic}")

    def send(
        self,
        topic: str,
        payload: bytes | str | Mapping[str, Any],
        *,
        qos: int = 1,
        retain: bool = False,
        response_topic: str | None = None,
        correlation: bytes | None = None,
        user: Mapping[str, str] | None = None,
    ) -> int:
        """Publish without waiting; the packet identifier."""
        properties = None
        if self._v5:
            properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
            if response_topic is not None:
                properties.ResponseTopic = response_topic
            if correlation is not None:
                properties.CorrelationData = correlation
            if user:
                properties.UserProperty = list(user.items())
        body = json.dumps(payload) if isinstance(payload, Mapping) else payload
        return self._paho.publish(topic, body, qos=qos, retain=retain, properties=properties).mid

    def settle(self, numbers: list[int], timeout: float = 60) -> None:
        """Wait until the broker has answered for all of these packet identifiers."""
        wanted = set(numbers)
        self._await(lambda: wanted <= self._answers.keys(), timeout, "not every PUBACK came")

    def subscribe(self, *filters: str, qos: int = 1) -> MqttClient:
        """Subscribe, and wait for the SUBACK. Messages are collected in `messages`."""
        for text in filters:
            _, number = self._paho.subscribe(text, qos=qos)
            assert number is not None
            self._answered(number, 10, f"no SUBACK came for {text}")
        return self

    def wait_for(self, wanted: Callable[[Received], bool] | str | None = None, *, timeout: float = 10) -> Received:
        """The first message so far, or to come, that is `wanted`: a predicate, or a topic; any message when not given.

        Raises TimeoutError, with what did arrive.
        """
        found: list[Received] = []

        def matches(message: Received) -> bool:
            return wanted is None or (message.topic == wanted if isinstance(wanted, str) else wanted(message))

        def look() -> bool:
            found[:] = [message for message in self.messages if matches(message)][:1]
            return bool(found)

        self._await(look, timeout, f"no such message came; {len(self.messages)} did, the last: {self.messages[-3:]}")
        return found[0]

    def wait_count(self, count: int, *, timeout: float = 30) -> list[Received]:
        """All messages, once there are at least `count`."""
        self._await(lambda: len(self.messages) >= count, timeout, f"fewer than {count} messages came")
        return list(self.messages)

    def quiet(self, seconds: float = 0.3) -> list[Received]:
        """All messages, once none has come for so long. For *nothing happens*: the shortest wait that can show it."""
        seen = -1
        while seen != len(self.messages):
            seen = len(self.messages)
            time.sleep(seconds)
        return list(self.messages)

    def clear(self) -> None:
        """Forget what has arrived."""
        with self._arrived:
            self.messages.clear()

    def close(self) -> None:
        """Disconnect."""
        self._paho.disconnect()
        self._paho.loop_stop()

    def __enter__(self) -> MqttClient:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _answered(self, number: int, timeout: float, complaint: str) -> None:
        self._await(lambda: number in self._answers, timeout, complaint)
        code = self._answers.pop(number)
        if code.is_failure:
            raise Refused(str(code))

    def _raise_if_refused(self) -> None:
        if self._connected is not None and self._connected.is_failure:
            self.close()
            raise Refused(str(self._connected))

    def _await(self, done: Callable[[], bool], timeout: float, complaint: str) -> None:
        with self._arrived:
            if not self._arrived.wait_for(done, timeout):
                raise TimeoutError(f"{complaint} (in {timeout:g} s)")

    def _on_connect(self, client: paho.Client, userdata: object, flags: object, code: ReasonCode, properties: object) -> None:
        with self._arrived:
            self._connected = code
            self._arrived.notify_all()

    def _on_publish(self, client: paho.Client, userdata: object, number: int, code: ReasonCode, properties: object) -> None:
        with self._arrived:
            self._answers[number] = code
            self._arrived.notify_all()

    def _on_subscribe(
        self, client: paho.Client, userdata: object, number: int, codes: list[ReasonCode], properties: object
    ) -> None:
        with self._arrived:
            self._answers[number] = codes[0]
            self._arrived.notify_all()

    def _on_message(self, client: paho.Client, userdata: object, message: paho.MQTTMessage) -> None:
        properties = message.properties
        received = Received(
            topic=message.topic,
            payload=bytes(message.payload),
            qos=message.qos,
            retain=message.retain,
            dup=message.dup,
            response_topic=getattr(properties, "ResponseTopic", None),
            correlation=getattr(properties, "CorrelationData", None),
            content_type=getattr(properties, "ContentType", None),
            user=dict(getattr(properties, "UserProperty", ())),
        )
        with self._arrived:
            self.messages.append(received)
            self._arrived.notify_all()
