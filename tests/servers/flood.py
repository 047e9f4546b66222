"""A flood of MQTT messages from a process of its own, on a bare socket: making it costs next to nothing beside what it does.

Not a client: it knows just enough of MQTT 3.1.1 (§3.1, §3.3) for a broker on this machine. Knows nothing of Pointsman.
"""

from __future__ import annotations

import os
import select
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

from servers.client import Address

WINDOW = 1_000
"""How many messages the broker may owe us an acknowledgement for."""


class Flood:
    """Every entity's state, over and over: `topic` with its number in it says ALARM, then OK, and so on, for so many rounds.

    At most `rate` messages a second; 0: as fast as the broker takes them.
    """

    def __init__(self, broker: Address, topic: str, entities: int, rounds: int, rate: int = 0) -> None:
        arguments = (broker.host, broker.port, topic, entities, rounds, rate)
        here = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
        command = [sys.executable, "-m", "servers.flood", *map(str, arguments)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, env=here)

    @property
    def over(self) -> bool:
        """Whether the broker has acknowledged the last message."""
        code = self._process.poll()
        if code:
            raise RuntimeError(f"the flood ended with exit code {code}")
        return code is not None

    def __enter__(self) -> Flood:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._process.kill()
        self._process.communicate()


def _text(text: str) -> bytes:
    data = text.encode()
    return len(data).to_bytes(2, "big") + data


def _packet(kind: int, body: bytes) -> bytes:
    size, rest = bytearray(), len(body)
    while not size or size[-1] & 0x80:
        rest, low = divmod(rest, 128)
        size.append(low | 0x80 if rest else low)
    return bytes([kind]) + bytes(size) + body


def _messages(topic: str, entities: int, rounds: int) -> Iterator[bytes]:
    count = 0
    for turn in range(rounds):
        payload = b'{"state": "%s"}' % (b"ALARM", b"OK")[turn % 2]
        for entity in range(entities):
            count = count % 65_535 + 1
            yield _packet(0x32, _text(topic.format(entity)) + count.to_bytes(2, "big") + payload)


def _run(host: str, port: int, topic: str, entities: int, rounds: int, rate: int) -> None:
    sock = socket.create_connection((host, port), timeout=30)
    sock.sendall(_packet(0x10, _text("MQTT") + b"\x04\x02\x00\x00" + _text(f"flood-{time.monotonic_ns()}")))
    owed, began = -4, time.monotonic()  # the CONNACK is as long as a PUBACK: four bytes
    for number, message in enumerate(_messages(topic, entities, rounds)):
        if rate and (early := number / rate - (time.monotonic() - began)) > 0:
            time.sleep(early)
        sock.sendall(message)
        owed += 4
        while owed > 4 * WINDOW or (owed and select.select([sock], [], [], 0)[0]):
            owed -= len(sock.recv(65_536))
    while owed > 0:
        owed -= len(sock.recv(65_536))


if __name__ == "__main__":
    _run(sys.argv[1], int(sys.argv[2]), sys.argv[3], *map(int, sys.argv[4:7]))
