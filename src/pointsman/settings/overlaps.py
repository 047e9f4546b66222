"""Finds topic filters that overlap without being equal, among many, by walking them level by level."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from pointsman.model.topic import TopicFilter


@dataclass(slots=True)
class _Level:
    """A level of filters that begin alike."""

    inner: dict[str, _Level] = field(default_factory=dict)
    ends: list[TopicFilter] = field(default_factory=list)
    """Filters that end here."""


class Filters:
    """Filters that were taken in, to be compared with another."""

    def __init__(self, filters: Iterable[TopicFilter] = ()) -> None:
        self._root = _Level()
        for each in filters:
            self.add(each)

    def add(self, new: TopicFilter) -> None:
        """Take in one more."""
        level = self._root
        for name in new.levels:
            level = level.inner.setdefault(name, _Level())
        level.ends.append(new)

    def overlapping(self, other: TopicFilter) -> Iterator[TopicFilter]:
        """Those that match a topic which `other` matches too, an equal one included."""
        candidates = _walk(self._root, other.levels, 0)
        # A leading wildcard does not match what begins with $ (MQTT 5 §4.7.2), which the walk does not look at.
        return (each for each in candidates if each.overlaps(other))


def _walk(level: _Level, names: tuple[str, ...], position: int) -> Iterator[TopicFilter]:
    if "#" in level.inner:
        yield from level.inner["#"].ends
    if position == len(names):
        yield from level.ends
        return
    name = names[position]
    if name == "#":
        yield from _below(level)
        return
    following = [inner for key, inner in level.inner.items() if key != "#"] if name == "+" else _alike(level, name)
    for inner in following:
        yield from _walk(inner, names, position + 1)


def _alike(level: _Level, name: str) -> list[_Level]:
    return [level.inner[key] for key in (name, "+") if key in level.inner]


def _below(level: _Level) -> Iterator[TopicFilter]:
    """All filters that end here or deeper, but for `#` right here, which is known already."""
    yield from level.ends
    for key, inner in level.inner.items():
        if key != "#":
            yield from _below(inner)
            if "#" in inner.inner:
                yield from inner.inner["#"].ends
