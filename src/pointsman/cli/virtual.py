"""What the verbs that try things out need of a configuration: a worker that begins, and what reads its messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pointsman.engine.ports import Interpreter
    from pointsman.rehearsal.stage import Begin
    from pointsman.settings import Configuration


def beginning(config: Configuration) -> Begin:
    """How a worker begins that remembers this and that."""
    from pointsman.core.standing import standing_of
    from pointsman.wiring import trigger_bounds

    bounds = trigger_bounds(config.settings)
    return lambda remembered: standing_of(remembered, config.catalog, bounds)


def interpreter(config: Configuration) -> Interpreter:
    """What reads messages, as in the worker."""
    from pointsman.mqtt.intake import Reader
    from pointsman.mqtt.topics import Topics

    mqtt = config.settings.mqtt
    topics = Topics(mqtt.base_topic, config.settings.node.id)
    return Reader(topics, config.rules, replies=config.replies, retained=mqtt.retained, max_payload=mqtt.max_payload)
