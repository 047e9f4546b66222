"""Whether what is subscribed to gets along, and whether what is written of wildcards fits them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pointsman.model.topic import TopicFilter
from pointsman.settings.overlaps import Filters
from pointsman.settings.place import Place
from pointsman.settings.report import Report

_CAPTURE = re.compile(r"\{(\d+)\}")
_REASON = "a broker may deliver a message once for each filter that matches it, and each would count"


class FilterCheck:
    """Told of every filter of the file. Everything that is wrong goes to the report."""

    def __init__(self, report: Report, own: Iterable[TopicFilter]) -> None:
        self._report = report
        self._own = Filters(own)
        self._filters = Filters()
        self._first: dict[str, int] = {}

    def take(self, text: str, place: Place) -> TopicFilter | None:
        """The filter that is the topic of a rule; None when it cannot be subscribed to."""
        try:
            topic = TopicFilter(text)
        except ValueError as fault:
            self._report.value(place.node, ("topic",), f"expected a topic filter that can be subscribed to: {fault}")
            return None
        mark = self._report.mark(place.node, ("topic",))
        own = next(self._own.overlapping(topic), None)
        if own is not None:
            message = (
                f"expected topics that are not Pointsman's own, found {topic.text!r}, which overlaps {own.text!r}; narrow it"
            )
            self._report.at(mark, f"{message}: {_REASON}")
        if topic.text in self._first:
            return topic
        for other in self._filters.overlapping(topic):
            where = self._report.sources.origin(self._first[other.text])
            message = f"expected filters that are equal or do not overlap, found {topic.text!r} and {other.text!r} at {where}"
            self._report.at(mark, f"{message}; narrow one of them, or give both rules the same filter: {_REASON}")
        self._first[topic.text] = mark
        self._filters.add(topic)
        return topic

    def captures(self, text: str, place: Place, key: str, topic: TopicFilter | None, instead: str) -> bool:
        """Whether a text names wildcards; one that the filter does not have is told, `instead` being what else it could be."""
        found = list(_CAPTURE.finditer(text))
        for capture in found if topic is not None else ():
            if topic is not None and not 1 <= int(capture[1]) <= topic.wildcards:
                count = (
                    "no wildcard" if not topic.wildcards else f"{topic.wildcards} wildcard{'s' if topic.wildcards > 1 else ''}"
                )
                wanted = f"{{1}} to {{{topic.wildcards}}}" if topic.wildcards > 1 else "{1}" if topic.wildcards else instead
                message = f"expected {wanted}, since {topic.text!r} has {count}, found {capture[0]}"
                self._report.inside(place.node, (key,), capture.start(), message)
        return bool(found)
