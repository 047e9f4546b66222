"""Fixtures for tests of the session: sessions that end with their test, and a relay to break their connections."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from integration.session_rig import Rig
from servers.mosquitto import Broker
from servers.relay import Address, Relay


@pytest.fixture
def relay(broker: Broker) -> Iterator[Relay]:
    """Stands before the broker."""
    with Relay(broker) as between:
        yield between


@pytest.fixture
def start_session(topic_root: str) -> Iterator[Callable[..., Rig]]:
    """Start a session: `start_session(broker, "a/+", window=5)`. Without filters, it listens to `topic_root/in/#`."""
    rigs: list[Rig] = []

    def start(where: Address, *filters: str, **options: Any) -> Rig:
        rigs.append(Rig(where, topic_root, *filters, **options).start())
        return rigs[-1]

    yield start
    for rig in rigs:
        rig.stop()
