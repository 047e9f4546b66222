"""What Pointsman listens to, and whom a topic speaks of that is not wholly known."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from pointsman.core.loops.outline import Depends, could_be, depends, is_open
from pointsman.model.ids import OwnerType
from pointsman.model.rule import IntakeRule
from pointsman.model.topic import TopicFilter

_CAPTURE = re.compile(r"\{(\d+)\}")


@dataclass(frozen=True, slots=True)
class OwnReports:
    """Pointsman's own topics for reports on entities of a kind. The filter's wildcard is the entity."""

    filter: TopicFilter
    kind: OwnerType


@dataclass(frozen=True, slots=True)
class OwnRequests:
    """Pointsman's own topics for requests to run an operation. The filter's wildcards are the entity and the operation."""

    filter: TopicFilter
    kind: OwnerType


Listener: TypeAlias = IntakeRule | OwnReports | OwnRequests


@dataclass(slots=True)
class _Level:
    """A level of filters that begin alike."""

    inner: dict[str, _Level] = field(default_factory=dict)
    ends: list[Listener] = field(default_factory=list)


class Listening:
    """All that is listened to, found by topic."""

    def __init__(self, listeners: Sequence[Listener]) -> None:
        self._root = _Level()
        for listener in listeners:
            level = self._root
            for name in listener.filter.levels:
                level = level.inner.setdefault(name, _Level())
            level.ends.append(listener)

    def to(self, topic: str) -> Iterator[tuple[Listener, tuple[str, ...]]]:
        """Who may read a topic, and what its wildcards stand for then. Raises Depends."""
        names = topic.split("/")
        waiting: list[tuple[_Level, int, tuple[str, ...]]] = [(self._root, 0, ())]
        while waiting:
            level, position, captured = waiting.pop()
            if (rest := level.inner.get("#")) is not None:
                remainder = (*captured, "/".join(names[position:]))
                yield from ((each, remainder) for each in rest.ends)
            if position == len(names):
                yield from ((each, captured) for each in level.ends)
                continue
            name = names[position]
            if (one := level.inner.get("+")) is not None:
                waiting.append((one, position + 1, (*captured, name)))
            waiting += [(inner, position + 1, captured) for inner in _alike(level, name)]


def _alike(level: _Level, name: str) -> list[_Level]:
    """The levels behind `name`, wildcards apart."""
    if not is_open(name):
        return [level.inner[name]] if name in level.inner else []
    found = [inner for key, inner in level.inner.items() if key not in ("+", "#") and could_be(name, key)]
    if found and depends(name):
        raise Depends
    return found


def entity_of(rule: IntakeRule, captured: Sequence[str]) -> str:
    """The id that a rule finds, as an outline."""
    if rule.entity == "{1}":
        return captured[0]
    return _CAPTURE.sub(lambda found: captured[int(found[1]) - 1], rule.entity)
