"""Reads deliveries: delivery × rules × catalog → commands. Pure.

A message that cannot be taken becomes a Reject, never an exception.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic_core import from_json, to_json

from pointsman.model.catalog import Catalog
from pointsman.model.command import AddResult, Command, Execute, Reject, RejectReason, Reply, ReportState
from pointsman.model.delivery import Delivery
from pointsman.model.effect import ReplyTo
from pointsman.model.ids import MQTT_USER, EntityRef
from pointsman.model.json import Json
from pointsman.model.jsonpath import Missing
from pointsman.model.rule import Ignore, IntakeRule
from pointsman.model.state import Retained
from pointsman.model.topic import topic_fault
from pointsman.mqtt.causes import echoes_of
from pointsman.mqtt.topics import ExecuteTopic, ResultTopic, StateTopic, Topics

ROUTES = 10_000
"""For how many topics it is remembered which rules read them."""

_CAPTURE = re.compile(r"\{(\d+)\}")


class Unreadable(Exception):
    """A payload cannot be read. The message says what was expected and what was found."""


@dataclass(frozen=True, slots=True)
class Route:
    """A rule that reads a topic, and the entity that the topic names for it."""

    rule: IntakeRule
    entity: str


class Reader:
    """Reads deliveries by Pointsman's own topics and the intake rules."""

    def __init__(
        self,
        topics: Topics,
        rules: Sequence[IntakeRule],
        *,
        retained: Retained = Retained.COMPARE,
        max_payload: int = 262_144,
    ) -> None:
        self._topics = topics
        self._rules = tuple(rules)
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
            return [_reject(delivery, RejectReason.TOO_LARGE, f"expected at most {self._max_payload} bytes, found {size}")]
        match self._topics.read(delivery.topic):
            case StateTopic(entity):
                return self._read_own(delivery, entity, catalog)
            case ExecuteTopic() as target:
                return [_execute(delivery, target)]
            case ResultTopic() as target:
                return [_add_result(delivery, target)]
        routes = self._route(delivery.topic)
        if not routes:
            return [_reject(delivery, RejectReason.NO_RULE, "no intake rule reads this topic (any more)")]
        return [command for route in routes if (command := self._read_foreign(delivery, route, catalog)) is not None]

    def _route(self, topic: str) -> tuple[Route, ...]:
        routes = self._routes.get(topic)
        if routes is None:
            found = [(rule, rule.filter.match(topic)) for rule in self._rules]
            routes = tuple([Route(rule, _entity_id(rule.entity, captured)) for rule, captured in found if captured is not None])
            if len(self._routes) >= ROUTES:
                self._routes.clear()
            self._routes[topic] = routes
        return routes

    def _read_foreign(self, delivery: Delivery, route: Route, catalog: Catalog) -> Command | None:
        rule = route.rule
        entity = catalog.find(route.entity)
        if entity is None:
            if Ignore.UNKNOWN_ENTITY in rule.ignore:
                return None
            detail = f"no object or link is declared with the id {_excerpt(route.entity)}"
            return _reject(delivery, RejectReason.UNKNOWN_ENTITY, detail)
        try:
            payload = _whole(delivery.payload) if not rule.state.steps and rule.reported is None else _json(delivery.payload)
        except Unreadable as fault:
            return _reject(delivery, RejectReason.UNPARSABLE, str(fault))
        value = rule.state.find(payload)
        if isinstance(value, Missing) or value is None or value == "":
            if Ignore.NO_VALUE in rule.ignore:
                return None
            return _reject(delivery, RejectReason.NO_VALUE, f"expected the state at {rule.state}, found nothing there")
        text = _scalar(value)
        if text is None:
            detail = f"expected a text, number or boolean at {rule.state}, found {_excerpt(value)}"
            return _reject(delivery, RejectReason.UNPARSABLE, detail)
        reported = None if rule.reported is None else _milliseconds(rule.reported.find(payload))
        policy = self._retained if rule.retained is None else rule.retained
        state = rule.map.get(text, text)
        if catalog.state(state) is None and Ignore.UNKNOWN_STATE in rule.ignore:
            return None
        return _report(delivery, entity, state, reported, policy, catalog)

    def _read_own(self, delivery: Delivery, entity: EntityRef, catalog: Catalog) -> Sequence[Command]:
        if catalog.entity(entity) is None:
            return [_reject(delivery, RejectReason.UNKNOWN_ENTITY, f"no {entity} is declared")]
        try:
            payload = _whole(delivery.payload)
        except Unreadable as fault:
            return [_reject(delivery, RejectReason.UNPARSABLE, str(fault))]
        body: Mapping[str, Json] = payload if isinstance(payload, Mapping) else {"state": payload}
        text = _scalar(body.get("state"))
        if not text:
            detail = f'expected a state, or {{"state": …}}, found {_excerpt(payload)}'
            return [_reject(delivery, RejectReason.NO_VALUE, detail)]
        return [_report(delivery, entity, text, _milliseconds(body.get("timestamp")), self._retained, catalog)]


