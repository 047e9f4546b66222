"""A small, safe part of JSON Path: `$`, `.name`, `['any name']` and `[index]`. One value or none; no wildcards, no filters."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pointsman.model.json import Json

_STEP = re.compile(r"""\.(?P<name>[^.\[\]]+)|\[(?P<index>-?\d+)\]|\['(?P<single>[^']*)'\]|\["(?P<double>[^"]*)"\]""")


class Missing:
    """What `JsonPath.find` gives when there is nothing at the path; null is something."""


MISSING = Missing()


@dataclass(frozen=True, slots=True)
class JsonPath:
    """A compiled path. `steps` is empty for `$`, the whole payload."""

    source: str
    steps: tuple[str | int, ...]

    def find(self, value: Json) -> Json | Missing:
        """The value at this path in `value`, or MISSING."""
        for step in self.steps:
            if isinstance(step, str) and isinstance(value, Mapping) and step in value:
                value = value[step]
            elif isinstance(step, int) and isinstance(value, Sequence) and not isinstance(value, str):
                if not -len(value) <= step < len(value):
                    return MISSING
                value = value[step]
            else:
                return MISSING
        return value

    def __str__(self) -> str:
        return self.source


WHOLE = JsonPath("$", ())
"""The whole payload."""


def parse_json_path(source: str) -> JsonPath:
    """Compile `source`. Raises ValueError, saying what was expected, when it is not such a path."""
    if not source.startswith("$"):
        raise ValueError(f"expected a JSON path that begins with $, such as $.state, found {source!r}")
    steps: list[str | int] = []
    at = 1
    while at < len(source):
        found = _STEP.match(source, at)
        if not found:
            raise ValueError(f"expected .name, ['name'] or [index] at character {at + 1} of the JSON path {source!r}")
        names = (found["name"], found["single"], found["double"])
        steps.append(int(found["index"]) if found["index"] is not None else next(name for name in names if name is not None))
        at = found.end()
    return JsonPath(source, tuple(steps))
