"""What is said to whoever asked: the answer, or that it was not taken, and why."""

from __future__ import annotations

from collections.abc import Mapping

from pointsman.core.world import Decision
from pointsman.model.command import Reject, Reply
from pointsman.model.effect import Answer
from pointsman.model.json import Json
from pointsman.model.write import CountReject

EXCERPT = 1024
"""How much of a rejected payload is kept, in bytes."""


def answers(reply: Reply, body: Mapping[str, Json]) -> tuple[Answer, ...]:
    """The answer, where somebody waits for it."""
    return () if reply is None else (Answer(to=reply, body=body),)


def rejected(command: Reject, at: int) -> Decision:
    """It is counted, and whoever asked is told."""
    answer = answers(command.reply, {"error": command.detail, "reason": command.reason.value})
    if callable(command.reply) and not command.topic:
        return Decision((), answer)  # no message: whoever asked is here, and knows
    row = CountReject(reason=command.reason, topic=command.topic, detail=command.detail, payload=command.payload[:EXCERPT], at=at)
    return Decision((row,), answer)
