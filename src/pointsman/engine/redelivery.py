"""Recognises a redelivery: a QoS 1 message that was applied already and comes again because its PUBACK did not get through.

MQTT keeps the packet identifier of an unacknowledged message across reconnects of a session and sets DUP (MQTT 5 §4.4, §3.3.1.1).
What may come again is what was applied and whose PUBACK the broker has not seen: no more than its window, with a broker that
keeps to our Receive Maximum. Mosquitto before 2.0.13 does not, and a connection that breaks leaves what waited in the queue to
come again; hence far more is remembered. Brokers number messages in sequence, so an identifier does not come round within so few.

Without the session the identifiers begin anew, and nothing from before may be compared.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable
from hashlib import blake2b

from pointsman.model.delivery import Delivery
from pointsman.model.write import RememberDelivery

DIGEST_BYTES = 16
REMEMBERED = 10_000
"""How many deliveries are remembered: more than can wait in queue and window together, fewer than there are identifiers."""


def digest_of(delivery: Delivery) -> bytes:
    """A digest over topic and payload."""
    return blake2b(delivery.topic.encode("utf-8", "surrogatepass") + b"\0" + delivery.payload, digest_size=DIGEST_BYTES).digest()


class Redeliveries:
    """The last deliveries of the session that were applied, in the order of their coming."""

    def __init__(self, size: int = REMEMBERED) -> None:
        self._size = size
        self._recent: deque[tuple[int, bytes]] = deque()
        self._count: Counter[tuple[int, bytes]] = Counter()

    def load(self, deliveries: Iterable[tuple[int, bytes]]) -> None:
        """Begin with what the store has."""
        self.forget()
        for delivery in deliveries:
            self._add(delivery)

    def forget(self) -> None:
        """The broker lost the session."""
        self._recent.clear()
        self._count.clear()

    def admit(self, delivery: Delivery) -> RememberDelivery | None:
        """What to write with a delivery that is to be applied; None when it has been applied already."""
        key = (delivery.packet_id, digest_of(delivery))
        if delivery.dup and key in self._count:
            return None
        self._add(key)
        return RememberDelivery(*key)

    def _add(self, key: tuple[int, bytes]) -> None:
        self._recent.append(key)
        self._count[key] += 1
        if len(self._recent) > self._size:
            oldest = self._recent.popleft()
            self._count[oldest] -= 1
            if not self._count[oldest]:
                del self._count[oldest]
