"""One paho client, and nothing but it. The only module that names paho.

paho is driven through its interface for external loops, from the one thread that owns the wire: every call, acknowledgements and
publishes included, is made there, so nothing can write the socket beside it. What paho calls back is handed on as plain values.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from pointsman.model.lineage import Lineage
from pointsman.mqtt.causes import lineage_of, properties_of
from pointsman.mqtt.encode import publish_properties
from pointsman.mqtt.options import ConnectionOptions, Version
from pointsman.mqtt.publisher import Outgoing


class Message(Protocol):
    """What a listener is told of a message that came."""

    mid: int
    qos: int
    dup: bool
    retain: bool
    payload: bytes | bytearray


class Listener(Protocol):
    """Who hears what comes over a wire. Codes are MQTT 5 reason codes; `fault` says one in words, None where it is no failure."""

    def connected(self, present: bool, receive_maximum: int, max_packet: int | None) -> None:
        """The broker accepted the connection; `present` when it still holds the session."""

    def refused(self, code: int, fault: str) -> None:
        """The broker refused the connection."""

    def disconnected(self, code: int | None, fault: str) -> None:
        """The connection is gone; `code` when the broker said why."""

    def received(
        self, message: Message, topic: str, response: str | None, correlation: bytes | None, lineage: Lineage | None
    ) -> None:
        """A message came; `lineage` is what of ours led to it, as far as it says so."""

    def settled(self, packet_id: int, code: int, fault: str | None) -> None:
        """The broker answered a publish; one at QoS 0 is answered once it is written."""

    def subscribed(self, packet_id: int, refused: Sequence[bool]) -> None:
        """The broker answered a subscription, filter by filter."""


class Wire:
    """A client for one version of MQTT. After `close` nothing is heard of it any more."""

    def __init__(
        self,
        options: ConnectionOptions,
        version: Version,
        will: Outgoing | None,
        listener: Listener,
        tls: ssl.SSLContext | None,
    ) -> None:
        """`tls` is what `options.tls` comes to: made once, so that a file that is gone later ends no connection."""
        self._options = options
        self._is_v5 = version is Version.V5
        self._listener: Listener | None = listener
        self._client = client = _Client(
            CallbackAPIVersion.VERSION2,
            client_id=options.client_id,
            clean_session=None if self._is_v5 else False,
            protocol=MQTTProtocolVersion.MQTTv5 if self._is_v5 else MQTTProtocolVersion.MQTTv311,
            transport="unix" if options.address.unix else "tcp",
            reconnect_on_failure=False,
            manual_ack=True,
        )
        username = options.username or options.address.username
        if username:
            client.username_pw_set(username, options.password or options.address.password)
        if tls is not None:
            client.tls_set_context(tls)
        if will is not None:
            client.will_set(will.topic, will.payload, will.qos, will.retain)
        client.max_inflight_messages_set(0)  # the outbox keeps the window
        client.on_socket_register_write = lambda *_: None  # packets wait for `write`
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        client.on_publish = self._on_publish
        client.on_refusal = self._on_refusal
        client.on_subscribe = self._on_subscribe

    @property
    def socket(self) -> Any:
        """The socket, while there is one."""
        return self._client.socket()

    @property
    def buffered(self) -> bool:
        """Whether TLS has decrypted bytes that no poll reports."""
        pending = getattr(self._client.socket(), "pending", None)
        return bool(pending and pending())

    @property
    def wants_write(self) -> bool:
        """Whether packets wait to be written."""
        return self._client.want_write()

    def connect(self) -> None:
        """Connect and ask for the session. Blocks for the name, the connection and TLS. Raises OSError."""
        options = self._options
        arguments: dict[str, Any] = {}
        if self._is_v5:
            properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
            properties.SessionExpiryInterval = options.session_expiry
            properties.ReceiveMaximum = options.receive_maximum
            # paho's default asks for a clean start at the first connect of each process, which loses what the broker kept.
            arguments = {"clean_start": False, "properties": properties}
        self._client.connect(options.address.host, options.address.port or 1, options.keepalive, **arguments)
        self._hurry(socket.TCP_NODELAY)

    def read(self) -> None:
        """Read what has come."""
        self._client.loop_read()
        self._hurry(socket.TCP_QUICKACK)

    def _hurry(self, option: int) -> None:
        """Do without Nagle's algorithm on our side (TCP_NODELAY), and without delayed ACKs (TCP_QUICKACK, which holds until the
        next read) for its sake on the broker's: Mosquitto keeps it on, and its next small packet then waits 40 ms for our ACK.
        """
        if not self._options.address.unix and (sock := self.socket) is not None:
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.IPPROTO_TCP, option, 1)

    def write(self) -> None:
        """Write what waits."""
        self._client.loop_write()

    def sweep(self) -> None:
        """Keep alive; to be called about once a second."""
        self._client.loop_misc()

    def acknowledge(self, packet_id: int) -> None:
        """Send a PUBACK."""
        self._client.ack(packet_id, 1)

    def publish(self, outgoing: Outgoing) -> int:
        """Publish, and give the packet identifier."""
        properties = _Packed(outgoing) if self._is_v5 else None
        return self._client.publish(outgoing.topic, outgoing.payload, outgoing.qos, outgoing.retain, properties).mid

    def subscribe(self, filters: Sequence[str], qos: int, *, replay: bool) -> int:
        """Subscribe, and give the packet identifier. `replay`: retained messages are to come now (on 3.1.1 they always do).

        Retain as published stays off: only then does the flag tell a snapshot from a live message (MQTT 5 §3.8.3.1).
        """
        if self._is_v5:
            handling = SubscribeOptions.RETAIN_SEND_ON_SUBSCRIBE if replay else SubscribeOptions.RETAIN_DO_NOT_SEND
            _, packet_id = self._client.subscribe([(each, SubscribeOptions(qos, retainHandling=handling)) for each in filters])
        else:
            _, packet_id = self._client.subscribe([(each, qos) for each in filters])
        return packet_id or 0

    def unsubscribe(self, filters: Sequence[str]) -> None:
        """Unsubscribe."""
        self._client.unsubscribe(list(filters))

    def forget(self) -> None:
        """Drop what paho would send again on the next connection: the outbox does that."""
        self._client.drop_out_messages()

    def disconnect(self) -> None:
        """Say goodbye, so that the broker does not publish the will."""
        self._client.disconnect()

    def close(self) -> None:
        """Leave at once. The broker publishes the will."""
        self._listener = None
        sock = self._client.socket()
        if sock is not None:
            sock.close()

    def _on_connect(
        self, _client: Client, _data: object, flags: ConnectFlags, code: ReasonCode, properties: Properties | None
    ) -> None:
        if self._listener is None:
            return
        if code.is_failure:
            self._listener.refused(code.value, _words(code))
            return
        receive_maximum = getattr(properties, "ReceiveMaximum", 65_535)
        self._listener.connected(flags.session_present, receive_maximum, getattr(properties, "MaximumPacketSize", None))

    def _on_disconnect(
        self, _client: Client, _data: object, flags: DisconnectFlags, code: ReasonCode, _properties: Properties | None
    ) -> None:
        if self._listener is not None:
            told = flags.is_disconnect_packet_from_server
            self._listener.disconnected(code.value if told else None, _words(code))

    def _on_message(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        if self._listener is None:
            return
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = "\N{REPLACEMENT CHARACTER}"
        properties = message.properties
        response = correlation = lineage = None
        if properties is not None:
            response = getattr(properties, "ResponseTopic", None)
            correlation = getattr(properties, "CorrelationData", None)
            user = getattr(properties, "UserProperty", None)
            lineage = None if user is None else lineage_of(user)
        self._listener.received(message, topic, response, correlation, lineage)

    def _on_publish(
        self, _client: Client, _data: object, packet_id: int, code: ReasonCode, _properties: Properties | None
    ) -> None:
        if self._listener is not None:
            self._listener.settled(packet_id, code.value, _words(code) if code.is_failure else None)

    def _on_refusal(self, packet_id: int, code: int) -> None:
        if self._listener is not None:
            self._listener.settled(packet_id, code, _words_of_refusal(code))

    def _on_subscribe(
        self, _client: Client, _data: object, packet_id: int, codes: Sequence[ReasonCode], _properties: Properties | None
    ) -> None:
        if self._listener is not None:
            self._listener.subscribed(packet_id, [code.is_failure for code in codes])


class _Client(Client):
    """paho goes on with a QoS 2 message that the broker has refused, and then calls it published (seen in 2.2). Here the exchange
    ends with a PUBREC whose reason code is 0x80 or greater (MQTT 5 §4.3.3); a test with a real broker watches over it.
    """

    on_refusal: Callable[[int, int], None]

    def _handle_pubrec(self) -> MQTTErrorCode:
        packet = self._in_packet["packet"]
        if len(packet) < 3 or packet[2] < 0x80:
            return super()._handle_pubrec()
        packet_id = int.from_bytes(packet[:2], "big")
        with self._out_message_mutex:
            self._out_messages.pop(packet_id, None)
        self.on_refusal(packet_id, packet[2])
        return MQTTErrorCode.MQTT_ERR_SUCCESS


class _Packed(Properties):
    """The properties of one PUBLISH, encoded by us; paho only asks for their bytes."""

    def __init__(self, outgoing: Outgoing) -> None:
        object.__setattr__(self, "outgoing", outgoing)

    def pack(self) -> bytes:
        outgoing: Outgoing = object.__getattribute__(self, "outgoing")
        return publish_properties(
            content_type=outgoing.content_type,
            response_topic=outgoing.response_topic,
            correlation=outgoing.correlation,
            expiry=outgoing.expiry,
            user=properties_of(outgoing.job, outgoing.lineage) if outgoing.job else (),
        )


def _words(code: ReasonCode) -> str:
    return f"{code} (0x{code.value:02X})"


def _words_of_refusal(code: int) -> str:
    try:
        return _words(ReasonCode(PacketTypes.PUBREC, identifier=code))
    except ValueError:  # one that MQTT has not for this packet
        return f"reason code 0x{code:02X}"
