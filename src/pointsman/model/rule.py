"""Rules by which the messages of foreign devices are read: as reports of states, values and properties, and as answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from pointsman.model.jsonpath import WHOLE, JsonPath
from pointsman.model.state import Retained
from pointsman.model.topic import TopicFilter


class Ignore(StrEnum):
    """What a rule passes over in silence instead of rejecting it."""

    NO_VALUE = "no_value"
    """The payload has nothing at the rule's path: many devices send the value only with some of their messages."""
    UNKNOWN_ENTITY = "unknown_entity"
    """The topic names an entity that is not declared."""
    UNKNOWN_STATE = "unknown_state"
    """The value is neither in the rule's map nor a state's id or name."""
    UNKNOWN_PROPERTY = "unknown_property"
    """The topic names a property that the entity does not have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IntakeRule:
    """Which topics it reads, and where entity and state are found. One of `state` and `property` is given."""

    filter: TopicFilter
    entity: str
    """The entity's id. `{1}`, `{2}`, … stand for what the filter's wildcards matched."""
    state: JsonPath | None = None
    """Where in the payload the state is; `$` is the whole payload, JSON or not. None: a property is, or values."""
    property: str | None = None
    """The property that is reported, with `{1}`, `{2}`, … as in `entity`; None, and no state: values, for conditions."""
    value: JsonPath = WHOLE
    """Where in the payload the property's value is."""
    map: Mapping[str, str] = field(default_factory=dict)
    """From the value as text (JSON true is `true`) to a state's id or name. A value not in it is taken as one itself."""
    reported: JsonPath | None = None
    """Where the message gives its own time, in ms."""
    retained: Retained | None = None
    """What a retained message does here; None: as `mqtt.retained` says."""
    ignore: frozenset[Ignore] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyRule:
    """Which topics devices answer on, and where the job and its result are found."""

    filter: TopicFilter
    job: JsonPath | str
    """Where in the payload the job's id is; or a text in which `{1}`, `{2}`, … stand for what the filter's wildcards matched."""
    result: JsonPath
    """Where in the payload the result is; `$` is the whole payload, JSON or not."""
    ignore: frozenset[Ignore] = frozenset()
    """Only `no_value` means something here: the payload names no job, or has no result."""
