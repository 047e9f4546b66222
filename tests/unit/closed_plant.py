"""A plant whose only devices are Pointsman's own messages: whatever an operation publishes comes back to it, in any order.

The decisions, the reading and the publishing are the real ones; only the broker and the store are left out.
"""

from __future__ import annotations

from collections.abc import Sequence

from pointsman.core.decide import decide
from pointsman.core.world import World
from pointsman.model.catalog import Catalog
from pointsman.model.command import Command, Finish, TimerDue
from pointsman.model.effect import Announce, Effect, Publish, StartProgram, WakeAt
from pointsman.model.ids import TimerId
from pointsman.model.job import JobStatus
from pointsman.model.rule import IntakeRule
from pointsman.model.timer import TimerKind
from pointsman.mqtt.intake import Reader
from pointsman.mqtt.publisher import Announced, MqttPublisher, Outgoing
from pointsman.mqtt.topics import Topics
from unit.world import NOW, counting, delivery

TOPICS = Topics("pointsman", "node")


class ClosedPlant:
    """Messages and timers wait, and are taken one by one."""

    def __init__(self, catalog: Catalog, rules: Sequence[IntakeRule], announced: Announced = Announced.NONE) -> None:
        self.waiting: list[Outgoing | TimerId] = []
        self.ran: list[str] = []
        """The operations that were run, in order."""
        self._world = World(catalog)
        self._reader = Reader(TOPICS, rules)
        self._publisher = MqttPublisher(self, TOPICS, announced)
        self._new_id = counting()

    def send(self, outgoing: Outgoing) -> None:
        """What is published comes in again."""
        self.waiting.append(outgoing)

    def acknowledge(self, connection: int, packet_id: int) -> None:
        """Nobody waits for it."""

    def room(self) -> int:
        """As much as there may be."""
        return 1_000

    def comes_to_rest(self, limit: int, order: Sequence[int] = (0,)) -> bool:
        """Take what waits, `order` saying over and over which is next, until nothing is left; False when `limit` is too few."""
        for number in range(limit):
            if not self.waiting:
                return True
            self.take(order[number % len(order)] % len(self.waiting))
        return False

    def take(self, position: int = 0) -> None:
        """Take in one message or timer."""
        item = self.waiting.pop(position)
        if not isinstance(item, Outgoing):
            self._decide(TimerDue(item))
            return
        for command in self._reader(delivery(item.topic, item.payload), self._world.catalog):
            self._decide(command)

    def _decide(self, command: Command) -> None:
        decision = decide(self._world, command, NOW, self._new_id)
        self._world.fold(decision)
        for effect in decision.effects:
            self._let_out(effect)

    def _let_out(self, effect: Effect) -> None:
        match effect:
            case Publish() | StartProgram():
                self.ran.append(self._world.jobs[effect.job].operation_id)
                if isinstance(effect, Publish):
                    self._publisher.publish(effect)
                self._decide(Finish(job=effect.job, status=JobStatus.SUCCEEDED))
            case Announce(job):
                self._publisher.announce(job)
            case WakeAt(timer, _) if self._world.timers[timer].kind is TimerKind.HOLD:
                self.waiting.append(timer)
