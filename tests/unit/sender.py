"""What the session does with an outbox, without a broker: for tests of the outbox."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

from pointsman.model.ids import JobId
from pointsman.mqtt.outbox import SOON, Outbox
from pointsman.mqtt.publisher import Outgoing

LONG = 2 * SOON


def message(job: int | None, qos: int = 1) -> Outgoing:
    """What carries out a job, or (None) an announcement or an answer."""
    return Outgoing(topic="t", payload=b"", qos=qos, job=None if job is None else JobId(f"{job:03}"))


def jobs(count: int, first: int = 1) -> list[Outgoing]:
    return [message(number) for number in range(first, first + count)]


class Sender:
    """What the session does with an outbox: it publishes what may be published, under identifiers of its own."""

    def __init__(self, window: int = 10, backlog: int = 100, *, ids: Iterable[int] | None = None) -> None:
        self.outbox = Outbox(window, backlog)
        self.ids = iter(ids or itertools.count(1))
        self.sent: list[Outgoing] = []

    def add(self, *outgoing: Outgoing) -> None:
        for each in outgoing:
            self.outbox.add(each)

    def flush(self, now: float = 0.0) -> list[Outgoing]:
        """Publish all that may be published; what that was."""
        flushed: list[Outgoing] = []
        while (outgoing := self.outbox.next(now)) is not None:
            flushed.append(outgoing)
            self.outbox.sent(next(self.ids), outgoing)
            assert len(self.outbox.in_flight) <= self.outbox.window
        self.sent += flushed
        return flushed

    def settle(self, outgoing: Outgoing) -> None:
        """The broker answers."""
        (packet_id,) = [number for number, each in self.outbox.in_flight.items() if each is outgoing]
        assert self.outbox.settle(packet_id) is outgoing
