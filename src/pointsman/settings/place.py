"""One definition in a file, and the way to what is in it."""

from __future__ import annotations

from dataclasses import dataclass

from pointsman.settings.tree import Map

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """The mapping of a definition, and the way from there to the part that is meant."""

    node: Map
    path: Path = ()

    def at(self, *steps: str | int) -> Path:
        """The way to something in it."""
        return (*self.path, *steps)

    def inner(self, *steps: str | int) -> Place:
        """A part of it as a place of its own."""
        return Place(self.node, (*self.path, *steps))
