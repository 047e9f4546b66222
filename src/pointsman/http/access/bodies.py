"""What may be sent of users and groups, and what is answered: for both APIs. What else is sent is kept, and given back."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Path
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr

from pointsman.model.access import (
    LONGEST_LOGIN,
    LONGEST_PASSWORD,
    SHORTEST_PASSWORD,
    Permission,
    login_fault,
    password_fault,
    user_id_fault,
)

Id = Annotated[str, BeforeValidator(lambda given: str(given) if type(given) is int else given)]
"""A number is taken for an id, too."""
PathId = Annotated[str, Path(alias="id", description="Of a user, `me` is whoever asks.")]


def _printable(text: str) -> str:
    if not text.isprintable() or text != text.strip():
        raise ValueError("expected printable characters, found others, or spaces around")
    return text


def _login(text: str) -> str:
    fault = login_fault(text)
    if fault:
        raise ValueError(fault)
    return text


def _user_id(text: str) -> str:
    fault = user_id_fault(text)
    if fault:
        raise ValueError(fault)
    return text


def _password(given: SecretStr) -> SecretStr:
    fault = password_fault(given.get_secret_value())
    if fault:
        raise ValueError(fault)
    return given


Name = Annotated[str, Field(min_length=1, max_length=LONGEST_LOGIN), AfterValidator(_printable)]
Login = Annotated[str, Field(min_length=1, max_length=LONGEST_LOGIN), AfterValidator(_login)]
NewId = Annotated[Id, Field(min_length=1, max_length=LONGEST_LOGIN), AfterValidator(_user_id)]
NewPassword = Annotated[
    SecretStr,
    Field(json_schema_extra={"minLength": SHORTEST_PASSWORD, "maxLength": LONGEST_PASSWORD}),
    AfterValidator(_password),
]


class Reached(BaseModel):
    """Which objects, or links, are reached, by their ids."""

    model_config = ConfigDict(extra="forbid")
    include: list[Id] | None = Field(default=None, description="Only these; null or absent: all; an empty list: none.")
    exclude: list[Id] | None = Field(default=None, description="Not these, whatever else includes them.")


class _Allowed(BaseModel):
    model_config = ConfigDict(extra="allow")
    permissions: list[Permission] | None = Field(default=None, description="What is allowed.")
    objectPermissions: Reached | None = Field(default=None, description="Objects that are reached.")  # noqa: N815 the reference's
    linkPermissions: Reached | None = Field(default=None, description="Links that are reached.")  # noqa: N815 the reference's


class UserChange(_Allowed):
    """What is changed of a user. What is absent stays; null takes it away."""

    login: Login | None = Field(default=None, description="Unique.")
    password: NewPassword | None = Field(default=None, description="A new one ends all sessions and voids all tokens.")
    groups: list[Id] | None = Field(default=None, description="Ids of groups, whose permissions are added.")


class NewUser(UserChange):
    """A new user."""

    id: NewId | None = Field(default=None, description="Default: a new one.")


class GroupChange(_Allowed):
    """What is changed of a group. What is absent stays; null takes it away."""

    name: Name | None = None


class NewGroup(GroupChange):
    """A new group."""

    id: NewId | None = Field(default=None, description="Default: a new one.")


class LogIn(BaseModel):
    """Who logs in."""

    model_config = ConfigDict(extra="ignore")
    login: str
    password: SecretStr


class PasswordChange(BaseModel):
    """A change of one's own password."""

    model_config = ConfigDict(extra="forbid")
    old: SecretStr
    new: NewPassword


class NewToken(BaseModel):
    """A new token."""

    model_config = ConfigDict(extra="forbid")
    name: Name = Field(description="What it is for.")
    expires: int | None = Field(default=None, ge=0, le=1 << 53, description="In ms since the Unix epoch. Absent: never.")


class UserView(BaseModel):
    """A user. No password, and nothing that is made of one."""

    model_config = ConfigDict(extra="allow")
    id: str
    login: str
    permissions: list[str]
    groups: list[str]


class GroupView(BaseModel):
    """A group of users."""

    model_config = ConfigDict(extra="allow")
    id: str
    name: str
    permissions: list[str]


class UserPage(BaseModel):
    """Some users, and where the next ones begin; null: there are no more."""

    items: list[UserView]
    next: str | None


class GroupPage(BaseModel):
    """Some groups, and where the next ones begin; null: there are no more."""

    items: list[GroupView]
    next: str | None


class TokenView(BaseModel):
    """A token, but for the token itself."""

    id: str
    name: str
    created: int
    expires: int | None


class TokenList(BaseModel):
    """A user's tokens, in the order in which they were made."""

    items: list[TokenView]


class TokenMade(TokenView):
    """A token, this once with the token itself."""

    token: str


class SessionView(BaseModel):
    """A session that began. Its key is in the cookie."""

    user: UserView
    expires: int = Field(description="In ms since the Unix epoch.")


NOT_KEPT = frozenset({"id", "password", "created", "updated", "_version"})
"""Told elsewhere: by the path, as a digest, by whoever keeps the document."""


def document_of(body: BaseModel) -> dict[str, Any]:
    """What was sent, as it is kept."""
    return body.model_dump(mode="json", exclude=set(NOT_KEPT), exclude_unset=True)
