"""Questions about users: who they are, what they may, which keys stand for them. It hands out digests, and judges none."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Select, select

from pointsman.model.access import ALL, AccessKey, Group, KeyKind, Permission, Reach, User
from pointsman.model.definition import Definition, Kind
from pointsman.model.ids import EntityId, EntityRef, JobId, OwnerType, UserId
from pointsman.model.json import Json
from pointsman.store.reads.definitions import definition_of
from pointsman.store.reads.reader import Reader
from pointsman.store.tables import access_keys, credentials, definitions, jobs
from pointsman.store.text import storable


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A user, with all that has to be known to let them in."""

    user: User
    groups: tuple[Group, ...] = ()
    """Theirs, as far as there are such."""
    digest: str | None = None
    """Of the password; None: there is none, and so no way in by one."""
    changed: int | None = None
    """When the password was set, in ms."""


def by_login(reader: Reader, login: str) -> Known | None:
    """The user of that login."""
    return _known(reader, _users().where(definitions.c.alias == storable(login)))


def by_id(reader: Reader, user: UserId) -> Known | None:
    """The user of that id."""
    return _known(reader, _users().where(definitions.c.id == storable(user)))


def by_key(reader: Reader, digest: str) -> tuple[AccessKey, Known] | None:
    """The access key of that digest, whether or not it has expired, and the user that it stands for; None when either is gone."""
    with reader.ask() as connection:
        row = connection.execute(select(access_keys).where(access_keys.c.digest == storable(digest))).one_or_none()
        if row is None:
            return None
        known = _first(connection, _users().where(definitions.c.id == row.user_id))
    return None if known is None else (_key(row), known)


def keys_of(reader: Reader, user: UserId, kind: KeyKind) -> list[AccessKey]:
    """The user's access keys of one kind, in the order in which they were made."""
    mine = (access_keys.c.user_id == storable(user), access_keys.c.kind == kind.value)
    with reader.ask() as connection:
        return [_key(row) for row in connection.execute(select(access_keys).where(*mine).order_by(access_keys.c.id))]


def everyone(reader: Reader) -> list[Known]:
    """All users, in the order of their ids."""
    with reader.ask() as connection:
        groups = _groups(connection)
        return [_with(row, groups) for row in connection.execute(_users())]


def owner_of(reader: Reader, job: JobId) -> EntityRef | None:
    """The entity that a job ran on, which may be gone since; None when there is no such job."""
    with reader.ask() as connection:
        row = connection.execute(select(jobs.c.owner_type, jobs.c.owner_id).where(jobs.c.id == storable(job))).one_or_none()
    return None if row is None else EntityRef(OwnerType(row.owner_type), EntityId(row.owner_id))


def user_of(definition: Definition) -> User:
    """What a user's document says."""
    document = definition.document
    return User(
        id=UserId(definition.id),
        login=str(document.get("login", definition.id)),
        permissions=_permissions(document.get("permissions")),
        objects=_reach(document.get("objectPermissions")),
        links=_reach(document.get("linkPermissions")),
        groups=tuple(_ids(document.get("groups"))),
    )


def group_of(definition: Definition) -> Group:
    """What a group's document says."""
    document = definition.document
    return Group(
        id=definition.id,
        name=str(document.get("name", definition.id)),
        permissions=_permissions(document.get("permissions")),
        objects=_reach(document.get("objectPermissions")),
        links=_reach(document.get("linkPermissions")),
    )


def _users() -> Select[Any]:
    """Users with their passwords' digests."""
    joined = definitions.outerjoin(credentials, credentials.c.user_id == definitions.c.id)
    columns = (definitions, credentials.c.digest.label("password"), credentials.c.changed.label("password_changed"))
    return select(*columns).select_from(joined).where(definitions.c.kind == Kind.USER.value).order_by(definitions.c.id)


def _known(reader: Reader, query: Select[Any]) -> Known | None:
    with reader.ask() as connection:
        return _first(connection, query)


def _first(connection: Connection, query: Select[Any]) -> Known | None:
    row = connection.execute(query.limit(1)).one_or_none()
    if row is None:
        return None
    ids = user_of(definition_of(row)).groups
    return _with(row, _groups(connection, ids) if ids else {})


def _with(row: Row[Any], groups: Mapping[str, Group]) -> Known:
    user = user_of(definition_of(row))
    theirs = tuple([groups[id_] for id_ in dict.fromkeys(user.groups) if id_ in groups])
    return Known(user=user, groups=theirs, digest=row.password, changed=row.password_changed)


def _groups(connection: Connection, ids: Collection[str] | None = None) -> Mapping[str, Group]:
    query = select(definitions).where(definitions.c.kind == Kind.GROUP.value)
    if ids is not None:
        query = query.where(definitions.c.id.in_([storable(id_) for id_ in ids]))
    return {row.id: group_of(definition_of(row)) for row in connection.execute(query)}


def _key(row: Row[Any]) -> AccessKey:
    return AccessKey(
        id=row.id,
        digest=row.digest,
        user=UserId(row.user_id),
        kind=KeyKind(row.kind),
        name=row.name,
        created=row.created,
        expires=row.expires,
    )


def _permissions(given: Json) -> frozenset[Permission]:
    """Those that this version knows: what another one wrote beside them allows nothing."""
    known: Callable[[str], bool] = Permission._value2member_map_.__contains__
    return frozenset([Permission(word) for word in _ids(given) if known(word)])


def _reach(given: Json) -> Reach:
    """All without a word of what is included; what is no list of ids includes nothing."""
    if not isinstance(given, Mapping):
        return ALL if given is None else Reach(include=frozenset())
    include = given.get("include")
    return Reach(None if include is None else frozenset(_ids(include)), frozenset(_ids(given.get("exclude"))))


def _ids(given: Json) -> list[str]:
    return [str(each) for each in given if isinstance(each, str | int)] if isinstance(given, list) else []
