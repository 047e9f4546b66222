"""What an engine finds outside, publisher and pool in one, where only what becomes of jobs matters: subclasses say that."""

from __future__ import annotations

from collections.abc import Mapping

from pointsman.model.delivery import Delivery
from pointsman.model.effect import ReplyTo
from pointsman.model.ids import JobId
from pointsman.model.job import Job
from pointsman.model.json import Json


class Outside:
    """There is room for every job; what else is said goes nowhere."""

    def room(self) -> int:
        return 1_000

    def withdraw(self, job: JobId) -> None:
        pass

    def settled(self, job: JobId) -> None:
        pass

    def acknowledge(self, delivery: Delivery) -> None:
        pass

    def announce(self, job: Job) -> None:
        pass

    def answer(self, to: ReplyTo, body: Mapping[str, Json]) -> None:
        pass
