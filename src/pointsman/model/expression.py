"""Conditions, as a trigger's `when` has them: a small language over what is known at a change. Parsed once, never executed.

    payload.temperature > 30 and state.priority >= 10 and not (properties["Service mode"] == true)

    or, and, not · == != < <= > >= in · + - * / % · ( ) · [a, b] · 'text' "text" 12 3.5 true false null
    payload.a.b, payload["any name"], payload.list[0] · properties.NAME · id, name, timestamp, offline
    state.id, state.name, state.priority, state.age · previous.… the same
    exists(x) number(x) text(x) lower(x) abs(x) min(…) max(…)

Ages are in milliseconds. What they mean is `core/evaluate.py`'s.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TypeAlias

LENGTH = 2000
"""How long an expression may be, in characters."""
DEPTH = 40
"""How deep its parts may lie in each other."""

FIELDS = {
    "payload": None,
    "properties": None,
    "id": frozenset[str](),
    "name": frozenset[str](),
    "timestamp": frozenset[str](),
    "offline": frozenset[str](),
    "state": frozenset({"id", "name", "priority", "age"}),
    "previous": frozenset({"id", "name", "priority", "age"}),
}
"""What an expression can name: nothing in it, fixed names, or (None) whatever there is."""
FUNCTIONS = {"exists": 1, "number": 1, "text": 1, "lower": 1, "abs": 1, "min": None, "max": None}
"""Each function with how many arguments it takes; None: one or more."""


@dataclass(frozen=True, slots=True)
class Literal:
    """A value as written."""

    value: str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Name:
    """A value that is looked up: a root and the steps into it."""

    root: str
    steps: tuple[str | int, ...]

    def __str__(self) -> str:
        return self.root + "".join(f"[{step!r}]" if isinstance(step, int) else f".{step}" for step in self.steps)


@dataclass(frozen=True, slots=True)
class Listing:
    """A list of values."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Unary:
    """`not x` or `-x`."""

    operator: str
    operand: Node


@dataclass(frozen=True, slots=True)
class Binary:
    """Two values and what is between them."""

    operator: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Call:
    """A function of values."""

    function: str
    arguments: tuple[Node, ...]


Node: TypeAlias = "Literal | Name | Listing | Unary | Binary | Call"


@dataclass(frozen=True, slots=True)
class Expression:
    """A parsed expression. `source` is what was written."""

    source: str
    root: Node
    names: tuple[Name, ...] = field(init=False, compare=False, repr=False)
    """The names in it, each once, as they follow each other."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", tuple(dict.fromkeys(_names(self.root))))

    def __str__(self) -> str:
        return self.source


def _names(node: Node) -> Iterator[Name]:
    match node:
        case Name():
            yield node
        case Listing(parts) | Call(_, parts):
            for part in parts:
                yield from _names(part)
        case Unary(_, operand):
            yield from _names(operand)
        case Binary(_, left, right):
            yield from _names(left)
            yield from _names(right)
        case Literal():
            pass


class ExpressionError(ValueError):
    """An expression that cannot be parsed. `position` is the offset where, in characters."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.position = position


_TOKEN = re.compile(
    r"""\s*(?:
        (?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?) |
        (?P<text>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*") |
        (?P<word>[A-Za-z_][A-Za-z0-9_]*) |
        (?P<sign>==|!=|<=|>=|[-+*/%<>()\[\],.])
    )""",
    re.VERBOSE,
)
_LEVELS = (("or",), ("and",), ("==", "!=", "<", "<=", ">", ">=", "in"), ("+", "-"), ("*", "/", "%"))
"""Binary operators, loosest first. Comparisons do not chain."""
_COMPARISON = 2
_CONSTANTS = {"true": True, "false": False, "null": None}


def parse_expression(source: str) -> Expression:
    """Parse `source`. Raises ExpressionError, saying what was expected and what was found."""
    if len(source) > LENGTH:
        raise ExpressionError(f"expected at most {LENGTH} characters, found {len(source)}", LENGTH)
    parser = _Parser(source)
    root = parser.binary(0)
    parser.expect_end()
    return Expression(source, root)


