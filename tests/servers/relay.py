"""Stands between a client and a broker, and breaks what is between them. Knows TCP, and of MQTT only CONNECT's version."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Protocol

CONNECT_LEVEL = 6
"""Where the protocol level stands in CONNECT's variable header (MQTT 5 §3.1.2.2)."""


class Address(Protocol):
    """What is stood before."""

    @property
    def host(self) -> str: ...
    @property
    def port(self) -> int: ...


class Relay:
    """Forwards connections until told otherwise."""

    def __init__(self, target: Address) -> None:
        self._target = target
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.host, self.port = "127.0.0.1", int(self._listener.getsockname()[1])
        self.closed_to_all = False
        """New connections are closed at once, without a word."""
        self.deaf_to_answers = False
        """What the broker sends is lost."""
        self.answer_to_connect: Callable[[int], bytes | None] = lambda level: None
        """Given the protocol level of a CONNECT: what to answer before closing; None forwards it."""
        self.accepted = 0
        self._start(self._accept)

    def cut(self) -> None:
        """Close every connection, on both sides."""
        self._end(client=True, broker=True)

    def abandon(self) -> None:
        """Close the clients' side only: the broker notices nothing yet, as when a network is gone."""
        self._end(client=True, broker=False)

    def close(self) -> None:
        """Stand aside."""
        self._listener.close()
        self.cut()

    def __enter__(self) -> Relay:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _end(self, *, client: bool, broker: bool) -> None:
        with self._lock:
            pairs, self._pairs = self._pairs, []
        for near, far in pairs:
            for side, wanted in ((near, client), (far, broker)):
                if wanted:
                    with contextlib.suppress(OSError):
                        side.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                self.accepted += 1
                self._start(self._serve, near)

    def _serve(self, near: socket.socket) -> None:
        with contextlib.suppress(OSError), near:
            if self.closed_to_all:
                return
            connect = near.recv(4096)
            answer = self.answer_to_connect(_level(connect))
            if answer is not None:
                near.sendall(answer)
                near.shutdown(socket.SHUT_WR)
                while near.recv(4096):  # closing while something is unread would take back the answer
                    pass
                return
            with socket.create_connection((self._target.host, self._target.port)) as far:
                with self._lock:
                    self._pairs.append((near, far))
                far.sendall(connect)
                answers = self._start(self._answers, far, near)
                self._pump(near, far)
                answers.join()

    def _answers(self, far: socket.socket, near: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := far.recv(65_536):
                if not self.deaf_to_answers:
                    near.sendall(data)
        with contextlib.suppress(OSError):
            near.shutdown(socket.SHUT_RDWR)

    def _pump(self, near: socket.socket, far: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := near.recv(65_536):
                far.sendall(data)
        with self._lock:
            forsaken = (near, far) not in self._pairs
        if not forsaken:
            with contextlib.suppress(OSError):
                far.shutdown(socket.SHUT_RDWR)

    @staticmethod
    def _start(function: Callable[..., None], *arguments: object) -> threading.Thread:
        thread = threading.Thread(target=function, args=arguments, daemon=True)
        thread.start()
        return thread


def _level(connect: bytes) -> int:
    """The protocol level of a CONNECT packet, whose remaining length takes one or two bytes here."""
    start = 2 if connect[1:2] < b"\x80" else 3
    return connect[start + CONNECT_LEVEL] if len(connect) > start + CONNECT_LEVEL else 0
