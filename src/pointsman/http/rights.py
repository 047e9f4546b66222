"""Who may do what: the one table of every route. `decision.py` is the decision on it; nothing else in this package decides that.

A route that is not in the table keeps the app from being built.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from pointsman.model.access import Permission


class Reached(StrEnum):
    """What the path parameter `id` of a route stands for, and the caller has to reach."""

    NOTHING = "nothing"
    OBJECT = "object"
    LINK = "link"
    """With both its ends."""
    ENTITY = "entity"
    """An object or a link."""
    JOB = "job"
    """The entity that the job ran on."""
    CHANGE = "change of state"
    """The entity whose state changed."""


class Verb(StrEnum):
    """What is done to the entity: `modify` is `modify-objects` for an object, `modify-links` for a link."""

    CREATE = "create"
    MODIFY = "modify"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Rule:
    """What a route asks for. Without anything: a caller who is known."""

    reach: Reached = Reached.NOTHING
    verb: Verb | None = None
    any_of: tuple[Permission, ...] = ()
    """One of these permissions, besides what the verb asks for."""
    public: bool = False
    """Whether nobody has to log in."""
    own: bool = False
    """Whether `id` names a user, who may do it for themselves without any permission."""

    def __post_init__(self) -> None:
        if self.verb is not None and self.reach not in (Reached.OBJECT, Reached.LINK, Reached.ENTITY, Reached.JOB):
            raise ValueError(f"expected an entity that a rule to {self.verb} is about, found none")


_KNOWN = Rule()
_USERS = Rule(any_of=(Permission.MANAGE_USERS,))
_OWN = Rule(any_of=(Permission.MANAGE_USERS,), own=True)
_WORKER = Rule(any_of=(Permission.MANAGE_CONFIGURATION,))
_EXECUTE = (Permission.EXECUTE_OPERATIONS,)

SIMULATED_EXECUTE = Rule(Reached.ENTITY, any_of=_EXECUTE)
"""To be told what an execution would do, as its body names it."""
SIMULATED_MESSAGE = _WORKER
"""To be told what a message would do, of the entities that the caller reaches."""

RULES: Mapping[tuple[str, str], Rule] = {
    ("GET", "/api/asyncapi.json"): Rule(),
    ("GET", "/api/docs"): Rule(public=True),
    ("GET", "/api/docs/forms.js"): Rule(public=True),
    ("GET", "/api/docs/trying.js"): Rule(public=True),
    ("GET", "/api/docs/viewer.css"): Rule(public=True),
    ("GET", "/api/docs/viewer.js"): Rule(public=True),
    ("GET", "/api/openapi.json"): Rule(public=True),
    ("DELETE", "/api/v1/groups/{id}"): _USERS,
    ("DELETE", "/api/v1/session"): _KNOWN,
    ("DELETE", "/api/v1/users/{id}"): _USERS,
    ("DELETE", "/api/v1/users/{id}/tokens/{token}"): _OWN,
    ("GET", "/api/v1/audit"): _USERS,
    ("GET", "/api/v1/entities/{id}/operations/{operation}/explain"): Rule(Reached.ENTITY),
    ("GET", "/api/v1/groups"): _USERS,
    ("GET", "/api/v1/groups/{id}"): _USERS,
    ("GET", "/api/v1/history/{id}/explain"): Rule(Reached.CHANGE),
    ("GET", "/api/v1/info"): _KNOWN,
    ("GET", "/api/v1/jobs/{id}/explain"): Rule(Reached.JOB),
    ("GET", "/api/v1/reasons"): _WORKER,
    ("GET", "/api/v1/rejects"): _WORKER,
    ("GET", "/api/v1/users"): _USERS,
    ("GET", "/api/v1/users/{id}"): _OWN,
    ("GET", "/api/v1/users/{id}/tokens"): _OWN,
    ("PATCH", "/api/v1/groups/{id}"): _USERS,
    ("PATCH", "/api/v1/users/{id}"): _USERS,
    ("POST", "/api/v1/entities/{id}/operations/{operation}/execute"): Rule(Reached.ENTITY, any_of=_EXECUTE),
    ("POST", "/api/v1/groups"): _USERS,
    ("POST", "/api/v1/jobs/{id}/cancel"): Rule(Reached.JOB, any_of=_EXECUTE),
    ("POST", "/api/v1/links/{id}/operations/{operation}/execute"): Rule(Reached.LINK, any_of=_EXECUTE),
    ("POST", "/api/v1/objects/{id}/operations/{operation}/execute"): Rule(Reached.OBJECT, any_of=_EXECUTE),
    ("POST", "/api/v1/session"): Rule(public=True),
    ("POST", "/api/v1/simulate"): Rule(any_of=(*_EXECUTE, Permission.MANAGE_CONFIGURATION)),
    ("POST", "/api/v1/users"): _USERS,
    ("POST", "/api/v1/users/{id}/tokens"): _OWN,
    ("PUT", "/api/v1/users/me/password"): _KNOWN,
    ("GET", "/livez"): Rule(public=True),
    ("DELETE", "/node/api/user-groups/{id}"): _USERS,
    ("DELETE", "/node/api/users/session"): _KNOWN,
    ("DELETE", "/node/api/users/{id}"): _USERS,
    ("GET", "/node/api/user-groups"): _USERS,
    ("GET", "/node/api/user-groups/{id}"): _USERS,
    ("GET", "/node/api/users"): _USERS,
    ("GET", "/node/api/users/current"): _KNOWN,
    ("GET", "/node/api/users/{id}"): _OWN,
    ("PATCH", "/node/api/user-groups/{id}"): _USERS,
    ("PATCH", "/node/api/users/{id}"): _USERS,
    ("POST", "/node/api/user-groups"): _USERS,
    ("POST", "/node/api/users"): _USERS,
    ("POST", "/node/api/users/session"): Rule(public=True),
    ("GET", "/readyz"): Rule(public=True),
}
"""By method and path. Each part of the API adds its own lines here, ordered by path."""
