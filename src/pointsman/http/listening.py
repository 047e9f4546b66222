"""Where the API listens: taken at once, so that a port that is taken is known at the start, whatever else takes its time.

Only the standard library: neither FastAPI nor uvicorn has to be loaded for it.
"""

from __future__ import annotations

import os
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path

from pointsman.errors import ConfigurationError, Unavailable

CONNECTIONS = 500
"""How many connections there may be at once, or wait; more are answered 503."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """Where and how."""

    address: str
    """HOST:PORT, [ADDRESS]:PORT or unix:///PATH."""
    cert_file: str | None = None
    key_file: str | None = None
    proxies: tuple[str, ...] = ()


class Place:
    """An address that is ours. Whoever comes before somebody serves there waits, instead of being turned away."""

    def __init__(self, listening: Listening) -> None:
        """Raises Unavailable when it cannot be had, ConfigurationError when certificate and key are none."""
        self.listening = listening
        if listening.cert_file is not None:
            _check(listening.cert_file, listening.key_file)
        self.socket, self.address = _bind(listening)

    def close(self) -> None:
        """Let go of the address."""
        self.socket.close()
        if self.address.startswith("unix://"):
            Path(self.address.removeprefix("unix://")).unlink(missing_ok=True)


def _check(cert_file: str, key_file: str | None) -> None:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert_file, key_file)
    except OSError as fault:
        raise ConfigurationError(f"expected a certificate and its key in http.cert_file and .key_file, found {fault}") from None


def _bind(listening: Listening) -> tuple[socket.socket, str]:
    address = listening.address
    try:
        if address.startswith("unix://"):
            path = address.removeprefix("unix://")
            _remove_stale(path)
            bound = socket.socket(socket.AF_UNIX)
            bound.bind(path)
            os.chmod(path, 0o660)
            bound.listen(CONNECTIONS)
            return bound, address
        host, _, port = address.rpartition(":")
        family, kind, number, _, target = socket.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_STREAM)[0]
        bound = socket.socket(family, kind, number)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(target)
        bound.listen(CONNECTIONS)  # whoever comes before the thread runs waits, instead of being turned away
    except OSError as fault:
        raise Unavailable(
            f"expected to listen on {address} (http.listen), found that it cannot be: {fault}. Choose another one, or off"
        ) from None
    shown = f"[{bound.getsockname()[0]}]" if family == socket.AF_INET6 else bound.getsockname()[0]
    scheme = "https" if listening.cert_file else "http"
    return bound, f"{scheme}://{shown}:{bound.getsockname()[1]}"


def _remove_stale(path: str) -> None:
    """A socket that a worker before this one left behind, and that nobody listens on."""
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            Path(path).unlink(missing_ok=True)
        except FileNotFoundError:
            return
