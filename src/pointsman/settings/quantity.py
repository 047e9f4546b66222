"""Durations and sizes as people write them: `30s`, `7d`, `64KiB`; whole numbers are milliseconds and bytes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import BeforeValidator, Field, WithJsonSchema

from pointsman.settings.problem import shown

_UNITS_OF_TIME = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_UNITS_OF_SIZE = {"B": 1, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}
_QUANTITY = re.compile(r"([0-9]{1,15})(?:\.([0-9]{1,6}))? ?([A-Za-z]*)")


def parse_duration(value: object) -> int:
    """Milliseconds. Raises ValueError."""
    return _parse(value, _UNITS_OF_TIME, "a duration such as 500ms, 30s, 5m, 2h, 7d, or whole milliseconds")


def parse_size(value: object) -> int:
    """Bytes. Raises ValueError."""
    return _parse(value, _UNITS_OF_SIZE, "a size such as 64KiB, 1MiB, or whole bytes")


def _parse(value: object, units: Mapping[str, int], expected: str) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    found = _QUANTITY.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None or (found[3] not in units and (found[3] or found[2])):
        raise ValueError(f"expected {expected}, found {shown(value)}")
    whole, fraction, unit = found.groups()
    factor = units.get(unit, 1)
    return int(whole) * factor + (int(fraction) * factor // 10 ** len(fraction) if fraction else 0)


Duration = Annotated[
    int,
    BeforeValidator(parse_duration),
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "pattern": r"^[0-9.]+ ?(ms|s|m|h|d)$"}]}),
]
"""Milliseconds."""
Size = Annotated[
    int,
    BeforeValidator(parse_size),
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "pattern": r"^[0-9.]+ ?(B|KiB|MiB|GiB)$"}]}),
]
"""Bytes."""
Count = Annotated[int, Field(ge=1)]
"""At least one."""
