"""What the service manager is told (sd_notify(3)): ready, alive, what it is doing, stopping."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Mapping


class Notifier:
    """Sends to `$NOTIFY_SOCKET`; says nothing where there is none."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._address = environ.get("NOTIFY_SOCKET", "")

    def ready(self, status: str) -> None:
        """The worker is up."""
        self._send(f"READY=1\nSTATUS={status}")

    def alive(self, status: str) -> None:
        """All that must make progress does."""
        self._send(f"WATCHDOG=1\nSTATUS={status}")

    def status(self, status: str) -> None:
        """Say how it stands without saying that all is well."""
        self._send(f"STATUS={status}")

    def stopping(self) -> None:
        """The worker is going down."""
        self._send("STOPPING=1")

    def _send(self, message: str) -> None:
        if not self._address:
            return
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
            sock.sendto(message.replace("\0", "").encode(), address)
