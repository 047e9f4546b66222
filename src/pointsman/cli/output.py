"""How things are printed: JSON for programs; aligned columns, local time and whole words for people.

Knows click and the standard library, nothing of what is printed. Colour only on a terminal: click takes it out elsewhere.
"""

from __future__ import annotations

import json
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import datetime

import click

from pointsman.cli.verb import JSON

_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Categories of characters that control, format, or end a line, or that nobody can see."""


def wants_json() -> bool:
    """Whether `--json` was given, before or after the verb."""
    return bool(click.get_current_context().meta.get(JSON))


def print_json(value: object) -> None:
    """One JSON value on one line."""
    click.echo(_json(value))


def _json(value: object) -> str:
    """In plain ASCII where standard output is not UTF-8. `dict` is for mappings of other kinds."""
    utf8 = sys.stdout.encoding.lower().replace("-", "") == "utf8"
    return json.dumps(value, ensure_ascii=not utf8, default=dict)


def print_json_array(values: Iterable[object]) -> None:
    """One JSON array, a value a line, without holding them all."""
    empty = True
    for value in values:
        click.echo(f"{'[' if empty else ','}{_json(value)}")
        empty = False
    click.echo("[]" if empty else "]")


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Lines of aligned columns, each as wide as its widest cell; the last may be as long as it likes."""
    body = [headings, *rows]
    widths = [max(len(row[column]) for row in body) for column in range(len(headings))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in body]


def pairs(values: Iterable[tuple[str, str]]) -> list[str]:
    """Lines of names and values, the values aligned; lines after a value's first are indented as far."""
    listed = list(values)
    width = max((len(name) for name, _ in listed), default=0)
    indent = "\n" + " " * (width + 2)
    return [f"{name.ljust(width)}  {value.replace(chr(10), indent)}".rstrip() for name, value in listed]


def counted(number: int, noun: str, plural: str = "") -> str:
    """`1 job`, `2 jobs`; `plural` for a noun that is more than an s short of it."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


def moment(milliseconds: int | None) -> str:
    """A time in ms since the Unix epoch as local time, to the millisecond; `-` for none."""
    if milliseconds is None:
        return "-"
    local = datetime.fromtimestamp(milliseconds / 1000).astimezone()
    return f"{local:%Y-%m-%d %H:%M:%S}.{milliseconds % 1000:03}"


def visible(text: str) -> str:
    """A text as one line that leaves the terminal alone: control characters, which a device may send, are shown, not obeyed."""
    return "".join([_shown(each) if unicodedata.category(each) in _UNSEEN else each for each in text])


def visible_lines(text: str) -> str:
    """The same for a text of several lines, which stay lines."""
    return "\n".join(visible(line) for line in text.split("\n"))


def shorten(text: str, width: int) -> str:
    """At most `width` characters of a text."""
    return text if len(text) <= width else text[: width - 1] + "…"


def _shown(character: str) -> str:
    return {"\n": "⏎", "\r": "", "\t": " "}.get(character, f"\\x{ord(character):02x}" if ord(character) < 256 else "�")
