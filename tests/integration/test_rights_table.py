"""Every route, and every kind of user: who is let in, and what the others are told.

The table says it once more than `http/rights.py` does, from the reference's side. A route that is not in it fails the test.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest
from fastapi import APIRouter

from integration.rights_rig import ALL_BUT, CHANGES, DISCOVERY, JOBS, LINK, PASSWORD, REACHED, Rig, basic, rigged, routes
from pointsman.http.access.keys import new_key
from pointsman.http.guard import Guarded
from pointsman.http.rights import RULES
from pointsman.model.access import KeyKind, Permission

ENOUGH: Mapping[str, frozenset[str]] = {
    "create-objects": frozenset({"create-objects", "manage-objects"}),
    "modify-objects": frozenset({"modify-objects", "manage-objects"}),
    "delete-objects": frozenset({"delete-objects", "manage-objects"}),
    "create-links": frozenset({"create-links", "manage-links"}),
    "modify-links": frozenset({"modify-links", "manage-links"}),
    "delete-links": frozenset({"delete-links", "manage-links"}),
    "modify-classes": frozenset({"modify-classes", "manage-classes"}),
    "manage-properties": frozenset({"manage-properties", "manage-service-properties"}),
}
"""What does for a permission; any other only for itself."""


@dataclass(frozen=True)
class Needs:
    """What a route asks for."""

    of: str = "nothing"
    """What its `id` is: nothing that is reached, an object, a link, an entity (either), a job or a change of state."""
    any_of: tuple[str, ...] = ()
    """`modify` is modify-objects for an object and modify-links for a link."""
    public: bool = False
    own: bool = False

    def on(self, kind: str) -> frozenset[str]:
        """The permissions of which one does, for an entity of that kind."""
        named = [f"{each}-{kind}s" if "-" not in each else each for each in self.any_of]
        return frozenset().union(*[ENOUGH.get(each, frozenset({each})) for each in named])


PUBLIC, LOGIN = Needs(public=True), Needs()
USERS, OWN = Needs(any_of=("manage-users",)), Needs(any_of=("manage-users",), own=True)


def entity(of: str, *any_of: str) -> Needs:
    return Needs(of, any_of)


def needs(*any_of: str) -> Needs:
    return Needs(any_of=any_of)


PROPERTY = ("modify", "manage-properties")

TABLE: Mapping[str, Needs] = {
    "GET /livez": PUBLIC,
    "GET /readyz": PUBLIC,
    # What it says of itself
    "GET /api/docs": PUBLIC,
    "GET /api/docs/forms.js": PUBLIC,
    "GET /api/docs/trying.js": PUBLIC,
    "GET /api/docs/viewer.css": PUBLIC,
    "GET /api/docs/viewer.js": PUBLIC,
    "GET /api/openapi.json": PUBLIC,
    "GET /api/asyncapi.json": LOGIN,
    # Entities: `entity & …` of the reference
    **{
        f"{method} /node/api/{of}s/{{id}}{path}": entity(of, *any_of)
        for of in ("object", "link")
        for method, path, *any_of in (
            ("GET", ""),
            ("PATCH", "", "modify"),
            ("DELETE", "", "delete"),
            ("PUT", "/state", "modify"),
            ("GET", "/state-triggers", "modify"),
            ("PUT", "/state-triggers", "modify"),
            ("GET", "/state-conditions", "modify"),
            ("PUT", "/state-conditions", "modify"),
            ("GET", "/props"),
            ("POST", "/props", *PROPERTY),
            ("GET", "/props/{prop}"),
            ("PATCH", "/props/{prop}", *PROPERTY),
            ("DELETE", "/props/{prop}", *PROPERTY),
            ("GET", "/operations"),
            ("POST", "/operations", "manage-operations"),
            ("GET", "/operations/{op}"),
            ("PATCH", "/operations/{op}", "manage-operations"),
            ("DELETE", "/operations/{op}", "manage-operations"),
            ("POST", "/operations/{op}/execute", "execute-operations"),
        )
    },
    "GET /node/api/objects": LOGIN,
    "POST /node/api/objects": needs("create-objects"),
    "POST /node/api/objects/search": LOGIN,
    "GET /node/api/links": LOGIN,
    "POST /node/api/links": needs("create-links"),
    "GET /node/api/entities": LOGIN,
    "GET /node/api/entities/{id}": entity("entity"),
    "PUT /node/api/entities/{id}/manual-state": entity("entity"),
    "POST /node/api/entities/{id}/operations/{op}/execute": entity("entity", "execute-operations"),
    # What is not reached, but known to all who log in
    "GET /node/api/classes": LOGIN,
    "POST /node/api/classes": needs("manage-classes"),
    "GET /node/api/classes/{id}": LOGIN,
    "PATCH /node/api/classes/{id}": needs("modify-classes"),
    "DELETE /node/api/classes/{id}": needs("manage-classes"),
    "GET /node/api/classes/{id}/operations": LOGIN,
    "POST /node/api/classes/{id}/operations": needs("manage-operations"),
    "GET /node/api/classes/{id}/operations/{op}": LOGIN,
    "PATCH /node/api/classes/{id}/operations/{op}": needs("manage-operations"),
    "DELETE /node/api/classes/{id}/operations/{op}": needs("manage-operations"),
    "GET /node/api/classes/{id}/props": LOGIN,
    "POST /node/api/classes/{id}/props": needs("modify-classes", "manage-properties"),
    "GET /node/api/classes/{id}/props/{prop}": LOGIN,
    "PATCH /node/api/classes/{id}/props/{prop}": needs("modify-classes", "manage-properties"),
    "DELETE /node/api/classes/{id}/props/{prop}": needs("modify-classes", "manage-properties"),
    "GET /node/api/classes/{id}/state-triggers": needs("modify-classes"),
    "PUT /node/api/classes/{id}/state-triggers": needs("modify-classes"),
    "GET /node/api/classes/{id}/state-conditions": needs("modify-classes"),
    "PUT /node/api/classes/{id}/state-conditions": needs("modify-classes"),
    "GET /node/api/states": LOGIN,
    "POST /node/api/states": needs("manage-configuration"),
    "GET /node/api/states/{id}": LOGIN,
    "PATCH /node/api/states/{id}": needs("manage-configuration"),
    "DELETE /node/api/states/{id}": needs("manage-configuration"),
    "GET /node/api/scripts": LOGIN,
    "POST /node/api/scripts": needs("manage-scripts"),
    "GET /node/api/scripts/{id}": LOGIN,
    "PATCH /node/api/scripts/{id}": needs("manage-scripts"),
    "DELETE /node/api/scripts/{id}": needs("manage-scripts"),
    # Jobs and history
    "GET /node/api/jobs/{id}": entity("job"),
    "POST /node/api/jobs": LOGIN,
    "PATCH /node/api/jobs/{id}/results": entity("job", "modify-objects"),
    "GET /node/api/objects/{id}/jobs": entity("object"),
    "GET /node/api/links/{id}/jobs": entity("link"),
    "GET /node/api/objects/{id}/state-history": entity("object"),
    "GET /node/api/links/{id}/state-history": entity("link"),
    "GET /node/api/state-history-log": LOGIN,
    "GET /api/v1/jobs": LOGIN,
    "GET /api/v1/jobs/export": LOGIN,
    "GET /api/v1/jobs/{id}": entity("job"),
    "POST /api/v1/jobs/{id}/results": entity("job", "modify-objects"),
    "GET /api/v1/history": LOGIN,
    "GET /api/v1/history/export": LOGIN,
    "GET /api/v1/history/{id}": entity("change"),
    "GET /api/v1/events": LOGIN,
    # The modern view of entities and definitions: as the documented one
    **{
        f"{method} /api/v1/{of}s/{{id}}{path}": entity(of, *any_of)
        for of in ("object", "link")
        for method, path, *any_of in (
            ("GET", ""),
            ("PUT", "", "modify"),
            ("PATCH", "", "modify"),
            ("DELETE", "", "delete"),
            ("GET", "/triggers", "modify"),
            ("PUT", "/triggers", "modify"),
            ("GET", "/conditions", "modify"),
            ("PUT", "/conditions", "modify"),
            ("GET", "/properties"),
            ("POST", "/properties", *PROPERTY),
            ("GET", "/properties/{prop}"),
            ("PATCH", "/properties/{prop}", *PROPERTY),
            ("DELETE", "/properties/{prop}", *PROPERTY),
            ("GET", "/operations"),
            ("POST", "/operations", "manage-operations"),
            ("GET", "/operations/{op}"),
            ("PATCH", "/operations/{op}", "manage-operations"),
            ("DELETE", "/operations/{op}", "manage-operations"),
        )
    },
    **{
        f"{method} /api/v1/{path}": needs(*any_of)
        for kind, manage, change in (
            ("classes", "manage-classes", "modify-classes"),
            ("states", "manage-configuration", "manage-configuration"),
            ("scripts", "manage-scripts", "manage-scripts"),
        )
        for method, path, *any_of in (
            ("GET", kind),
            ("POST", kind, manage),
            ("GET", f"{kind}/{{id}}"),
            ("PUT", f"{kind}/{{id}}", change),
            ("PATCH", f"{kind}/{{id}}", change),
            ("DELETE", f"{kind}/{{id}}", manage),
        )
    },
    **{
        f"{method} /api/v1/classes/{{id}}/{path}": needs(*any_of)
        for method, path, *any_of in (
            ("GET", "triggers", "modify-classes"),
            ("PUT", "triggers", "modify-classes"),
            ("GET", "conditions", "modify-classes"),
            ("PUT", "conditions", "modify-classes"),
            ("GET", "properties"),
            ("POST", "properties", "modify-classes", "manage-properties"),
            ("GET", "properties/{prop}"),
            ("PATCH", "properties/{prop}", "modify-classes", "manage-properties"),
            ("DELETE", "properties/{prop}", "modify-classes", "manage-properties"),
            ("GET", "operations"),
            ("POST", "operations", "manage-operations"),
            ("GET", "operations/{op}"),
            ("PATCH", "operations/{op}", "manage-operations"),
            ("DELETE", "operations/{op}", "manage-operations"),
        )
    },
    "GET /api/v1/objects": LOGIN,
    "POST /api/v1/objects": needs("create-objects"),
    "GET /api/v1/links": LOGIN,
    "POST /api/v1/links": needs("create-links"),
    "GET /api/v1/entities": LOGIN,
    "GET /api/v1/entities/{id}": entity("entity"),
    "GET /api/v1/entities/{id}/state": entity("entity"),
    "PUT /api/v1/entities/{id}/state": entity("entity", "modify"),
    "PUT /api/v1/entities/{id}/manual-state": entity("entity", "modify"),
    "DELETE /api/v1/entities/{id}/manual-state": entity("entity", "modify"),
    # What only we have
    **{
        f"POST /api/v1/{of.replace('y', 'ie')}s/{{id}}/operations/{{op}}/execute": entity(of, "execute-operations")
        for of in ("object", "link", "entity")
    },
    "GET /api/v1/entities/{id}/operations/{op}/explain": entity("entity"),
    "GET /api/v1/history/{id}/explain": entity("change"),
    "GET /api/v1/jobs/{id}/explain": entity("job"),
    "POST /api/v1/jobs/{id}/cancel": entity("job", "execute-operations"),
    "POST /api/v1/simulate": needs("execute-operations", "manage-configuration"),
    "GET /api/v1/info": LOGIN,
    "GET /api/v1/audit": USERS,
    "GET /api/v1/reasons": needs("manage-configuration"),
    "GET /api/v1/rejects": needs("manage-configuration"),
    # Users, as the documented API has them
    "POST /node/api/users/session": PUBLIC,
    "DELETE /node/api/users/session": LOGIN,
    "GET /node/api/users/current": LOGIN,
    "GET /node/api/users": USERS,
    "POST /node/api/users": USERS,
    "GET /node/api/users/{id}": OWN,
    "PATCH /node/api/users/{id}": USERS,
    "DELETE /node/api/users/{id}": USERS,
    "GET /node/api/user-groups": USERS,
    "POST /node/api/user-groups": USERS,
    "GET /node/api/user-groups/{id}": USERS,
    "PATCH /node/api/user-groups/{id}": USERS,
    "DELETE /node/api/user-groups/{id}": USERS,
    # Users, as we have them
    "POST /api/v1/session": PUBLIC,
    "DELETE /api/v1/session": LOGIN,
    "PUT /api/v1/users/me/password": LOGIN,
    "GET /api/v1/users": USERS,
    "POST /api/v1/users": USERS,
    "GET /api/v1/users/{id}": OWN,
    "PATCH /api/v1/users/{id}": USERS,
    "DELETE /api/v1/users/{id}": USERS,
    "GET /api/v1/users/{id}/tokens": OWN,
    "POST /api/v1/users/{id}/tokens": OWN,
    "DELETE /api/v1/users/{id}/tokens/{token}": OWN,
    "GET /api/v1/groups": USERS,
    "POST /api/v1/groups": USERS,
    "GET /api/v1/groups/{id}": USERS,
    "PATCH /api/v1/groups/{id}": USERS,
    "DELETE /api/v1/groups/{id}": USERS,
}
KNOWN_ROUTES = [pytest.param(*route.split(), asked, id=route) for route, asked in TABLE.items()]
REACHING = [pytest.param(*route.split(), asked, id=route) for route, asked in TABLE.items() if asked.of != "nothing"]
CLOSED = [pytest.param(*route.split(), asked, id=route) for route, asked in TABLE.items() if not asked.public]

OFFERS: Mapping[str, Callable[[Rig], dict[str, str]]] = {
    "nothing": lambda rig: {},
    "a wrong password": lambda rig: {"authorization": basic("login of everything", "wrong-password")},
    "an empty password": lambda rig: {"authorization": basic("login of everything", "")},
    "the password of nobody": lambda rig: {"authorization": basic("nobody", PASSWORD)},
    "no scheme of ours": lambda rig: {"authorization": "Digest x"},
    "a token that never was": lambda rig: {"authorization": f"Bearer {new_key(KeyKind.TOKEN)}"},
    "a token that has expired": lambda rig: {"authorization": f"Bearer {rig.tokens['expired']}"},
    "a token of somebody who is gone": lambda rig: {"authorization": f"Bearer {rig.tokens['gone']}"},
    "a session's key as a token": lambda rig: {"authorization": f"Bearer {rig.session}"},
    "a session that has ended": lambda rig: {"cookie": f"pointsman={rig.old_session}"},
    "a token as a session": lambda rig: {"cookie": f"pointsman={rig.tokens['everything']}"},
}
"""What lets nobody in."""

IN, UNKNOWN, LACKING, NOT_THERE = 204, 401, 403, 404


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with rigged(tmp_path_factory.mktemp("rights")) as made:
        yield made


def filled(path: str, id_: str) -> str:
    """A path for that id."""
    return path.replace("{id}", id_).replace("{op}", "op").replace("{prop}", "prop").replace("{token}", "token")


def places(path: str, needs: Needs) -> list[tuple[str, str]]:
    """A path for each kind of entity that the route is for, with the kind."""
    ids = {
        "object": [(REACHED, "object")],
        "link": [(LINK, "link")],
        "job": [(JOBS[REACHED], "object"), (JOBS[LINK], "link")],
        "change": [(CHANGES[REACHED], "object"), (CHANGES[LINK], "link")],
    }
    ids["entity"] = ids["object"] + ids["link"]
    return [(filled(path, id_), kind) for id_, kind in ids.get(needs.of, [("some-id", "object")])]


def discovered(path: str, needs: Needs) -> list[tuple[str, str]]:
    """The path by an object's discovery id, where there can be one."""
    return [(filled(path, f"discovery id:{DISCOVERY}"), "object")] if needs.of in ("object", "entity") else []


