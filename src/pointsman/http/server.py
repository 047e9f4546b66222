"""Serves the app on a thread: uvicorn, bound before it starts, so that a port that is taken is known at once."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from pointsman.errors import ConfigurationError, Unavailable

THREADS = 8
"""How many requests look into the store at once."""
CONNECTIONS = 500
"""How many connections there may be at once; more are answered 503."""
GRACE = 3
"""Seconds that requests under way are given when the worker stops."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """Where and how."""

    address: str
    """HOST:PORT, [ADDRESS]:PORT or unix:///PATH."""
    cert_file: str | None = None
    key_file: str | None = None
    proxies: tuple[str, ...] = ()


class Server:
    """`run` is its thread's function. The address is taken when it is made. Raises Unavailable when that cannot be."""

    def __init__(self, app: FastAPI, listening: Listening) -> None:
        self._socket, self.address = _bind(listening)
        config = uvicorn.Config(
            app,
            lifespan="off",
            http="h11",  # also where httptools is installed: that one takes headers of any size
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            limit_concurrency=CONNECTIONS,
            timeout_keep_alive=30,
            timeout_graceful_shutdown=GRACE,
            ssl_certfile=listening.cert_file,
            ssl_keyfile=listening.key_file,
            proxy_headers=bool(listening.proxies),
            forwarded_allow_ips=list(listening.proxies),
            h11_max_incomplete_event_size=65_536,
        )
        try:
            config.load()
        except OSError as fault:
            self._socket.close()
            raise ConfigurationError(
                f"expected a certificate and its key in http.cert_file and .key_file, found {fault}"
            ) from None
        self._server = uvicorn.Server(config)

    def run(self) -> None:
        """Until `stop`."""
        self._server.run(sockets=[self._socket])

    def stop(self) -> None:
        """Make `run` return, once requests under way have been answered. Safe from any thread."""
        self._server.should_exit = True

    def close(self) -> None:
        """Let go of the address."""
        self._socket.close()
        if self.address.startswith("unix://"):
            Path(self.address.removeprefix("unix://")).unlink(missing_ok=True)


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
