"""Users and groups, read and changed: the one code behind both APIs. Changes are the engine's to make, as of any definition."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from fastapi import Request
from pydantic import SecretStr

from pointsman.http.access.door import door_of
from pointsman.http.decision import caller_for
from pointsman.http.guard import OWN, caller_of
from pointsman.http.problems import Refusal
from pointsman.http.services import services_of
from pointsman.model.access import Group, Permission, User
from pointsman.model.command import EditCatalog, Reply
from pointsman.model.definition import Definition, Kind, Origin
from pointsman.model.ids import UserId
from pointsman.model.json import Json
from pointsman.store.reads import access, definitions


async def named(request: Request, kind: Kind, id_: str) -> Definition:
    """The user or group of that id; of a user, `me` is whoever asks. Raises Refusal: 404."""
    services = services_of(request)
    if kind is Kind.USER and id_ == OWN:
        id_ = caller_of(request).user
    found = await services.look(definitions.one, services.reader, kind, id_)
    if found is None:
        raise Refusal.not_found(f"{kind} {id_!r}")
    return found


async def every(request: Request, kind: Kind) -> list[Definition]:
    """All of them, in the order of their ids."""
    services = services_of(request)
    return await services.look(definitions.every, services.reader, kind)


async def make(
    request: Request, kind: Kind, given: Mapping[str, Json], id_: str | None, password: SecretStr | None = None
) -> Definition:
    """A new one. Raises Refusal: 400 without a name, 409 when there is one of that id or that login."""
    services = services_of(request)
    id_ = id_ or services.new_id(services.clock.now())
    digest = await _digest(request, password)
    async with door_of(request).editing:
        if await services.look(definitions.one, services.reader, kind, id_) is not None:
            raise Refusal(409, "Conflict", f"there is a {kind} {id_!r} already", reason="exists")
        return await _put(request, kind, id_, _merged({"permissions": []}, given), expected=0, secret=digest)


async def change(
    request: Request,
    kind: Kind,
    id_: str,
    given: Mapping[str, Json],
    password: SecretStr | None = None,
    expected: int | None = None,
) -> Definition:
    """One of them, with what is given changed. Raises Refusal: 404; 409 when nobody would be left who may manage users; 412 when
    it does not have the version that is expected."""
    digest = await _digest(request, password)
    async with door_of(request).editing:
        before = await named(request, kind, id_)
        _insist(before, expected)
        after = _merged(before.document, given)
        if digest is None and after == before.document:
            return before
        await _keep_in_charge(request, before, after)
        return await _put(request, kind, before.id, after, expected=before.version, secret=digest)


async def remove(request: Request, kind: Kind, id_: str, expected: int | None = None) -> None:
    """One of them is gone: a user's sessions and tokens with it. Raises Refusal as `change` does."""
    async with door_of(request).editing:
        before = await named(request, kind, id_)
        _insist(before, expected)
        await _keep_in_charge(request, before, None)
        await _edit(request, kind, before.id, None, before.version)


def shown(definition: Definition) -> dict[str, Json]:
    """A user or a group as both APIs give it."""
    document = definition.document
    fixed: dict[str, Json] = {"id": definition.id, "permissions": document.get("permissions") or []}
    if definition.kind is Kind.USER:
        fixed |= {"login": document.get("login", definition.id), "groups": document.get("groups") or []}
    else:
        fixed |= {"name": document.get("name", definition.id)}
    stamps: dict[str, Json] = {"created": definition.created, "updated": definition.updated, "_version": definition.version}
    return {**document, **fixed, **stamps}


def somebody_is_in_charge(users: Iterable[User], groups: Mapping[str, Group], with_password: Collection[str]) -> bool:
    """Whether one of the users may manage users, and can log in."""
    return any(
        user.id in with_password
        and caller_for(user, [groups[each] for each in user.groups if each in groups]).may(Permission.MANAGE_USERS)
        for user in users
    )


async def _keep_in_charge(request: Request, before: Definition, after: Mapping[str, Json] | None) -> None:
    """Raises Refusal (409) for an edit after which nobody could manage users any more."""
    services = services_of(request)
    people = await services.look(access.everyone, services.reader)
    users = {known.user.id: known.user for known in people}
    groups = {each.id: access.group_of(each) for each in await every(request, Kind.GROUP)}
    with_password = {known.user.id for known in people if known.digest is not None}
    if not somebody_is_in_charge(users.values(), groups, with_password):
        return
    edited = None if after is None else Definition(kind=before.kind, id=before.id, origin=before.origin, document=after)
    if before.kind is Kind.USER:
        users.pop(UserId(before.id), None)
        users |= {} if edited is None else {UserId(before.id): access.user_of(edited)}
    else:
        groups.pop(before.id, None)
        groups |= {} if edited is None else {before.id: access.group_of(edited)}
    if not somebody_is_in_charge(users.values(), groups, with_password):
        message = "nobody would be left who may manage users and has a password: give manage-users to somebody else first"
        raise Refusal(409, "Conflict", message, reason="in_use")


def _insist(before: Definition, expected: int | None) -> None:
    if expected is not None and before.version != expected:
        message = f"expected version {expected}, found version {before.version}: it was changed meanwhile; read it again"
        raise Refusal(412, "PreconditionFailed", message, version=before.version)
    if before.origin is Origin.FILE:
        raise Refusal(409, "Conflict", f"the configuration file defines this {before.kind}: change it there", reason="from_file")


def _merged(document: Mapping[str, Json], given: Mapping[str, Json]) -> dict[str, Json]:
    merged = {**document, **given}
    return {key: value for key, value in merged.items() if value is not None}


async def _digest(request: Request, password: SecretStr | None) -> str | None:
    return None if password is None else await door_of(request).verified.digest_of(password.get_secret_value())


async def _put(
    request: Request, kind: Kind, id_: str, document: Mapping[str, Json], *, expected: int, secret: str | None = None
) -> Definition:
    await _refuse_name(request, kind, id_, document)
    await _edit(request, kind, id_, {**document, "id": id_}, expected, secret)
    return await named(request, kind, id_)


async def _edit(
    request: Request, kind: Kind, id_: str, document: Mapping[str, Json] | None, expected: int, secret: str | None = None
) -> None:
    by = caller_of(request).user

    def edit(reply: Reply) -> EditCatalog:
        return EditCatalog(kind=kind, id=id_, document=document, by=by, expected=expected, secret=secret, reply=reply)

    await services_of(request).ask(edit)


async def _refuse_name(request: Request, kind: Kind, id_: str, document: Mapping[str, Json]) -> None:
    """Raises Refusal: 400 without a name, 409 for a login that somebody else has."""
    key = "login" if kind is Kind.USER else "name"
    name = document.get(key)
    if not name:
        raise Refusal.content(f"{key}: expected one, found none")
    if kind is Kind.USER:
        services = services_of(request)
        other = await services.look(definitions.by_alias, services.reader, kind, str(name))
        if other is not None and other.id != id_:
            raise Refusal(409, "Conflict", f"there is a user with the login {name!r} already", reason="exists")
