"""A fixture for tests of configurations: see `configured.py`."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from unit import configured
from unit.configured import Load


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """The configuration of a file with this text."""
    return partial(configured.load, tmp_path)
