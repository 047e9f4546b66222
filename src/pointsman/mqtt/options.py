"""How to reach the broker: what `daemon.py` makes of the settings. Knows no paho."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import unquote, urlsplit

from pointsman.errors import ConfigurationError


class Version(StrEnum):
    """The version of MQTT to speak."""

    AUTO = "auto"
    """5, and 3.1.1 with a broker that does not know it."""
    V5 = "5"
    V311 = "3.1.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """TLS towards the broker: at least 1.2."""

    ca_file: str | None = None
    """None: the certificate authorities of the system."""
    cert_file: str | None = None
    key_file: str | None = None
    verify: bool = True
    """False checks neither certificate nor host name: whoever is on the way can read and forge everything."""

    def context(self) -> ssl.SSLContext:
        """What a connection needs of it. Raises ConfigurationError when a file cannot be read or does not fit."""
        try:
            context = ssl.create_default_context(cafile=self.ca_file)
            if self.cert_file:
                context.load_cert_chain(self.cert_file, self.key_file)
        except OSError as fault:
            raise ConfigurationError(f"mqtt.tls: expected files to connect with, found {fault}") from None
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if not self.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where the broker listens. `port` is 0 for a Unix socket, whose path `host` then is."""

    host: str
    port: int
    tls: bool
    unix: bool = False
    username: str | None = None
    password: str | None = None

    def __str__(self) -> str:
        return self.host if self.unix else f"{self.host}:{self.port}"


_PORTS = {"mqtt": 1883, "mqtts": 8883}


def parse_address(url: str) -> Address:
    """From `mqtt://`, `mqtts://` or `unix://`. Raises ValueError saying what was expected."""
    parts = urlsplit(url)
    if parts.scheme == "unix" and parts.path:
        return Address(host=parts.path, port=0, tls=False, unix=True)
    if parts.scheme not in _PORTS or not parts.hostname:
        shown = f"…@{url.rpartition('@')[2]}" if "@" in url else url  # what stands before it may be a password
        raise ValueError(f"expected mqtt://HOST[:PORT], mqtts://HOST[:PORT] or unix:///PATH, found {shown!r}")
    return Address(
        host=parts.hostname,
        port=parts.port or _PORTS[parts.scheme],
        tls=parts.scheme == "mqtts",
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionOptions:
    """Everything that the session needs to know."""

    address: Address
    client_id: str
    """Fixed for an instance: the broker keeps its session, with all that was not acknowledged, under this name."""
    username: str | None = None
    password: str | None = None
    tls: Tls | None = None
    version: Version = Version.AUTO
    keepalive: int = 60
    """Seconds."""
    session_expiry: int = 604_800
    """How long the broker keeps the session of an absent worker, in seconds (MQTT 5 §3.1.2.11.2)."""
    receive_maximum: int = 200
    """How many messages may be unacknowledged towards us (MQTT 5 §3.1.2.11.3)."""
    window: int = 100
    """How many of our own may be unacknowledged by the broker, if it takes as many."""
    backlog: int = 2000
    """How many messages of jobs are held in memory; the others wait in the store."""
    reconnect: tuple[float, float] = (1.0, 60.0)
    """First and longest pause between attempts to connect, in seconds; half of it is chance."""
    replay_retained: bool = True
    """Whether retained messages come at each subscribing (MQTT 5 §3.8.3.1: retain handling 0), or never (2)."""
    max_waiting: int = 2000
    """How many deliveries may wait for the engine before those at QoS 0, which nothing else bounds, are dropped."""
