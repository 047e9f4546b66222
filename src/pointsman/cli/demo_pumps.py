"""Simulated pumps: now and then one changes its state, and says so on its topic, as a device does. Pure; knows no MQTT."""

from __future__ import annotations

import json
from collections.abc import Sequence
from random import Random
from typing import NamedTuple

PUMPS = ("pump-1", "pump-2")
"""As the demo's configuration declares them."""
NEXT = {"OK": ("ALARM", "ALARM", "FAULT"), "ALARM": ("FAULT", "OK"), "FAULT": ("OK",)}
"""What follows each state, as often as it stands there."""
FIRST_PAUSE = 0.3
PAUSE = (0.8, 2.0)
"""Seconds between two changes, at least and at most."""


class Report(NamedTuple):
    """A message of a pump."""

    topic: str
    payload: bytes


class Pumps:
    """All pumps. `due` says when the next one changes."""

    def __init__(self, chance: Random, now: float, pumps: Sequence[str] = PUMPS) -> None:
        """`now` is the time in seconds on the clock that `turn` is called with."""
        self._chance = chance
        self._states = dict.fromkeys(pumps, "OK")
        self.due = now + FIRST_PAUSE
        self._first = True

    def births(self) -> list[Report]:
        """Every pump says that it is well, as it does when it is switched on."""
        return [self._report(pump) for pump in self._states]

    def turn(self, now: float) -> Report | None:
        """The change that is due, if one is."""
        if now < self.due:
            return None
        self.due = now + self._chance.uniform(*PAUSE)
        pump = next(iter(self._states)) if self._first else self._chance.choice(list(self._states))
        self._states[pump] = "ALARM" if self._first else self._chance.choice(NEXT[self._states[pump]])
        self._first = False
        return self._report(pump)

    def _report(self, pump: str) -> Report:
        pressure = round(self._chance.gauss(*{"OK": (4.0, 0.1), "ALARM": (6.5, 0.3), "FAULT": (0.4, 0.1)}[self._states[pump]]), 1)
        return Report(f"plant/{pump}/state", json.dumps({"state": self._states[pump], "bar": pressure}).encode())
