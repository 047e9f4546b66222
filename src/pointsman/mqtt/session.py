"""The session with the broker, on one thread of ours: connect, listen, publish, acknowledge, and do so again when it breaks.

Other threads only append to deques and ring a bell; all the rest happens on the thread of `run`, so there are no locks.

Acknowledgements are fenced: a PUBACK is only sent on the connection its message came on, since after a lost session the same
packet identifier stands for another message (MQTT 5 §4.4). Our own messages stay in the outbox until the broker has answered,
and are sent again on the next connection.

One file because all of it is the life of one connection: what is told on the way up is taken back on the way down.
"""

from __future__ import annotations

import random
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from structlog.typing import FilteringBoundLogger

from pointsman.engine.ports import Intake
from pointsman.model.delivery import Delivery, SessionStarted, Subscribed
from pointsman.model.ids import JobId
from pointsman.model.lineage import Lineage
from pointsman.mqtt.bell import Bell
from pointsman.mqtt.options import ConnectionOptions
from pointsman.mqtt.outbox import Outbox
from pointsman.mqtt.publisher import Outgoing
from pointsman.mqtt.reconnect import Reconnecting
from pointsman.mqtt.sender import Sender
from pointsman.mqtt.wire import Message, Wire

NO_ANSWER = 10.0
"""Seconds after which a broker that does not answer CONNECT is given up."""
FULL_WAIT = 0.02
"""Seconds between two looks at a queue that is full."""
GOODBYE = 2.0
"""Seconds that saying goodbye may take."""


@dataclass(slots=True)
class _Standing:
    """How it stands with the present connection."""

    number: int = 0
    """Which one of this process it is."""
    up_since: float | None = None
    asked_at: float = 0.0
    swept_at: float = 0.0
    refusal: str | None = None
    subscribing: int = 0
    """The packet identifier of our SUBSCRIBE."""
    may_subscribe: int = 0
    """The connection on which to subscribe: what the store remembers of the session before has been forgotten."""


