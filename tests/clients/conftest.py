"""A worker with an empty catalog, for clients that make what they need over HTTP."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from servers.absence import missing
from servers.api import Site, served
from servers.mosquitto import REMEDY, program

CONFIGURATION = """
states: [{id: 1, name: Created}, {id: 3, name: Working}, {id: 5, name: Alarm, priority: 10}]
objects: [{id: from-file}]
"""


@pytest.fixture(scope="module")
def site(request: pytest.FixtureRequest) -> Iterator[Site]:
    """Its API, for the tests of a module."""
    if program() is None:
        missing("Mosquitto", REMEDY)
    with (
        tempfile.TemporaryDirectory(prefix="pointsman-test-") as directory,
        served(Path(directory), configuration=getattr(request.module, "CONFIGURATION", CONFIGURATION)) as found,
    ):
        yield found
