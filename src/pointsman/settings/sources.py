"""The texts of all files that were read, one behind the other, so that one number says in which file, line and column."""

from __future__ import annotations

from bisect import bisect_right
from functools import cached_property

from pointsman.settings.problem import Origin

_ESCAPED = {"x": 2, "u": 4, "U": 8}
"""How many digits follow these after a backslash, in a scalar in double quotes (YAML 1.2 §5.7)."""


class Source:
    """One file. `base` is the mark of its first character."""

    def __init__(self, name: str, text: str, base: int) -> None:
        self.name = name
        self.text = text
        self.base = base

    @cached_property
    def _lines(self) -> list[int]:
        """Where each line begins."""
        starts = [0]
        at = self.text.find("\n")
        while at >= 0:
            starts.append(at + 1)
            at = self.text.find("\n", at + 1)
        return starts

    def origin_of(self, offset: int) -> Origin:
        """Line and column of a character of this file."""
        line = bisect_right(self._lines, offset)
        return Origin(self.name, line, offset - self._lines[line - 1] + 1)


class Sources:
    """All files of one configuration, in the order in which they were read."""

    def __init__(self) -> None:
        self._sources: list[Source] = []
        self._bases: list[int] = []

    def add(self, name: str, text: str) -> Source:
        """Take in another file."""
        base = self._bases[-1] + len(self._sources[-1].text) + 1 if self._sources else 0
        source = Source(name, text, base)
        self._sources.append(source)
        self._bases.append(base)
        return source

    @property
    def names(self) -> tuple[str, ...]:
        """The files."""
        return tuple([source.name for source in self._sources])

    def origin(self, mark: int) -> Origin:
        """Where a mark is. There must be a file."""
        source = self._of(mark)
        return source.origin_of(mark - source.base)

    def inside(self, mark: int, value: str, offset: int) -> int:
        """The mark of a character of a scalar, given the scalar's: the scalar's own when it is written over several lines."""
        source = self._of(mark)
        text, start = source.text, mark - source.base
        match text[start : start + 1]:
            case "'":
                at = _in_single_quotes(text, start + 1, offset)
            case '"':
                at = _in_double_quotes(text, start + 1, offset)
            case _:
                at = start + offset if text.startswith(value, start) and "\n" not in value[:offset] else None
        return mark if at is None else source.base + at

    def _of(self, mark: int) -> Source:
        return self._sources[bisect_right(self._bases, mark) - 1]


def _in_single_quotes(text: str, at: int, offset: int) -> int | None:
    for _ in range(offset):
        if text.startswith("\n", at):
            return None
        at += 2 if text.startswith("''", at) else 1
    return at


def _in_double_quotes(text: str, at: int, offset: int) -> int | None:
    for _ in range(offset):
        if text.startswith("\n", at):
            return None
        if text.startswith("\\", at):
            at += 2 + _ESCAPED.get(text[at + 1 : at + 2], 0)
        else:
            at += 1
    return at
