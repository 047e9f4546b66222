"""Reads server-sent events as a browser does (WHATWG HTML §9.2), and can be cut off at any byte.

It keeps the id of the last event that it has read whole, and asks again with that.
"""

from __future__ import annotations

import json
import socket
from base64 import b64encode
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Told:
    """An event."""

    name: str
    id: str
    data: Any


class Follower:
    """One connection. `close` cuts it off."""

    def __init__(self, url: str, who: tuple[str, str], last: str | None = None, *, buffer: int | None = None) -> None:
        """`url` is that of the events, with what is asked of them; `buffer` bounds how much the system keeps for us."""
        parts = urlsplit(url)
        self.last = last
        """The id of the last event that was read."""
        self.is_whole = False
        """Whether the answer was ended, and not cut off."""
        self._socket = socket.socket()
        if buffer is not None:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self._socket.settimeout(30)
        self._socket.connect((parts.hostname or "", parts.port or 80))
        identity = b64encode(":".join(who).encode()).decode()
        lines = [f"GET {parts.path}?{parts.query} HTTP/1.1", f"Host: {parts.netloc}", f"Authorization: Basic {identity}"]
        if last:
            lines.append(f"Last-Event-ID: {last}")
        self._socket.sendall("\r\n".join([*lines, "", ""]).encode())
        self._file = self._socket.makefile("rb")
        self.status = int(self._file.readline().split()[1])
        while self._file.readline().strip():
            pass
        self._left, self._in_chunk = float("inf"), 0
        self._lines: deque[bytes] = deque()
        self._rest = b""

    def ready(self) -> None:
        """Wait for the beginning: what happens from then on is told."""
        while (line := self._line()) is not None:
            self.last = line.removeprefix("id: ") if line.startswith("id: ") else self.last
            if not line:
                return

    def events(self, size: float = float("inf")) -> Iterator[Told]:
        """What is told, until the other side ends, or so many bytes have come: that may be in the middle of an event."""
        self._left = size
        name, data, given = "message", "", self.last
        while (line := self._line()) is not None:
            if line.startswith(":"):
                continue
            field, _, value = line.partition(": ")
            if line:
                name = value if field == "event" else name
                data = value if field == "data" else data
                given = value if field == "id" else given
                continue
            self.last = given
            if data:
                yield Told(name, given or "", json.loads(data))
            name, data = "message", ""

    def _line(self) -> str | None:
        """The next line; None: there is no more."""
        while not self._lines:
            part = self._part()
            if not part:
                return None
            *whole, self._rest = (self._rest + part).split(b"\n")
            self._lines.extend(whole)
        return self._lines.popleft().decode()

    def _part(self) -> bytes:
        """More of the body, whose chunks (RFC 9112 §7.1) end where they like."""
        if self._left <= 0:
            return b""
        if not self._in_chunk:
            size = self._file.readline()
            self._in_chunk = int(size or b"0", 16)
            self.is_whole = bool(size) and not self._in_chunk
        part = self._file.read(int(min(self._in_chunk, self._left)))
        self._left -= len(part)
        self._in_chunk -= len(part)
        if part and not self._in_chunk:
            self._file.readline()
        return part

    def close(self) -> None:
        """Go, without a word."""
        self._file.close()
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
