"""Writes of definitions, of passwords and of access keys: seldom, and each by itself (`write.py` has the others)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from pointsman.model.access import AccessKey
from pointsman.model.definition import Definition, DefinitionKey
from pointsman.model.ids import EntityRef, JobId, UserId


@dataclass(frozen=True, slots=True)
class SaveDefinition:
    """A definition is now this one."""

    definition: Definition


@dataclass(frozen=True, slots=True)
class RemoveDefinition:
    """A definition is gone."""

    key: DefinitionKey


@dataclass(frozen=True, slots=True)
class ForgetEntity:
    """An entity is gone: so are its state, its manual state, its properties' values, its timers and its quarantines. Its jobs and
    its history stay."""

    entity: EntityRef


@dataclass(frozen=True, slots=True)
class SaveCredential:
    """A user's password is now this one, as a digest; None: there is none any more."""

    user: UserId
    digest: str | None
    at: int


@dataclass(frozen=True, slots=True)
class SaveKey:
    """An access key was given out."""

    key: AccessKey


@dataclass(frozen=True, slots=True)
class DropKeys:
    """Access keys of a user are void: these, or all."""

    user: UserId
    ids: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RememberRequest:
    """A request was made under a key of its user's own, and led to a job."""

    user: UserId
    key: str
    digest: bytes
    """Of what was asked for, to know another request under the same key by."""
    job: JobId
    at: int


Edit: TypeAlias = SaveDefinition | RemoveDefinition | ForgetEntity | SaveCredential | SaveKey | DropKeys | RememberRequest
