"""Reads deliveries: delivery × rules × catalog → commands. Pure.

A message that cannot be taken becomes a Reject, never an exception.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pointsman.model.catalog import Catalog
from pointsman.model.command import Cancel, Command, Execute, RejectReason, ReportState, ReportValues
from pointsman.model.delivery import Delivery
from pointsman.model.ids import MQTT_USER, EntityRef
from pointsman.model.json import Json
from pointsman.model.jsonpath import Missing
from pointsman.model.rule import Ignore, IntakeRule, ReplyRule
from pointsman.model.state import Retained
from pointsman.mqtt.manual import Unfit, read_manual
from pointsman.mqtt.reading import Unreadable, excerpt, finite, json_of, milliseconds, reject, reply_to, scalar, whole
from pointsman.mqtt.replies import reply_of, result_of
from pointsman.mqtt.topics import CancelTopic, ExecuteTopic, ManualTopic, ResultTopic, StateTopic, Topics

ROUTES = 10_000
"""For how many topics it is remembered which rules read them."""

_CAPTURE = re.compile(r"\{(\d+)\}")


@dataclass(frozen=True, slots=True)
class Route:
    """A rule that reads a topic, and what the topic names for it."""

    rule: IntakeRule | ReplyRule
    named: str
    """The entity or the job; empty where the payload names it."""


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
        match self._topics.read(delivery.topic):
            case StateTopic(entity):
                return self._read_own(delivery, entity, catalog)
            case ManualTopic(entity):
                return [_manual(delivery, entity, catalog)]
            case ExecuteTopic() as target:
                return [_execute(delivery, target)]
            case ResultTopic(job):
                return [result_of(delivery, job)]
            case CancelTopic() as target:
                return [_cancel(delivery, target)]
        routes = self._route(delivery.topic)
        if not routes:
            return [reject(delivery, RejectReason.NO_RULE, "no rule reads this topic (any more)")]
        return [command for route in routes if (command := self._read(delivery, route, catalog)) is not None]

    def _route(self, topic: str) -> tuple[Route, ...]:
        routes = self._routes.get(topic)
        if routes is None:
            found = [(rule, rule.filter.match(topic)) for rule in self._rules]
            routes = tuple([Route(rule, _named(rule, captured)) for rule, captured in found if captured is not None])
            if len(self._routes) >= ROUTES:
                self._routes.clear()
            self._routes[topic] = routes
        return routes

    def _read(self, delivery: Delivery, route: Route, catalog: Catalog) -> Command | None:
        match route.rule:
            case IntakeRule() as rule:
                return self._read_foreign(delivery, rule, route.named, catalog)
            case ReplyRule() as rule:
                return reply_of(delivery, rule, route.named)

    def _read_foreign(self, delivery: Delivery, rule: IntakeRule, named: str, catalog: Catalog) -> Command | None:
        entity = catalog.find(named)
        if entity is None:
            if Ignore.UNKNOWN_ENTITY in rule.ignore:
                return None
            detail = f"no object or link is declared with the id {excerpt(named)}"
            return reject(delivery, RejectReason.UNKNOWN_ENTITY, detail)
        try:
            bare = rule.reported is None and (rule.state is None or not rule.state.steps)
            payload = whole(delivery.payload) if bare else json_of(delivery.payload)
        except Unreadable as fault:
            return reject(delivery, RejectReason.UNPARSABLE, str(fault))
        reported = None if rule.reported is None else milliseconds(rule.reported.find(payload))
        policy = self._retained if rule.retained is None else rule.retained
        if rule.state is None:
            return _values(delivery, entity, reported, policy, catalog)
        value = rule.state.find(payload)
        if isinstance(value, Missing) or value is None or value == "":
            if Ignore.NO_VALUE in rule.ignore:
                return None
            return reject(delivery, RejectReason.NO_VALUE, f"expected the state at {rule.state}, found nothing there")
        text = scalar(value)
        if text is None:
            detail = f"expected a text, number or boolean at {rule.state}, found {excerpt(value)}"
            return reject(delivery, RejectReason.UNPARSABLE, detail)
        state = rule.map.get(text, text)
        if catalog.state(state) is None and Ignore.UNKNOWN_STATE in rule.ignore:
            return None
        return _report(delivery, entity, state, reported, policy, catalog)

    def _read_own(self, delivery: Delivery, entity: EntityRef, catalog: Catalog) -> Sequence[Command]:
        resolved = catalog.entity(entity)
        if resolved is None:
            return [reject(delivery, RejectReason.UNKNOWN_ENTITY, f"no {entity} is declared")]
        try:
            payload = whole(delivery.payload)
        except Unreadable as fault:
            return [reject(delivery, RejectReason.UNPARSABLE, str(fault))]
        body: Mapping[str, Json] = payload if isinstance(payload, Mapping) else {"state": payload}
        if resolved.conditions and "state" not in body:
            return [_values(delivery, entity, milliseconds(body.get("timestamp")), self._retained, catalog)]
        text = scalar(body.get("state"))
        if not text:
            detail = f'expected a state, or {{"state": …}}, found {excerpt(payload)}'
            return [reject(delivery, RejectReason.NO_VALUE, detail)]
        return [_report(delivery, entity, text, milliseconds(body.get("timestamp")), self._retained, catalog)]


def _report(
    delivery: Delivery, entity: EntityRef, text: str, reported: int | None, policy: Retained, catalog: Catalog
) -> Command:
    state = catalog.state(text)
    if state is None:
        return reject(delivery, RejectReason.UNKNOWN_STATE, f"no state is declared with the id or name {excerpt(text)}")
    retained = policy if delivery.retain else None
    return ReportState(entity, state.id, delivery.topic, delivery.payload, retained, reported)


def _values(delivery: Delivery, entity: EntityRef, reported: int | None, policy: Retained, catalog: Catalog) -> Command:
    resolved = catalog.entity(entity)
    if resolved is not None and not resolved.conditions and resolved.silence is None:
        detail = f"expected {entity} to have conditions, or no_data, found neither: nothing can be made of its values"
        return reject(delivery, RejectReason.NO_CONDITIONS, detail)
    retained = policy if delivery.retain else None
    return ReportValues(entity, delivery.topic, delivery.payload, retained, reported, delivery.lineage)


def _manual(delivery: Delivery, entity: EntityRef, catalog: Catalog) -> Command:
    if delivery.retain:
        return reject(delivery, RejectReason.RETAINED_REQUEST, "a retained request would be carried out again at each connect")
    try:
        return read_manual(json_of(delivery.payload), entity, catalog, topic=delivery.topic, reply=reply_to(delivery))
    except Unreadable as fault:
        return reject(delivery, RejectReason.BAD_REQUEST, str(fault))
    except Unfit as fault:
        return reject(delivery, fault.reason, fault.detail)


def _execute(delivery: Delivery, target: ExecuteTopic) -> Command:
    if delivery.retain:
        return reject(delivery, RejectReason.RETAINED_REQUEST, "a retained request would run again at each connect")
    try:
        args = finite(json_of(delivery.payload)) if delivery.payload.strip() else {}
    except Unreadable as fault:
        return reject(delivery, RejectReason.BAD_REQUEST, str(fault))
    if not isinstance(args, Mapping):
        return reject(delivery, RejectReason.BAD_REQUEST, f"expected the arguments as a JSON object, found {excerpt(args)}")
    return Execute(
        entity=target.entity,
        operation=target.operation,
        user=MQTT_USER,
        login=MQTT_USER,
        args=args,
        topic=delivery.topic,
        reply=reply_to(delivery),
    )


def _cancel(delivery: Delivery, target: CancelTopic) -> Command:
    if delivery.retain:
        return reject(delivery, RejectReason.RETAINED_REQUEST, "a retained request would be made again at each connect")
    try:
        body = json_of(delivery.payload) if delivery.payload.strip() else {}
    except Unreadable as fault:
        return reject(delivery, RejectReason.BAD_REQUEST, str(fault))
    reason = body.get("reason", "") if isinstance(body, Mapping) and set(body) <= {"reason"} else None
    if not isinstance(reason, str):
        detail = f'expected nothing, or {{"reason": "…"}}, found {excerpt(body)}'
        return reject(delivery, RejectReason.BAD_REQUEST, detail)
    return Cancel(job=target.job, user=MQTT_USER, reason=reason, topic=delivery.topic, reply=reply_to(delivery))


def _named(rule: IntakeRule | ReplyRule, captured: Sequence[str]) -> str:
    template = rule.entity if isinstance(rule, IntakeRule) else rule.job
    return _CAPTURE.sub(lambda found: captured[int(found[1]) - 1], template) if isinstance(template, str) else ""
