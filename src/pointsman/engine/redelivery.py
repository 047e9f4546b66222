"""Recognises a redelivery: a QoS 1 message that was applied already and comes again because its PUBACK did not get through.

MQTT keeps the packet identifier of an unacknowledged message across reconnects of a session and sets DUP (MQTT 5 §4.4, §3.3.1.1).
At most `window` of them are unacknowledged at a time, so a DUP message whose identifier and digest are among the last two
windows is the same message. Without the session the identifiers begin anew, and nothing from before may be compared.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable
from hashlib import blake2b

from pointsman.model.delivery import Delivery
from pointsman.model.write import RememberDelivery

DIGEST_BYTES = 16


def digest_of(delivery: Delivery) -> bytes:
    """A digest over topic and payload."""
    return blake2b(delivery.topic.encode("utf-8", "surrogatepass") + b"\0" + delivery.payload, digest_size=DIGEST_BYTES).digest()


class Redeliveries:
    """The last deliveries of the session that were applied, in the order of their coming."""

    def __init__(self, window: int) -> None:
        self._size = 2 * window
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
