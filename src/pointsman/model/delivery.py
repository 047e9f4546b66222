"""What the MQTT connection hands to the engine, as it came: nothing in it has been understood yet."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from pointsman.model.lineage import Lineage


class Delivery(NamedTuple):
    """One PUBLISH packet that arrived (MQTT 5 §3.3). A named tuple: one is made for every message there is."""

    connection: int
    """Which connection of this process it came on. An acknowledgement is only sent on the very same one."""
    packet_id: int
    """0 at QoS 0."""
    qos: int
    dup: bool
    retain: bool
    topic: str
    payload: bytes
    response_topic: str | None = None
    correlation: bytes | None = None
    lineage: Lineage | None = None
    """What of ours led to it, as its user properties say (MQTT 5 §3.3.2.3.7)."""


class SessionStarted(NamedTuple):
    """A connection was made. Without `present`, the broker knows nothing of the session any more: packet ids begin anew."""

    connection: int
    present: bool
    forgotten: Callable[[], None] | None = None
    """To be called once what is remembered of the session before is gone for good; must not block or raise."""


class Subscribed(NamedTuple):
    """The broker granted these filters, and no others of ours are left in the session."""

    filters: tuple[str, ...]


Arrival: TypeAlias = Delivery | SessionStarted | Subscribed
