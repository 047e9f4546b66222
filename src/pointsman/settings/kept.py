"""Triggers of types that this version does not act on, such as e-mail: kept as they were written, and warned of."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import TypeAlias

from pointsman.model.json import Json
from pointsman.settings.forms import TriggerForm
from pointsman.settings.place import Place
from pointsman.settings.problem import one_of, shown
from pointsman.settings.report import Report, value_at
from pointsman.settings.tree import Map, plain

ACTED_ON = ("operation", "script")
"""The types that are acted on."""

Kept: TypeAlias = Mapping[str, Mapping[int, Json]]
"""By owner (`class pump`), and by the place in its list, from 0."""


class KeptTriggers:
    """Gathers them while the catalog is built."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self.found: dict[str, dict[int, Json]] = {}

    def take(self, form: TriggerForm, place: Place, owner: str, index: int) -> bool:
        """Keep a trigger if it is of such a type; whether it is.

        What was surely meant as one that acts is told instead: a type that is nearly one, or what only those have.
        """
        if form.type is None or form.type in ACTED_ON:
            return False
        short = next((key for key in ("operation", "command") if getattr(form, key) is not None), None)
        near = get_close_matches(form.type.casefold(), ACTED_ON, 1, 0.8)
        path = place.at("type")
        if short or near:
            hint = f"; did you mean {near[0]}?" if near else f" beside {short!r}"
            self._report.value(place.node, path, f"expected the type {one_of(ACTED_ON)}, found {shown(form.type)}{hint}")
            return True
        written = value_at(place.node, place.path)
        self.found.setdefault(owner, {})[index] = plain(written) if isinstance(written, Map) else None
        message = f"kept, not acted on: this version acts on triggers of type {' and '.join(ACTED_ON)}, found {shown(form.type)}"
        self._report.warn(place.node, path, message)
        return True
