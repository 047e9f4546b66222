"""Encodes the properties of a PUBLISH packet (MQTT 5 §2.2.2, §3.3.2.3). Pure.

paho's own class builds a table of all properties for each message; on the hot path that costs more than the rest of the packet.
"""

from __future__ import annotations

from collections.abc import Sequence

_EXPIRY, _CONTENT_TYPE, _RESPONSE_TOPIC, _CORRELATION, _USER = b"\x02", b"\x03", b"\x08", b"\x09", b"\x26"


def publish_properties(
    *,
    content_type: str | None = None,
    response_topic: str | None = None,
    correlation: bytes | None = None,
    expiry: int | None = None,
    user: Sequence[tuple[str, str]] = (),
) -> bytes:
    """The properties with their length in front. Each text is at most 65,535 bytes; `expiry` is in seconds, in 32 bits."""
    body = bytearray()
    if expiry is not None:
        body += _EXPIRY + expiry.to_bytes(4, "big")
    if content_type is not None:
        body += _CONTENT_TYPE + _binary(content_type.encode())
    if response_topic is not None:
        body += _RESPONSE_TOPIC + _binary(response_topic.encode())
    if correlation is not None:
        body += _CORRELATION + _binary(correlation)
    for name, value in user:
        body += _USER + _binary(name.encode()) + _binary(value.encode())
    return variable_byte_integer(len(body)) + bytes(body)


def variable_byte_integer(number: int) -> bytes:
    """MQTT 5 §1.5.5."""
    encoded = bytearray()
    while True:
        number, low = divmod(number, 128)
        encoded.append(low | 0x80 if number else low)
        if not number:
            return bytes(encoded)


def _binary(data: bytes) -> bytes:
    return len(data).to_bytes(2, "big") + data
