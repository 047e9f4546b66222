"""Reads what devices report: a state, values that stand for one, or a property. Pure.

Raises Unreadable where a payload cannot be read.
"""

from __future__ import annotations

from collections.abc import Mapping

from pointsman.model.catalog import Catalog
from pointsman.model.command import Command, RejectReason, ReportState, ReportValues, SetProperty
from pointsman.model.delivery import Delivery
from pointsman.model.ids import MQTT_USER, EntityRef
from pointsman.model.json import Json
from pointsman.model.jsonpath import JsonPath, Missing
from pointsman.model.rule import Ignore, IntakeRule
from pointsman.model.state import Retained
from pointsman.mqtt.causes import echoes_of
from pointsman.mqtt.reading import excerpt, finite, json_of, milliseconds, reject, scalar, whole


def read_own(delivery: Delivery, entity: EntityRef, retained: Retained, catalog: Catalog) -> Command:
    """A report on the entity's own topic."""
    resolved = catalog.entity(entity)
    if resolved is None:
        return reject(delivery, RejectReason.UNKNOWN_ENTITY, f"no {entity} is declared")
    payload = whole(delivery.payload)
    body: Mapping[str, Json] = payload if isinstance(payload, Mapping) else {"state": payload}
    reported = milliseconds(body.get("timestamp"))
    if resolved.conditions and "state" not in body:
        return _values(delivery, entity, reported, retained, catalog)
    text = scalar(body.get("state"))
    if not text:
        return reject(delivery, RejectReason.NO_VALUE, f'expected a state, or {{"state": …}}, found {excerpt(payload)}')
    return _state(delivery, entity, text, reported, retained, catalog)


def read_by_rule(
    delivery: Delivery, rule: IntakeRule, named: str, property_: str | None, retained: Retained, catalog: Catalog
) -> Command | None:
    """A report of a foreign device. `named` is the entity, `property_` the property that its topic names; `retained` is what is
    made of a snapshot where the rule says nothing of it. None: it is passed over."""
    entity = catalog.find(named)
    if entity is None:
        if Ignore.UNKNOWN_ENTITY in rule.ignore:
            return None
        return reject(delivery, RejectReason.UNKNOWN_ENTITY, f"no object or link is declared with the id {excerpt(named)}")
    policy = retained if rule.retained is None else rule.retained
    if property_ is not None:
        return _property(delivery, rule, property_, policy, entity, catalog)
    path = rule.state
    bare = rule.reported is None and (path is None or not path.steps)
    payload = whole(delivery.payload) if bare else json_of(delivery.payload)
    reported = None if rule.reported is None else milliseconds(rule.reported.find(payload))
    if path is None:
        return _values(delivery, entity, reported, policy, catalog)
    text = _text_at(delivery, rule, path, payload)
    if not isinstance(text, str):
        return text
    state = rule.map.get(text, text)
    if catalog.state(state) is None and Ignore.UNKNOWN_STATE in rule.ignore:
        return None
    return _state(delivery, entity, state, reported, policy, catalog)


def _text_at(delivery: Delivery, rule: IntakeRule, path: JsonPath, payload: Json) -> str | Command | None:
    """The text at the rule's path, or what is to be said of there being none."""
    value = path.find(payload)
    if isinstance(value, Missing) or value is None or value == "":
        if Ignore.NO_VALUE in rule.ignore:
            return None
        return reject(delivery, RejectReason.NO_VALUE, f"expected the state at {path}, found nothing there")
    text = scalar(value)
    if text is None:
        return reject(delivery, RejectReason.UNPARSABLE, f"expected a text, number or boolean at {path}, found {excerpt(value)}")
    return text


def _state(delivery: Delivery, entity: EntityRef, text: str, reported: int | None, policy: Retained, catalog: Catalog) -> Command:
    state = catalog.state(text)
    if state is None:
        return reject(delivery, RejectReason.UNKNOWN_STATE, f"no state is declared with the id or name {excerpt(text)}")
    retained = policy if delivery.retain else None
    return ReportState(
        entity, state.id, delivery.topic, delivery.payload, retained, reported, delivery.lineage, echoes_of(delivery)
    )


def _values(delivery: Delivery, entity: EntityRef, reported: int | None, policy: Retained, catalog: Catalog) -> Command:
    resolved = catalog.entity(entity)
    if resolved is not None and not resolved.conditions and resolved.silence is None:
        detail = f"expected {entity} to have conditions, or no_data, found neither: nothing can be made of its values"
        return reject(delivery, RejectReason.NO_CONDITIONS, detail)
    retained = policy if delivery.retain else None
    return ReportValues(entity, delivery.topic, delivery.payload, retained, reported, delivery.lineage, echoes_of(delivery))


def _property(
    delivery: Delivery, rule: IntakeRule, name: str, policy: Retained, entity: EntityRef, catalog: Catalog
) -> Command | None:
    resolved = catalog.entity(entity)
    if Ignore.UNKNOWN_PROPERTY in rule.ignore and (resolved is None or name not in resolved.properties):
        return None
    value = rule.value.find(finite(json_of(delivery.payload) if rule.value.steps else whole(delivery.payload)))
    if isinstance(value, Missing) or not delivery.payload:
        if Ignore.NO_VALUE in rule.ignore:
            return None
        return reject(delivery, RejectReason.NO_VALUE, f"expected the property {name!r} at {rule.value}, found nothing there")
    return SetProperty(
        entity=entity,
        name=name,
        value=value,
        by=MQTT_USER,
        login=MQTT_USER,
        reported=True,
        retained=policy if delivery.retain else None,
        topic=delivery.topic,
        lineage=delivery.lineage,
        echoes=echoes_of(delivery),
    )
