"""Reads what devices answer, on their job's own topic or by a reply rule: delivery → AddResult. Pure.

Raises Unreadable where a payload cannot be read.
"""

from __future__ import annotations

from pointsman.model.command import AddResult, Command, RejectReason
from pointsman.model.delivery import Delivery
from pointsman.model.ids import MQTT_USER, JobId
from pointsman.model.json import Json
from pointsman.model.jsonpath import Missing
from pointsman.model.rule import Ignore, ReplyRule
from pointsman.model.topic import text_fault
from pointsman.mqtt.reading import excerpt, finite, json_of, reject, reply_to, scalar, whole


def result_of(delivery: Delivery, job: JobId) -> Command:
    """A custom result, on the topic of its job. From whoever wants no answer it is the device's answer: see `mqtt.md`."""
    if delivery.retain:
        return _retained(delivery)
    return _result(delivery, job, whole(delivery.payload), answer=delivery.response_topic is None)


def reply_of(delivery: Delivery, rule: ReplyRule, named: str) -> Command | None:
    """A device's answer by a rule; `named` is the job that its topic names. None: it is passed over."""
    in_topic = isinstance(rule.job, str)
    payload = whole(delivery.payload) if in_topic and not rule.result.steps else json_of(delivery.payload)
    job = named if isinstance(rule.job, str) else rule.job.find(payload)
    if isinstance(job, Missing) or job is None or job == "":
        return _without(delivery, rule, f"expected a job's id at {rule.job}, found nothing there")
    result = rule.result.find(payload)
    if isinstance(result, Missing):
        return _without(delivery, rule, f"expected the result at {rule.result}, found nothing there")
    if delivery.retain:
        return _retained(delivery)
    text = scalar(job)
    if text is None or text_fault(text):
        return reject(delivery, RejectReason.UNPARSABLE, f"expected a job's id at {rule.job}, found {excerpt(job)}")
    return _result(delivery, JobId(text), result, answer=True)


def _result(delivery: Delivery, job: JobId, payload: Json, *, answer: bool) -> Command:
    """What asks for an answer has Correlation Data of its own; in an answer it is what we sent: the job's id (MQTT 5 §4.10)."""
    correlation = delivery.correlation
    if answer and correlation is not None and correlation != job.encode("utf-8", "surrogatepass"):
        detail = f"expected the job's id, {excerpt(job)}, as Correlation Data of its answer, found {excerpt(correlation)}"
        return reject(delivery, RejectReason.BAD_REQUEST, detail)
    return AddResult(
        job=job, payload=finite(payload), by=MQTT_USER, topic=delivery.topic, reply=reply_to(delivery), answer=answer
    )


def _without(delivery: Delivery, rule: ReplyRule, detail: str) -> Command | None:
    return None if Ignore.NO_VALUE in rule.ignore else reject(delivery, RejectReason.NO_VALUE, detail)


def _retained(delivery: Delivery) -> Command:
    return reject(delivery, RejectReason.RETAINED_REQUEST, "a retained result would be added again at each connect")
