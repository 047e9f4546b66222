"""An example for each form of the API, by the name of its schema."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

EXAMPLES: Mapping[str, Sequence[Any]] = {}
