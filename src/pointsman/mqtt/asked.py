"""Reads what is asked for: that an operation runs, that a job is called off, that a property or a state is set. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from pointsman.model.catalog import Catalog
from pointsman.model.command import Cancel, Command, Execute, RejectReason, SetProperty
from pointsman.model.delivery import Delivery
from pointsman.model.ids import MQTT_USER, EntityRef, JobId, OperationId
from pointsman.mqtt.causes import echoes_of
from pointsman.mqtt.manual import read_manual
from pointsman.mqtt.reading import Unfit, Unreadable, bad_request, finite, json_of, reject, reply_to, whole
from pointsman.mqtt.topics import CancelTopic, ExecuteTopic, ManualTopic, PropertyTopic

RequestTopic: TypeAlias = ExecuteTopic | CancelTopic | PropertyTopic | ManualTopic
"""Where something is asked for."""


def read_request(delivery: Delivery, topic: RequestTopic, catalog: Catalog) -> Command:
    """What is asked for. A request that was retained would be carried out again at each connect, and is refused."""
    if delivery.retain:
        detail = "a retained request would be carried out again at each connect"
        return reject(delivery, RejectReason.RETAINED_REQUEST, detail)
    try:
        match topic:
            case ExecuteTopic(entity, operation):
                return _execute(delivery, entity, operation)
            case CancelTopic(job):
                return _cancel(delivery, job)
            case PropertyTopic(entity, name):
                return _set_property(delivery, entity, name)
            case ManualTopic(entity):
                return read_manual(json_of(delivery.payload), entity, catalog, topic=delivery.topic, reply=reply_to(delivery))
    except Unreadable as fault:
        return reject(delivery, RejectReason.BAD_REQUEST, str(fault))
    except Unfit as fault:
        return reject(delivery, fault.reason, fault.detail)


def _execute(delivery: Delivery, entity: EntityRef, operation: OperationId) -> Execute:
    """The payload is the arguments."""
    args = finite(json_of(delivery.payload)) if delivery.payload.strip() else {}
    if not isinstance(args, Mapping):
        raise bad_request("the arguments as a JSON object", args)
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


def _cancel(delivery: Delivery, job: JobId) -> Cancel:
    body = json_of(delivery.payload) if delivery.payload.strip() else {}
    reason = body.get("reason", "") if isinstance(body, Mapping) and set(body) <= {"reason"} else None
    if not isinstance(reason, str):
        raise bad_request('nothing, or {"reason": "…"}', body)
    return Cancel(job=job, user=MQTT_USER, reason=reason, topic=delivery.topic, reply=reply_to(delivery))


def _set_property(delivery: Delivery, entity: EntityRef, name: str) -> SetProperty:
    """The payload is the value."""
    if not delivery.payload.strip():
        detail = 'expected a value, as JSON or text, found nothing; no text at all is ""'
        raise Unfit(RejectReason.BAD_REQUEST, detail)
    return SetProperty(
        entity=entity,
        name=name,
        value=finite(whole(delivery.payload)),
        by=MQTT_USER,
        login=MQTT_USER,
        topic=delivery.topic,
        reply=reply_to(delivery),
        lineage=delivery.lineage,
        echoes=echoes_of(delivery),
    )