def _report(
    delivery: Delivery, entity: EntityRef, text: str, reported: int | None, policy: Retained, catalog: Catalog
) -> Command:
    state = catalog.state(text)
    if state is None:
        return _reject(delivery, RejectReason.UNKNOWN_STATE, f"no state is declared with the id or name {_excerpt(text)}")
    retained = policy if delivery.retain else None
    return ReportState(
        entity, state.id, delivery.topic, delivery.payload, retained, reported, delivery.lineage, echoes_of(delivery)
    )


def _execute(delivery: Delivery, target: ExecuteTopic) -> Command:
    if delivery.retain:
        return _reject(delivery, RejectReason.RETAINED_REQUEST, "a retained request would run again at each connect")
    try:
        args = _finite(_json(delivery.payload)) if delivery.payload.strip() else {}
    except Unreadable as fault:
        return _reject(delivery, RejectReason.BAD_REQUEST, str(fault))
    if not isinstance(args, Mapping):
        return _reject(delivery, RejectReason.BAD_REQUEST, f"expected the arguments as a JSON object, found {_excerpt(args)}")
    return Execute(
        entity=target.entity,
        operation=target.operation,
        user=MQTT_USER,
        login=MQTT_USER,
        args=args,
        topic=delivery.topic,
        reply=_reply(delivery),
        lineage=delivery.lineage,
        echoes=echoes_of(delivery),
    )


def _add_result(delivery: Delivery, target: ResultTopic) -> Command:
    if delivery.retain:
        return _reject(delivery, RejectReason.RETAINED_REQUEST, "a retained result would be added again at each connect")
    try:
        payload = _finite(_whole(delivery.payload))
    except Unreadable as fault:
        return _reject(delivery, RejectReason.UNPARSABLE, str(fault))
    return AddResult(job=target.job, payload=payload, by=MQTT_USER, topic=delivery.topic, reply=_reply(delivery))


def _reject(delivery: Delivery, reason: RejectReason, detail: str) -> Reject:
    return Reject(reason=reason, topic=delivery.topic, detail=detail, payload=delivery.payload, reply=_reply(delivery))


def _reply(delivery: Delivery) -> Reply:
    """Where the sender waits; nowhere when it named a topic that nothing can be published to."""
    topic = delivery.response_topic
    return None if not topic or topic_fault(topic) else ReplyTo(topic=topic, correlation=delivery.correlation)


def _entity_id(template: str, captured: Sequence[str]) -> str:
    return _CAPTURE.sub(lambda found: captured[int(found[1]) - 1], template)


def _json(payload: bytes) -> Json:
    try:
        value: Json = from_json(payload, allow_inf_nan=False)
    except ValueError as fault:
        raise Unreadable(f"expected JSON, found {_excerpt(payload)}: {fault}") from None
    return value


def _whole(payload: bytes) -> Json:
    """JSON where it is JSON, else the text."""
    try:
        value: Json = from_json(payload, allow_inf_nan=False)
    except ValueError:
        try:
            return payload.decode("utf-8").strip()
        except UnicodeDecodeError:
            raise Unreadable(f"expected text in UTF-8, found {_excerpt(payload)}") from None
    return value


def _finite(value: Json) -> Json:
    """The value, when it can be sent on as JSON: a number such as 1e400 is read as infinite, which JSON cannot say."""
    try:
        from_json(to_json(value), allow_inf_nan=False)
    except ValueError:
        raise Unreadable(f"expected numbers that a double can hold, found {_excerpt(value)}") from None
    return value


def _scalar(value: Json) -> str | None:
    """A value as the text that states are looked up by; None for what is neither text, number nor boolean."""
    match value:
        case str():
            return value
        case bool() | int() | float():
            return to_json(value).decode()
    return None


def _milliseconds(value: Json | Missing) -> int | None:
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e15 else None


def _excerpt(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:79] + "…"
