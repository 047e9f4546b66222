"""Definitions as documents: what the catalog, the users and their groups are made from, and what becomes of an edit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from pointsman.model.access import Group, User
from pointsman.model.entity import Class, Entity, Script
from pointsman.model.json import Json
from pointsman.model.state import State


class Kind(StrEnum):
    """What can be defined."""

    STATE = "state"
    CLASS = "class"
    OBJECT = "object"
    LINK = "link"
    SCRIPT = "script"
    USER = "user"
    GROUP = "group"


class Origin(StrEnum):
    """Who manages a definition."""

    FILE = "file"
    """The configuration file: nothing else may change it."""
    STORE = "store"
    """Users, over HTTP."""


Built: TypeAlias = State | Class | Entity | Script | User | Group
"""What a document stands for, checked."""


@dataclass(frozen=True, slots=True)
class Misfit:
    """Why a document stands for nothing."""

    faults: tuple[str, ...]
    """What was expected and what was found, each behind the way to it: `operations[0].parameters.topic: expected …`."""

    def __str__(self) -> str:
        return "; ".join(self.faults)


DefinitionKey: TypeAlias = tuple[Kind, str]
"""Kind and id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """One definition as it is kept."""

    kind: Kind
    id: str
    origin: Origin
    document: Mapping[str, Json]
    """In the reference's names; besides what decides there is what only people and other systems use, such as tags."""
    version: int = 1
    """One more with each edit."""
    created: int = 0
    """In ms."""
    updated: int = 0
    """In ms."""
    owner: str | None = None
    """The user who made it."""

    @property
    def key(self) -> DefinitionKey:
        """What it is found by."""
        return self.kind, self.id
