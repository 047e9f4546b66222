"""Whether the properties that operations name exist: on an entity with the operation, by itself or by its class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pointsman.model.entity import Class
from pointsman.model.ids import EntityRef
from pointsman.model.json import Json
from pointsman.settings.operations import PropertyUse
from pointsman.settings.problem import nearest, shown
from pointsman.settings.report import Report


@dataclass(slots=True)
class _Open:
    """Properties that a class's operations name, and the class itself does not have."""

    uses: list[PropertyUse]
    example: EntityRef | None = None
    """One of its entities."""
    seen: set[str] = field(default_factory=set)
    """Properties of its entities."""


class PropertyCheck:
    """Told of every class, then of every entity; `finish` tells what is missing."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._open: dict[str, _Open] = {}

    def of_class(self, class_id: str, properties: Mapping[str, Json], uses: Sequence[PropertyUse]) -> None:
        """A class, and the properties that its operations name. What it lacks itself, one of its entities may have."""
        missing = [use for use in uses if use.name not in properties]
        if missing:
            self._open[class_id] = _Open(missing)

    def of_entity(
        self, ref: EntityRef, parent: Class | None, properties: Mapping[str, Json], uses: Sequence[PropertyUse]
    ) -> None:
        """An entity, its class, its own properties, and those that its own operations name."""
        if parent is not None and (waiting := self._open.get(parent.id)) is not None:
            waiting.example = waiting.example or ref
            waiting.seen.update(properties)
        if uses:
            known = {*properties, *(parent.properties if parent else ())}
            for use in uses:
                if use.name not in known:
                    self._tell(use, f"expected a property of {ref}", known)

    def finish(self) -> None:
        """All entities are known. A class without entities may get them later, with the properties that they need."""
        for class_id, waiting in self._open.items():
            for use in waiting.uses:
                if waiting.example is not None and use.name not in waiting.seen:
                    expected = f"expected a property of class {class_id} or of one of its entities, such as {waiting.example}"
                    self._tell(use, expected, waiting.seen)

    def _tell(self, use: PropertyUse, expected: str, known: set[str]) -> None:
        message = f"{expected}, found {use.written or shown(use.name)}, which none has{nearest(use.name, known)}"
        self._report.inside(use.place.node, use.path, use.offset, message)
