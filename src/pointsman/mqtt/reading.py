"""What reading a delivery takes, whatever is in it: payloads as values, and what becomes of one that cannot be taken. Pure."""

from __future__ import annotations

from pydantic_core import from_json, to_json

from pointsman.model.command import Reject, RejectReason, Reply
from pointsman.model.delivery import Delivery
from pointsman.model.effect import ReplyTo
from pointsman.model.json import Json
from pointsman.model.jsonpath import Missing
from pointsman.model.topic import topic_fault


class Unreadable(Exception):
    """A payload cannot be read. The message says what was expected and what was found."""


class Unfit(Exception):
    """A request cannot be taken: the reason, and in words what was expected and what was found."""

    def __init__(self, reason: RejectReason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


def bad_request(expected: str, found: Json) -> Unfit:
    """A request that is not as it has to be."""
    return Unfit(RejectReason.BAD_REQUEST, f"expected {expected}, found {excerpt(found)}")


def reject(delivery: Delivery, reason: RejectReason, detail: str) -> Reject:
    """A message that cannot be taken; whoever waits for an answer is told."""
    return Reject(reason=reason, topic=delivery.topic, detail=detail, payload=delivery.payload, reply=reply_to(delivery))


def reply_to(delivery: Delivery) -> Reply:
    """Where the sender waits; nowhere when it named a topic that nothing can be published to."""
    topic = delivery.response_topic
    return None if not topic or topic_fault(topic) else ReplyTo(topic=topic, correlation=delivery.correlation)


def json_of(payload: bytes) -> Json:
    """JSON. Raises Unreadable."""
    try:
        value: Json = from_json(payload, allow_inf_nan=False)
    except ValueError as fault:
        raise Unreadable(f"expected JSON, found {excerpt(payload)}: {fault}") from None
    return value


def whole(payload: bytes) -> Json:
    """JSON where it is JSON, else the text. Raises Unreadable."""
    try:
        value: Json = from_json(payload, allow_inf_nan=False)
    except ValueError:
        try:
            return payload.decode("utf-8").strip()
        except UnicodeDecodeError:
            raise Unreadable(f"expected text in UTF-8, found {excerpt(payload)}") from None
    return value


def finite(value: Json) -> Json:
    """The value, when it can be sent on as JSON: a number such as 1e400 is read as infinite, which JSON cannot say.

    Raises Unreadable when it cannot.
    """
    try:
        from_json(to_json(value), allow_inf_nan=False)
    except ValueError:
        raise Unreadable(f"expected numbers that a double can hold, found {excerpt(value)}") from None
    return value


def scalar(value: Json) -> str | None:
    """A value as the text that states are looked up by; None for what is neither text, number nor boolean."""
    match value:
        case str():
            return value
        case bool() | int() | float():
            return to_json(value).decode()
    return None


def milliseconds(value: Json | Missing) -> int | None:
    """A value as a time in ms; None for what cannot be one."""
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e15 else None


def excerpt(value: object) -> str:
    """A value as a detail shows it: short."""
    text = repr(value)
    return text if len(text) <= 80 else text[:79] + "…"