def test_every_route_is_in_the_table_and_in_no_other() -> None:
    there = {f"{method} {route.path_format}" for route in routes() for method in route.methods or ()}
    assert there == set(TABLE), "tell what the new route asks for, here too"
    assert there == {f"{method} {path}" for method, path in RULES}


def test_a_route_without_a_rule_keeps_the_app_from_being_built() -> None:
    async def forgotten() -> None:
        return None

    with pytest.raises(LookupError, match=r"expected a rule for GET /forgotten"):
        APIRouter(route_class=Guarded).add_api_route("/forgotten", forgotten, methods=["GET"])


@pytest.mark.parametrize(("method", "path", "needs"), CLOSED)
def test_nobody_gets_in_unknown(rig: Rig, method: str, path: str, needs: Needs) -> None:
    place, _ = places(path, needs)[0]
    for offer in ("nothing", "a wrong password", "a token that has expired"):
        _insist_unknown(rig, method, place, offer)


@pytest.mark.parametrize("offer", OFFERS)
def test_nothing_that_is_not_right_lets_anybody_in(rig: Rig, offer: str) -> None:
    _insist_unknown(rig, "GET", "/node/api/users", offer)


def _insist_unknown(rig: Rig, method: str, place: str, offer: str) -> None:
    status, said = rig.ask(method, place, **OFFERS[offer](rig))
    assert status == UNKNOWN, f"{offer}: {status} {said}"
    assert said["code"] in ("Unauthorized", "InvalidCredentials")


