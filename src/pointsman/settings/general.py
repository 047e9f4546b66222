"""Reads any YAML 1.2 into a tree, with ruamel.yaml's events, and says what is wrong with it.

Beyond YAML's own rules: one document; each key once; keys are text; no tags but `!!str`; no merge keys; and what aliases stand
for may not grow without bound (an alias of aliases of aliases …).
"""

from __future__ import annotations

from dataclasses import dataclass

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    DocumentStartEvent,
    Event,
    MappingStartEvent,
    ScalarEvent,
    SequenceStartEvent,
)
from ruamel.yaml.reader import ReaderError

from pointsman.settings.tree import Map, Seq, Value, key_text, scalar

DEPTH = 60
"""How deep collections may lie in each other."""
GROWTH = 1_000_000
"""How many values aliases may stand for, all together."""
_TEXT = "tag:yaml.org,2002:str"


class YamlFault(Exception):
    """The text is not a YAML document that a configuration can be. `offset` is where, in characters."""

    def __init__(self, message: str, offset: int, first: int | None = None) -> None:
        super().__init__(message)
        self.offset = offset
        self.first = first
        """For a key that is there twice: where it was first."""


def read_general(text: str, base: int = 0) -> Value:
    """What `text` holds; marks count from `base`. Raises YamlFault."""
    builder = _Builder(base)
    try:
        for event in YAML(typ="safe", pure=True).parse(text):
            builder.take(event)
    except YamlFault:
        raise
    except MarkedYAMLError as fault:
        mark = fault.problem_mark or fault.context_mark
        offset = min(mark.index, len(text)) if mark else 0
        raise YamlFault(_in_words(fault, text, offset), offset) from None
    except ReaderError as fault:
        raise YamlFault("expected YAML, found a character that it does not allow; take it out", _unreadable(text)) from fault
    except Exception as fault:
        # Whatever the parser trips over is the file's fault as far as its author can do anything about it.
        raise YamlFault(f"expected YAML, found something that cannot be read ({fault!r})", builder.at) from fault
    return builder.root


def _in_words(fault: MarkedYAMLError, text: str, offset: int) -> str:
    """What the parser says, and what it is when a macro was not quoted, which is what happens most."""
    said = " ".join(part for part in (fault.context, fault.problem) if part)
    line = text[text.rfind("\n", 0, offset) + 1 :].partition("\n")[0]
    hint = "; put text with {{…}} in it in quotes" if "{{" in line else ""
    return f"expected YAML, found what cannot be it: {said}{hint}"


def _unreadable(text: str) -> int:
    """Where the first character is that YAML does not allow (YAML 1.2 §5.1)."""
    for offset, char in enumerate(text):
        if not (char in "\t\n\r\x85" or "\x20" <= char <= "\x7e" or (char >= "\xa0" and char not in "\ufffe\uffff")):
            return offset
    return 0


@dataclass(slots=True)
class _Frame:
    """A collection that is being read."""

    node: Map | Seq
    anchor: str | None
    key: str | None = None
    key_at: int = 0
    count: int = 1
    """How many values it holds, those of aliases each time they are used."""


class _Builder:
    """Makes a tree of events."""

    def __init__(self, base: int) -> None:
        self._base = base
        self._frames: list[_Frame] = []
        self._anchors: dict[str, tuple[Value, int]] = {}
        self._documents = 0
        self._grown = 0
        self.at = 0
        self.root: Value = None

    def take(self, event: Event) -> None:
        """The next event."""
        self.at = event.start_mark.index
        match event:
            case DocumentStartEvent():
                self._documents += 1
                if self._documents > 1:
                    raise YamlFault("expected one document, found a second one; keep it in a file of its own in conf.d", self.at)
            case AliasEvent():
                self._alias(event.anchor)
            case ScalarEvent():
                self._scalar(event)
            case MappingStartEvent() | SequenceStartEvent():
                self._open(event)
            case CollectionEndEvent():
                frame = self._frames.pop()
                self._put(frame.node, frame.node.at - self._base, frame.anchor, frame.count)

    def _open(self, event: MappingStartEvent | SequenceStartEvent) -> None:
        if not event.implicit:
            raise YamlFault(f"expected no tag, found {event.tag}; take it out", self.at)
        if len(self._frames) >= DEPTH:
            raise YamlFault(f"expected at most {DEPTH} collections in each other, found more", self.at)
        if self._frames and isinstance(self._frames[-1].node, Map) and self._frames[-1].key is None:
            raise YamlFault("expected a text as a key, found a collection; put text that begins with { or [ in quotes", self.at)
        kind = Map if isinstance(event, MappingStartEvent) else Seq
        self._frames.append(_Frame(kind(self._base + self.at), event.anchor))

    def _scalar(self, event: ScalarEvent) -> None:
        explicit = event.tag is not None
        if explicit and event.tag != _TEXT:
            raise YamlFault(f"expected no tag but !!str, found {event.tag}; take it out", self.at)
        text: str = event.value
        if not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text):
            raise YamlFault("expected Unicode text, found half of a surrogate pair; write the character itself", self.at)
        as_text = explicit or event.style is not None
        frame = self._frames[-1] if self._frames else None
        if frame is not None and isinstance(frame.node, Map) and frame.key is None:
            key = text if as_text else key_text(text)
            self._key(frame, key)
            if event.anchor is not None:
                self._anchors[event.anchor] = (key, 1)
        else:
            self._put(text if as_text else scalar(text), self.at, event.anchor, 1)

    def _key(self, frame: _Frame, key: str) -> None:
        if key == "<<":
            raise YamlFault(
                "expected a key, found <<: merge keys are not part of YAML 1.2; let a class hold what is shared", self.at
            )
        if isinstance(frame.node, Map) and key in frame.node:
            first = frame.node.place(key)[0] - self._base
            raise YamlFault(f"expected each key once, found {key!r} again", self.at, first)
        frame.key, frame.key_at = key, self._base + self.at

    def _alias(self, anchor: str) -> None:
        if anchor not in self._anchors:
            raise YamlFault(f"expected an anchor &{anchor} before its alias, found none (or one around it)", self.at)
        value, count = self._anchors[anchor]
        self._grown += count
        if self._grown > GROWTH:
            raise YamlFault(f"expected aliases to stand for at most {GROWTH} values, found more", self.at)
        frame = self._frames[-1]
        if isinstance(frame.node, Map) and frame.key is None:
            if not isinstance(value, str):
                raise YamlFault("expected a text as a key, found an alias of something else", self.at)
            self._key(frame, value)
        else:
            self._put(value, self.at, None, count)

    def _put(self, value: Value, offset: int, anchor: str | None, count: int) -> None:
        """A value is complete: into the collection around it, or it is the document's."""
        if anchor is not None:
            self._anchors[anchor] = (value, count)
        if not self._frames:
            self.root = value
            return
        frame = self._frames[-1]
        frame.count += count
        if isinstance(frame.node, Seq):
            frame.node.put(value, self._base + offset)
        elif frame.key is not None:
            frame.node.put(frame.key, frame.key_at, value, self._base + offset)
            frame.key = None
