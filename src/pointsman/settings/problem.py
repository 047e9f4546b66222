"""What is wrong with a configuration, and where. Knows neither YAML nor any setting."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from pointsman.errors import ConfigurationError

MANY = 2_000
"""Among more names than this no near one is looked for: it would take longer than reading the file."""
LISTED = 200
"""So many problems are listed in words; `InvalidConfiguration.problems` has all of them."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value comes from."""

    name: str
    """A file, the name of an environment variable or of a flag, or `default`."""
    line: int = 0
    """Counted from 1, as the column is, in characters; 0 for what has no lines."""
    column: int = 0

    def __str__(self) -> str:
        return f"{self.name}:{self.line}:{self.column}" if self.line else self.name


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong. The message says what was expected, what was found and, where there is one, the nearest name."""

    origin: Origin
    message: str

    @property
    def file(self) -> str:
        """The file; the variable's or flag's name when it is not in a file."""
        return self.origin.name

    @property
    def line(self) -> int:
        """From 1; 0 when it is not in a file."""
        return self.origin.line

    @property
    def column(self) -> int:
        """From 1, in characters; 0 when it is not in a file."""
        return self.origin.column

    def __str__(self) -> str:
        return f"{self.origin}: {self.message}"


class InvalidConfiguration(ConfigurationError):
    """The configuration has these problems: all that could be found at once."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        more = [f"… and {len(problems) - LISTED} more"] if len(problems) > LISTED else []
        super().__init__("\n".join([*map(str, problems[:LISTED]), *more]))
        self.problems = tuple(problems)


def nearest(word: str, names: Iterable[str]) -> str:
    """`; did you mean NAME?` for the name that is most like `word`, whatever its case, or nothing."""
    by_folded = {name.casefold(): name for name in names}
    if len(by_folded) > MANY:
        return ""
    near = get_close_matches(word.casefold(), by_folded, 1)
    return f"; did you mean {by_folded[near[0]]}?" if near else ""


def one_of(names: Iterable[str]) -> str:
    """`one of A, B, C`, shortened when there are many; `A` when there is one."""
    listed = list(names)
    if len(listed) == 1:
        return listed[0]
    return "one of " + ", ".join(listed if len(listed) <= 12 else [*listed[:12], "…"])


def shown(value: object) -> str:
    """A value as a message shows it: short, on one line."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return repr(value if len(value) <= 60 else value[:59] + "…")
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list" if value else "an empty list"
    return str(value)[:60]
