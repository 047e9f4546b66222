"""Serves the app at a place, on a thread: uvicorn."""

from __future__ import annotations

import uvicorn
from fastapi import FastAPI

from pointsman.http.listening import CONNECTIONS, Place

GRACE = 3
"""Seconds that requests under way are given when the worker stops."""


class Server:
    """`run` is its thread's function."""

    def __init__(self, app: FastAPI, place: Place) -> None:
        self._place, listening = place, place.listening
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
        self._server = uvicorn.Server(config)

    def run(self) -> None:
        """Until `stop`."""
        self._server.run(sockets=[self._place.socket])

    def stop(self) -> None:
        """Make `run` return, once requests under way have been answered. Safe from any thread."""
        self._server.should_exit = True
