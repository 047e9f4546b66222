"""The part of the quick reader that is inside a line: quoted scalars, and collections in braces and brackets. See `quick.py`."""

from __future__ import annotations

import re

from pointsman.settings.tree import Map, Seq, Value, key_text, scalar

DEPTH = 60
"""Deeper nesting is left to the general reader, which says where it is."""
LONGEST_KEY = 1000
"""YAML 1.2 §7.4.2 ends a key on one line at 1,024 characters, what is before it included."""
FIRST = r"""(?:[^ \n\-?:,\[\]{}#&*!|>'"%@`]|-(?=[^ \n,\[\]{}]))"""
"""How a plain scalar begins. YAML lets a few more begin with `?` or `:`."""
COLON = re.compile(r" *:(?: +|(?=\n))")

_SINGLE = re.compile(r"'((?:[^'\n]|'')*+)'")
_DOUBLE = re.compile(r'"((?:[^"\\\n]|\\["\\/nt])*+)"')
_ESCAPE = re.compile(r"\\(.)")
_ESCAPES = {"n": "\n", "t": "\t"}
_PLAIN = re.compile(rf"({FIRST}(?:[^\n,\[\]{{}}:# ]++|:(?=[^ \n,\[\]{{}}])| ++(?=[^ \n,\[\]{{}}:#])|#)*+)(?=[ \n,\]}}]|:[ \n])")
_GAP = re.compile(r"(?: *(?: #[^\n]*)?\n)*+ *")


class NotPlain(Exception):
    """There is something here that only the general reader reads, or refuses."""


class LineReader:
    """Each method begins at `self.at` and leaves it right behind what it has read. Raises NotPlain."""

    def __init__(self, text: str, base: int) -> None:
        self.text = text
        self.base = base
        self.at = 0
        self.depth = 0
        self.names: dict[str, str] = {}
        """Each key once: most files repeat the same few."""

    def quoted_end(self, at: int) -> int:
        """Where the quoted scalar ends that begins at `at`."""
        match = (_SINGLE if self.text[at] == "'" else _DOUBLE).match(self.text, at)
        if not match:
            raise NotPlain
        return match.end()

    def quoted(self) -> str:
        """A quoted scalar."""
        at = self.at
        self.at = self.quoted_end(at)
        inner = self.text[at + 1 : self.at - 1]
        if self.text[at] == "'":
            return inner.replace("''", "'")
        return _ESCAPE.sub(lambda found: _ESCAPES.get(found[1], found[1]), inner) if "\\" in inner else inner

    def flow(self) -> Map | Seq:
        """A collection in braces or brackets."""
        self.depth += 1
        if self.depth > DEPTH:
            raise NotPlain
        self.at += 1
        found = self._flow_map() if self.text[self.at - 1] == "{" else self._flow_seq()
        self.depth -= 1
        return found

    def _flow_map(self) -> Map:
        found = Map(self.base + self.at - 1)
        self._flow_gap()
        while self.text[self.at] != "}" or found:
            at = self.at
            key = self._flow_key()
            if key in found:
                raise NotPlain
            value_at = self.at
            found.put(key, self.base + at, self._flow_value(), self.base + value_at)
            if self._flow_closed("}"):
                return found
        self.at += 1
        return found

    def _flow_seq(self) -> Seq:
        seq = Seq(self.base + self.at - 1)
        self._flow_gap()
        while self.text[self.at] != "]" or seq:
            at = self.at
            seq.put(self._flow_value(), self.base + at)
            if self._flow_closed("]"):
                return seq
        self.at += 1
        return seq

    def _flow_closed(self, closing: str) -> bool:
        """Behind a value: whether the collection ends here. Otherwise, goes on to the next one."""
        self._flow_gap()
        after = self.text[self.at]
        self.at += 1
        if after == closing:
            return True
        if after != ",":
            raise NotPlain
        self._flow_gap()
        return False

    def _flow_key(self) -> str:
        at = self.at
        if self.text[at] in "'\"":
            key = self.quoted()
        else:
            match = _PLAIN.match(self.text, at)
            if not match:
                raise NotPlain
            self.at = match.end()
            key = key_text(match[1])
        colon = COLON.match(self.text, self.at)
        if not colon or self.at - at > LONGEST_KEY:
            raise NotPlain
        self.at = colon.end()
        self._flow_gap()
        return self.names.setdefault(key, key)

    def _flow_value(self) -> Value:
        text, at = self.text, self.at
        first = text[at]
        if first in "{[":
            return self.flow()
        if first in "'\"":
            return self.quoted()
        match = _PLAIN.match(text, at)
        if not match:
            raise NotPlain
        self.at = match.end()
        return scalar(match[1])

    def _flow_gap(self) -> None:
        """Over spaces, line ends and comments; there must be something behind them."""
        if self.text[self.at] not in " \n":
            return
        gap = _GAP.match(self.text, self.at)
        if gap is None or gap.end() >= len(self.text):
            raise NotPlain
        self.at = gap.end()
