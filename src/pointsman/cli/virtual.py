"""What the verbs that try things out, or explain them, need of a configuration: a worker that begins, what reads its messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pointsman.engine.ports import Interpreter
    from pointsman.explaining import Knowledge
    from pointsman.rehearsal.stage import Begin
    from pointsman.settings import Configuration


def beginning(config: Configuration) -> Begin:
    """How a worker begins that remembers this and that."""
    from pointsman.supposing import beginning as of_catalog
    from pointsman.wiring import trigger_bounds

    return of_catalog(config.catalog, trigger_bounds(config.settings))


def interpreter(config: Configuration) -> Interpreter:
    """What reads messages, as in the worker."""
    from pointsman.wiring import message_reader

    return message_reader(config)


def knowledge(config: Configuration) -> Knowledge:
    """What there is to explain the record with."""
    from pointsman.explaining import Knowledge
    from pointsman.wiring import message_reader

    return Knowledge(config.catalog, message_reader(config).entities)
