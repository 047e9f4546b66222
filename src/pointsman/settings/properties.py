"""From the forms of properties to the model, and whether those that macros name exist: on an entity with the operation, by itself
or by its class."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pointsman.model.entity import Class
from pointsman.model.ids import EntityRef
from pointsman.model.json import Json
from pointsman.settings.forms import Properties, PropertyForm
from pointsman.settings.operations import PropertyUse
from pointsman.settings.place import Path, Place
from pointsman.settings.problem import nearest, shown
from pointsman.settings.report import Report
from pointsman.settings.tree import Map, Seq, plain

LONGEST_NAME = 512
"""In characters: it is part of a key in the store."""
READ_WRITE = 3
"""The type of a property that can be set, as the reference has it."""
_UNFIT = re.compile("[\0\ud800-\udfff]")


def build_properties(form: Properties, place: Place, report: Report) -> tuple[Mapping[str, Json], frozenset[str]]:
    """The properties of a class or an entity, and the names of those that are ReadWrite."""
    if isinstance(form, dict):
        for name in form:
            _check_name(name, place, place.at("properties", name), report)
        return {name: _json(value) for name, value in form.items()}, frozenset()
    found: dict[str, Json] = {}
    writable = []
    for index, each in enumerate(form):
        if each.name in found:
            message = f"expected each property once, found {each.name!r} again"
            report.value(place.node, place.at("properties", index, "name"), message)
        _check_name(each.name, place, place.at("properties", index, "name"), report)
        found[each.name] = _json(each.value)
        if _is_writable(each, place.inner("properties", index), report):
            writable.append(each.name)
    return found, frozenset(writable)


def _check_name(name: str, place: Place, path: Path, report: Report) -> None:
    if len(name) > LONGEST_NAME or _UNFIT.search(name):
        found = f"{len(name)} characters" if len(name) > LONGEST_NAME else shown(name)
        message = f"expected the name of a property, at most {LONGEST_NAME} characters without NUL or surrogates, found {found}"
        report.value(place.node, path, message)


def _is_writable(form: PropertyForm, place: Place, report: Report) -> bool:
    by_type = None if form.type_id is None else form.type_id == READ_WRITE
    if by_type is not None and form.writable is not None and form.writable is not by_type:
        message = f"expected writable and type_id to agree (3 is writable), found {shown(form.writable)} and {form.type_id}"
        report.value(place.node, place.at("writable"), message)
    return bool(form.writable or by_type)


def _json(value: Any) -> Json:
    return plain(value) if isinstance(value, Map | Seq) else value


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
        self._later = False

    def take_later(self) -> None:
        """What is missing may come yet: nothing is told. A job whose macros name what is not there fails and says so."""
        self._later = True

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
        if uses and not self._later:
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
