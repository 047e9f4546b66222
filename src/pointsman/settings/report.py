"""Gathers the problems of a configuration while it is read: nothing stops at the first one."""

from __future__ import annotations

from typing import Protocol, TypeVar

from pydantic import BaseModel, ValidationError

from pointsman.settings.faults import faults
from pointsman.settings.problem import InvalidConfiguration, Origin, Problem
from pointsman.settings.tree import Map, Path, Seq, Value, mark_of

Form = TypeVar("Form", bound=BaseModel)


class Marks(Protocol):
    """Knows where each mark is."""

    @property
    def names(self) -> tuple[str, ...]:
        """The files, in the order in which their problems are told."""

    def origin(self, mark: int) -> Origin:
        """Where a mark is."""

    def inside(self, mark: int, value: str, offset: int) -> int:
        """The mark of a character of a text, given the text's."""


class Report:
    """All problems that were found so far."""

    def __init__(self, sources: Marks) -> None:
        self.sources = sources
        self._problems: list[Problem] = []
        self._warnings: list[Problem] = []

    def add(self, problem: Problem) -> None:
        """One more."""
        self._problems.append(problem)

    def at(self, mark: int, message: str) -> None:
        """Something is wrong at a mark."""
        self.add(Problem(self.sources.origin(mark), message))

    def value(self, node: Map | Seq, path: Path, message: str) -> None:
        """The value at `path` in `node` is wrong."""
        self.at(mark_of(node, path), message)

    def key(self, node: Map | Seq, path: Path, message: str) -> None:
        """The key at `path` in `node` is wrong."""
        self.at(mark_of(node, path, key=True), message)

    def inside(self, node: Map | Seq, path: Path, offset: int, message: str) -> None:
        """The text at `path` is wrong from the character `offset` on."""
        mark = mark_of(node, path)
        found = value_at(node, path)
        self.at(self.sources.inside(mark, found, offset) if isinstance(found, str) else mark, message)

    def warn(self, node: Map | Seq, path: Path, message: str) -> None:
        """The value at `path` in `node` is right, but does not do what one might think."""
        self._warnings.append(Problem(self.sources.origin(mark_of(node, path)), message))

    def mark(self, node: Map | Seq, path: Path) -> int:
        """The mark of something."""
        return mark_of(node, path)

    def origin(self, node: Map | Seq, path: Path = ()) -> Origin:
        """Where something is, to be named in a message."""
        return self.sources.origin(mark_of(node, path))

    def parse(self, form: type[Form], value: Value, around: Map | Seq, path: Path) -> Form | None:
        """The form that the value at `path` of `around` fills in: without what is wrong in it, which is told.

        A key without a value is as if it were not there. None when there is nothing left that makes a form.
        """
        if isinstance(value, Map) and None in value.values():
            return self._parse(form, {key: item for key, item in value.items() if item is not None}, around, path)
        return self._parse(form, value, around, path)

    def _parse(self, form: type[Form], value: object, around: Map | Seq, path: Path) -> Form | None:
        try:
            return form.model_validate(value)
        except ValidationError as error:
            wrong: set[str | int] = set()
            for inner, is_key, message in faults(error, form):
                (self.key if is_key else self.value)(around, [*path, *inner], message)
                wrong.update(inner[:1])
        if not isinstance(value, dict):
            return None
        try:
            return form.model_validate({key: item for key, item in value.items() if key not in wrong})
        except ValidationError:
            return None

    def __len__(self) -> int:
        return len(self._problems)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong: each once, by file and place."""
        return tuple(self._sorted(self._problems))

    def raise_problems(self) -> None:
        """Raises InvalidConfiguration when there are any: each once, by file and place."""
        if self._problems:
            raise InvalidConfiguration(self.problems)

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What `warn` was told, by file and place."""
        return tuple(self._sorted(self._warnings))

    def _sorted(self, problems: list[Problem]) -> list[Problem]:
        order = {name: number for number, name in enumerate(self.sources.names)}
        return sorted(dict.fromkeys(problems), key=lambda each: (order.get(each.file, -1), each.line, each.column))


def value_at(node: Map | Seq, path: Path) -> Value:
    """The value at `path`, which must be there as far as it goes."""
    value: Value = node
    for step in path:
        if isinstance(value, Map) and step in value:
            value = value[str(step)]
        elif isinstance(value, Seq) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            return None
    return value
