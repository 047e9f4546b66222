"""Topics and topic filters: what can be published to and subscribed to, and which matches which.

Rules: MQTT 5 §4.7. Beyond them, what brokers cut the connection for (control characters, non-characters, more
than 200 levels) is refused here, before it can reach one.
"""

from __future__ import annotations

from dataclasses import dataclass, field

MAX_BYTES = 65_535
"""MQTT 5 §1.5.4: a UTF-8 encoded string is at most this many bytes."""
MAX_LEVELS = 200
"""Mosquitto's TOPIC_HIERARCHY_LIMIT; it disconnects whoever goes over it."""


def text_fault(text: str) -> str | None:
    """Why `text` cannot be an MQTT string that every broker takes, or None when it can."""
    for char in text:
        code = ord(char)
        if code < 0x20 or 0x7F <= code <= 0x9F:
            return f"control character U+{code:04X}"
        if 0xD800 <= code <= 0xDFFF:
            return f"lone surrogate U+{code:04X}"
        if 0xFDD0 <= code <= 0xFDEF or code & 0xFFFE == 0xFFFE:
            return f"non-character U+{code:04X}"
    return None


def topic_fault(topic: str) -> str | None:
    """Why a message cannot be published to `topic`, or None when it can."""
    if not topic:
        return "an empty topic"
    if "+" in topic or "#" in topic:
        return "a wildcard (+ or #)"
    if topic.startswith("$"):
        return "a leading $, which is the broker's own"
    return _length_fault(topic) or (None if topic.isascii() and topic.isprintable() else text_fault(topic))


def filter_fault(text: str) -> str | None:
    """Why `text` cannot be subscribed to, or None when it can."""
    if not text:
        return "an empty topic filter"
    if text.startswith("$share/"):
        return "a shared subscription, which splits an entity's order between workers"
    levels = text.split("/")
    for position, level in enumerate(levels):
        if level == "#" and position != len(levels) - 1:
            return "a # that is not the last level"
        if len(level) > 1 and ("+" in level or "#" in level):
            return f"a wildcard that is not a whole level: {level!r}"
    return _length_fault(text) or text_fault(text)


def _length_fault(text: str) -> str | None:
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        return f"more than {MAX_BYTES} bytes"
    if text.count("/") >= MAX_LEVELS:
        return f"more than {MAX_LEVELS} levels"
    return None


@dataclass(frozen=True, slots=True)
class TopicFilter:
    """A topic filter that is known to be valid.

    Raises ValueError, saying what is wrong with it, when it is not.
    """

    text: str
    levels: tuple[str, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        fault = filter_fault(self.text)
        if fault:
            raise ValueError(f"topic filter {self.text!r} has {fault}")
        object.__setattr__(self, "levels", tuple(self.text.split("/")))

    def match(self, topic: str) -> tuple[str, ...] | None:
        """What each wildcard of this filter stands for in `topic`, in order; None when it does not match.

        `#` stands for the rest, which may be empty: it also matches the parent level (MQTT 5 §4.7.1.2). A leading
        wildcard does not match a topic that begins with `$` (§4.7.2).
        """
        names = topic.split("/")
        levels = self.levels
        if topic[:1] == "$" and levels[0] in ("+", "#"):
            return None
        captured: list[str] = []
        for position, level in enumerate(levels):
            if level == "#":
                captured.append("/".join(names[position:]))
                return tuple(captured)
            if position >= len(names):
                return None
            if level == "+":
                captured.append(names[position])
            elif level != names[position]:
                return None
        return tuple(captured) if len(names) == len(levels) else None

    @property
    def wildcards(self) -> int:
        """How many wildcards it has: the highest `{n}` that an intake rule may name."""
        return sum(level in ("+", "#") for level in self.levels)

    def overlaps(self, other: TopicFilter) -> bool:
        """Whether some topic matches both. A broker may deliver such a message once for each filter."""
        return _overlap(self.levels, other.levels)

    def __str__(self) -> str:
        return self.text


def _overlap(one: tuple[str, ...], two: tuple[str, ...]) -> bool:
    for position in range(max(len(one), len(two))):
        a = one[position] if position < len(one) else None
        b = two[position] if position < len(two) else None
        if a == "#" or b == "#":
            rest = one if a == "#" else two
            return not (position == 0 and _begins_with_dollar(two if rest is one else one))
        if a is None or b is None:
            return False
        if position == 0 and "+" in (a, b) and (a.startswith("$") or b.startswith("$")):
            return False
        if a != b and "+" not in (a, b):
            return False
    return True


def _begins_with_dollar(levels: tuple[str, ...]) -> bool:
    return levels[0].startswith("$")
