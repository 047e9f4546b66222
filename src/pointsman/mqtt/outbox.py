"""What is to be published and what is under way: the window, the order, the second tries. Knows no paho, no clock, no thread.

The broker's Receive Maximum bounds how many may be unacknowledged (MQTT 5 §4.9); paho does not keep to it after a reconnect, so
it is kept here. A message that makes the broker close the connection must not block those behind it: after a connection that
broke soon, messages go one at a time until one gets through, and the one that is alone in flight at each break is given up.
"""

from __future__ import annotations

from collections import deque
from heapq import heappop, heappush
from itertools import count

from pointsman.model.ids import JobId
from pointsman.mqtt.publisher import Outgoing

TRIES = 5
"""How often a message is tried that is refused for a passing reason, or that breaks the connection."""
SOON = 5.0
"""A connection that stood for less, in seconds, broke soon."""


class Outbox:
    """Outgoing messages of one session. Times are on a monotonic clock, in seconds."""

    def __init__(self, window: int, backlog: int) -> None:
        self._configured = window
        self._backlog = backlog
        self.window = window
        self._one_by_one = False
        self._pending: deque[Outgoing] = deque()
        self._casual: deque[Outgoing] = deque(maxlen=backlog)
        self._later: list[tuple[float, int, Outgoing]] = []
        self._order = count()
        self.in_flight: dict[int, Outgoing] = {}
        """By packet identifier."""
        self._withdrawn: dict[JobId, None] = {}

    def add(self, outgoing: Outgoing) -> None:
        """Queue a message. Safe from any thread."""
        (self._pending if outgoing.job else self._casual).append(outgoing)

    def withdraw(self, job: JobId) -> None:
        """Pass over a job's message when its turn comes. Safe from any thread. It may be in flight already, or not here at all:
        so only the last few are remembered."""
        self._withdrawn[job] = None
        if len(self._withdrawn) > self._backlog:
            self._withdrawn.pop(next(iter(self._withdrawn)), None)

    def room(self) -> int:
        """How many more messages of jobs should be added."""
        return self._backlog - len(self._pending) - len(self.in_flight) - len(self._later)

    @property
    def busy(self) -> bool:
        """Whether anything is waiting for the broker."""
        return bool(self._pending or self._casual or self.in_flight or self._later)

    def limit(self, receive_maximum: int) -> None:
        """A connection stands, and the broker takes so many unacknowledged messages."""
        self.window = min(self._configured, receive_maximum)

    def due(self, now: float) -> float | None:
        """When the next second try is due, in seconds from now."""
        return max(0.0, self._later[0][0] - now) if self._later else None

    def next(self, now: float) -> Outgoing | None:
        """The next message that may be published now."""
        again: list[Outgoing] = []
        while self._later and self._later[0][0] <= now:
            again.append(heappop(self._later)[2])
        self._pending.extendleft(reversed(again))
        if len(self.in_flight) < (1 if self._one_by_one else self.window):
            if self._casual and self._casual[0].qos:
                return self._casual.popleft()  # an answer, which must not wait until no job does
            while self._pending:
                outgoing = self._pending.popleft()
                if not self._withdrawn or outgoing.job not in self._withdrawn:
                    return outgoing
            return self._casual.popleft() if self._casual else None
        return self._casual.popleft() if self._casual and self._casual[0].qos == 0 else None

    def sent(self, packet_id: int, outgoing: Outgoing) -> None:
        """It was handed to the connection; `settle` follows.

        Packet identifiers come round after 65,535 messages. Should one meet a message that still waits under it, it cannot be
        told which of the two `settle` will speak of: the one that waited goes again.
        """
        waiting = self.in_flight.pop(packet_id, None)
        if waiting is not None:
            self._pending.appendleft(waiting)
        if outgoing.job or outgoing.qos:
            self.in_flight[packet_id] = outgoing

    def settle(self, packet_id: int) -> Outgoing | None:
        """The broker answered, or a QoS 0 message is on its way."""
        outgoing = self.in_flight.pop(packet_id, None)
        if outgoing is not None and outgoing.job:
            self._one_by_one = False  # what carries out no job proves nothing: it goes through before the one that does not
        return outgoing

    def retry(self, outgoing: Outgoing, now: float) -> bool:
        """Try again later, with growing pauses; False when it was tried often enough."""
        outgoing.attempts += 1
        if outgoing.attempts >= TRIES:
            return False
        heappush(self._later, (now + 2.0 ** (outgoing.attempts - 1), next(self._order), outgoing))
        return True

    def broken(self, stood: float, *, protocol: bool) -> Outgoing | None:
        """The connection is gone after `stood` seconds; with `protocol` the broker said that something in a packet was wrong.

        What was in flight goes first on the next connection, in its order. Gives the message that is given up, if one is.
        """
        under_way = [outgoing for outgoing in self.in_flight.values() if outgoing.job]
        self.in_flight.clear()
        self._casual.clear()
        alone = under_way[0] if len(under_way) == 1 else None
        self._one_by_one = bool(under_way) and (protocol or stood < SOON)
        if alone is not None and self._one_by_one:
            alone.attempts += TRIES if protocol else 1
            if alone.attempts >= TRIES:
                return alone
        self._pending.extendleft(reversed(under_way))
        return None
