"""Our own messages on their way to the broker: from the outbox to the wire, and from the broker's answer to a Finish."""

from __future__ import annotations

import time

from pointsman.engine.ports import Intake
from pointsman.model.command import Finish
from pointsman.model.ids import JobId
from pointsman.model.job import JobStatus
from pointsman.mqtt.outbox import Outbox
from pointsman.mqtt.publisher import Outgoing
from pointsman.mqtt.wire import Wire

PASSING = frozenset({0x80, 0x83, 0x91, 0x97})
"""PUBACK codes worth another try: unspecified, implementation specific, packet identifier in use, quota exceeded."""
POISON = frozenset({0x81, 0x82, 0x90, 0x93, 0x95, 0x99, 0x9A, 0x9B})
"""DISCONNECT codes that blame a packet: malformed, protocol error, topic name, receive maximum, too large, payload format, retain
or QoS not supported."""
HEADER = 512
"""How many bytes of a packet are left for what is neither topic nor payload."""


class Sender:
    """Publishes on the session's thread; `outbox.add` may be called from any."""

    def __init__(self, outbox: Outbox, intake: Intake) -> None:
        self.outbox = outbox
        self._intake = intake
        self._max_packet: int | None = None

    def begin(self, receive_maximum: int, max_packet: int | None) -> None:
        """A connection stands, and the broker takes so many unacknowledged messages, and packets of so many bytes."""
        self.outbox.limit(receive_maximum)
        self._max_packet = max_packet

    def flush(self, wire: Wire) -> None:
        """Publish all that may be published now."""
        now = time.monotonic()
        while (outgoing := self.outbox.next(now)) is not None:
            self.publish(wire, outgoing)

    def publish(self, wire: Wire, outgoing: Outgoing) -> None:
        """Publish one message. One that no packet holds fails its job."""
        limit, size = self._max_packet, len(outgoing.payload)
        if limit is not None and size + 3 * len(outgoing.topic) + HEADER > limit:
            self._give_up(outgoing, f"the broker takes packets of at most {limit} bytes, the message has {size}")
            return
        try:
            packet_id = wire.publish(outgoing)
        except (ValueError, OverflowError) as fault:  # it does not fit into a packet, now or later
            self._give_up(outgoing, f"the message cannot be published: {fault}")
            return
        self.outbox.sent(packet_id, outgoing)

    def settled(self, packet_id: int, code: int, fault: str | None) -> None:
        """The broker answered a publish."""
        outgoing = self.outbox.settle(packet_id)
        if outgoing is None or outgoing.job is None:
            return
        if fault is None:
            # At QoS 0 it is only known to be written: nobody has acknowledged it.
            acknowledged = code if outgoing.qos else None
            self._intake.put(Finish(job=outgoing.job, status=JobStatus.SUCCEEDED, reason_code=acknowledged))
        elif code not in PASSING or not self.outbox.retry(outgoing, time.monotonic()):
            self._give_up(outgoing, f"the broker refused the message: {fault}")

    def end(self, stood: float, code: int | None) -> None:
        """The connection is gone after so many seconds; `code` when the broker said why."""
        given_up = self.outbox.broken(stood, protocol=code in POISON)
        if given_up is not None:
            self._give_up(given_up, "the broker closed the connection each time this message was sent")

    def _give_up(self, outgoing: Outgoing, reason: str) -> None:
        if outgoing.job is not None:
            self._intake.put(Finish(job=JobId(outgoing.job), status=JobStatus.FAILED, error=reason))
