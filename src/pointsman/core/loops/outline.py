"""Outlines: texts of which a part is not known. A hole in one is a character that neither a topic nor an id can have."""

from __future__ import annotations

import re

from pointsman.model.template import Macro, Quoting, Template

ANY = "\ufdd0"
"""Any text."""
FRESH = "\ufdd1"
"""A text that nothing in a configuration is equal to: a job's id, a time."""
VALUE = "\ufdd2"
"""Any JSON value; always a whole string of JSON."""
SELF = "\ufdd3"
"""The id of the entity that the operation runs for, whichever that is."""

OWN = "\ufdd4"
"""The name or a property of that entity."""

HOLES = re.compile(f"[{ANY}{FRESH}{VALUE}{SELF}{OWN}]")
_UNSURE = re.compile(f"[{ANY}{VALUE}{SELF}{OWN}]+")


class Depends(Exception):
    """It cannot be told for all entities alike: it depends on an entity's id, name or properties."""


def is_open(outline: str) -> bool:
    """Whether a part of it is not known."""
    return not outline.isascii() and HOLES.search(outline) is not None


def depends(outline: str) -> bool:
    """Whether it is another text for another entity."""
    return SELF in outline or OWN in outline


def could_be(outline: str, text: str) -> bool:
    """Whether the outline may turn out to be `text`."""
    if outline.isascii() or not is_open(outline):
        return outline == text
    if FRESH in outline:
        return False
    first, *inner, last = _UNSURE.split(outline)
    end = len(text) - len(last)
    at = len(first)
    if at > end or not text.startswith(first) or not text.endswith(last):
        return False
    for piece in inner:
        found = text.find(piece, at, end)
        if found < 0:
            return False
        at = found + len(piece)
    return True


def with_holes(template: Template, unknown: dict[str, str]) -> Template:
    """The template with holes instead of the macros whose roots are in `unknown`."""
    if not any(macro.root in unknown for macro in template.macros):
        return template
    parts = [_hole(part, unknown) if isinstance(part, Macro) and part.root in unknown else part for part in template.parts]
    return Template(template.source, tuple(parts))


def _hole(macro: Macro, unknown: dict[str, str]) -> str:
    hole = unknown[macro.root]
    if macro.quoting is not Quoting.JSON_VALUE:
        return hole
    return f'"{VALUE if hole == ANY else hole}"'
