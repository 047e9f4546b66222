"""Who may do what: the decision, as a function of the rule, of who asks, and of what it is about."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.http.decision import Denied, Target, Why, caller_for, decide, reaches
from pointsman.http.rights import Reached, Rule, Verb
from pointsman.model.access import ALL, EVERYTHING, Caller, Group, Permission, Reach, User, implied
from pointsman.model.ids import EntityId, EntityRef, OwnerType, UserId

IDS = ("a", "b", "c", "d")
ENTITY_RULES = (Reached.OBJECT, Reached.LINK, Reached.ENTITY, Reached.JOB)

ids = st.sampled_from(IDS)
some = st.frozensets(ids)
reach = st.builds(Reach, st.none() | some, some)
permissions = st.frozensets(st.sampled_from(sorted(Permission)))
objects = st.builds(lambda id_: Target(EntityRef(OwnerType.OBJECT, EntityId(id_))), ids)
links = st.builds(
    lambda id_, ends: Target(EntityRef(OwnerType.LINK, EntityId(f"link-{id_}")), ends),
    ids,
    st.none() | st.tuples(ids.map(EntityId), ids.map(EntityId)),
)
targets = objects | links
rules = st.builds(
    lambda kind, verb, any_of, own: Rule(reach=kind, verb=verb if kind in ENTITY_RULES else None, any_of=tuple(any_of), own=own),
    st.sampled_from(sorted(Reached)),
    st.none() | st.sampled_from(sorted(Verb)),
    st.lists(st.sampled_from(sorted(Permission)), max_size=2),
    st.booleans(),
)
callers = st.builds(
    lambda allowed, seen, joined: Caller(
        user=UserId("ann"), login="Ann", permissions=implied(allowed), objects=seen, links=joined
    ),
    permissions,
    reach,
    reach,
)
ADMIN = Caller(user=UserId("admin"), login="admin", permissions=EVERYTHING)


def obj(id_: str) -> Target:
    return Target(EntityRef(OwnerType.OBJECT, EntityId(id_)))


def link(id_: str, *ends: str) -> Target:
    return Target(EntityRef(OwnerType.LINK, EntityId(id_)), tuple(map(EntityId, ends)))


@given(rules, st.none() | targets, st.booleans())
def test_nobody_is_let_in_but_where_everybody_is(rule: Rule, target: Target | None, own: bool) -> None:
    assert decide(rule, None, target, own=own) == Denied(Why.UNKNOWN)
    assert decide(replace(rule, public=True), None, target, own=own) is None


@given(rules, targets)
def test_who_may_everything_and_reaches_everything_is_refused_only_what_is_not_meant(rule: Rule, target: Target) -> None:
    meant = {Reached.OBJECT: OwnerType.OBJECT, Reached.LINK: OwnerType.LINK}.get(rule.reach, target.entity.kind)
    denied = decide(rule, ADMIN, target)
    assert (denied is None) == (rule.reach is Reached.NOTHING or target.entity.kind is meant)


@given(rules, callers, targets, st.booleans())
def test_what_is_out_of_reach_is_as_if_it_were_not_there(rule: Rule, caller: Caller, target: Target, own: bool) -> None:
    """Whatever permissions somebody has or lacks: else the refusal would tell that it exists."""
    if rule.reach is not Reached.NOTHING and not reaches(caller, target):
        assert decide(rule, caller, target, own=own) == decide(rule, caller, None, own=own) == Denied(Why.OUT_OF_REACH)


@given(rules, callers, st.none() | targets, permissions)
def test_more_permissions_never_allow_less(
    rule: Rule, caller: Caller, target: Target | None, more: frozenset[Permission]
) -> None:
    if decide(rule, caller, target) is None:
        assert decide(rule, replace(caller, permissions=implied(caller.permissions | more)), target) is None


@given(rules, callers, targets, ids)
def test_an_exclusion_never_allows_more(rule: Rule, caller: Caller, target: Target, id_: str) -> None:
    narrower = replace(caller, objects=Reach(caller.objects.include, caller.objects.exclude | {id_}))
    if decide(rule, narrower, target) is None:
        assert decide(rule, caller, target) is None


@given(rules, callers, targets)
def test_a_permission_that_is_named_as_lacking_would_do(rule: Rule, caller: Caller, target: Target) -> None:
    """Any one of them, for this demand: what is asked for is never named in vain."""
    seen: set[frozenset[Permission]] = set()
    while (denied := decide(rule, caller, target)) is not None and denied.why is Why.LACKING:
        assert denied.lacking
        assert denied.lacking.isdisjoint(caller.permissions)
        assert denied.lacking not in seen
        seen.add(denied.lacking)
        caller = replace(caller, permissions=implied(caller.permissions | {min(denied.lacking)}))
    assert denied is None or denied.why is Why.OUT_OF_REACH
    assert len(seen) <= 2


@given(callers, links)
def test_a_link_is_reached_only_with_both_its_ends(caller: Caller, target: Target) -> None:
    ends = [reaches(caller, obj(end)) for end in target.ends or ()]
    known = caller.objects.is_all if target.ends is None else all(ends)
    assert reaches(caller, target) == (known and target.entity.id in caller.links)


def test_one_s_own_needs_no_permission_and_everybody_else_s_does() -> None:
    rule = Rule(any_of=(Permission.MANAGE_USERS,), own=True)
    plain = Caller(user=UserId("ann"), login="Ann")
    assert decide(rule, plain, own=True) is None
    assert decide(rule, plain) == Denied(Why.LACKING, frozenset({Permission.MANAGE_USERS}))


@pytest.mark.parametrize(
    ("target", "enough"),
    [
        (obj("a"), {"modify-objects", "manage-objects"}),
        (link("x", "a", "b"), {"modify-links", "manage-links"}),
    ],
)
def test_what_is_needed_goes_by_the_kind_of_the_entity(target: Target, enough: set[str]) -> None:
    plain = Caller(user=UserId("ann"), login="Ann")
    denied = decide(Rule(reach=Reached.ENTITY, verb=Verb.MODIFY), plain, target)
    assert denied == Denied(Why.LACKING, frozenset(map(Permission, enough)))


def test_a_verb_and_a_permission_are_needed_both() -> None:
    rule = Rule(reach=Reached.OBJECT, verb=Verb.MODIFY, any_of=(Permission.MANAGE_PROPERTIES,))
    for allowed in ({Permission.MODIFY_OBJECTS}, {Permission.MANAGE_PROPERTIES}):
        assert decide(rule, Caller(user=UserId("ann"), login="Ann", permissions=frozenset(allowed)), obj("a")) is not None
    both = frozenset({Permission.MODIFY_OBJECTS, Permission.MANAGE_PROPERTIES})
    assert decide(rule, Caller(user=UserId("ann"), login="Ann", permissions=both), obj("a")) is None


def test_a_rule_with_a_verb_is_about_an_entity() -> None:
    with pytest.raises(ValueError, match="expected an entity"):
        Rule(verb=Verb.MODIFY)


# What follows from who somebody is

users = st.builds(
    lambda allowed, seen, joined: User(id=UserId("ann"), login="Ann", permissions=allowed, objects=seen, links=joined),
    permissions,
    reach,
    reach,
)
groups = st.lists(
    st.builds(lambda allowed, seen: Group(id="g", name="G", permissions=allowed, objects=seen), permissions, reach), max_size=3
)


@given(users, groups)
def test_permissions_of_a_user_and_of_groups_add_up(user: User, theirs: list[Group]) -> None:
    caller = caller_for(user, theirs)
    assert caller.permissions == implied(user.permissions.union(*[group.permissions for group in theirs]))
    assert Permission.MANAGE_OBJECTS not in caller.permissions or caller.may(Permission.DELETE_OBJECTS)


@given(users, groups, ids)
def test_what_any_of_them_excludes_is_out_of_reach_and_else_what_any_includes_is_reached(
    user: User, theirs: list[Group], id_: str
) -> None:
    every = [user.objects, *[group.objects for group in theirs]]
    included = [each.include for each in every if each.include is not None]
    wanted = (not included or any(id_ in each for each in included)) and not any(id_ in each.exclude for each in every)
    assert (id_ in caller_for(user, theirs).objects) == wanted


def test_a_group_that_says_nothing_of_reach_widens_nothing() -> None:
    user = User(id=UserId("ann"), login="Ann", objects=Reach(frozenset({"a"})))
    assert caller_for(user, [Group(id="g", name="G")]).objects == Reach(frozenset({"a"}))
    assert caller_for(User(id=UserId("ann"), login="Ann"), ()).objects == ALL
