"""Markdown as the project's documents are written: fenced blocks, code spans, headings, links. Knows nothing of what they say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

_FENCE = re.compile(r"^(?P<indent> *)```(?P<language>[\w-]*) *$")
_SPAN = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6} +(.*?) *$")


@dataclass(frozen=True)
class Block:
    """A fenced block."""

    document: str
    line: int
    """Of its first line of text, from 1."""
    language: str
    text: str
    follows: bool
    """Whether nothing but empty lines is between it and the block before."""

    @property
    def name(self) -> str:
        """The file it is said to be, when it is YAML and begins with `# NAME.yaml`; else empty."""
        found = re.match(r"# ([\w./-]+\.yaml)\n", self.text)
        return found[1] if found else ""

    def __str__(self) -> str:
        return f"{self.document}:{self.line}"


@dataclass(frozen=True)
class Span:
    """Code within a line."""

    line: int
    text: str


class Document:
    """One file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = str(path.relative_to(ROOT))
        self.text = path.read_text()

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """Its fenced blocks, in order."""
        return tuple(self._blocks())

    @cached_property
    def prose(self) -> tuple[tuple[int, str], ...]:
        """The lines outside of fenced blocks, with their numbers."""
        fenced: set[int] = set()
        for block in self.blocks:
            fenced.update(range(block.line - 1, block.line + block.text.count("\n") + 1))
        return tuple((number, line) for number, line in enumerate(self.text.splitlines(), 1) if number not in fenced)

    @property
    def spans(self) -> Iterator[Span]:
        """Code within lines."""
        for number, line in self.prose:
            for found in _SPAN.finditer(line):
                yield Span(number, found[1])

    @property
    def links(self) -> tuple[str, ...]:
        """Where its links lead, as written."""
        return tuple(_LINK.findall("\n".join(line for _, line in self.prose)))

    @cached_property
    def anchors(self) -> frozenset[str]:
        """What `#…` may name in it: its headings, as GitHub spells them."""
        return frozenset(_slug(found[1]) for _, line in self.prose if (found := _HEADING.match(line)))

    def _blocks(self) -> Iterator[Block]:
        lines = self.text.splitlines()
        number, between = 0, "\n"
        while number < len(lines):
            opening = _FENCE.match(lines[number])
            number += 1
            if opening is None:
                between += lines[number - 1]
                continue
            indent, start = opening["indent"], number
            while number < len(lines) and lines[number] != f"{indent}```":
                number += 1
            assert number < len(lines), f"{self.name}:{start}: a fence that is not closed"
            text = "".join(f"{line.removeprefix(indent)}\n" for line in lines[start:number])
            yield Block(self.name, start + 1, opening["language"], text, not between.strip())
            number, between = number + 1, ""


def _slug(heading: str) -> str:
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").lower()
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


def documents() -> tuple[Document, ...]:
    """All documents of the repository that people read: at the top, in `docs/`, and beside what they explain."""
    found = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "packaging").glob("*.md")]
    return tuple(Document(path) for path in sorted(found))
