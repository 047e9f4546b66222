"""Who may do what: permissions, whom a user reaches, users and groups (reference: *Entities, properties, users*)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from pointsman.model.ids import UserId


class Permission(StrEnum):
    """What a user or a group may be allowed. Who may log in may read what they reach; all else is here."""

    CREATE_OBJECTS = "create-objects"
    MODIFY_OBJECTS = "modify-objects"
    DELETE_OBJECTS = "delete-objects"
    MANAGE_OBJECTS = "manage-objects"
    """The three above."""
    CREATE_LINKS = "create-links"
    MODIFY_LINKS = "modify-links"
    DELETE_LINKS = "delete-links"
    MANAGE_LINKS = "manage-links"
    """The three above."""
    MODIFY_CLASSES = "modify-classes"
    """Change classes that there are."""
    MANAGE_CLASSES = "manage-classes"
    """Make, change and delete classes."""
    MANAGE_PROPERTIES = "manage-properties"
    """Make and delete properties, besides setting their values."""
    MANAGE_SERVICE_PROPERTIES = "manage-service-properties"
    """The same for service properties (type 8)."""
    MANAGE_OPERATIONS = "manage-operations"
    EXECUTE_OPERATIONS = "execute-operations"
    MANAGE_SCRIPTS = "manage-scripts"
    MANAGE_CONFIGURATION = "manage-configuration"
    """States, and what concerns the worker as a whole."""
    MANAGE_USERS = "manage-users"


EVERYTHING = frozenset(Permission)

_IMPLIED = {
    Permission.MANAGE_OBJECTS: (Permission.CREATE_OBJECTS, Permission.MODIFY_OBJECTS, Permission.DELETE_OBJECTS),
    Permission.MANAGE_LINKS: (Permission.CREATE_LINKS, Permission.MODIFY_LINKS, Permission.DELETE_LINKS),
    Permission.MANAGE_CLASSES: (Permission.MODIFY_CLASSES,),
    Permission.MANAGE_SERVICE_PROPERTIES: (Permission.MANAGE_PROPERTIES,),
}


def implied(permissions: Iterable[Permission]) -> frozenset[Permission]:
    """The permissions, with those that they include."""
    given = frozenset(permissions)
    return given | {each for permission in given for each in _IMPLIED.get(permission, ())}


SHORTEST_PASSWORD, LONGEST_PASSWORD = 8, 1_024
"""How many characters a password has."""


def password_fault(password: str) -> str | None:
    """What is wrong with a new password, without showing it; None: nothing."""
    if SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        return None
    return f"expected a password of {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters, found one of {len(password)}"


LONGEST_LOGIN = 128
"""In characters."""
NO_USERS = frozenset({"me", "current", "session", "system", "mqtt", "file"})
"""What stands for something else in a path or in a record, so that no user is called so."""


def login_fault(login: str) -> str | None:
    """Why that cannot be a login; None: it can. Basic authentication could not tell a colon (RFC 7617)."""
    printable = login.isprintable() and login == login.strip() and 0 < len(login) <= LONGEST_LOGIN
    if not printable or ":" in login or login in NO_USERS:
        taken = ", ".join(sorted(NO_USERS))
        return f"expected 1 to {LONGEST_LOGIN} printable characters without a colon, and none of {taken}, found {login!r}"
    return None


def user_id_fault(id_: str) -> str | None:
    """Why that cannot be a user's or a group's id; None: it can. It stands in paths, and in topics of MQTT."""
    return login_fault(id_) or (f"expected an id without / + #, found {id_!r}" if any(each in id_ for each in "/+#") else None)


@dataclass(frozen=True, slots=True)
class Reach:
    """Which objects, or links, a user reaches: those that are included, or all for None, without those that are excluded."""

    include: frozenset[str] | None = None
    exclude: frozenset[str] = frozenset()

    def __contains__(self, id_: object) -> bool:
        return (self.include is None or id_ in self.include) and id_ not in self.exclude

    @property
    def is_all(self) -> bool:
        """Whether nothing is out of reach."""
        return self.include is None and not self.exclude


ALL = Reach()


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Users who have something in common: its permissions are added to theirs."""

    id: str
    name: str
    permissions: frozenset[Permission] = frozenset()
    objects: Reach = ALL
    links: Reach = ALL


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Somebody who may log in. The password is kept apart (`Credential`)."""

    id: UserId
    login: str
    """Unique."""
    permissions: frozenset[Permission] = frozenset()
    objects: Reach = ALL
    links: Reach = ALL
    groups: tuple[str, ...] = ()
    """Ids of groups."""


class KeyKind(StrEnum):
    """What an access key is."""

    SESSION = "session"
    """Given at a log-in, kept in a cookie."""
    TOKEN = "token"  # noqa: S105 a word
    """Made for a program, sent as a bearer token or in the address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessKey:
    """256 random bits that stand for a user. Only their digest is kept."""

    id: str
    digest: str
    """SHA-256 of the key, in hex."""
    user: UserId
    kind: KeyKind
    name: str = ""
    """What a token is for, as its owner says."""
    created: int
    """In ms."""
    expires: int | None = None
    """In ms; None: never."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks, and all that follows from it: what is decided on."""

    user: UserId
    login: str
    permissions: frozenset[Permission] = field(default_factory=frozenset)
    """With those of the groups, and with what they include."""
    objects: Reach = ALL
    links: Reach = ALL

    def may(self, *permissions: Permission) -> bool:
        """Whether any of these is allowed; for none, whoever is logged in may."""
        return not permissions or not self.permissions.isdisjoint(permissions)