@pytest.mark.parametrize(("method", "path", "needs"), KNOWN_ROUTES)
def test_who_may_everything_gets_in(rig: Rig, method: str, path: str, needs: Needs) -> None:
    for place, _ in [*places(path, needs), *discovered(path, needs)]:
        assert rig.ask_as("everything", method, place) == (IN, None)


@pytest.mark.parametrize("way", ["password", "bearer", "api-token", "auth-token", "cookie", "a group"])
def test_there_are_many_ways_to_show_who_one_is(rig: Rig, way: str) -> None:
    token, place = rig.tokens["everything"], "/node/api/users"
    address, headers = {
        "password": (place, {"authorization": basic("login of everything", PASSWORD)}),
        "bearer": (place, {"authorization": f"Bearer {token}"}),
        "api-token": (f"{place}?api-token={token}", {}),
        "auth-token": (f"{place}?auth-token={token}", {}),
        "cookie": (place, {"cookie": f"pointsman={rig.session}"}),
        "a group": (place, {"authorization": f"Bearer {rig.tokens['by group']}"}),
    }[way]
    assert rig.ask("GET", address, **headers) == (IN, None)


@pytest.mark.parametrize(("method", "path", "needs"), KNOWN_ROUTES)
def test_each_permission_opens_what_it_is_for_and_nothing_else(rig: Rig, method: str, path: str, needs: Needs) -> None:
    for place, kind in places(path, needs):
        enough = needs.on(kind)
        for user in ("nothing", *Permission):
            status, said = rig.ask_as(user, method, place)
            if needs.public or not needs.any_of or user in enough:
                assert status == IN, f"{user}: {status} {said}"
            else:
                assert status == LACKING, f"{user}: {status} {said}"
                assert said["code"] == "Forbidden"
                text = said.get("message") or said["detail"]
                assert all(each in text for each in enough), "the refusal names what is missing"


