"""What is answered, field by field, as models: for the OpenAPI document, and for tests to hold the answers against.

No field is ever missing, and none is null unless it says so: published clients demand them.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

Number = Annotated[int | str, Field(description="An integer when it is all digits, else a string.")]
Milliseconds = Annotated[int, Field(description="Milliseconds since the Unix epoch.")]


class Shape(BaseModel):
    """An answer."""

    model_config = ConfigDict(extra="forbid")


class PropertyShape(Shape):
    """A property of an entity or a class."""

    id: str
    name: str
    value: Any = Field(description="Any JSON.")
    type_id: int = Field(description="1 info, 2 read-only, 3 ReadWrite, 8 service, 101 and up free.")
    owner_id: str = Field(description="Whoever declares it: the entity, or its class.")
    owner_type: int = Field(description="1 object, 2 link, 4 class.")


class BriefOperationShape(Shape):
    """An operation, for those without manage-operations."""

    id: str
    name: str
    description: str


class OperationShape(BriefOperationShape):
    """An operation. Beside the documented fields it has those of the configuration file that were set."""

    model_config = ConfigDict(extra="allow")

    type: Number
    popupResult: bool  # noqa: N815 the reference's name
    runOnReadWritePropertyModification: bool  # noqa: N815
    parameters: dict[str, Any]
    owner_id: str = Field(description="Whoever declares it: the entity, or its class.")
    owner_type: int = Field(description="1 object, 2 link, 4 class.")


AnyOperation = OperationShape | BriefOperationShape


class ManualStateShape(Shape):
    """A state that was set by hand."""

    stateId: Number  # noqa: N815
    reason: str
    since: Milliseconds
    until: int | None
    clearedByStateId: list[Number]  # noqa: N815
    by: str
    pending: bool = Field(description="Whether it has yet to begin.")
    reported: Number | None = Field(description="Where the entity goes when it is cleared.")


class EntityShape(Shape):
    """What objects and links have in common."""

    id: str
    name: str
    class_id: Number = Field(description="Empty for one without a class.")
    state_id: Number = Field(description="Of one that has never reported: 1 where that is declared as Created, else `unknown`.")
    last_state_update: Milliseconds
    parent_id: list[str]
    child_ids: list[str]
    child_link_ids: list[str]
    child_ref_ids: list[str]
    properties: list[PropertyShape]
    operations: list[AnyOperation]
    tags: list[Any]
    weight: int
    owner_id: str = Field(description="The user who made it; empty for what the configuration file defines.")
    discovery_id: str
    client_data: str = Field(description="A string of JSON.")
    background: str
    geoposition: list[float]
    geopositionRadius: float  # noqa: N815
    manual_state: ManualStateShape | None
    mute_alert: bool
    created: Milliseconds
    updated: Milliseconds
    version: int = Field(alias="_version")
    entityType: int = Field(description="1 object, 2 link.")  # noqa: N815


class ObjectShape(EntityShape):
    """An object."""


class LinkShape(EntityShape):
    """A link."""

    source: str
    target: str


class ClassShape(Shape):
    """A class."""

    id: Number
    name: str
    description: str
    operations: list[AnyOperation]
    properties: list[PropertyShape]
    triggers: list[dict[str, Any]] = Field(description="Empty for those who may not modify classes.")
    owner_id: str
    created: Milliseconds
    updated: Milliseconds
    version: int = Field(alias="_version")
    entityType: int = Field(description="4")  # noqa: N815


class ColorsShape(Shape):
    """Of a state."""

    model_config = ConfigDict(extra="allow")

    main: str
    shadow: str
    light: str
    background: str
    svgBackground: list[str]  # noqa: N815


class LooksShape(Shape):
    """How a user interface shows a state."""

    model_config = ConfigDict(extra="allow")

    colors: ColorsShape


class StateShape(Shape):
    """A state that entities can be in."""

    id: Number
    name: str
    priority: int
    ui: LooksShape


class BriefScriptShape(Shape):
    """A script, for those with neither manage-scripts nor manage-operations."""

    id: str
    name: str


class ScriptShape(BriefScriptShape):
    """A script of the repository."""

    text: str
