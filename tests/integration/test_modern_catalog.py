"""The catalog under /api/v1: made, read page by page, edited by version, removed; and in force for the next message."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from integration.modern_rig import ask, modern_site, until
from servers.api import Site
from servers.client import MqttClient

pytestmark = pytest.mark.external_service

VALVE = {
    "id": "open",
    "name": "Open",
    "type": "mqtt",
    "parameters": {"topic": "valve/{{id}}", "message": "{{args.how}}"},
    "popup_result": True,
}


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with modern_site() as made:
        yield made


def new(prefix: str) -> str:
    """An id that no other test has."""
    return f"{prefix}-{secrets.token_hex(4)}"


def make(site: Site, path: str, **fields: Any) -> dict[str, Any]:
    """What was made, as it was answered."""
    answer = ask(site, "POST", path, fields)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    assert answer.headers["location"] == f"/api/v1{path}/{found['id']}"
    again = ask(site, "GET", f"{path}/{found['id']}")
    assert (again.json(), again.headers["etag"]) == (found, answer.headers["etag"])
    return found


# Making and reading


def test_a_class_and_its_object_say_what_is_inherited_and_from_whom(site: Site) -> None:
    pump = make(site, "/classes", id=new("pump"), name="Pump", operations=[VALVE], properties=[{"name": "limit", "value": 80}])
    own = {"id": "shut", "type": "mqtt", "parameters": {"topic": "shut/{{id}}", "message": "x"}}
    made = make(site, "/objects", name="Pump 1", class_id=pump["id"], operations=[own], properties={"room": "K2"})
    whose = {each["id"]: (each["owner_id"], each["owner_type"], each["inherited"]) for each in made["operations"]}
    assert whose == {"open": (pump["id"], 4, True), "shut": (made["id"], 1, False)}
    assert {each["name"]: (each["value"], each["inherited"]) for each in made["properties"]} == {
        "limit": (80, True),
        "room": ("K2", False),
    }
    listed = ask(site, "GET", f"/objects/{made['id']}/operations").json()["items"]
    assert listed == made["operations"]
    assert listed[0]["popup_result"] is True
    assert (made["origin"], made["version"], made["created_by"]) == ("store", 1, "admin")
    assert (made["state_id"], made["class_id"], made["entity_type"]) == (None, pump["id"], 1)


def test_what_the_file_defines_says_so_and_is_not_edited(site: Site) -> None:
    assert ask(site, "GET", "/objects/p1").json()["origin"] == "file"
    answer = ask(site, "PATCH", "/objects/p1", {"name": "Other"})
    assert (answer.status_code, answer.json()["reason"]) == (409, "from_file")
    assert ask(site, "DELETE", "/objects/p1").status_code == 409


def test_states_are_told_by_ids_that_are_text(site: Site) -> None:
    made = make(site, "/states", id=4711, name=new("Odd"), priority=3)
    assert made["id"] == "4711"
    one = make(site, "/objects", name="One")
    answer = ask(site, "PUT", f"/entities/{one['id']}/state", {"state_id": 4711})
    assert answer.json()["state_id"] == "4711"
    assert ask(site, "GET", f"/objects/{one['id']}").json()["state_id"] == "4711"


def test_lists_are_read_page_by_page_and_filtered(site: Site) -> None:
    tag = new("tag")
    ids = sorted(make(site, "/objects", id=new("many"), name="Many", tags=[tag])["id"] for _ in range(7))
    make(site, "/objects", id=new("many"), name="Another")
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = ask(site, "GET", f"/objects?tag={tag}&limit=3{cursor and '&cursor=' + cursor}").json()
        assert len(page["items"]) <= 3
        seen += [each["id"] for each in page["items"]]
        cursor = page["next"]
    assert seen == ids
    some = ask(site, "GET", f"/entities?tag={tag}&id={ids[1]}&id={ids[4]}").json()
    assert ([each["id"] for each in some["items"]], some["next"]) == ([ids[1], ids[4]], None)
    assert ask(site, "GET", f"/objects?tag={tag}&text=OTHER").json()["items"] == []
    assert {each["id"] for each in ask(site, "GET", "/entities?class_id=pump").json()["items"]} == {"p1", "p2"}
    links = [each["id"] for each in ask(site, "GET", "/links?limit=1000").json()["items"]]
    entities = ask(site, "GET", "/entities?limit=1000").json()["items"]
    assert "pipe" in links
    assert links == [each["id"] for each in entities if each["entity_type"] == 2], "other tests may have made some"


def test_other_kinds_are_paged_alike(site: Site) -> None:
    for place, given in (("classes", {}), ("states", {}), ("scripts", {"text": "true"})):
        ids = {make(site, f"/{place}", id=new("x"), name=new("paged"), **given)["id"] for _ in range(3)}
        first = ask(site, "GET", f"/{place}?text=PAGED&limit=2").json()
        rest = ask(site, "GET", f"/{place}?text=PAGED&limit=1000&cursor={first['next']}").json()
        assert rest["next"] is None
        assert ids <= {each["id"] for each in (*first["items"], *rest["items"])}


@pytest.mark.parametrize("query", ["?limit=0", "?limit=1001", "?limit=x", "?state_id=NONE", "?tags=x"])
def test_a_question_that_cannot_be_is_refused(site: Site, query: str) -> None:
    assert ask(site, "GET", f"/objects{query}").status_code == 400


# Versions


def test_a_reader_that_knows_a_thing_is_told_only_that_it_is_the_same(site: Site) -> None:
    one = make(site, "/objects", name="One")
    path = f"/objects/{one['id']}"
    tag = ask(site, "GET", path).headers["etag"]
    known = ask(site, "GET", path, If_None_Match=f'"other", {tag}')
    assert (known.status_code, known.content, known.headers["etag"]) == (304, b"", tag)
    assert ask(site, "PUT", f"/entities/{one['id']}/state", {"state_id": "OK"}).ok
    changed = ask(site, "GET", path, If_None_Match=tag)
    assert (changed.status_code, changed.json()["state_id"]) == (200, "1")
    assert changed.headers["etag"] != tag


def test_of_two_editors_of_one_version_one_wins_and_the_other_is_told_the_present_one(site: Site) -> None:
    one = make(site, "/objects", name="One")
    path = f"/objects/{one['id']}"
    tag = ask(site, "GET", path).headers["etag"]

    def edit(name: str) -> tuple[int, Any]:
        answer = ask(site, "PATCH", path, {"name": name}, If_Match=tag)
        return answer.status_code, answer.json()

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(edit, [f"name {number}" for number in range(8)]))
    won = [body for status, body in answers if status == 200]
    lost = [body for status, body in answers if status == 412]
    assert (len(won), len(lost)) == (1, 7)
    assert {body["version"] for body in (*won, *lost)} == {2}
    assert ask(site, "GET", path).json()["name"] == won[0]["name"]


def test_an_edit_is_not_refused_because_the_state_changed(site: Site) -> None:
    one = make(site, "/objects", name="One")
    tag = ask(site, "GET", f"/objects/{one['id']}").headers["etag"]
    assert ask(site, "PUT", f"/entities/{one['id']}/state", {"state_id": "OK"}).ok
    assert ask(site, "PATCH", f"/objects/{one['id']}", {"name": "Two"}, If_Match=tag).ok


def test_editors_without_a_version_all_get_through_and_nothing_is_lost(site: Site) -> None:
    one = make(site, "/objects", name="One")
    with ThreadPoolExecutor(6) as pool:
        answers = list(
            pool.map(lambda name: ask(site, "POST", f"/objects/{one['id']}/properties", {"name": name, "value": 1}), "abcdef")
        )
    assert {answer.status_code for answer in answers} <= {201, 412}
    done = {answer.json()["name"] for answer in answers if answer.status_code == 201}
    assert {each["name"] for each in ask(site, "GET", f"/objects/{one['id']}").json()["properties"]} == done


@pytest.mark.parametrize("header", ['"99"', '"nonsense"', "bare", '"1-abc", "x"'])
def test_other_versions_are_stale_and_several_may_be_named(site: Site, header: str) -> None:
    one = make(site, "/objects", name="One")
    assert ask(site, "PATCH", f"/objects/{one['id']}", {"name": "Two"}).ok
    stale = ask(site, "DELETE", f"/objects/{one['id']}", If_Match=header)
    assert (stale.status_code, stale.json()["version"]) == (412, 2)
    assert ask(site, "DELETE", f"/objects/{one['id']}", If_Match=f'{header}, "2"').status_code == 204
    assert ask(site, "GET", f"/objects/{one['id']}").status_code == 404


def test_parts_are_edited_by_the_version_of_their_owner(site: Site) -> None:
    pump = make(site, "/classes", name="Pump")
    path = f"/classes/{pump['id']}"
    tag = ask(site, "GET", f"{path}/operations").headers["etag"]
    made = ask(site, "POST", f"{path}/operations", VALVE, If_Match=tag)
    assert (made.status_code, made.headers["location"]) == (201, f"/api/v1{path}/operations/open")
    for method, part, body in (
        ("PATCH", "operations/open", {"name": "Other"}),
        ("DELETE", "operations/open", None),
        ("PUT", "triggers", {"items": []}),
        ("PUT", "conditions", {"items": []}),
        ("POST", "properties", {"name": "a"}),
    ):
        stale = ask(site, method, f"{path}/{part}", body, If_Match=tag)
        assert (stale.status_code, stale.json().get("version")) == (412, 2), (method, part, stale.text)
    now = made.headers["etag"]
    changed = ask(site, "PATCH", f"{path}/operations/open", {"parameters": {"message": "y"}}, If_Match=now)
    assert changed.json()["parameters"] == {"topic": "valve/{{id}}", "message": "y"}
    assert ask(site, "DELETE", f"{path}/operations/open", If_Match=changed.headers["etag"]).status_code == 204


# Editing


def test_put_sets_a_thing_anew_and_patch_changes_what_is_given(site: Site) -> None:
    one = make(site, "/objects", name="One", tags=["a"], weight=3, properties={"room": "K2"}, client_data={"x": [1]})
    path = f"/objects/{one['id']}"
    patched = ask(site, "PATCH", path, {"weight": 4, "tags": None}).json()
    assert (patched["weight"], patched["tags"], patched["name"], patched["client_data"]) == (4, [], "One", {"x": [1]})
    put = ask(site, "PUT", path, {"name": "Two"}).json()
    assert (put["name"], put["weight"], put["properties"], put["client_data"]) == ("Two", 0, [], None)


def test_what_was_read_may_be_sent_back_and_changes_nothing(site: Site) -> None:
    pump = make(site, "/classes", id=new("pump"), name="Pump", operations=[VALVE], properties={"limit": 80})
    one = make(site, "/objects", name="One", class_id=pump["id"], properties=[{"name": "set", "value": 1, "type_id": 3}])
    script = make(site, "/scripts", name="Tidy", text="true")
    state = make(site, "/states", name=new("Odd"))
    link = make(site, "/links", name="Link", source=one["id"], target="p1")
    for path, told in (
        (f"/classes/{pump['id']}", pump),
        (f"/objects/{one['id']}", one),
        (f"/scripts/{script['id']}", script),
        (f"/states/{state['id']}", state),
        (f"/links/{link['id']}", link),
    ):
        answer = ask(site, "PUT", path, told)
        assert answer.status_code == 200, answer.text
        assert {**answer.json(), "version": told["version"], "updated": told["updated"]} == told


def test_a_field_that_is_not_known_is_named(site: Site) -> None:
    answer = ask(site, "POST", "/objects", {"nmae": "One", "operations": [{"id": "x", "popupResult": True}]})
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert [each["at"] for each in answer.json()["errors"]] == ["body.operations.0.popupResult", "body.nmae"]


def test_what_does_not_stand_for_anything_is_refused_with_where_and_changes_nothing(site: Site) -> None:
    one = make(site, "/objects", name="One")
    path = f"/objects/{one['id']}"
    answer = ask(site, "PUT", f"{path}/triggers", {"items": [{"states": ["NONE"], "operation": "gone"}]})
    assert answer.status_code == 400
    assert all(each["at"] and each["message"] for each in answer.json()["errors"]), answer.text
    assert ask(site, "GET", f"{path}/triggers").json() == {"items": []}
    assert ask(site, "GET", path).json()["version"] == 1


def test_an_edit_is_in_force_for_the_next_message(site: Site) -> None:
    one = make(site, "/objects", name="One", operations=[{**VALVE, "parameters": {"topic": "seen/{{id}}", "message": "x"}}])
    path = f"/objects/{one['id']}"
    trigger = {"states": ["ALARM"], "type": "operation", "payload": {"operation": "open"}}
    answer = ask(site, "PUT", f"{path}/triggers", {"items": [trigger]})
    assert (answer.status_code, answer.json()["items"]) == (200, [trigger])
    with MqttClient(site.broker) as client:
        client.subscribe(f"seen/{one['id']}")
        client.publish(f"plant/{one['id']}/state", '{"state": "ALARM"}')
        assert client.wait_for(f"seen/{one['id']}").text == "x"
    newest = site.worker.jobs(1)[0]
    assert (newest["owner_id"], newest["user_id"]) == (one["id"], "system")


def test_a_read_write_property_is_set_and_told(site: Site) -> None:
    one = make(site, "/objects", name="One", properties=[{"name": "set point", "value": 1, "type_id": 3}])
    path = f"/objects/{one['id']}/properties/set%20point"
    assert ask(site, "PATCH", path, {"value": {"low": 2**70}}).json()["value"] == {"low": 2**70}
    assert ask(site, "GET", path).json()["value"] == {"low": 2**70}
    assert ask(site, "GET", f"/objects/{one['id']}").json()["version"] == 1, "a value is no edit"


def test_a_state_set_by_hand_stands_until_it_is_cleared(site: Site) -> None:
    one = make(site, "/objects", name="One")
    path = f"/entities/{one['id']}"
    assert ask(site, "PUT", f"{path}/state", {"state_id": "OK"}).json()["state_id"] == "1"
    by_hand = ask(site, "PUT", f"{path}/manual-state", {"state_id": "ALARM", "reason": "service", "cleared_by": ["OK"]}).json()
    assert by_hand["state_id"] == "3"
    found = by_hand["manual_state"]
    assert (found["state_id"], found["by"], found["reason"], found["cleared_by"]) == ("3", "admin", "service", ["1"])
    cleared = ask(site, "DELETE", f"{path}/manual-state").json()
    assert (cleared["state_id"], cleared["manual_state"]) == ("1", None)
    assert ask(site, "GET", f"{path}/state").json() == cleared


def test_a_removed_object_takes_its_links_along(site: Site) -> None:
    one = make(site, "/objects", name="One")
    link = make(site, "/links", name="Link", source=one["id"], target="p1")
    assert ask(site, "DELETE", f"/objects/{one['id']}").status_code == 204
    assert ask(site, "GET", f"/links/{link['id']}").status_code == 404
    assert ask(site, "GET", "/objects/p1").ok


def test_what_is_made_twice_is_refused(site: Site) -> None:
    one = make(site, "/objects", name="One")
    answer = ask(site, "POST", "/objects", {"id": one["id"], "name": "Other"})
    assert (answer.status_code, answer.json()["reason"]) == (409, "exists")


def test_edits_are_audited_with_before_and_after(site: Site) -> None:
    one = make(site, "/objects", name="Before")
    assert ask(site, "PATCH", f"/objects/{one['id']}", {"name": "After"}).ok
    entry = until(
        lambda: next((each for each in ask(site, "GET", "/audit").json()["items"] if one["id"] in each["subject"]), None)
    )
    assert (entry["actor"], entry["before"]["name"], entry["after"]["name"]) == ("admin", "Before", "After")