@pytest.mark.parametrize(("method", "path", "needs"), REACHING)
def test_what_is_out_of_reach_is_not_there(rig: Rig, method: str, path: str, needs: Needs) -> None:
    """The same is told of it as of what never was."""
    blind = {
        "object": {"without the object", "with no object"},
        "link": set(ALL_BUT),
    }
    for place, kind in [*places(path, needs), *discovered(path, needs)]:
        for user in ALL_BUT:
            status, said = rig.ask_as(user, method, place)
            assert status == (NOT_THERE if user in blind[kind] else IN), f"{user}, {place}: {status} {said}"
    never, said = rig.ask_as("everything", method, filled(path, "never-was"))
    assert never == NOT_THERE
    place, kind = places(path, needs)[0]
    _, hidden = rig.ask_as("without the object" if kind == "object" else "without the link", method, place)
    named = place.split("/")[path.split("/").index("{id}")]
    assert _without(said, "never-was") == _without(hidden, named), "the refusal tells that it exists"


@pytest.mark.parametrize(("method", "path", "needs"), REACHING)
def test_an_id_of_another_kind_is_not_there(rig: Rig, method: str, path: str, needs: Needs) -> None:
    other = {"object": LINK, "link": REACHED, "entity": JOBS[REACHED], "job": REACHED, "change": REACHED}[needs.of]
    assert rig.ask_as("everything", method, filled(path, other))[0] == NOT_THERE