class _Parser:
    """Recursive descent over the tokens: (kind, text, offset)."""

    def __init__(self, source: str) -> None:
        self._tokens = _tokens(source)
        self._at = 0
        self._depth = 0

    def binary(self, level: int) -> Node:
        """Operators of this level and those that bind tighter."""
        if level == len(_LEVELS):
            return self._unary()
        if level == _COMPARISON and self._next_is("not"):
            return Unary("not", self._deeper(lambda: self.binary(_COMPARISON)))
        left = self.binary(level + 1)
        while (operator := self._take(*_LEVELS[level])) is not None:
            left = Binary(operator, left, self.binary(level + 1))
            if level == _COMPARISON:
                break
        return left

    def expect_end(self) -> None:
        """Nothing may follow."""
        kind, text, offset = self._tokens[self._at]
        if kind != "end":
            raise ExpressionError(f"expected an operator or the end, found {text!r}", offset)

    def _unary(self) -> Node:
        if self._next_is("-"):
            return Unary("-", self._deeper(self._unary))
        return self._primary()

    def _primary(self) -> Node:
        kind, text, offset = self._tokens[self._at]
        self._at += 1
        if kind == "number":
            return Literal(float(text) if set(text) & set(".eE") else int(text))
        if kind == "text":
            return Literal(re.sub(r"\\(.)", r"\1", text[1:-1]))
        if text == "(":
            inner = self._deeper(lambda: self.binary(0))
            self._expect(")")
            return inner
        if text == "[":
            return Listing(self._items("]"))
        if kind == "word" and text in _CONSTANTS:
            return Literal(_CONSTANTS[text])
        if kind == "word" and self._next_is("("):
            return self._call(text, offset)
        if kind == "word":
            return self._name(text, offset)
        raise ExpressionError(f"expected a value, found {text!r}" if text else "expected a value, found the end", offset)

    def _call(self, function: str, offset: int) -> Node:
        if function not in FUNCTIONS:
            raise ExpressionError(f"expected one of {', '.join(FUNCTIONS)}, found {function!r}", offset)
        arguments = self._items(")")
        wanted = FUNCTIONS[function]
        if not arguments or (wanted is not None and len(arguments) != wanted):
            raise ExpressionError(f"expected {wanted or 'one or more'} argument(s) of {function}, found {len(arguments)}", offset)
        return Call(function, arguments)

    def _name(self, root: str, offset: int) -> Node:
        if root not in FIELDS:
            near = get_close_matches(root, FIELDS, 1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise ExpressionError(f"expected one of {', '.join(FIELDS)}, found {root!r}{hint}", offset)
        steps: list[str | int] = []
        while (sign := self._take(".", "[")) is not None:
            kind, text, at = self._tokens[self._at]
            self._at += 1
            if kind == "word" and sign == ".":
                steps.append(text)
            elif kind == "text" and sign == "[":
                steps.append(re.sub(r"\\(.)", r"\1", text[1:-1]))
            elif kind == "number" and text.isdecimal():
                steps.append(int(text))
            else:
                raise ExpressionError(f"expected a name or an index after {root}, found {text!r}", at)
            if sign == "[":
                self._expect("]")
        fixed = FIELDS[root]
        if (fixed and (len(steps) != 1 or steps[0] not in fixed)) or (fixed is not None and not fixed and steps):
            known = " or ".join(f"{root}.{name}" for name in sorted(fixed)) or root
            raise ExpressionError(f"expected {known}, found {Name(root, tuple(steps))}", offset)
        return Name(root, tuple(steps))

    def _items(self, end: str) -> tuple[Node, ...]:
        items: list[Node] = []
        while not self._next_is(end):
            items.append(self._deeper(lambda: self.binary(0)))
            if self._next_is(","):
                continue
            self._expect(end)
            break
        return tuple(items)

    def _deeper(self, parse: Callable[[], Node]) -> Node:
        self._depth += 1
        if self._depth > DEPTH:
            raise ExpressionError(f"expected at most {DEPTH} levels of nesting", self._tokens[self._at][2])
        node = parse()
        self._depth -= 1
        return node

    def _take(self, *texts: str) -> str | None:
        kind, text, _ = self._tokens[self._at]
        if kind in ("sign", "word") and text in texts:
            self._at += 1
            return text
        return None

    def _next_is(self, text: str) -> bool:
        return self._take(text) is not None

    def _expect(self, text: str) -> None:
        if not self._next_is(text):
            _, found, offset = self._tokens[self._at]
            raise ExpressionError(f"expected {text!r}, found {found!r}" if found else f"expected {text!r}, found the end", offset)


def _tokens(source: str) -> list[tuple[str, str, int]]:
    tokens: list[tuple[str, str, int]] = []
    at = 0
    end = len(source.rstrip())
    while at < end:
        found = _TOKEN.match(source, at)
        if found is None or found.lastgroup is None:
            start = at + len(source[at:]) - len(source[at:].lstrip())
            raise ExpressionError(f"expected a value or an operator, found {source[start]!r}", start)
        tokens.append((found.lastgroup, found[found.lastgroup], found.start(found.lastgroup)))
        at = found.end()
    return [*tokens, ("end", "", len(source))]