class Session:
    """A persistent session. `run` is its thread's function."""

    def __init__(
        self,
        options: ConnectionOptions,
        *,
        will: Outgoing,
        birth: Callable[[], Sequence[Outgoing]],
        filters: Sequence[str],
        recorded: Sequence[str],
        intake: Intake,
        log: FilteringBoundLogger,
    ) -> None:
        """`will` is published when the connection ends, `birth` when one begins. `recorded` are the filters that the broker was
        last known to hold for the session: those that are not in `filters` any more are unsubscribed.

        Raises ConfigurationError when the files of the TLS options do not do.
        """
        self._options = options
        self._will = will
        self._birth = birth
        self._filters = tuple(filters)
        self._recorded = frozenset(recorded)
        self._intake = intake
        self._log = log
        self._sender = Sender(Outbox(options.window, options.backlog), intake)
        self._acks: deque[tuple[int, int]] = deque()
        self._bell = Bell()
        self._reconnecting = Reconnecting(options.version, *options.reconnect, random.random)
        self._tls = options.tls.context() if options.tls else None
        self._wire = self._new_wire()
        self._now = _Standing()
        self._stop_by: float | None = None
        self._deaf = self._leaving = False
        self.heartbeat = time.monotonic()
        """When the loop last came round, on the monotonic clock."""
        self.fault: str | None = "not connected yet"
        """Why there is no working connection; None while there is one."""
        self.dropped = 0
        """Deliveries at QoS 0 that were dropped because the engine did not keep up."""

    # What other threads call

    def send(self, outgoing: Outgoing) -> None:
        """Publish. What carries out no job is dropped while there is no connection."""
        if outgoing.job or self._now.up_since is not None:
            self._sender.outbox.add(outgoing)
            self._bell.ring()

    def acknowledge(self, connection: int, packet_id: int) -> None:
        """Send a PUBACK, if that connection still stands."""
        self._acks.append((connection, packet_id))
        self._bell.ring()

    def withdraw(self, job: JobId) -> None:
        """Do not publish a job's message, if it has not been published yet."""
        self._sender.outbox.withdraw(job)

    def room(self) -> int:
        """How many more messages of jobs are taken now."""
        return self._sender.outbox.room()

    @property
    def idle(self) -> bool:
        """Whether nothing is under way that the broker could still answer."""
        return self._now.up_since is None or not (self._sender.outbox.busy or self._acks)

    def deafen(self) -> None:
        """Take no more messages: the broker keeps what is not acknowledged."""
        self._deaf = True

    def stop(self, within: float) -> None:
        """Make `run` return: once all that is to be sent is out, or after so many seconds."""
        self._stop_by = time.monotonic() + within
        self._bell.ring()

    # The loop

    def run(self) -> None:
        """Until `stop`."""
        try:
            while not self._finished():
                try:
                    if self._wire.socket is None:
                        self._connect()
                    else:
                        self._turn()
                except Exception as defect:  # noqa: BLE001 whatever paho raises costs one connection, never the thread
                    self._log.error("the connection failed unexpectedly", exc_info=defect)
                    self._abandon(f"unexpected {defect!r}")
            if self._now.up_since is not None:
                self._say_goodbye()
        finally:
            self._wire.close()
            self._bell.close()

    def _finished(self) -> bool:
        return self._stop_by is not None and (self.idle or time.monotonic() >= self._stop_by)

    def _turn(self) -> None:
        now = self.heartbeat = time.monotonic()
        wire, full = self._wire, self._full
        due = None if self._now.up_since is None else self._sender.outbox.due(now)
        wait = FULL_WAIT if full else 1.0 if due is None else min(1.0, due)
        buffered = wire.buffered and not full
        if self._bell.wait(wire.socket, 0 if buffered else wait, reading=not full, writing=wire.wants_write) or buffered:
            wire.read()
        self._flush()
        if self._wire.wants_write:
            self._wire.write()
        if now - self._now.swept_at >= 1:
            self._now.swept_at = now
            self._wire.sweep()
            if self._now.up_since is None and now - self._now.asked_at > NO_ANSWER:
                self._abandon("the broker did not answer CONNECT")

    @property
    def _full(self) -> bool:
        """Whether to read no more for now. Only a broker that does not keep to the Receive Maximum gets us there: it has to wait,
        as TCP makes it, until the engine has caught up.
        """
        return len(self._intake) > self._options.max_waiting + self._options.receive_maximum

    def _flush(self) -> None:
        self._bell.hear()
        standing = self._now
        while self._acks:
            number, packet_id = self._acks.popleft()
            if number == standing.number and standing.up_since is not None:
                self._wire.acknowledge(packet_id)
        if standing.up_since is not None:
            if standing.may_subscribe == standing.number and not standing.subscribing:
                self._subscribe()
            self._sender.flush(self._wire)

    # Connecting

    def _new_wire(self) -> Wire:
        return Wire(self._options, self._reconnecting.version, self._will, self, self._tls)

    def _connect(self) -> None:
        self._wait(self._reconnecting.pause())
        if self._stop_by is not None:
            return
        self._now.asked_at = time.monotonic()
        self._now.refusal = None
        try:
            self._wire.connect()
        except OSError as fault:
            self._down(f"cannot reach the broker at {self._options.address}: {fault}")

    def _wait(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while self._stop_by is None and (rest := until - time.monotonic()) > 0:
            self.heartbeat = time.monotonic()
            time.sleep(min(0.2, rest))

    def _abandon(self, reason: str) -> None:
        """Leave this connection, and the paho client with it."""
        self._wire.close()
        self._wire = self._new_wire()
        self._lost(reason, None)

    def _say_goodbye(self) -> None:
        self._leaving = True
        self._wire.publish(self._will)
        self._drain()
        self._wire.disconnect()
        self._drain()

    def _drain(self) -> None:
        deadline = time.monotonic() + GOODBYE
        while self._wire.socket is not None and self._wire.wants_write and time.monotonic() < deadline:
            self._wire.write()

    # What the wire tells, on this thread

    def connected(self, present: bool, receive_maximum: int, max_packet: int | None) -> None:
        """The broker accepted the connection."""
        self._reconnecting.accepted()
        self._now = standing = _Standing(self._now.number + 1, time.monotonic(), self._now.asked_at)
        self.fault = None
        self._sender.begin(receive_maximum, max_packet)
        version = self._reconnecting.version.value
        self._log.info("connected", broker=str(self._options.address), mqtt=version, session_present=present)
        if present:
            self._intake.put(SessionStarted(standing.number, present=True))
            stale = sorted(self._recorded.difference(self._filters))
            if stale:
                self._log.info("unsubscribing from what is not configured any more", filters=stale)
                self._wire.unsubscribe(stale)
            self._subscribe()
        else:
            self._log.warning("the broker holds no session of ours: what it kept for us while we were away, if anything, is lost")
            # Packet identifiers begin anew: nothing may come before what is remembered of the old ones is gone for good.
            self._intake.put(SessionStarted(standing.number, present=False, forgotten=self._permit(standing.number)))

    def _permit(self, number: int) -> Callable[[], None]:
        def permit() -> None:
            self._now.may_subscribe = number
            self._bell.ring()

        return permit

    def _subscribe(self) -> None:
        """Listen, and say so: whoever hears `online` may rely on being heard."""
        self._now.subscribing = self._wire.subscribe(self._filters, 1, replay=self._options.replay_retained)
        self._wire.subscribe([self._will.topic], 0, replay=True)
        for outgoing in self._birth():
            self._sender.publish(self._wire, outgoing)

    def refused(self, code: int, fault: str) -> None:
        """The broker refused the connection."""
        self._now.refusal = f"the broker refuses us: {fault}"
        if self._reconnecting.refused(code):
            self._abandon("the broker does not know MQTT 5: going on with 3.1.1")

    def disconnected(self, code: int | None, fault: str) -> None:
        """The connection is gone."""
        if self._leaving:
            self._now.up_since = None
        elif self._now.up_since is None and self._now.refusal is None and self._reconnecting.silent():
            self._abandon(f"the broker closes the connection without a word: trying MQTT {self._reconnecting.version.value}")
        else:
            self._lost(fault, code)

    def received(
        self, message: Message, topic: str, response: str | None, correlation: bytes | None, lineage: Lineage | None
    ) -> None:
        """A message came."""
        if topic == self._will.topic:
            if message.qos:  # an intake rule reads it too: without a PUBACK it would take a place in the window for ever
                self._wire.acknowledge(message.mid)
            self._assert_presence(message.payload)
        elif not self._deaf:
            if message.qos == 0 and len(self._intake) > self._options.max_waiting:
                self.dropped += 1
                return
            flags = (message.mid, message.qos, message.dup, message.retain)
            self._intake.put(Delivery(self._now.number, *flags, topic, bytes(message.payload), response, correlation, lineage))

    def _assert_presence(self, payload: bytes | bytearray) -> None:
        """A will may come late, from a connection before this one."""
        if payload == self._will.payload and not self._leaving:
            for outgoing in self._birth():
                self._sender.outbox.add(outgoing)

    def settled(self, packet_id: int, code: int, fault: str | None) -> None:
        """The broker answered a publish."""
        self._sender.settled(packet_id, code, fault)

    def subscribed(self, packet_id: int, refused: Sequence[bool]) -> None:
        """The broker answered a subscription."""
        if packet_id != self._now.subscribing:
            return
        names = [name for name, no in zip(self._filters, refused, strict=False) if no]
        if names:
            self.fault = f"the broker refuses the subscription to {', '.join(names)}"
            self._log.error("subscription refused", filters=names)
        else:
            self._recorded = frozenset(self._filters)
            self._intake.put(Subscribed(self._filters))

    # Going down

    def _lost(self, reason: str, code: int | None) -> None:
        """There is no connection any more, or there was none to begin with."""
        if self._now.up_since is None:
            self._down(self._now.refusal or reason)
            return
        stood = time.monotonic() - self._now.up_since
        self._wire.forget()
        self._sender.end(stood, code)
        if self._reconnecting.ended(stood, code):
            self._log.error(
                "connections end soon: does another client use the same client id?", client_id=self._options.client_id
            )
        self._down(f"connection lost: {reason}")

    def _down(self, reason: str) -> None:
        self._now.up_since = None
        if reason != self.fault:
            self._log.warning("no connection to the broker", reason=reason)
        self.fault = reason