@pytest.mark.parametrize("route", [route for route, asked in TABLE.items() if asked.own])
def test_one_s_own_needs_no_permission(rig: Rig, route: str) -> None:
    method, path = route.split()
    for name in ("nothing", "me"):
        assert rig.ask_as("nothing", method, filled(path, name))[0] == IN
    assert rig.ask_as("nothing", method, filled(path, "everything"))[0] == LACKING


@pytest.mark.parametrize(("method", "path", "needs"), KNOWN_ROUTES)
def test_a_page_of_another_site_gets_nothing_done_by_a_cookie(rig: Rig, method: str, path: str, needs: Needs) -> None:
    place, _ = places(path, needs)[0]
    cookie, token = f"pointsman={rig.session}", f"Bearer {rig.tokens['everything']}"
    for headers in ({"sec_fetch_site": "cross-site"}, {"origin": "https://evil.example"}):
        assert rig.ask(method, place, cookie=cookie, **headers)[0] == (IN if method == "GET" else LACKING)
    for headers in ({"sec_fetch_site": "same-origin"}, {"origin": "http://testserver"}):
        assert rig.ask(method, place, cookie=cookie, **headers)[0] == IN
    if not needs.public:
        assert rig.ask(method, place, authorization=token, sec_fetch_site="cross-site")[0] == IN, "no browser sends it by itself"


def test_the_table_notices_a_right_that_is_wrong() -> None:
    """Else the tests above could not fail."""
    assert replace(USERS, any_of=()).on("object") != USERS.on("object")
    assert entity("entity", "modify").on("link") == {"modify-links", "manage-links"}


def _without(said: Any, id_: str) -> str:
    return str(said).replace(id_, "…")
