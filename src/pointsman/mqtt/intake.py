"""Reads deliveries: delivery × rules × catalog → commands. Pure.

A message that cannot be taken becomes a Reject, never an exception. What is read of a report is `reports.py`'s, of a request
`asked.py`'s, of an answer `replies.py`'s.
"""

from __future__ import annotations

import re
from collections.abc import Sequence, Set
from dataclasses import dataclass

from pointsman.model.catalog import Catalog
from pointsman.model.command import Command, RejectReason
from pointsman.model.delivery import Delivery
from pointsman.model.ids import EntityRef
from pointsman.model.rule import IntakeRule, ReplyRule
from pointsman.model.state import Retained
from pointsman.mqtt.asked import read_request
from pointsman.mqtt.reading import Unreadable, reject
from pointsman.mqtt.replies import reply_of, result_of
from pointsman.mqtt.reports import read_by_rule, read_own
from pointsman.mqtt.topics import CancelTopic, ExecuteTopic, ManualTopic, OwnTopic, PropertyTopic, ResultTopic, StateTopic, Topics

ROUTES = 10_000
"""For how many topics it is remembered which rules read them."""

_CAPTURE = re.compile(r"\{(\d+)\}")


@dataclass(frozen=True, slots=True)
class Route:
    """A rule that reads a topic, and what the topic names for it."""

    rule: IntakeRule | ReplyRule
    named: str
    """The entity or the job; empty where the payload names it."""
    property: str | None = None
    """The property, where the rule reads one."""


class Reader:
    """Reads deliveries by Pointsman's own topics and the rules."""

    def __init__(
        self,
        topics: Topics,
        rules: Sequence[IntakeRule],
        *,
        replies: Sequence[ReplyRule] = (),
        retained: Retained = Retained.COMPARE,
        max_payload: int = 262_144,
    ) -> None:
        self._topics = topics
        self._rules: tuple[IntakeRule | ReplyRule, ...] = (*rules, *replies)
        self._retained = retained
        self._max_payload = max_payload
        self._routes: dict[str, tuple[Route, ...]] = {}

    @property
    def filters(self) -> tuple[str, ...]:
        """What to subscribe to: each filter once, however many rules read it."""
        return tuple(dict.fromkeys([*self._topics.filters, *[rule.filter.text for rule in self._rules]]))

    def __call__(self, delivery: Delivery, catalog: Catalog) -> Sequence[Command]:
        """What the delivery asks for."""
        size = len(delivery.payload)
        if size > self._max_payload:
            return [reject(delivery, RejectReason.TOO_LARGE, f"expected at most {self._max_payload} bytes, found {size}")]
        own = self._topics.read(delivery.topic)
        ways = self._route(delivery.topic) if own is None else (own,)
        if not ways:
            return [reject(delivery, RejectReason.NO_RULE, "no rule reads this topic (any more)")]
        return [command for way in ways if (command := self._read(delivery, way, catalog)) is not None]

    def entities(self, topic: str, catalog: Catalog) -> Set[EntityRef]:
        """Which entities messages on this topic are about, as far as they are declared."""
        match self._topics.read(topic):
            case StateTopic(entity) | ManualTopic(entity) | ExecuteTopic(entity) | PropertyTopic(entity):
                return frozenset({entity})
            case ResultTopic() | CancelTopic():
                return frozenset()
        named = [route.named for route in self._route(topic) if isinstance(route.rule, IntakeRule)]
        return frozenset([ref for each in named if (ref := catalog.find(each)) is not None])

    def _route(self, topic: str) -> tuple[Route, ...]:
        routes = self._routes.get(topic)
        if routes is None:
            found = [(rule, rule.filter.match(topic)) for rule in self._rules]
            routes = tuple([_route_of(rule, captured) for rule, captured in found if captured is not None])
            if len(self._routes) >= ROUTES:
                self._routes.clear()
            self._routes[topic] = routes
        return routes

    def _read(self, delivery: Delivery, way: OwnTopic | Route, catalog: Catalog) -> Command | None:
        """What a delivery says on a topic of Pointsman's own, or to a rule. None: it is passed over."""
        try:
            match way:
                case StateTopic(entity):
                    return read_own(delivery, entity, self._retained, catalog)
                case ResultTopic(job):
                    return result_of(delivery, job)
                case ExecuteTopic() | CancelTopic() | PropertyTopic() | ManualTopic():
                    return read_request(delivery, way, catalog)
                case Route():
                    return self._read_by_rule(delivery, way, catalog)
        except Unreadable as fault:
            return reject(delivery, RejectReason.UNPARSABLE, str(fault))

    def _read_by_rule(self, delivery: Delivery, route: Route, catalog: Catalog) -> Command | None:
        match route.rule:
            case IntakeRule() as rule:
                return read_by_rule(delivery, rule, route.named, route.property, self._retained, catalog)
            case ReplyRule() as rule:
                return reply_of(delivery, rule, route.named)


def _route_of(rule: IntakeRule | ReplyRule, captured: Sequence[str]) -> Route:
    if isinstance(rule, ReplyRule):
        return Route(rule, _filled(rule.job, captured) if isinstance(rule.job, str) else "")
    return Route(rule, _filled(rule.entity, captured), None if rule.property is None else _filled(rule.property, captured))


def _filled(template: str, captured: Sequence[str]) -> str:
    return _CAPTURE.sub(lambda found: captured[int(found[1]) - 1], template)
