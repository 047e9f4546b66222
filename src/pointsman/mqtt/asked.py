"""Reads what is asked for: that an operation runs, that a job is called off, that a property or a state is set. Pure.

A request that was retained would be carried out again at each connect, and is refused.
"""

from __future__ import annotations

from collections.abc import Mapping

from pointsman.model.catalog import Catalog
from pointsman.model.command import Cancel, Command, Execute, RejectReason, SetProperty
from pointsman.model.delivery import Delivery
from pointsman.model.ids import MQTT_USER, EntityRef, JobId, OperationId
from pointsman.mqtt.causes import echoes_of
from pointsman.mqtt.manual import Unfit, read_manual
from pointsman.mqtt.reading import Unreadable, excerpt, finite, json_of, reject, reply_to, whole


def read_execute(delivery: Delivery, entity: EntityRef, operation: OperationId) -> Command:
    """A request to run an operation; the payload is its arguments."""
    if delivery.retain:
        return reject(delivery, RejectReason.RETAINED_REQUEST, "a retained request would run again at each connect")
    try:
        args = finite(json_of(delivery.payload)) if delivery.payload.strip() else {}
    except Unreadable as fault:
        return reject(delivery, RejectReason.BAD_REQUEST, str(fault))
    if not isinstance(args, Mapping):
        return reject(delivery, RejectReason.BAD_REQUEST, f"expected the arguments as a JSON object, found {excerpt(args)}")
    return Execute(
        entity=entity,
        operation=operation,
        user=MQTT_USER,
        login=MQTT_USER,
        args=args,
        topic=delivery.topic,
        reply=reply_to(delivery),
        lineage=delivery.lineage,
        echoes=echoes_of(delivery),
    )


def read_cancel(delivery: Delivery, job: JobId) -> Command:
    """A request to call a job off."""
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
    return Cancel(job=job, user=MQTT_USER, reason=reason, topic=delivery.topic, reply=reply_to(delivery))


def read_property_request(delivery: Delivery, entity: EntityRef, name: str) -> Command:
    """A request to set a property; the payload is its value."""
    if delivery.retain:
        return reject(delivery, RejectReason.RETAINED_REQUEST, "a retained request would set the property at each connect")
    if not delivery.payload.strip():
        detail = 'expected a value, as JSON or text, found nothing; no text at all is ""'
        return reject(delivery, RejectReason.BAD_REQUEST, detail)
    try:
        value = finite(whole(delivery.payload))
    except Unreadable as fault:
        return reject(delivery, RejectReason.BAD_REQUEST, str(fault))
    return SetProperty(
        entity=entity,
        name=name,
        value=value,
        by=MQTT_USER,
        login=MQTT_USER,
        topic=delivery.topic,
        reply=reply_to(delivery),
        lineage=delivery.lineage,
        echoes=echoes_of(delivery),
    )


def read_manual_request(delivery: Delivery, entity: EntityRef, catalog: Catalog) -> Command:
    """A request to set a state by hand, or to release it."""
    if delivery.retain:
        return reject(delivery, RejectReason.RETAINED_REQUEST, "a retained request would be carried out again at each connect")
    try:
        return read_manual(json_of(delivery.payload), entity, catalog, topic=delivery.topic, reply=reply_to(delivery))
    except Unreadable as fault:
        return reject(delivery, RejectReason.BAD_REQUEST, str(fault))
    except Unfit as fault:
        return reject(delivery, fault.reason, fault.detail)
