"""What is answered of the catalog, field by field, as models: for the OpenAPI document."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

MS = "In ms since the Unix epoch."


class _Stamped(BaseModel):
    model_config = ConfigDict(extra="forbid")
    origin: str = Field(description="`file`: the configuration file manages it; `store`: users do.")
    version: int = Field(description="One more with each edit.")
    created: int = Field(description=MS)
    updated: int = Field(description=MS)
    created_by: str | None = Field(description="The user who made it.")


class _Owned(BaseModel):
    owner_id: str = Field(description="Whoever declares it: the object or link itself, or its class.")
    owner_type: int = Field(description="1: an object, 2: a link, 4: a class.")
    inherited: bool = Field(description="Whether the class declares it.")


class PropertyOut(_Owned):
    """A property."""

    id: str
    name: str
    value: Any = Field(description="Any JSON.")
    type_id: int = Field(description="1 info, 2 read-only, 3 ReadWrite, 8 service, 101 and up free.")


class OperationOut(_Owned):
    """Something that can be done. Those who do not manage operations see only its id, name, description and owner."""

    model_config = ConfigDict(extra="allow")
    id: str
    name: str
    description: str
    type: str = Field(default="", description="`mqtt` or `program`.")
    popup_result: bool = False
    run_on_property_change: bool = False
    parameters: dict[str, Any] = Field(default_factory=dict)


class _Ruled(_Stamped):
    properties: list[PropertyOut]
    operations: list[OperationOut]
    triggers: list[dict[str, Any]] = Field(default=[], description="Its own; for those who may change them.")
    conditions: list[dict[str, Any]] = Field(default=[], description="Its own; for those who may change them.")
    no_data: Any = Field(default=None, description="Its own; for those who may change it.")


class ManualStateOut(BaseModel):
    """A state that was set by hand. It stands before what is reported until it is cleared."""

    state_id: str
    reason: str
    by: str
    since: int = Field(description=MS)
    until: int | None = Field(description=MS)
    cleared_by: list[str]
    pending: bool = Field(description="Whether it has yet to begin.")
    reported: str | None = Field(description="What was reported last, which holds again once it is cleared.")


class EntityOut(_Ruled):
    """An object or a link, with what it inherits, as it is now."""

    id: str
    entity_type: int = Field(description="1: an object, 2: a link.")
    name: str
    class_id: str | None
    source: str | None = Field(default=None, description="Of a link: the object that it begins at.")
    target: str | None = Field(default=None, description="Of a link: the object that it ends at.")
    state_id: str | None = Field(description="null: it has never reported one.")
    state_since: int | None = Field(description=MS)
    previous_state_id: str | None
    manual_state: ManualStateOut | None
    parent_ids: list[str]
    tags: list[Any]
    weight: int
    discovery_id: str | None
    client_data: Any
    background: str | None
    geoposition: list[float]
    geoposition_radius: float | None
    mute_alert: bool


class ClassOut(_Ruled):
    """What objects and links inherit."""

    id: str
    name: str
    description: str


class StateOut(_Stamped):
    """A state that objects and links can be in."""

    id: str
    name: str
    priority: int
    ui: dict[str, Any]


class ScriptOut(_Stamped):
    """A script of the repository; its text for those who manage scripts or operations."""

    id: str
    name: str
    text: str = ""


class EntityPage(BaseModel):
    """Some of them, in the order of their ids, and where the next ones begin; null: there are no more."""

    items: list[EntityOut]
    next: str | None


class ClassPage(BaseModel):
    """Some classes, in the order of their ids, and where the next ones begin; null: there are no more."""

    items: list[ClassOut]
    next: str | None


class StatePage(BaseModel):
    """Some states, in the order of their ids, and where the next ones begin; null: there are no more."""

    items: list[StateOut]
    next: str | None


class ScriptPage(BaseModel):
    """Some scripts, in the order of their ids, and where the next ones begin; null: there are no more."""

    items: list[ScriptOut]
    next: str | None


class OperationList(BaseModel):
    """Its operations, those of its class among them."""

    items: list[OperationOut]


class PropertyList(BaseModel):
    """Its properties, those of its class among them."""

    items: list[PropertyOut]


class StateNow(BaseModel):
    """The state that an object or a link is in."""

    state_id: str | None = Field(description="null: it has never reported one.")
    state_since: int | None = Field(description=MS)
    previous_state_id: str | None
    manual_state: ManualStateOut | None
