"""Templates: text with macros, compiled once, when the configuration is read.

A macro is `{{path}}`. The first word of the path is one of `ROOTS`; what follows names something in it, with any
characters that are not `}}`, dots included. `{{'{{'}}` stands for the two braces themselves. How a template becomes text is
`core/render.py`'s; this module only knows what one looks like.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from difflib import get_close_matches
from enum import Enum

ROOTS: dict[str, frozenset[str] | None] = {
    "id": frozenset(),
    "name": frozenset(),
    "timestamp": frozenset(),
    "properties": None,
    "args": None,
    "payload": None,
    "user": frozenset({"id", "login"}),
    "job": frozenset({"id"}),
    "state": frozenset({"id", "name"}),
    "previous": frozenset({"id", "name"}),
}
"""Each root with the names it has: none at all, a fixed set, or (None) whatever the entity, the request or the message has."""

_OPEN, _CLOSE = "{{", "}}"


class Quoting(Enum):
    """What a macro's value must be made safe for, by the place where it stands."""

    PLAIN = "plain"
    JSON_STRING = "json string"
    """Between the quotes of a JSON string: quotes, backslashes and control characters are escaped."""
    JSON_VALUE = "json value"
    """Where a JSON value stands: what is none, such as a text without quotes, is put in quotes."""
    SHELL = "shell"
    """In the text of a script: a variable of the shell stands there instead (`core/script.py`)."""


@dataclass(frozen=True, slots=True)
class Macro:
    """A place to be filled. `name` is what follows the root: empty for `{{id}}`, `Serial Number` for a property."""

    root: str
    name: str
    quoting: Quoting = Quoting.PLAIN

    def __str__(self) -> str:
        return f"{self.root}.{self.name}" if self.name else self.root


@dataclass(frozen=True, slots=True)
class Template:
    """Text and macros in order. `source` is what was written."""

    source: str
    parts: tuple[str | Macro, ...]

    @property
    def macros(self) -> tuple[Macro, ...]:
        """The macros in it, in order."""
        return tuple(part for part in self.parts if isinstance(part, Macro))

    def __str__(self) -> str:
        return self.source


class TemplateError(ValueError):
    """A template that cannot be compiled. `position` is the offset of the offending macro, in characters."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.position = position


def parse_template(source: str, quoting: Quoting = Quoting.PLAIN) -> Template:
    """Compile `source`.

    Raises TemplateError for a macro that is not closed, is empty, or names something that cannot exist.
    """
    parts: list[str | Macro] = []
    at = 0
    while (start := source.find(_OPEN, at)) >= 0:
        while source.startswith("{", start + 2):
            start += 1  # of many braces the last two open the macro, so that one may follow a JSON object's
        if start > at:
            parts.append(source[at:start])
        end = source.find(_CLOSE, start + 2)
        if source.startswith("{{'{{'}}", start):
            parts.append(_OPEN)
            at = start + len("{{'{{'}}")
            continue
        if end < 0:
            raise TemplateError(f"expected }}}} to close the macro at character {start + 1}", start)
        parts.append(_macro(source[start + 2 : end].strip(), start, quoting))
        at = end + 2
    if at < len(source):
        parts.append(source[at:])
    return Template(source, tuple(parts))


def parse_message(source: str) -> Template:
    """Compile an MQTT message. In one that is JSON, each macro is marked by where it stands, so that it stays JSON."""
    template = parse_template(source)
    inside = _inside_strings(template)
    if not inside or not _is_json(_filled(template, inside, "0")):
        return template
    # In a text such as {"n": 1{{x}}}, or one that is nothing but a macro, the author knows better what stands there.
    whole = _filled(template, inside, "null")
    outside = Quoting.JSON_VALUE if whole.lstrip()[:1] in ("{", "[") and _is_json(whole) else Quoting.PLAIN
    marks = iter(inside)
    parts = tuple(
        Macro(part.root, part.name, Quoting.JSON_STRING if next(marks) else outside) if isinstance(part, Macro) else part
        for part in template.parts
    )
    return Template(source, parts)


def _macro(path: str, position: int, quoting: Quoting) -> Macro:
    root, dot, name = path.partition(".")
    if root not in ROOTS:
        near = get_close_matches(root, ROOTS, 1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise TemplateError(f"expected a macro that begins with one of {', '.join(ROOTS)}, found {path!r}{hint}", position)
    names = ROOTS[root]
    if names is None:
        if not name and (dot or root != "payload"):
            raise TemplateError(f"expected a name after {root}., found {path!r}", position)
    elif name not in names and (names or name or dot):
        known = " or ".join(f"{root}.{known}" for known in sorted(names)) or root
        raise TemplateError(f"expected {known}, found {path!r}", position)
    return Macro(root, name, quoting)


def _inside_strings(template: Template) -> list[bool]:
    """For each macro whether it stands inside a JSON string, if the whole is JSON."""
    marks: list[bool] = []
    in_string = escaped = False
    for part in template.parts:
        if isinstance(part, Macro):
            marks.append(in_string)
            continue
        for char in part:
            if escaped:
                escaped = False
            elif char == "\\":
                escaped = in_string
            elif char == '"':
                in_string = not in_string
    return marks


def _filled(template: Template, inside: list[bool], value: str) -> str:
    """The text with a 0 for each macro in a string, and `value` for each of the others."""
    marks = iter(inside)
    return "".join([part if isinstance(part, str) else "0" if next(marks) else value for part in template.parts])


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
