"""Slows down whoever guesses passwords. Pure but for what it remembers: the time is an argument."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast tries may follow each other. Times in seconds."""

    free: int
    """So many go without a wait; each one behind them doubles it, beginning with one second."""
    longest: float
    """The longest wait."""
    regained: float
    """In which time one try is regained."""


OF_ADDRESS = Pace(free=10, longest=300.0, regained=30.0)
OF_LOGIN = Pace(free=20, longest=60.0, regained=15.0)
"""Gentler, since anybody may fail under somebody else's login."""
REMEMBERED = 10_000
"""So many addresses and logins are remembered, the latest."""


@dataclass(slots=True)
class _Bucket:
    tries: float = 0.0
    """Used, less what was regained since."""
    at: float = 0.0
    closed_until: float = 0.0


class Throttle:
    """Buckets of tries by key, bounded in number: the one that was not used for longest is forgotten first."""

    def __init__(self, pace: Pace, remembered: int = REMEMBERED) -> None:
        self._pace, self._remembered = pace, remembered
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def wait(self, key: str, now: float) -> float:
        """For how many seconds nothing may be tried under this key; 0: it may be."""
        bucket = self._buckets.get(key)
        return 0.0 if bucket is None else max(0.0, bucket.closed_until - now)

    def take(self, key: str, now: float) -> None:
        """One try is made. It is counted before its outcome is known, so that many at once are many."""
        bucket = self._buckets.setdefault(key, _Bucket(at=now))
        self._buckets.move_to_end(key)
        bucket.tries = max(0.0, bucket.tries - (now - bucket.at) / self._pace.regained) + 1.0
        bucket.at = now
        beyond = int(bucket.tries) - self._pace.free
        if beyond >= 0:
            bucket.closed_until = now + min(self._pace.longest, 2.0 ** min(beyond, 30))
        if len(self._buckets) > self._remembered:
            self._buckets.popitem(last=False)

    def give_back(self, key: str) -> None:
        """The try that was just made was none: it was the right password. What failed before it still counts."""
        bucket = self._buckets.get(key)
        if bucket is not None:
            bucket.tries = max(0.0, bucket.tries - 1.0)
            if bucket.tries < self._pace.free:
                bucket.closed_until = 0.0

    def forgive(self, key: str) -> None:
        """What failed before were mistakes of one who knows the password."""
        self._buckets.pop(key, None)

    def __len__(self) -> int:
        return len(self._buckets)


def address_key(host: str | None) -> str:
    """What an address is counted by: of IPv6 the network, since whoever has one address there has all of its /64."""
    if host is None:
        return "local"
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return host[:64]
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return f"{int(address) >> 64:x}::/64"
