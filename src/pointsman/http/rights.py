"""Who may do what: the one table of every route, and the decision on it. Nothing else in this package decides that.

A route that is not in the table keeps the app from being built.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from pointsman.model.access import Caller, Group, Permission, Reach, User, implied
from pointsman.model.entity import Entity
from pointsman.model.ids import EntityId, EntityRef, OwnerType


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


RULES: Mapping[tuple[str, str], Rule] = {
    ("GET", "/livez"): Rule(public=True),
    ("GET", "/node/api/classes"): Rule(),
    ("POST", "/node/api/classes"): Rule(any_of=(Permission.MANAGE_CLASSES,)),
    ("GET", "/node/api/classes/{id}"): Rule(),
    ("PATCH", "/node/api/classes/{id}"): Rule(any_of=(Permission.MODIFY_CLASSES,)),
    ("DELETE", "/node/api/classes/{id}"): Rule(any_of=(Permission.MANAGE_CLASSES,)),
    ("GET", "/node/api/classes/{id}/operations"): Rule(),
    ("POST", "/node/api/classes/{id}/operations"): Rule(any_of=(Permission.MANAGE_OPERATIONS,)),
    ("GET", "/node/api/classes/{id}/operations/{op}"): Rule(),
    ("PATCH", "/node/api/classes/{id}/operations/{op}"): Rule(any_of=(Permission.MANAGE_OPERATIONS,)),
    ("DELETE", "/node/api/classes/{id}/operations/{op}"): Rule(any_of=(Permission.MANAGE_OPERATIONS,)),
    ("GET", "/node/api/classes/{id}/props"): Rule(),
    ("POST", "/node/api/classes/{id}/props"): Rule(any_of=(Permission.MODIFY_CLASSES, Permission.MANAGE_PROPERTIES)),
    ("GET", "/node/api/classes/{id}/props/{prop}"): Rule(),
    ("PATCH", "/node/api/classes/{id}/props/{prop}"): Rule(any_of=(Permission.MODIFY_CLASSES, Permission.MANAGE_PROPERTIES)),
    ("DELETE", "/node/api/classes/{id}/props/{prop}"): Rule(any_of=(Permission.MODIFY_CLASSES, Permission.MANAGE_PROPERTIES)),
    ("GET", "/node/api/classes/{id}/state-conditions"): Rule(any_of=(Permission.MODIFY_CLASSES,)),
    ("PUT", "/node/api/classes/{id}/state-conditions"): Rule(any_of=(Permission.MODIFY_CLASSES,)),
    ("GET", "/node/api/classes/{id}/state-triggers"): Rule(any_of=(Permission.MODIFY_CLASSES,)),
    ("PUT", "/node/api/classes/{id}/state-triggers"): Rule(any_of=(Permission.MODIFY_CLASSES,)),
    ("GET", "/node/api/entities"): Rule(),
    ("GET", "/node/api/entities/{id}"): Rule(Reached.ENTITY),
    ("PUT", "/node/api/entities/{id}/manual-state"): Rule(Reached.ENTITY, Verb.MODIFY),
    ("POST", "/node/api/entities/{id}/operations/{op}/execute"): Rule(Reached.ENTITY, any_of=(Permission.EXECUTE_OPERATIONS,)),
    ("GET", "/node/api/links"): Rule(),
    ("POST", "/node/api/links"): Rule(any_of=(Permission.CREATE_LINKS,)),
    ("GET", "/node/api/links/{id}"): Rule(Reached.LINK),
    ("PATCH", "/node/api/links/{id}"): Rule(Reached.LINK, Verb.MODIFY),
    ("DELETE", "/node/api/links/{id}"): Rule(Reached.LINK, Verb.DELETE),
    ("GET", "/node/api/links/{id}/operations"): Rule(Reached.LINK),
    ("POST", "/node/api/links/{id}/operations"): Rule(Reached.LINK, any_of=(Permission.MANAGE_OPERATIONS,)),
    ("GET", "/node/api/links/{id}/operations/{op}"): Rule(Reached.LINK),
    ("PATCH", "/node/api/links/{id}/operations/{op}"): Rule(Reached.LINK, any_of=(Permission.MANAGE_OPERATIONS,)),
    ("DELETE", "/node/api/links/{id}/operations/{op}"): Rule(Reached.LINK, any_of=(Permission.MANAGE_OPERATIONS,)),
    ("POST", "/node/api/links/{id}/operations/{op}/execute"): Rule(Reached.LINK, any_of=(Permission.EXECUTE_OPERATIONS,)),
    ("GET", "/node/api/links/{id}/props"): Rule(Reached.LINK),
    ("POST", "/node/api/links/{id}/props"): Rule(Reached.LINK, any_of=(Permission.MODIFY_LINKS, Permission.MANAGE_PROPERTIES)),
    ("GET", "/node/api/links/{id}/props/{prop}"): Rule(Reached.LINK),
    ("PATCH", "/node/api/links/{id}/props/{prop}"): Rule(
        Reached.LINK, any_of=(Permission.MODIFY_LINKS, Permission.MANAGE_PROPERTIES)
    ),
    ("DELETE", "/node/api/links/{id}/props/{prop}"): Rule(
        Reached.LINK, any_of=(Permission.MODIFY_LINKS, Permission.MANAGE_PROPERTIES)
    ),
    ("PUT", "/node/api/links/{id}/state"): Rule(Reached.LINK, Verb.MODIFY),
    ("GET", "/node/api/links/{id}/state-conditions"): Rule(Reached.LINK, Verb.MODIFY),
    ("PUT", "/node/api/links/{id}/state-conditions"): Rule(Reached.LINK, Verb.MODIFY),
    ("GET", "/node/api/links/{id}/state-triggers"): Rule(Reached.LINK, Verb.MODIFY),
    ("PUT", "/node/api/links/{id}/state-triggers"): Rule(Reached.LINK, Verb.MODIFY),
    ("GET", "/node/api/objects"): Rule(),
    ("POST", "/node/api/objects"): Rule(any_of=(Permission.CREATE_OBJECTS,)),
    ("POST", "/node/api/objects/search"): Rule(),
    ("GET", "/node/api/objects/{id}"): Rule(Reached.OBJECT),
    ("PATCH", "/node/api/objects/{id}"): Rule(Reached.OBJECT, Verb.MODIFY),
    ("DELETE", "/node/api/objects/{id}"): Rule(Reached.OBJECT, Verb.DELETE),
    ("GET", "/node/api/objects/{id}/operations"): Rule(Reached.OBJECT),
    ("POST", "/node/api/objects/{id}/operations"): Rule(Reached.OBJECT, any_of=(Permission.MANAGE_OPERATIONS,)),
    ("GET", "/node/api/objects/{id}/operations/{op}"): Rule(Reached.OBJECT),
    ("PATCH", "/node/api/objects/{id}/operations/{op}"): Rule(Reached.OBJECT, any_of=(Permission.MANAGE_OPERATIONS,)),
    ("DELETE", "/node/api/objects/{id}/operations/{op}"): Rule(Reached.OBJECT, any_of=(Permission.MANAGE_OPERATIONS,)),
    ("POST", "/node/api/objects/{id}/operations/{op}/execute"): Rule(Reached.OBJECT, any_of=(Permission.EXECUTE_OPERATIONS,)),
    ("GET", "/node/api/objects/{id}/props"): Rule(Reached.OBJECT),
    ("POST", "/node/api/objects/{id}/props"): Rule(
        Reached.OBJECT, any_of=(Permission.MODIFY_OBJECTS, Permission.MANAGE_PROPERTIES)
    ),
    ("GET", "/node/api/objects/{id}/props/{prop}"): Rule(Reached.OBJECT),
    ("PATCH", "/node/api/objects/{id}/props/{prop}"): Rule(
        Reached.OBJECT, any_of=(Permission.MODIFY_OBJECTS, Permission.MANAGE_PROPERTIES)
    ),
    ("DELETE", "/node/api/objects/{id}/props/{prop}"): Rule(
        Reached.OBJECT, any_of=(Permission.MODIFY_OBJECTS, Permission.MANAGE_PROPERTIES)
    ),
    ("PUT", "/node/api/objects/{id}/state"): Rule(Reached.OBJECT, Verb.MODIFY),
    ("GET", "/node/api/objects/{id}/state-conditions"): Rule(Reached.OBJECT, Verb.MODIFY),
    ("PUT", "/node/api/objects/{id}/state-conditions"): Rule(Reached.OBJECT, Verb.MODIFY),
    ("GET", "/node/api/objects/{id}/state-triggers"): Rule(Reached.OBJECT, Verb.MODIFY),
    ("PUT", "/node/api/objects/{id}/state-triggers"): Rule(Reached.OBJECT, Verb.MODIFY),
    ("GET", "/node/api/scripts"): Rule(),
    ("POST", "/node/api/scripts"): Rule(any_of=(Permission.MANAGE_SCRIPTS,)),
    ("GET", "/node/api/scripts/{id}"): Rule(),
    ("PATCH", "/node/api/scripts/{id}"): Rule(any_of=(Permission.MANAGE_SCRIPTS,)),
    ("DELETE", "/node/api/scripts/{id}"): Rule(any_of=(Permission.MANAGE_SCRIPTS,)),
    ("GET", "/node/api/states"): Rule(),
    ("POST", "/node/api/states"): Rule(any_of=(Permission.MANAGE_CONFIGURATION,)),
    ("GET", "/node/api/states/{id}"): Rule(),
    ("PATCH", "/node/api/states/{id}"): Rule(any_of=(Permission.MANAGE_CONFIGURATION,)),
    ("DELETE", "/node/api/states/{id}"): Rule(any_of=(Permission.MANAGE_CONFIGURATION,)),
    ("GET", "/readyz"): Rule(public=True),
}
"""By method and path. Each part of the API adds its own lines here, ordered by path."""


@dataclass(frozen=True, slots=True)
class Target:
    """What a request is about."""

    entity: EntityRef
    ends: tuple[EntityId, ...] | None = ()
    """The objects that a link joins; None for a link that is gone, of which they are not known any more."""


class Why(StrEnum):
    """Why somebody may not."""

    UNKNOWN = "unknown"
    """It is not known who they are."""
    OUT_OF_REACH = "out_of_reach"
    """There is no such thing, or none that they reach: that is told alike."""
    LACKING = "lacking"
    """They lack a permission."""


@dataclass(frozen=True, slots=True)
class Denied:
    """They may not."""

    why: Why
    lacking: frozenset[Permission] = frozenset()
    """One of these would do."""


def decide(rule: Rule, caller: Caller | None, target: Target | None = None, *, own: bool = False) -> Denied | None:
    """Whether the caller, None for somebody unknown, may do what the rule is for; None: they may. The decision of this API.

    `target` is the entity that the request names, None when there is none. `own` says that the user whom it names is the caller.
    What is out of reach is told before what is lacking, so a refusal never tells that something exists.
    """
    if rule.public:
        return None
    if caller is None:
        return Denied(Why.UNKNOWN)
    if rule.reach is not Reached.NOTHING:
        if target is None or not _is_meant(rule.reach, target.entity.kind) or not reaches(caller, target):
            return Denied(Why.OUT_OF_REACH)
        if rule.verb is not None and not caller.may(wanted := _to(rule.verb, target.entity.kind)):
            return Denied(Why.LACKING, _enough({wanted}))
    if not caller.may(*rule.any_of) and not (rule.own and own):
        return Denied(Why.LACKING, _enough(rule.any_of))
    return None


def reaches(caller: Caller, target: Target) -> bool:
    """Whether the caller reaches an entity: a link only with both its ends."""
    if target.entity.kind is OwnerType.OBJECT:
        return target.entity.id in caller.objects
    if target.entity.id not in caller.links:
        return False
    return caller.objects.is_all if target.ends is None else all(end in caller.objects for end in target.ends)


def target_of(entity: Entity) -> Target:
    """The entity, as something to be reached."""
    return Target(entity.ref, tuple([end for end in (entity.source, entity.target) if end is not None]))


def caller_for(user: User, groups: Iterable[Group]) -> Caller:
    """What follows from who somebody is, and from the groups that they are in.

    Permissions add up. Reach is what the user and the groups include, taken together, all when none of them says what; and what
    any of them excludes is out of reach.
    """
    every: tuple[User | Group, ...] = (user, *groups)
    return Caller(
        user=user.id,
        login=user.login,
        permissions=implied({permission for each in every for permission in each.permissions}),
        objects=_together([each.objects for each in every]),
        links=_together([each.links for each in every]),
    )


def _together(reach: Sequence[Reach]) -> Reach:
    included = [each.include for each in reach if each.include is not None]
    include = frozenset().union(*included) if included else None
    return Reach(include, frozenset().union(*[each.exclude for each in reach]))


def _is_meant(reach: Reached, kind: OwnerType) -> bool:
    if reach is Reached.OBJECT:
        return kind is OwnerType.OBJECT
    return reach is not Reached.LINK or kind is OwnerType.LINK


def _to(verb: Verb, kind: OwnerType) -> Permission:
    return Permission(f"{verb}-{kind.plural}")


def _enough(wanted: Iterable[Permission]) -> frozenset[Permission]:
    """These permissions, and those that include one of them."""
    names = frozenset(wanted)
    return names | {each for each in Permission if not names.isdisjoint(implied({each}))}
