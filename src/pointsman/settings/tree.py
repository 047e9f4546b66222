"""What a YAML file holds, as plain values that remember where they stood.

A mark is one number for a place in one of the files (`sources.py` says which). Values are Python's own, so that whatever takes a
dict or a list takes these. Plain scalars are read as JSON writes them: `true`, `null` and numbers are values, all else is text,
so that `OFF`, `007` and `2026-01-01` stay as they were written.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from typing import TypeAlias

from pointsman.model.json import Json

Value: TypeAlias = "Map | Seq | str | int | float | bool | None"
Path: TypeAlias = "Sequence[str | int]"
"""Keys and indexes, from the outside in."""


class Map(dict[str, Value]):
    """A mapping. `marks` has two numbers for each key, in order: where the key stands, and where its value begins."""

    __slots__ = ("at", "marks")

    def __init__(self, at: int) -> None:
        super().__init__()
        self.at = at
        self.marks: list[int] = []

    def put(self, key: str, key_at: int, value: Value, value_at: int) -> None:
        """Add a key that is not there yet."""
        self[key] = value
        self.marks += (key_at, value_at)

    def replace(self, key: str, key_at: int, value: Value, value_at: int) -> None:
        """Set a key that is there already."""
        index = 2 * list(self).index(key)
        self[key] = value
        self.marks[index : index + 2] = [key_at, value_at]

    def place(self, key: str) -> tuple[int, int]:
        """The marks of a key and of its value."""
        index = 2 * list(self).index(key)
        return self.marks[index], self.marks[index + 1]


class Seq(list[Value]):
    """A list. `marks` has one number for each item."""

    __slots__ = ("at", "marks")

    def __init__(self, at: int) -> None:
        super().__init__()
        self.at = at
        self.marks: list[int] = []

    def put(self, value: Value, at: int) -> None:
        """Add an item."""
        self.append(value)
        self.marks.append(at)


def mark_of(root: Map | Seq, path: Path, *, key: bool = False) -> int:
    """Where the value at `path` stands, or its key; for what is not there, the innermost thing around it that is."""
    node: Value = root
    mark = root.at
    for depth, step in enumerate(path):
        if isinstance(node, Map) and step in node:
            key_at, value_at = node.place(str(step))
            mark = key_at if key and depth == len(path) - 1 else value_at
            node = node[str(step)]
        elif isinstance(node, Seq) and isinstance(step, int) and step < len(node):
            mark = node.marks[step]
            node = node[step]
        else:
            break
    return mark


def plain(value: Value) -> Json:
    """The same value without marks."""
    if isinstance(value, Map):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, Seq):
        return [plain(item) for item in value]
    return value


_WORDS: dict[str, bool | None] = {
    "": None,
    "~": None,
    **dict.fromkeys(("null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_MAY_BE_VALUE = frozenset("-0123456789tTfFnN~")
_DIGITS = 40
"""What has more of them is no quantity but a name."""


def scalar(text: str) -> str | int | float | bool | None:
    """The value of a plain scalar."""
    if text and text[0] not in _MAY_BE_VALUE:
        return text
    if text in _WORDS:
        return _WORDS[text]
    number = _NUMBER.fullmatch(text) if len(text) <= _DIGITS else None
    if number is None:
        return text
    if number[1] is None and number[2] is None:
        return int(text)
    value = float(text)
    return value if math.isfinite(value) else text


def key_text(text: str) -> str:
    """A plain key: one that is a value becomes its JSON text, so `True: on` and a payload's `true` meet."""
    value = scalar(text)
    return value if isinstance(value, str) else json.dumps(value)
