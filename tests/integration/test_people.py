"""Users, groups, sessions and tokens over HTTP, on a real worker: what is given out, what takes it back, and at once."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from servers.api import LOGIN, PASSWORD, Site, served

PLANT = """
states: [{id: 3, name: Working}, {id: 5, name: Alarm}]
objects: [{id: pump, name: Pump}, {id: tank, name: Tank}]
links: [{id: pipe, source: pump, target: tank}]
"""
OWN = "a-password-of-ones-own"
ADMIN = (LOGIN, PASSWORD)
NUMBERS = itertools.count()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with served(tmp_path_factory.mktemp("people"), configuration=PLANT) as found:
        yield found


class Person:
    """A user, and how they ask."""

    def __init__(self, site: Site, id_: str) -> None:
        self.site, self.id, self.login = site, id_, f"{id_}@plant"
        self.session = requests.Session()

    def ask(self, method: str, path: str, body: Any = None, **more: Any) -> requests.Response:
        """By their password."""
        return requests.request(method, self.site.url + path, json=body, auth=(self.login, OWN), timeout=20, **more)

    def log_in(self, password: str = OWN, path: str = "/node/api/users/session") -> requests.Response:
        """From then on `session` has the cookie."""
        return self.session.post(self.site.url + path, json={"login": self.login, "password": password}, timeout=20)

    def by_cookie(self, path: str = "/node/api/users/current") -> int:
        """The status of a look by the cookie alone."""
        return self.session.get(self.site.url + path, timeout=20).status_code

    def token(self, **more: Any) -> str:
        """A new token."""
        answer = self.ask("POST", "/api/v1/users/me/tokens", {"name": "tests", **more})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["token"])


@pytest.fixture
def make(site: Site) -> Iterator[Callable[..., Person]]:
    """Make a user with a password, for one test: `make(permissions=[…])`. Who is left counts for other tests."""
    people: list[Person] = []

    def made(**document: Any) -> Person:
        person = Person(site, f"user-{next(NUMBERS)}")
        site.call("POST", "/node/api/users", {"id": person.id, "login": person.login, "password": OWN, **document})
        people.append(person)
        return person

    yield made
    for person in people:
        admin(site, "DELETE", f"/node/api/users/{person.id}")


def admin(site: Site, method: str, path: str, body: Any = None, **headers: str) -> requests.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return requests.request(method, site.url + path, json=body, auth=ADMIN, headers=named, timeout=20)


def by_token(site: Site, token: str) -> int:
    return requests.get(f"{site.url}/api/v1/users/me", headers={"Authorization": f"Bearer {token}"}, timeout=20).status_code


# Sessions


@pytest.mark.parametrize("path", ["/node/api/users/session", "/api/v1/session"])
def test_a_log_in_gives_a_cookie_that_stands_for_the_user_until_it_is_ended(make: Callable[..., Person], path: str) -> None:
    person = make()
    answer = person.log_in(path=path)
    assert answer.ok
    said = answer.json()
    assert (said.get("user") or said)["login"] == person.login
    assert "code" not in said
    assert OWN not in answer.text
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert person.by_cookie() == 200
    again = requests.Session()
    again.cookies.update(person.session.cookies)
    assert person.session.delete(person.site.url + path, timeout=20).status_code == 204
    assert person.by_cookie() == 401
    assert again.get(f"{person.site.url}/node/api/users/current", timeout=20).status_code == 401, (
        "it has ended for whoever has it"
    )


def test_a_wrong_password_gives_no_session(make: Callable[..., Person]) -> None:
    person = make()
    for answer in (person.log_in("wrong-password"), person.log_in("")):
        assert answer.status_code == 401
        assert answer.json()["code"] == "InvalidCredentials"
        assert "Set-Cookie" not in answer.headers


def test_a_session_is_one_s_own(make: Callable[..., Person]) -> None:
    one, other = make(), make()
    one.log_in()
    other.log_in()
    one.session.delete(f"{one.site.url}/node/api/users/session", timeout=20)
    assert (one.by_cookie(), other.by_cookie()) == (401, 200)


# A change voids what was given out


def test_a_new_password_ends_sessions_and_voids_tokens_at_once(site: Site, make: Callable[..., Person]) -> None:
    person, bystander = make(), make()
    token, others = person.token(), bystander.token()
    person.log_in()
    assert (person.by_cookie(), by_token(site, token), person.ask("GET", "/node/api/users/current").status_code) == (200,) * 3
    assert admin(site, "PATCH", f"/node/api/users/{person.id}", {"password": "another-password"}).ok
    assert (person.by_cookie(), by_token(site, token), person.ask("GET", "/node/api/users/current").status_code) == (401,) * 3
    assert by_token(site, others) == 200
    assert person.log_in("another-password").ok


def test_one_s_own_password_is_changed_with_the_old_one_only(make: Callable[..., Person]) -> None:
    person = make()
    path = "/api/v1/users/me/password"
    assert person.ask("PUT", path, {"old": "not-that-one", "new": "another-password"}).status_code == 401
    assert person.ask("PUT", path, {"old": OWN, "new": "short"}).status_code == 400
    assert person.ask("PUT", path, {"old": OWN, "new": "another-password"}).status_code == 204
    assert person.ask("GET", "/node/api/users/current").status_code == 401
    assert person.log_in("another-password").ok


def test_who_is_removed_is_gone_at_once(site: Site, make: Callable[..., Person]) -> None:
    person = make()
    token = person.token()
    person.log_in()
    assert admin(site, "DELETE", f"/api/v1/users/{person.id}").status_code == 204
    assert (person.by_cookie(), by_token(site, token), person.ask("GET", "/node/api/users/current").status_code) == (401,) * 3
    assert admin(site, "GET", f"/node/api/users/{person.id}").status_code == 404
    # One who is made anew under the same id is somebody else.
    site.call("POST", "/node/api/users", {"id": person.id, "login": person.login, "password": OWN})
    assert by_token(site, token) == 401


def test_permissions_that_are_taken_are_missed_with_the_next_request(site: Site, make: Callable[..., Person]) -> None:
    person = make(permissions=["manage-users"])
    assert person.ask("GET", "/node/api/users").status_code == 200
    assert admin(site, "PATCH", f"/node/api/users/{person.id}", {"permissions": []}).ok
    refused = person.ask("GET", "/node/api/users")
    assert refused.status_code == 403
    assert "manage-users" in refused.json()["message"]


def test_a_group_gives_and_takes(site: Site, make: Callable[..., Person]) -> None:
    group = site.call("POST", "/node/api/user-groups", {"name": "Shift 1", "permissions": ["manage-users"], "colour": "blue"})
    assert group["colour"] == "blue"
    person = make(groups=[group["id"]])
    assert person.ask("GET", "/node/api/users").status_code == 200
    site.call("PATCH", f"/node/api/user-groups/{group['id']}", {"permissions": []})
    assert person.ask("GET", "/node/api/users").status_code == 403
    site.call("PATCH", f"/node/api/user-groups/{group['id']}", {"permissions": ["manage-users"]})
    site.call("PATCH", f"/node/api/users/{person.id}", {"groups": []})
    assert person.ask("GET", "/node/api/users").status_code == 403
    site.call("DELETE", f"/node/api/user-groups/{group['id']}")
    assert group["id"] not in [each["id"] for each in site.call("GET", "/node/api/user-groups")]


def test_reach_is_what_the_user_and_the_groups_include(site: Site, make: Callable[..., Person]) -> None:
    person = make(objectPermissions={"include": ["pump"]})
    assert person.ask("GET", "/node/api/objects/pump").status_code == 200
    assert person.ask("GET", "/node/api/objects/tank").status_code == 404
    assert person.ask("GET", "/node/api/links/pipe").status_code == 404
    assert [each["id"] for each in person.ask("GET", "/node/api/objects").json()] == ["pump"]
    assert person.ask("GET", "/node/api/links").json() == []
    site.call("PATCH", f"/node/api/users/{person.id}", {"objectPermissions": None})
    assert person.ask("GET", "/node/api/links/pipe").status_code == 200


# Tokens


def test_a_token_is_shown_once_listed_and_withdrawn(site: Site, make: Callable[..., Person]) -> None:
    person = make()
    token = person.token()
    listed = person.ask("GET", "/api/v1/users/me/tokens").json()["items"]
    assert [each["name"] for each in listed] == ["tests"]
    assert token not in str(listed)
    for address in (f"/api/v1/users/me?api-token={token}", f"/api/v1/users/me?auth-token={token}"):
        assert requests.get(site.url + address, timeout=20).json()["id"] == person.id
    assert person.ask("DELETE", f"/api/v1/users/me/tokens/{listed[0]['id']}").status_code == 204
    assert by_token(site, token) == 401
    assert person.ask("GET", "/api/v1/users/me/tokens").json()["items"] == []
    assert person.ask("DELETE", f"/api/v1/users/me/tokens/{listed[0]['id']}").status_code == 404


def test_tokens_of_others_need_manage_users(site: Site, make: Callable[..., Person]) -> None:
    one, other = make(), make()
    one.token()
    assert other.ask("GET", f"/api/v1/users/{one.id}/tokens").status_code == 403
    assert other.ask("POST", f"/api/v1/users/{one.id}/tokens", {"name": "x"}).status_code == 403
    (kept,) = admin(site, "GET", f"/api/v1/users/{one.id}/tokens").json()["items"]
    assert other.ask("DELETE", f"/api/v1/users/me/tokens/{kept['id']}").status_code == 404
    assert admin(site, "DELETE", f"/api/v1/users/{one.id}/tokens/{kept['id']}").status_code == 204


def test_a_token_ends_when_it_expires(site: Site, make: Callable[..., Person]) -> None:
    person = make()
    assert person.ask("POST", "/api/v1/users/me/tokens", {"name": "x", "expires": 1}).status_code == 400
    created = site.call("GET", f"/node/api/users/{person.id}")["created"]
    token = person.token(expires=created + 86_400_000)
    assert by_token(site, token) == 200


# Who is left


def test_the_last_who_may_manage_users_stays(site: Site, make: Callable[..., Person]) -> None:
    nobody = make(permissions=["manage-users"])
    site.call("PATCH", f"/node/api/users/{nobody.id}", {"permissions": []})
    for method, path, body in (
        ("DELETE", "/node/api/users/admin", None),
        ("PATCH", "/node/api/users/admin", {"permissions": ["manage-objects"]}),
        ("DELETE", "/api/v1/users/admin", None),
        ("DELETE", "/api/v1/users/me", None),
        ("PATCH", "/api/v1/users/me", {"permissions": None}),
    ):
        answer = admin(site, method, path, body)
        assert answer.status_code == 409, answer.text
        assert "give manage-users to somebody else first" in answer.text
    # One without a password is nobody to leave it to.
    site.call("POST", "/node/api/users", {"id": "mute", "login": "mute", "permissions": ["manage-users"]})
    assert admin(site, "DELETE", "/node/api/users/admin").status_code == 409
    assert admin(site, "GET", "/node/api/users/admin").status_code == 200


# Edits


def test_what_is_sent_beside_is_kept_and_nothing_of_a_password_is_told(site: Site, make: Callable[..., Person]) -> None:
    person = make(phone="+49 1", permissions=["execute-operations"])
    found = site.call("GET", f"/node/api/users/{person.id}")
    assert found["phone"] == "+49 1"
    assert found["permissions"] == ["execute-operations"]
    assert found["groups"] == []
    for text in (str(found), str(site.call("GET", "/node/api/users")), str(site.call("GET", "/api/v1/audit"))):
        assert OWN not in text
        assert "scrypt" not in text
    assert person.ask("GET", "/node/api/users/current").json() == found


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"login": ""}, 400),
        ({"login": "a:b"}, 400),
        ({"login": "new", "password": "short"}, 400),
        ({"login": "new", "permissions": ["fly"]}, 400),
        ({"login": "new", "id": "me"}, 400),
        ({"login": "new", "id": "a/b"}, 400),
        ({"login": "admin"}, 409),
        ({"login": "new", "id": "admin"}, 409),
    ],
)
def test_a_user_that_cannot_be_is_refused(site: Site, body: dict[str, Any], status: int) -> None:
    for path in ("/node/api/users", "/api/v1/users"):
        answer = admin(site, "POST", path, body)
        assert answer.status_code == status, answer.text
    assert admin(site, "GET", "/node/api/users/new").status_code == 404


def test_an_edit_of_another_version_than_the_one_that_was_read_is_refused(site: Site, make: Callable[..., Person]) -> None:
    person = make()
    path = f"/api/v1/users/{person.id}"
    tag = admin(site, "GET", path).headers["ETag"]
    changed = admin(site, "PATCH", path, {"phone": "1"}, if_match=tag)
    assert changed.status_code == 200
    assert changed.headers["ETag"] != tag
    assert admin(site, "PATCH", path, {"phone": "2"}, if_match=tag).status_code == 412
    assert admin(site, "DELETE", path, if_match=tag).status_code == 412
    assert admin(site, "DELETE", path, if_match=changed.headers["ETag"]).status_code == 204


def test_users_come_in_pages(site: Site, make: Callable[..., Person]) -> None:
    made = [make().id for _ in range(3)]
    seen: list[str] = []
    cursor = ""
    while True:
        page = admin(site, "GET", f"/api/v1/users?limit=2{cursor}").json()
        assert len(page["items"]) <= 2
        seen += [each["id"] for each in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert seen == sorted(seen)
    assert set(made) <= set(seen)


def test_edits_of_users_are_in_the_audit_with_who_did_it(site: Site, make: Callable[..., Person]) -> None:
    manager = make(permissions=["manage-users"])
    made = manager.ask("POST", "/node/api/users", {"login": f"made by {manager.id}", "password": "canary-of-the-audit"}).json()
    manager.ask("PATCH", f"/node/api/users/{made['id']}", {"password": "canary-of-the-audit-2"})
    entries = [each for each in _audit(site) if each["subject"] == f"user {made['id']}"]
    assert {each["actor"] for each in entries} == {manager.id}
    assert {each["action"] for each in entries} >= {"catalog.set", "password.set"}
    assert "canary" not in str(_audit(site))
    assert "canary" not in site.worker.log


def _audit(site: Site) -> list[dict[str, Any]]:
    found = site.call("GET", "/api/v1/audit?limit=200")
    return list(found["items"] if isinstance(found, dict) else found)
