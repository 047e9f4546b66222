"""What may be sent to the modern view: the bodies that both APIs share, in one way of writing names.

What an answer has and nobody sets (`version`, `origin`, the state) may be sent back with the rest, and is passed over. Any other
field that is not known is refused: it is a slip.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from pointsman.http.resources.bodies import (
    ClassBody,
    Condition,
    LinkBody,
    ManualBody,
    ObjectBody,
    OperationBody,
    PropertyBody,
    ScriptBody,
    StateBody,
    Trigger,
)
from pointsman.http.resources.fields import Flag, Id, Ids, Number, StateRef, States, Text, Whole

_TOLD = frozenset(
    {
        "created",
        "created_by",
        "entity_type",
        "inherited",
        "manual_state",
        "origin",
        "owner_id",
        "previous_state_id",
        "state_id",
        "state_since",
        "updated",
        "version",
    }
)
"""Fields of answers that are told, and not set."""


class Exact(BaseModel):
    """Knows its fields."""

    # The last of the bases of a model is the one whose configuration counts.
    model_config = ConfigDict(extra="forbid", populate_by_name=False)

    @model_validator(mode="before")
    @classmethod
    def _pass_over(cls, given: Any) -> Any:
        return {name: value for name, value in given.items() if name not in _TOLD} if isinstance(given, dict) else given


class PropertyIn(PropertyBody, Exact):
    """A property of an object, a link or a class."""


class OperationIn(OperationBody, Exact):
    """Something that can be done to an object or a link. Beside these fields it has those of the configuration file."""

    type: Id | None = Field(default=None, description="mqtt or program; 1 and 2 are taken, too. It stays what it is.")
    popupResult: Flag | None = Field(default=None, validation_alias="popup_result")  # noqa: N815 as it is kept
    runOnReadWritePropertyModification: Flag | None = Field(  # noqa: N815
        default=None,
        validation_alias="run_on_property_change",
        description="Whether it runs when a ReadWrite property of its owner is set to another value.",
    )


def _properties(value: Any) -> Any:
    if isinstance(value, dict):
        return [{"name": name, "value": each} for name, each in value.items()]
    return value


Operations = list[OperationIn] | None
Properties = Annotated[list[PropertyIn] | None, BeforeValidator(_properties)]


class ClassIn(ClassBody, Exact):
    """What objects and links inherit."""

    operations: Operations = None  # type: ignore[assignment]  # the same, with fewer fields
    properties: Properties = None  # type: ignore[assignment]


class ObjectIn(ObjectBody, Exact):
    """An object."""

    operations: Operations = None  # type: ignore[assignment]
    properties: Properties = None  # type: ignore[assignment]
    parent_id: Ids | None = Field(default=None, validation_alias="parent_ids", description="The objects that it belongs to.")
    geopositionRadius: Number | None = Field(default=None, validation_alias="geoposition_radius")  # noqa: N815


class LinkIn(LinkBody, Exact):
    """A link between two objects."""

    operations: Operations = None  # type: ignore[assignment]
    properties: Properties = None  # type: ignore[assignment]
    parent_id: Ids | None = Field(default=None, validation_alias="parent_ids", description="The objects that it belongs to.")
    geopositionRadius: Number | None = Field(default=None, validation_alias="geoposition_radius")  # noqa: N815


class StateIn(StateBody, Exact):
    """A state that objects and links can be in."""


class ScriptIn(ScriptBody, Exact):
    """A script of the repository."""


class Triggers(BaseModel):
    """All state triggers of its owner."""

    model_config = ConfigDict(extra="forbid")
    items: list[Trigger]


class Conditions(BaseModel):
    """All state conditions of its owner."""

    model_config = ConfigDict(extra="forbid")
    items: list[Condition]


class StateSet(BaseModel):
    """The state that an object or a link is in. Whatever else is sent is the payload of macros."""

    model_config = ConfigDict(extra="allow")
    state_id: StateRef = Field(description="Its id or its name.")


class ManualIn(BaseModel):
    """A state that is set by hand."""

    model_config = ConfigDict(extra="forbid")
    state_id: StateRef = Field(description="Its id or its name.")
    reason: Text | None = None
    since: Whole | None = Field(default=None, description="From when on, in ms. Default: now.")
    until: Whole | None = Field(default=None, description="Until when, in ms. Default: until it is cleared.")
    cleared_by: States | None = Field(default=None, description="The states that clear it once one of them is reported.")

    def as_kept(self) -> ManualBody:
        """The same, as both APIs have it."""
        return ManualBody(
            stateId=self.state_id,
            reason=self.reason,
            since=self.since,
            until=self.until,
            clearedByStateId=self.cleared_by,
        )
