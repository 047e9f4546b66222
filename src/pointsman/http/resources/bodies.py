"""What may be sent: a model for each body, for both APIs.

Every field may be left out; what a new thing cannot do without is asked for where it is made. What they mean together the engine
decides, when it builds the definition.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field, WithJsonSchema

from pointsman.http.resources.fields import (
    Anything,
    Body,
    Flag,
    Id,
    IdOrNone,
    Ids,
    JsonText,
    Number,
    StateRef,
    States,
    Text,
    TextOrNone,
    Whole,
)

Trigger = Annotated[
    dict[str, Any],
    WithJsonSchema(
        {
            "type": "object",
            "additionalProperties": True,
            "examples": [{"states": [5], "type": "operation", "payload": {"operation": "open-valve"}, "duration": 5000}],
            "properties": {
                "states": {"type": "array", "items": {"type": ["string", "integer"]}},
                "type": {"type": "string", "description": "operation, script, or another one, which is kept and not acted on."},
                "payload": {"type": "object", "additionalProperties": True},
                "duration": {"type": ["integer", "null"], "description": "For how many ms the state must hold."},
                "periodicity": {
                    "type": ["object", "null"],
                    "properties": {
                        "value": {"type": "integer", "minimum": 1},
                        "unit": {"type": "string", "enum": ["minutes", "hours", "days"]},
                    },
                },
            },
        }
    ),
]
Condition = Annotated[
    dict[str, Any],
    WithJsonSchema(
        {
            "type": "object",
            "additionalProperties": True,
            "examples": [{"condition": {"value": "$.temperature", "above": 80}, "state": 5}],
            "properties": {
                "condition": {"type": "object", "additionalProperties": True},
                "state": {"type": ["string", "integer"]},
            },
        }
    ),
]


class PropertyBody(Body):
    """A property of an entity or a class."""

    id: Id | None = Field(default=None, description="Default: a new one.")
    name: Text | None = Field(default=None, description="Unique in its owner.")
    value: Anything = Field(default=None, description="Any JSON.")
    type_id: Whole | None = Field(
        default=None, description="1 info, 2 read-only, 3 ReadWrite, 8 service, 101 and up free. Default: 1."
    )
    owner_type: Whole | None = Field(default=None, description="Within a list: 4 stands for what is inherited, and passed over.")


class ParametersBody(Body):
    """What an operation does."""

    topic: Text | None = Field(default=None, description="Type 1: where to publish, with macros.")
    message: Text | None = Field(default=None, description="Type 1: what to publish, with macros.")
    type: Text | None = Field(default=None, description="Type 2: fileSystem, scriptReference or scriptText.")
    path: Text | None = Field(default=None, description="fileSystem: the program.")
    args: list[Text] | None = Field(default=None, description="Type 2: arguments, with macros.")
    ref: Id | None = Field(default=None, description="scriptReference: the script's id.")
    text: Text | None = Field(default=None, description="scriptText: the script.")


class OperationBody(Body):
    """Something that can be done to an entity. What the reference does not have is as in the configuration file."""

    id: Id | None = Field(default=None, description="Unique in its owner. Default: a new one.")
    name: Text | None = None
    description: Text | None = None
    type: Id | None = Field(default=None, description="1 (MQTT message) or 2 (program or script), as a number or as text.")
    popupResult: Flag | None = None  # noqa: N815 the reference's name
    runOnReadWritePropertyModification: Flag | None = None  # noqa: N815
    parameters: ParametersBody | None = None
    owner_type: Whole | None = Field(default=None, description="Within a list: 4 stands for what is inherited, and passed over.")
    qos: Anything = Field(default=None, description="Type 1: 0, 1 or 2.")
    retain: Anything = Field(default=None, description="Type 1: whether the broker keeps it.")
    content_type: Anything = Field(default=None, description="Type 1: told to receivers on MQTT 5.")
    timeout: Anything = Field(default=None, description="Type 2: how long it may run, as 30s, or in ms.")
    output_limit: Anything = Field(default=None, description="Type 2: how much of its output is kept, as 64KiB, or in bytes.")
    environment: Anything = Field(default=None, description="Type 2: variables for it, with macros.")
    schedule: Anything = Field(default=None, description="When it runs by the clock.")
    allow_loop: Anything = Field(default=None, description="Whether nobody is warned of loops that it is in.")
    mode: Anything = Field(default=None, description="parallel, single, restart or queued.")
    max: Anything = Field(default=None, description="How many executions may be open at once.")
    retries: Anything = Field(default=None, description="How often a job that failed is tried again.")
    backoff: Anything = Field(default=None, description="The pause before it is.")
    backoff_max: Anything = Field(default=None, description="The longest pause.")
    on_interrupted: Anything = Field(default=None, description="What becomes of a job whose outcome a power cut took.")
    expect_result: Anything = Field(default=None, description="That its device must answer, and within which time.")
    confirm: Anything = Field(default=None, description="That its effect must be seen, and within which time.")
    on_timeout: Anything = Field(default=None, description="The id of the operation that is run when it has timed out for good.")


def _properties(value: Any) -> Any:
    """A mapping of names to values is a list of properties, too."""
    if isinstance(value, dict):
        return [{"name": name, "value": each} for name, each in value.items()]
    return value


Properties = Annotated[list[PropertyBody], BeforeValidator(_properties)]


class OwnerBody(Body):
    """What classes, objects and links have in common."""

    id: Id | None = Field(default=None, description="Default: a new one of 24 hex digits.")
    name: Text | None = None
    operations: list[OperationBody] | None = None
    properties: Properties | None = Field(default=None, description="A list, or a mapping of names to values.")
    triggers: list[Trigger] | None = Field(default=None, description="State triggers.")
    conditions: list[Condition] | None = Field(default=None, description="State conditions.")
    no_data: Anything = Field(default=None, description="The state when nothing was heard for some time: after, state.")


class ClassBody(OwnerBody):
    """What its entities inherit."""

    description: Text | None = None


class EntityBody(OwnerBody):
    """What objects and links have in common."""

    class_id: IdOrNone = None
    parent_id: Ids | None = Field(default=None, description="The objects that it belongs to.")
    tags: list[Anything] | None = None
    weight: Whole | None = None
    client_data: JsonText | None = Field(default=None, description="A string of JSON; other JSON is made one.")
    background: Text | None = None
    geoposition: list[Number] | None = None
    geopositionRadius: Number | None = None  # noqa: N815
    mute_alert: Flag | None = None
    discovery_id: TextOrNone = Field(default=None, description="What it is found by besides its id.")


class ObjectBody(EntityBody):
    """An object."""


class LinkBody(EntityBody):
    """A link between two objects."""

    source: Id | None = None
    target: Id | None = None


class ColorsBody(Body):
    """Of a state, for people."""

    model_config = ConfigDict(extra="allow")

    main: Text | None = None
    shadow: Text | None = None
    light: Text | None = None
    background: Text | None = None
    svgBackground: list[Text] | None = None  # noqa: N815


class LooksBody(Body):
    """How a user interface shows a state."""

    model_config = ConfigDict(extra="allow")

    colors: ColorsBody | None = None


class StateBody(Body):
    """A state that entities can be in."""

    id: StateRef | None = None
    name: Text | None = None
    priority: Whole | None = None
    ui: LooksBody | None = None


class ScriptBody(Body):
    """A script of the repository."""

    id: Id | None = None
    name: Text | None = None
    text: Text | None = None


class ChosenStateBody(Body):
    """The state that an entity shall be in."""

    state_id: StateRef | None = Field(default=None, description="The id of the state, or its name.")
    stateId: StateRef | None = Field(default=None, description="The same.")  # noqa: N815
    state: StateRef | None = Field(default=None, description="The same.")

    @property
    def chosen(self) -> str | None:
        """Which."""
        return next((str(each) for each in (self.state_id, self.stateId, self.state) if each is not None), None)


class ManualBody(Body):
    """A state to be set by hand, or to be cleared."""

    stateId: StateRef | None = Field(default=None, description="The id of the state, or its name.")  # noqa: N815
    reason: Text | None = None
    since: Whole | None = Field(default=None, description="From when on, in ms. Default: now.")
    until: Whole | None = Field(default=None, description="Until when, in ms. Default: until it is cleared.")
    clear: Flag | None = Field(default=None, description="Clear it; this goes before all else.")
    clearedByStateId: States | None = Field(  # noqa: N815
        default=None, description="The states that clear it once one of them is reported."
    )
