"""A source and a sink of MQTT 3.1.1 messages on bare sockets, so that the load costs next to nothing beside what is measured.

Not a client: it knows just enough of the protocol for a broker on this machine (MQTT 3.1.1 §3.1, §3.3, §3.8).
"""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Callable, Iterable


def _length(number: int) -> bytes:
    encoded = bytearray()
    while True:
        number, low = divmod(number, 128)
        encoded.append(low | 0x80 if number else low)
        if not number:
            return bytes(encoded)


def _text(text: str) -> bytes:
    data = text.encode()
    return len(data).to_bytes(2, "big") + data


def connect(host: str, port: int, client_id: str) -> socket.socket:
    """A connection that the broker has accepted, with a clean session and no keepalive."""
    sock = socket.create_connection((host, port), timeout=10)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    body = _text("MQTT") + b"\x04\x02\x00\x00" + _text(client_id)
    sock.sendall(b"\x10" + _length(len(body)) + body)
    answer = sock.recv(4)
    if answer[:1] != b"\x20" or answer[3] != 0:
        raise ConnectionError(f"expected a CONNACK that accepts, found {answer!r}")
    return sock


def _acknowledge_at_once(sock: socket.socket) -> None:
    """No delayed ACK: the broker's Nagle would wait for it, and the figures would be of that."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)


def publish_packet(topic: str, payload: bytes, packet_id: int) -> bytes:
    """A PUBLISH at QoS 1."""
    body = _text(topic) + packet_id.to_bytes(2, "big") + payload
    return b"\x32" + _length(len(body)) + body


class Source:
    """Publishes at QoS 1 with at most `window` unacknowledged."""

    def __init__(self, host: str, port: int, window: int = 100) -> None:
        self._sock = connect(host, port, f"bench-source-{time.monotonic_ns()}")
        self._window = window
        self._id = 0

    def run(self, messages: Iterable[tuple[str, bytes]]) -> None:
        """Publish all, as fast as the broker acknowledges. Returns when it has acknowledged the last."""
        waiting = rest = 0
        for topic, payload in messages:
            self._id = self._id % 65_535 + 1
            self._sock.sendall(publish_packet(topic, payload, self._id))
            waiting += 1
            while waiting >= self._window or (waiting and select.select([self._sock], [], [], 0)[0]):
                rest += len(self._sock.recv(4096))
                _acknowledge_at_once(self._sock)
                waiting, rest = waiting - rest // 4, rest % 4
        while waiting > 0:
            rest += len(self._sock.recv(4096))
            waiting, rest = waiting - rest // 4, rest % 4


class Sink:
    """Subscribes at QoS 0 and hands on what comes."""

    def __init__(self, host: str, port: int, topic_filter: str) -> None:
        self._sock = connect(host, port, f"bench-sink-{time.monotonic_ns()}")
        self._buffer = bytearray()
        body = b"\x00\x01" + _text(topic_filter) + b"\x00"
        self._sock.sendall(b"\x82" + _length(len(body)) + body)
        self._pending: list[tuple[str, bytes]] = []
        self._take_packets(10.0, until_suback=True)

    def run(self, seconds: float, take: Callable[[str, bytes], bool]) -> bool:
        """Call `take` with topic and payload of each message until it says True, or for so many seconds: False then."""
        until = time.monotonic() + seconds
        while True:
            pending, self._pending = self._pending, []
            for index, (topic, payload) in enumerate(pending):
                if take(topic, payload):
                    self._pending = pending[index + 1 :]
                    return True
            rest = until - time.monotonic()
            if rest <= 0:
                return False
            self._take_packets(rest)

    def _take_packets(self, seconds: float, *, until_suback: bool = False) -> None:
        self._sock.settimeout(seconds)
        acknowledged = False
        while not (acknowledged if until_suback else self._pending):
            try:
                data = self._sock.recv(65_536)
                _acknowledge_at_once(self._sock)
            except TimeoutError:
                return
            if not data:
                raise ConnectionError("the broker closed the connection")
            self._buffer += data
            while (packet := self._next_packet()) is not None:
                kind, body = packet
                if kind & 0xF0 == 0x30:
                    size = int.from_bytes(body[:2], "big")
                    self._pending.append((body[2 : 2 + size].decode(), bytes(body[2 + size :])))
                elif kind == 0x90:
                    acknowledged = True

    def _next_packet(self) -> tuple[int, bytes] | None:
        buffer = self._buffer
        size, shift, at = 0, 0, 1
        while True:
            if at >= len(buffer):
                return None
            byte = buffer[at]
            size |= (byte & 0x7F) << shift
            at, shift = at + 1, shift + 7
            if not byte & 0x80:
                break
        if len(buffer) < at + size:
            return None
        kind, body = buffer[0], bytes(buffer[at : at + size])
        del buffer[: at + size]
        return kind, body
