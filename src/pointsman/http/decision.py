"""Whether somebody may do something: a pure function of the rule (`rights.py`), of who asks, and of what it is about."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from pointsman.http.rights import Reached, Rule, Verb
from pointsman.model.access import Caller, Group, Permission, Reach, User, implied
from pointsman.model.entity import Entity
from pointsman.model.ids import EntityId, EntityRef, OwnerType


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
