"""Who may do what: the one table of every route. `decision.py` is the decision on it; nothing else in this package decides that.

A route that is not in the table keeps the app from being built. One file because it is one table.
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
    ("GET", "/api/v1/audit"): _USERS,
    ("GET", "/api/v1/classes"): Rule(),
    ("POST", "/api/v1/classes"): Rule(any_of=(Permission.MANAGE_CLASSES,)),
    ("DELETE", "/api/v1/classes/{id}"): Rule(any_of=(Permission.MANAGE_CLASSES,)),
    ("GET", "/api/v1/classes/{id}"): Rule(),
    ("PATCH", "/api/v1/classes/{id}"): Rule(any_of=(Permission.MODIFY_CLASSES,)),
    ("PUT", "/api/v1/classes/{id}"): Rule(any_of=(Permission.MODIFY_CLASSES,)),
    ("GET", "/api/v1/classes/{id}/conditions"): Rule(any_of=(Permission.MODIFY_CLASSES,)),
    ("PUT", "/api/v1/classes/{id}/conditions"): Rule(any_of=(Permission.MODIFY_CLASSES,)),
    ("GET", "/api/v1/classes/{id}/operations"): Rule(),
    ("POST", "/api/v1/classes/{id}/operations"): Rule(any_of=(Permission.MANAGE_OPERATIONS,)),
    ("DELETE", "/api/v1/classes/{id}/operations/{op}"): Rule(any_of=(Permission.MANAGE_OPERATIONS,)),
    ("GET", "/api/v1/classes/{id}/operations/{op}"): Rule(),
    ("PATCH", "/api/v1/classes/{id}/operations/{op}"): Rule(any_of=(Permission.MANAGE_OPERATIONS,)),
    ("GET", "/api/v1/classes/{id}/properties"): Rule(),
    ("POST", "/api/v1/classes/{id}/properties"): Rule(any_of=(Permission.MODIFY_CLASSES, Permission.MANAGE_PROPERTIES)),
    ("DELETE", "/api/v1/classes/{id}/properties/{prop}"): Rule(any_of=(Permission.MODIFY_CLASSES, Permission.MANAGE_PROPERTIES)),
    ("GET", "/api/v1/classes/{id}/properties/{prop}"): Rule(),
    ("PATCH", "/api/v1/classes/{id}/properties/{prop}"): Rule(any_of=(Permission.MODIFY_CLASSES, Permission.MANAGE_PROPERTIES)),
    ("GET", "/api/v1/classes/{id}/triggers"): Rule(any_of=(Permission.MODIFY_CLASSES,)),
    ("PUT", "/api/v1/classes/{id}/triggers"): Rule(any_of=(Permission.MODIFY_CLASSES,)),
    ("GET", "/api/v1/entities"): Rule(),
    ("GET", "/api/v1/entities/{id}"): Rule(Reached.ENTITY),
    ("DELETE", "/api/v1/entities/{id}/manual-state"): Rule(Reached.ENTITY, Verb.MODIFY),
    ("PUT", "/api/v1/entities/{id}/manual-state"): Rule(Reached.ENTITY, Verb.MODIFY),
    ("POST", "/api/v1/entities/{id}/operations/{op}/execute"): Rule(Reached.ENTITY, any_of=_EXECUTE),
    ("GET", "/api/v1/entities/{id}/operations/{op}/explain"): Rule(Reached.ENTITY),
    ("GET", "/api/v1/entities/{id}/state"): Rule(Reached.ENTITY),
    ("PUT", "/api/v1/entities/{id}/state"): Rule(Reached.ENTITY, Verb.MODIFY),
    ("GET", "/api/v1/events"): Rule(),
    ("GET", "/api/v1/groups"): _USERS,
    ("POST", "/api/v1/groups"): _USERS,
    ("DELETE", "/api/v1/groups/{id}"): _USERS,
    ("GET", "/api/v1/groups/{id}"): _USERS,
    ("PATCH", "/api/v1/groups/{id}"): _USERS,
    ("GET", "/api/v1/history"): Rule(),
    ("GET", "/api/v1/history/export"): Rule(),
    ("GET", "/api/v1/history/{id}"): Rule(Reached.CHANGE),
    ("GET", "/api/v1/history/{id}/explain"): Rule(Reached.CHANGE),
    ("GET", "/api/v1/info"): _KNOWN,
    ("GET", "/api/v1/jobs"): Rule(),
    ("GET", "/api/v1/jobs/export"): Rule(),
    ("GET", "/api/v1/jobs/{id}"): Rule(Reached.JOB),
    ("POST", "/api/v1/jobs/{id}/cancel"): Rule(Reached.JOB, any_of=_EXECUTE),
    ("GET", "/api/v1/jobs/{id}/explain"): Rule(Reached.JOB),
    ("GET", "/api/v1/links"): Rule(),
    ("POST", "/api/v1/links"): Rule(any_of=(Permission.CREATE_LINKS,)),
    ("DELETE", "/api/v1/links/{id}"): Rule(Reached.LINK, Verb.DELETE),
    ("GET", "/api/v1/links/{id}"): Rule(Reached.LINK),
    ("PATCH", "/api/v1/links/{id}"): Rule(Reached.LINK, Verb.MODIFY),
    ("PUT", "/api/v1/links/{id}"): Rule(Reached.LINK, Verb.MODIFY),
    ("GET", "/api/v1/links/{id}/conditions"): Rule(Reached.LINK, Verb.MODIFY),
    ("PUT", "/api/v1/links/{id}/conditions"): Rule(Reached.LINK, Verb.MODIFY),
    ("GET", "/api/v1/links/{id}/operations"): Rule(Reached.LINK),
    ("POST", "/api/v1/links/{id}/operations"): Rule(Reached.LINK, any_of=(Permission.MANAGE_OPERATIONS,)),
    ("DELETE", "/api/v1/links/{id}/operations/{op}"): Rule(Reached.LINK, any_of=(Permission.MANAGE_OPERATIONS,)),
    ("GET", "/api/v1/links/{id}/operations/{op}"): Rule(Reached.LINK),
    ("PATCH", "/api/v1/links/{id}/operations/{op}"): Rule(Reached.LINK, any_of=(Permission.MANAGE_OPERATIONS,)),
    ("POST", "/api/v1/jobs/{id}/results"): Rule(Reached.JOB, any_of=(Permission.MODIFY_OBJECTS,)),
    ("POST", "/api/v1/links/{id}/operations/{op}/execute"): Rule(Reached.LINK, any_of=_EXECUTE),
    ("GET", "/api/v1/links/{id}/properties"): Rule(Reached.LINK),
    ("POST", "/api/v1/links/{id}/properties"): Rule(Reached.LINK, any_of=(Permission.MODIFY_LINKS, Permission.MANAGE_PROPERTIES)),
    ("DELETE", "/api/v1/links/{id}/properties/{prop}"): Rule(
        Reached.LINK, any_of=(Permission.MODIFY_LINKS, Permission.MANAGE_PROPERTIES)
    ),
    ("GET", "/api/v1/links/{id}/properties/{prop}"): Rule(Reached.LINK),
    ("PATCH", "/api/v1/links/{id}/properties/{prop}"): Rule(
        Reached.LINK, any_of=(Permission.MODIFY_LINKS, Permission.MANAGE_PROPERTIES)
    ),
    ("GET", "/api/v1/links/{id}/triggers"): Rule(Reached.LINK, Verb.MODIFY),
    ("PUT", "/api/v1/links/{id}/triggers"): Rule(Reached.LINK, Verb.MODIFY),
    ("GET", "/api/v1/objects"): Rule(),
    ("POST", "/api/v1/objects"): Rule(any_of=(Permission.CREATE_OBJECTS,)),
    ("DELETE", "/api/v1/objects/{id}"): Rule(Reached.OBJECT, Verb.DELETE),
    ("GET", "/api/v1/objects/{id}"): Rule(Reached.OBJECT),
    ("PATCH", "/api/v1/objects/{id}"): Rule(Reached.OBJECT, Verb.MODIFY),
    ("PUT", "/api/v1/objects/{id}"): Rule(Reached.OBJECT, Verb.MODIFY),
    ("GET", "/api/v1/objects/{id}/conditions"): Rule(Reached.OBJECT, Verb.MODIFY),
    ("PUT", "/api/v1/objects/{id}/conditions"): Rule(Reached.OBJECT, Verb.MODIFY),
    ("GET", "/api/v1/objects/{id}/operations"): Rule(Reached.OBJECT),
    ("POST", "/api/v1/objects/{id}/operations"): Rule(Reached.OBJECT, any_of=(Permission.MANAGE_OPERATIONS,)),
    ("DELETE", "/api/v1/objects/{id}/operations/{op}"): Rule(Reached.OBJECT, any_of=(Permission.MANAGE_OPERATIONS,)),
    ("GET", "/api/v1/objects/{id}/operations/{op}"): Rule(Reached.OBJECT),
    ("PATCH", "/api/v1/objects/{id}/operations/{op}"): Rule(Reached.OBJECT, any_of=(Permission.MANAGE_OPERATIONS,)),
    ("POST", "/api/v1/objects/{id}/operations/{op}/execute"): Rule(Reached.OBJECT, any_of=_EXECUTE),
    ("GET", "/api/v1/objects/{id}/properties"): Rule(Reached.OBJECT),
    ("POST", "/api/v1/objects/{id}/properties"): Rule(
        Reached.OBJECT, any_of=(Permission.MODIFY_OBJECTS, Permission.MANAGE_PROPERTIES)
    ),
    ("DELETE", "/api/v1/objects/{id}/properties/{prop}"): Rule(
        Reached.OBJECT, any_of=(Permission.MODIFY_OBJECTS, Permission.MANAGE_PROPERTIES)
    ),
    ("GET", "/api/v1/objects/{id}/properties/{prop}"): Rule(Reached.OBJECT),
    ("PATCH", "/api/v1/objects/{id}/properties/{prop}"): Rule(
        Reached.OBJECT, any_of=(Permission.MODIFY_OBJECTS, Permission.MANAGE_PROPERTIES)
    ),
    ("GET", "/api/v1/objects/{id}/triggers"): Rule(Reached.OBJECT, Verb.MODIFY),
    ("PUT", "/api/v1/objects/{id}/triggers"): Rule(Reached.OBJECT, Verb.MODIFY),
    ("GET", "/api/v1/reasons"): _WORKER,
    ("GET", "/api/v1/rejects"): _WORKER,
    ("GET", "/api/v1/scripts"): Rule(),
    ("POST", "/api/v1/scripts"): Rule(any_of=(Permission.MANAGE_SCRIPTS,)),
    ("DELETE", "/api/v1/scripts/{id}"): Rule(any_of=(Permission.MANAGE_SCRIPTS,)),
    ("GET", "/api/v1/scripts/{id}"): Rule(),
    ("PATCH", "/api/v1/scripts/{id}"): Rule(any_of=(Permission.MANAGE_SCRIPTS,)),
    ("PUT", "/api/v1/scripts/{id}"): Rule(any_of=(Permission.MANAGE_SCRIPTS,)),
    ("DELETE", "/api/v1/session"): _KNOWN,
    ("POST", "/api/v1/session"): Rule(public=True),
    ("POST", "/api/v1/simulate"): Rule(any_of=(*_EXECUTE, Permission.MANAGE_CONFIGURATION)),
    ("GET", "/api/v1/states"): Rule(),
    ("POST", "/api/v1/states"): Rule(any_of=(Permission.MANAGE_CONFIGURATION,)),
    ("DELETE", "/api/v1/states/{id}"): Rule(any_of=(Permission.MANAGE_CONFIGURATION,)),
    ("GET", "/api/v1/states/{id}"): Rule(),
    ("PATCH", "/api/v1/states/{id}"): Rule(any_of=(Permission.MANAGE_CONFIGURATION,)),
    ("PUT", "/api/v1/states/{id}"): Rule(any_of=(Permission.MANAGE_CONFIGURATION,)),
    ("GET", "/api/v1/users"): _USERS,
    ("POST", "/api/v1/users"): _USERS,
    ("PUT", "/api/v1/users/me/password"): _KNOWN,
    ("DELETE", "/api/v1/users/{id}"): _USERS,
    ("GET", "/api/v1/users/{id}"): _OWN,
    ("PATCH", "/api/v1/users/{id}"): _USERS,
    ("GET", "/api/v1/users/{id}/tokens"): _OWN,
    ("POST", "/api/v1/users/{id}/tokens"): _OWN,
    ("DELETE", "/api/v1/users/{id}/tokens/{token}"): _OWN,
    ("GET", "/livez"): Rule(public=True),
    ("GET", "/node/api/classes"): Rule(),
    ("POST", "/node/api/classes"): Rule(any_of=(Permission.MANAGE_CLASSES,)),
    ("DELETE", "/node/api/classes/{id}"): Rule(any_of=(Permission.MANAGE_CLASSES,)),
    ("GET", "/node/api/classes/{id}"): Rule(),
    ("PATCH", "/node/api/classes/{id}"): Rule(any_of=(Permission.MODIFY_CLASSES,)),
    ("GET", "/node/api/classes/{id}/operations"): Rule(),
    ("POST", "/node/api/classes/{id}/operations"): Rule(any_of=(Permission.MANAGE_OPERATIONS,)),
    ("DELETE", "/node/api/classes/{id}/operations/{op}"): Rule(any_of=(Permission.MANAGE_OPERATIONS,)),
    ("GET", "/node/api/classes/{id}/operations/{op}"): Rule(),
    ("PATCH", "/node/api/classes/{id}/operations/{op}"): Rule(any_of=(Permission.MANAGE_OPERATIONS,)),
    ("GET", "/node/api/classes/{id}/props"): Rule(),
    ("POST", "/node/api/classes/{id}/props"): Rule(any_of=(Permission.MODIFY_CLASSES, Permission.MANAGE_PROPERTIES)),
    ("DELETE", "/node/api/classes/{id}/props/{prop}"): Rule(any_of=(Permission.MODIFY_CLASSES, Permission.MANAGE_PROPERTIES)),
    ("GET", "/node/api/classes/{id}/props/{prop}"): Rule(),
    ("PATCH", "/node/api/classes/{id}/props/{prop}"): Rule(any_of=(Permission.MODIFY_CLASSES, Permission.MANAGE_PROPERTIES)),
    ("GET", "/node/api/classes/{id}/state-conditions"): Rule(any_of=(Permission.MODIFY_CLASSES,)),
    ("PUT", "/node/api/classes/{id}/state-conditions"): Rule(any_of=(Permission.MODIFY_CLASSES,)),
    ("GET", "/node/api/classes/{id}/state-triggers"): Rule(any_of=(Permission.MODIFY_CLASSES,)),
    ("PUT", "/node/api/classes/{id}/state-triggers"): Rule(any_of=(Permission.MODIFY_CLASSES,)),
    ("GET", "/node/api/entities"): Rule(),
    ("GET", "/node/api/entities/{id}"): Rule(Reached.ENTITY),
    ("PUT", "/node/api/entities/{id}/manual-state"): Rule(Reached.ENTITY),
    ("POST", "/node/api/entities/{id}/operations/{op}/execute"): Rule(Reached.ENTITY, any_of=(Permission.EXECUTE_OPERATIONS,)),
    ("POST", "/node/api/jobs"): Rule(),
    ("GET", "/node/api/jobs/{id}"): Rule(Reached.JOB),
    ("PATCH", "/node/api/jobs/{id}/results"): Rule(Reached.JOB, any_of=(Permission.MODIFY_OBJECTS,)),
    ("GET", "/node/api/links"): Rule(),
    ("POST", "/node/api/links"): Rule(any_of=(Permission.CREATE_LINKS,)),
    ("DELETE", "/node/api/links/{id}"): Rule(Reached.LINK, Verb.DELETE),
    ("GET", "/node/api/links/{id}"): Rule(Reached.LINK),
    ("PATCH", "/node/api/links/{id}"): Rule(Reached.LINK, Verb.MODIFY),
    ("GET", "/node/api/links/{id}/jobs"): Rule(Reached.LINK),
    ("GET", "/node/api/links/{id}/operations"): Rule(Reached.LINK),
    ("POST", "/node/api/links/{id}/operations"): Rule(Reached.LINK, any_of=(Permission.MANAGE_OPERATIONS,)),
    ("DELETE", "/node/api/links/{id}/operations/{op}"): Rule(Reached.LINK, any_of=(Permission.MANAGE_OPERATIONS,)),
    ("GET", "/node/api/links/{id}/operations/{op}"): Rule(Reached.LINK),
    ("PATCH", "/node/api/links/{id}/operations/{op}"): Rule(Reached.LINK, any_of=(Permission.MANAGE_OPERATIONS,)),
    ("POST", "/node/api/links/{id}/operations/{op}/execute"): Rule(Reached.LINK, any_of=(Permission.EXECUTE_OPERATIONS,)),
    ("GET", "/node/api/links/{id}/props"): Rule(Reached.LINK),
    ("POST", "/node/api/links/{id}/props"): Rule(Reached.LINK, any_of=(Permission.MODIFY_LINKS, Permission.MANAGE_PROPERTIES)),
    ("DELETE", "/node/api/links/{id}/props/{prop}"): Rule(
        Reached.LINK, any_of=(Permission.MODIFY_LINKS, Permission.MANAGE_PROPERTIES)
    ),
    ("GET", "/node/api/links/{id}/props/{prop}"): Rule(Reached.LINK),
    ("PATCH", "/node/api/links/{id}/props/{prop}"): Rule(
        Reached.LINK, any_of=(Permission.MODIFY_LINKS, Permission.MANAGE_PROPERTIES)
    ),
    ("PUT", "/node/api/links/{id}/state"): Rule(Reached.LINK, Verb.MODIFY),
    ("GET", "/node/api/links/{id}/state-conditions"): Rule(Reached.LINK, Verb.MODIFY),
    ("PUT", "/node/api/links/{id}/state-conditions"): Rule(Reached.LINK, Verb.MODIFY),
    ("GET", "/node/api/links/{id}/state-history"): Rule(Reached.LINK),
    ("GET", "/node/api/links/{id}/state-triggers"): Rule(Reached.LINK, Verb.MODIFY),
    ("PUT", "/node/api/links/{id}/state-triggers"): Rule(Reached.LINK, Verb.MODIFY),
    ("GET", "/node/api/objects"): Rule(),
    ("POST", "/node/api/objects"): Rule(any_of=(Permission.CREATE_OBJECTS,)),
    ("POST", "/node/api/objects/search"): Rule(),
    ("DELETE", "/node/api/objects/{id}"): Rule(Reached.OBJECT, Verb.DELETE),
    ("GET", "/node/api/objects/{id}"): Rule(Reached.OBJECT),
    ("PATCH", "/node/api/objects/{id}"): Rule(Reached.OBJECT, Verb.MODIFY),
    ("GET", "/node/api/objects/{id}/jobs"): Rule(Reached.OBJECT),
    ("GET", "/node/api/objects/{id}/operations"): Rule(Reached.OBJECT),
    ("POST", "/node/api/objects/{id}/operations"): Rule(Reached.OBJECT, any_of=(Permission.MANAGE_OPERATIONS,)),
    ("DELETE", "/node/api/objects/{id}/operations/{op}"): Rule(Reached.OBJECT, any_of=(Permission.MANAGE_OPERATIONS,)),
    ("GET", "/node/api/objects/{id}/operations/{op}"): Rule(Reached.OBJECT),
    ("PATCH", "/node/api/objects/{id}/operations/{op}"): Rule(Reached.OBJECT, any_of=(Permission.MANAGE_OPERATIONS,)),
    ("POST", "/node/api/objects/{id}/operations/{op}/execute"): Rule(Reached.OBJECT, any_of=(Permission.EXECUTE_OPERATIONS,)),
    ("GET", "/node/api/objects/{id}/props"): Rule(Reached.OBJECT),
    ("POST", "/node/api/objects/{id}/props"): Rule(
        Reached.OBJECT, any_of=(Permission.MODIFY_OBJECTS, Permission.MANAGE_PROPERTIES)
    ),
    ("DELETE", "/node/api/objects/{id}/props/{prop}"): Rule(
        Reached.OBJECT, any_of=(Permission.MODIFY_OBJECTS, Permission.MANAGE_PROPERTIES)
    ),
    ("GET", "/node/api/objects/{id}/props/{prop}"): Rule(Reached.OBJECT),
    ("PATCH", "/node/api/objects/{id}/props/{prop}"): Rule(
        Reached.OBJECT, any_of=(Permission.MODIFY_OBJECTS, Permission.MANAGE_PROPERTIES)
    ),
    ("PUT", "/node/api/objects/{id}/state"): Rule(Reached.OBJECT, Verb.MODIFY),
    ("GET", "/node/api/objects/{id}/state-conditions"): Rule(Reached.OBJECT, Verb.MODIFY),
    ("PUT", "/node/api/objects/{id}/state-conditions"): Rule(Reached.OBJECT, Verb.MODIFY),
    ("GET", "/node/api/objects/{id}/state-history"): Rule(Reached.OBJECT),
    ("GET", "/node/api/objects/{id}/state-triggers"): Rule(Reached.OBJECT, Verb.MODIFY),
    ("PUT", "/node/api/objects/{id}/state-triggers"): Rule(Reached.OBJECT, Verb.MODIFY),
    ("GET", "/node/api/scripts"): Rule(),
    ("POST", "/node/api/scripts"): Rule(any_of=(Permission.MANAGE_SCRIPTS,)),
    ("DELETE", "/node/api/scripts/{id}"): Rule(any_of=(Permission.MANAGE_SCRIPTS,)),
    ("GET", "/node/api/scripts/{id}"): Rule(),
    ("PATCH", "/node/api/scripts/{id}"): Rule(any_of=(Permission.MANAGE_SCRIPTS,)),
    ("GET", "/node/api/state-history-log"): Rule(),
    ("GET", "/node/api/states"): Rule(),
    ("POST", "/node/api/states"): Rule(any_of=(Permission.MANAGE_CONFIGURATION,)),
    ("DELETE", "/node/api/states/{id}"): Rule(any_of=(Permission.MANAGE_CONFIGURATION,)),
    ("GET", "/node/api/states/{id}"): Rule(),
    ("PATCH", "/node/api/states/{id}"): Rule(any_of=(Permission.MANAGE_CONFIGURATION,)),
    ("GET", "/node/api/user-groups"): _USERS,
    ("POST", "/node/api/user-groups"): _USERS,
    ("DELETE", "/node/api/user-groups/{id}"): _USERS,
    ("GET", "/node/api/user-groups/{id}"): _USERS,
    ("PATCH", "/node/api/user-groups/{id}"): _USERS,
    ("GET", "/node/api/users"): _USERS,
    ("POST", "/node/api/users"): _USERS,
    ("GET", "/node/api/users/current"): _KNOWN,
    ("DELETE", "/node/api/users/session"): _KNOWN,
    ("POST", "/node/api/users/session"): Rule(public=True),
    ("DELETE", "/node/api/users/{id}"): _USERS,
    ("GET", "/node/api/users/{id}"): _OWN,
    ("PATCH", "/node/api/users/{id}"): _USERS,
    ("GET", "/readyz"): Rule(public=True),
}
"""By method and path. Each part of the API adds its own lines here, ordered by path."""
