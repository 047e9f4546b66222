"""A private broker on a free port of the loopback interface: Mosquitto where it is installed, else iotcore (the extra `demo`).

iotcore is rumqttd in a wheel. It does well enough for a look, with limits: one port speaks one version of MQTT, so everything
here speaks 5; what it keeps is lost with its process; there is no access control.
"""

from __future__ import annotations

import contextlib
import importlib.util
import shutil
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from pointsman.cli.demo_children import Child
from pointsman.errors import BrokerUnavailable

TRIES = 5
"""How often a port is picked that somebody else takes before the broker does."""
STARTING = 10.0
"""Seconds that a broker has to listen."""
SYSTEM_PATH = "/usr/sbin:/usr/local/sbin:/sbin"
"""Debian keeps the broker where only root's PATH looks."""

MOSQUITTO = """\
listener {port} 127.0.0.1
allow_anonymous true
persistence false
"""
RUMQTTD = """\
id = 0
[router]
id = 0
max_connections = 100
max_outgoing_packet_count = 200
max_segment_size = 1048576
max_segment_count = 10
[v5.1]
name = "demo"
listen = "127.0.0.1:{port}"
next_connection_delay_ms = 1
[v5.1.connections]
connection_timeout_ms = 60000
max_payload_size = 262144
max_inflight_count = 100
dynamic_filters = true
"""


class Kind(StrEnum):
    """The brokers that can be had."""

    MOSQUITTO = "mosquitto"
    IOTCORE = "iotcore"


@dataclass(frozen=True, slots=True)
class DemoBroker:
    """A broker that listens."""

    kind: Kind
    port: int
    child: Child

    @property
    def url(self) -> str:
        """Its address, as `mqtt.url` takes it."""
        return f"mqtt://127.0.0.1:{self.port}"

    @property
    def publish(self) -> str:
        """How `mosquitto_pub` reaches it."""
        return f"mosquitto_pub -p {self.port}" + (" -V 5" if self.kind is Kind.IOTCORE else "")


@contextmanager
def private_broker(directory: Path, wanted: Kind | None) -> Iterator[DemoBroker]:
    """A broker for the length of the block, its files in `directory`. Raises BrokerUnavailable, saying how to get one."""
    kind, program = _find(wanted)
    configuration = directory / ("mosquitto.conf" if kind is Kind.MOSQUITTO else "rumqttd.toml")
    for _ in range(TRIES):
        port = _free_port()
        configuration.write_text((MOSQUITTO if kind is Kind.MOSQUITTO else RUMQTTD).format(port=port), encoding="utf-8")
        with Child("broker", [*program, str(configuration)], directory, grace=5.0) as child:
            if _listens(port, child):
                yield DemoBroker(kind, port, child)
                return
    raise BrokerUnavailable(f"{kind} did not start:\n{child.log}")


def _find(wanted: Kind | None) -> tuple[Kind, list[str]]:
    """A broker, and the command that starts it but for its configuration file."""
    program = shutil.which("mosquitto") or shutil.which("mosquitto", path=SYSTEM_PATH)
    if program and wanted is not Kind.IOTCORE:
        return Kind.MOSQUITTO, [program, "-c"]
    if importlib.util.find_spec("iotcore") and wanted is not Kind.MOSQUITTO:
        return Kind.IOTCORE, [sys.executable, "-P", "-m", "iotcore", "--log-level", "CRITICAL", "--config"]
    raise BrokerUnavailable(
        f"the demo needs a broker, and {wanted or 'none'} was {'not ' if wanted else ''}found; install Mosquitto "
        "(Debian: apt-get install mosquitto), or the demo's own: pip install 'pointsman[demo]'"
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _listens(port: int, child: Child) -> bool:
    deadline = time.monotonic() + STARTING
    while not child.ended and time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return not child.ended
        time.sleep(0.02)
    return False
