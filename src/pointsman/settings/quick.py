"""Reads the plain part of YAML: block and flow collections, plain and quoted scalars of one line, literal block scalars.

It is there because the general reader, pure Python, takes half a minute for 100,000 objects and this one two seconds. At whatever
is not plainly that (anchors, tags, folded or many-line scalars, tabs, more documents, and everything that is wrong) it gives up,
and `general.py` reads the whole file. So it never has to say what is wrong; but what it does read, it has to read as the general
reader does: `tests/unit/test_settings_yaml.py` compares the two.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pointsman.settings.quick_line import COLON, DEPTH, FIRST, LONGEST_KEY, LineReader, NotPlain
from pointsman.settings.tree import Map, Seq, Value, key_text, scalar

__all__ = ["NotPlain", "read_quick"]


_UNUSUAL = re.compile(
    "[^\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]|^(?:---|\\.\\.\\.|%)", re.MULTILINE
)
_GAP = re.compile(r"(?: *(?:#[^\n]*)?\n)*+( *)")
"""From the beginning of a line over empty lines and comments to what comes next."""
_LINE_END = re.compile(r" *(?: #[^\n]*)?\n")
_DASH = re.compile(r"-(?: +|(?=\n))")
_KEY = re.compile(rf"({FIRST}[^\n]*?) *:(?: +|(?=\n))")
_PLAIN = re.compile(rf"({FIRST}[^\n]*?)(?= *\n| +#)")
_LITERAL = re.compile(r"\|([-+]?)(?= *(?: #[^\n]*)?\n)")


def read_quick(text: str, base: int = 0) -> Value:
    """What `text` holds; marks count from `base`. Raises NotPlain."""
    if not text.endswith("\n"):
        if "|" in text:
            raise NotPlain  # the last line of a literal scalar would not end in one either
        text += "\n"
    if _UNUSUAL.search(text):
        raise NotPlain
    return _Reader(text, base).document()


class _Reader(LineReader):
    """Each method leaves `self.at` at the first character of the next line's content, with `self.indent` that line's indentation:
    -1 at the end of the text."""

    def __init__(self, text: str, base: int) -> None:
        super().__init__(text, base)
        self.indent = 0

    def document(self) -> Value:
        self._next_line()
        if self.indent < 0:
            return None
        value = self._block(self.indent)
        if self.indent >= 0:
            raise NotPlain  # a line that belongs to no block: each leaves what is not indented as its own lines are
        return value

    # Blocks

    def _block(self, indent: int) -> Value:
        """A collection whose lines begin at column `indent`, where `at` is."""
        self.depth += 1
        if self.depth > DEPTH:
            raise NotPlain
        value: Map | Seq = self._sequence(indent) if _DASH.match(self.text, self.at) else self._mapping(indent)
        self.depth -= 1
        return value

    def _sequence(self, indent: int) -> Seq:
        seq = Seq(self.base + self.at)
        while self.indent == indent and (dash := _DASH.match(self.text, self.at)):
            at = dash.end()
            column = indent + at - self.at
            self.at = at
            if self.text[at] in "'\"" or self.text[at] == "-" or _KEY.match(self.text, at):
                inline = self._inline(column)
                seq.put(inline if inline is not None else self._value(indent), self.base + at)
                continue
            value = self._value(indent)
            seq.put(value, getattr(value, "at", self.base + at))
        return seq

    def _inline(self, column: int) -> Value:
        """A collection that begins behind a dash; None, with nothing read, when there is a scalar."""
        quoted = self.text[self.at] in "'\""
        if quoted:
            end = self.quoted_end(self.at)
            if not COLON.match(self.text, end):
                return None
        elif self.text[self.at] == "-" and not _DASH.match(self.text, self.at) and not _KEY.match(self.text, self.at):
            return None
        self.indent = column
        return self._block(column)

    def _mapping(self, indent: int) -> Map:
        found = Map(self.base + self.at)
        while self.indent == indent:
            at = self.at
            key = self._key()
            if key in found:
                raise NotPlain
            value_at = self.at
            value = self._value(indent, in_mapping=True)
            found.put(key, self.base + at, value, getattr(value, "at", self.base + value_at))
        return found

    def _key(self) -> str:
        """A key and the colon behind it."""
        first = self.text[self.at]
        if first in "'\"":
            start = self.at
            key = self.quoted()
            colon = COLON.match(self.text, self.at)
            if not colon or self.at - start > LONGEST_KEY:
                raise NotPlain
            self.at = colon.end()
            return self.names.setdefault(key, key)
        match = _KEY.match(self.text, self.at)
        if not match or " #" in match[1] or len(match[1]) > LONGEST_KEY:
            raise NotPlain
        self.at = match.end()
        key = key_text(match[1])
        return self.names.setdefault(key, key)

    def _value(self, indent: int, *, in_mapping: bool = False) -> Value:
        """What is behind a key or a dash of a collection at `indent`, on the same line or below it; ends at the next line."""
        text, first = self.text, self.text[self.at]
        match first:
            case "{" | "[":
                value: Value = self.flow()
            case "'" | '"':
                value = self.quoted()
            case "|":
                return self._literal(indent)
            case "\n" | "#":
                self._end_line()
                if self.indent > indent or (in_mapping and self.indent == indent and _DASH.match(text, self.at)):
                    return self._block(self.indent)
                return None
            case _:
                match = _PLAIN.match(text, self.at)
                if not match or ": " in match[1] or match[1][-1] == ":":
                    raise NotPlain
                self.at = match.end()
                value = scalar(match[1])
        self._end_line()
        return value

    def _end_line(self) -> None:
        """Nothing but a comment may follow; go on to the next line's content."""
        comment = self.text[self.at] == "#"  # there is a space before it: one is part of what ends here
        end = _LINE_END.match(self.text, self.at - 1 if comment else self.at)
        if end is None:
            raise NotPlain
        self.at = end.end()
        self._next_line()

    def _next_line(self) -> None:
        gap = _GAP.match(self.text, self.at)
        if gap is None:
            raise NotPlain
        self.at = gap.end()
        self.indent = len(gap[1]) if self.at < len(self.text) else -1

    # Literal scalars

    def _literal(self, indent: int) -> str:
        """A literal block scalar (YAML 1.2 §8.1.2) whose lines are indented by more than `indent`."""
        header = _LITERAL.match(self.text, self.at)
        if header is None:
            raise NotPlain
        self.at = self.text.index("\n", header.end()) + 1
        text = "".join([line + "\n" for line in self._literal_lines(indent)])
        self._next_line()
        match header[1]:
            case "-":
                return text.rstrip("\n")
            case "+":
                return text
        return text.rstrip("\n") + "\n"

    def _literal_lines(self, indent: int) -> Iterator[str]:
        """Its lines without their indentation, which is that of the first one that is not empty."""
        inner: int | None = None
        while self.at < len(self.text):
            end = self.text.index("\n", self.at)
            line = self.text[self.at : end]
            content = line.lstrip(" ")
            margin = len(line) - len(content)
            if content:
                inner = margin if inner is None else inner
                if margin < inner:
                    break
            elif line and margin > (inner or 0):
                raise NotPlain
            if inner is not None and inner <= indent:
                raise NotPlain
            yield line[inner or 0 :]
            self.at = end + 1
        if inner is None:
            raise NotPlain
