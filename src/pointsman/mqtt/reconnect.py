"""When to connect again, and how: pauses that grow, and the version of MQTT. Pure but for its own state; knows no paho."""

from __future__ import annotations

from collections.abc import Callable

from pointsman.mqtt.options import Version

UNSUPPORTED_VERSION = 0x84
PERMANENT = frozenset({0x85, 0x86, 0x87, 0x8A, 0x8C})
"""CONNACK codes that another attempt will not change: client id, password, authorization, banned, authentication method."""
TAKEN_OVER = 0x8E
LASTING = 5.0
"""A connection that stood for so long, in seconds, was a good one."""
SILENT = 3
"""How many connections closed without a CONNACK look like a broker that does not know MQTT 5."""
SHORT = 3
"""How many connections in a row that did not last look like another client with the same id."""


class Reconnecting:
    """Decides after each end of a connection, or failure to make one."""

    def __init__(self, wanted: Version, first: float, longest: float, chance: Callable[[], float]) -> None:
        """`first` and `longest` pause in seconds; `chance` gives a number from 0 to 1, so that a fleet does not come at once."""
        self._open = wanted is Version.AUTO
        """Whether the version is still to be found out."""
        self.version = Version.V311 if wanted is Version.V311 else Version.V5
        self._first = first
        self._longest = longest
        self._chance = chance
        self._next: float | None = None
        self._silent = 0
        self._short = 0

    def pause(self) -> float:
        """How long to wait before the next attempt, in seconds: nothing before the very first."""
        if self._next is None:
            self._next = self._first
            return 0.0
        pause = self._next
        self._next = min(2 * pause, self._longest)
        return pause * (0.5 + 0.5 * self._chance())

    def refused(self, code: int) -> bool:
        """The broker refused with this CONNACK code. True: try again at once with MQTT 3.1.1."""
        self._silent = 0
        if code == UNSUPPORTED_VERSION and self._open and self.version is Version.V5:
            self._open = False
            self.version = Version.V311
            self._next = None
            return True
        if code in PERMANENT:
            self._next = self._longest
        return False

    def silent(self) -> bool:
        """The connection was closed before a CONNACK came. True: try again with the other version.

        It may be a broker that does not know MQTT 5, or a proxy before one that is down: 3.1.1 is tried once, and then 5 again.
        """
        self._silent += 1
        if not self._open or (self.version is Version.V5 and self._silent < SILENT):
            return False
        self._silent = 0
        self.version = Version.V311 if self.version is Version.V5 else Version.V5
        return True

    def accepted(self) -> None:
        """A connection stands."""
        self._silent = 0

    def ended(self, stood: float, code: int | None) -> bool:
        """It ended after so many seconds. True: another client seems to use the same client id; fighting it would help nobody."""
        self._short = 0 if stood >= LASTING else self._short + 1
        if stood >= LASTING:
            self._next = self._first
        if code == TAKEN_OVER:
            self._next = self._longest
        return code == TAKEN_OVER or self._short == SHORT
