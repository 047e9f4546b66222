"""From the documents of users and groups to the model. Whether a group exists, or a login is taken, is not known here."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import ConfigDict, Field, ValidationError

from pointsman.model.access import ALL, Group, Permission, Reach, User
from pointsman.model.definition import Kind, Misfit
from pointsman.model.ids import MQTT_USER, SYSTEM_USER, UserId
from pointsman.model.json import Json
from pointsman.settings.checks import id_fault
from pointsman.settings.faults import faults
from pointsman.settings.fields import Form, Id, Text
from pointsman.settings.problem import shown

TAKEN = frozenset({SYSTEM_USER, MQTT_USER, "me", "file", "current"})
"""Ids that stand for somebody already."""
LONGEST_LOGIN = 128
"""In characters."""


class _Person(Form):
    """What else is in the document is for people and other systems."""

    model_config = ConfigDict(extra="ignore")


class ReachForm(_Person):
    """Which objects, or links, somebody reaches."""

    include: list[Id] | None = None
    exclude: list[Id] | None = None


class PeopleForm(_Person):
    """What users and groups have in common."""

    permissions: tuple[Permission, ...] = ()
    objects: ReachForm | None = Field(default=None, alias="objectPermissions")
    links: ReachForm | None = Field(default=None, alias="linkPermissions")


class UserForm(PeopleForm):
    """A user."""

    login: Text
    groups: tuple[Id, ...] = ()


class GroupForm(PeopleForm):
    """A group."""

    name: Text | None = None


def build_person(kind: Kind, id_: str, document: Mapping[str, Json]) -> User | Group | Misfit:
    """The user or the group that a document stands for."""
    given = {key: value for key, value in document.items() if value is not None}
    fault = id_fault(id_) or ("one that stands for somebody already" if kind is Kind.USER and id_ in TAKEN else None)
    found = [f"id: expected one that fits a {kind}, found {fault}"] if fault else []
    form = GroupForm if kind is Kind.GROUP else UserForm
    try:
        filled = form.model_validate(given)
    except ValidationError as error:
        told = [f"{_way(path)}: {message}" for path, _, message in faults(error, form)]
        return Misfit((*found, *told))
    if isinstance(filled, UserForm) and (unfit := login_fault(filled.login)):
        found.append(f"login: expected a login, found {shown(filled.login)} with {unfit}")
    if found:
        return Misfit(tuple(found))
    if isinstance(filled, UserForm):
        return User(
            id=UserId(id_),
            login=filled.login,
            permissions=frozenset(filled.permissions),
            objects=_reach(filled.objects),
            links=_reach(filled.links),
            groups=tuple(filled.groups),
        )
    return Group(
        id=id_,
        name=getattr(filled, "name", None) or id_,
        permissions=frozenset(filled.permissions),
        objects=_reach(filled.objects),
        links=_reach(filled.links),
    )


def login_fault(login: str) -> str | None:
    """Why it cannot be a login, or None when it can. With Basic a colon ends it (RFC 7617 §2)."""
    if not login or login != login.strip():
        return "spaces around it" if login else "nothing in it"
    if len(login) > LONGEST_LOGIN:
        return f"more than {LONGEST_LOGIN} characters"
    if ":" in login:
        return "a colon, which ends it where it is sent"
    return None if login.isprintable() else "a character that cannot be shown"


def _reach(form: ReachForm | None) -> Reach:
    if form is None:
        return ALL
    include = None if form.include is None else frozenset(form.include)
    return Reach(include=include, exclude=frozenset(form.exclude or ()))


def _way(path: tuple[str | int, ...]) -> str:
    way = ""
    for step in path:
        way += f"[{step}]" if isinstance(step, int) else f".{step}"
    return way.removeprefix(".")
