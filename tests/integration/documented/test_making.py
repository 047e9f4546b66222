"""Objects, links, classes, states and scripts are made, changed and removed; what the file defines is not."""

from __future__ import annotations

from typing import Any

import pytest

from integration.documented_rig import Platform, is_of, known
from pointsman.http.documented import shapes
from servers.ports import wait_until

HEX = "0123456789abcdef"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", "/objects/filed", {"name": "x"}),
        ("DELETE", "/objects/filed", ...),
        ("PATCH", "/links/pipe", {"name": "x"}),
        ("DELETE", "/links/pipe", ...),
        ("PATCH", "/classes/29", {"name": "x"}),
        ("DELETE", "/classes/29", ...),
        ("PATCH", "/states/5", {"name": "x"}),
        ("DELETE", "/states/5", ...),
        ("PATCH", "/scripts/greet", {"text": "x"}),
        ("DELETE", "/scripts/greet", ...),
        ("POST", "/objects/filed/operations", {"name": "x", "type": 1, "parameters": {"topic": "a", "message": "b"}}),
        ("PATCH", "/classes/29/operations/stop", {"name": "x"}),
        ("DELETE", "/classes/29/operations/stop", ...),
        ("POST", "/objects/filed/props", {"name": "x", "value": 1}),
        ("PATCH", "/classes/29/props/site", {"value": "south"}),
        ("DELETE", "/classes/29/props/site", ...),
        ("PUT", "/objects/filed/state-triggers", []),
        ("PUT", "/links/pipe/state-conditions", []),
    ],
)
def test_what_the_file_defines_is_not_changed_over_http(platform: Platform, method: str, path: str, body: Any) -> None:
    assert platform.refused(method, path, body) == (409, "Conflict")


def test_the_triggers_of_a_file_are_told_in_the_words_of_the_reference(platform: Platform) -> None:
    assert platform.get("/classes/29/state-triggers") == [
        {"states": [5], "type": "operation", "payload": {"operation": "stop"}, "periodicity": {"value": 2, "unit": "hours"}}
    ]
    for path in ("/objects/filed/state-triggers", "/links/pipe/state-triggers", "/classes/29/state-conditions"):
        assert platform.refused("GET", path) == (404, "ResourceNotFound")


def test_an_object_is_made_with_what_is_given_and_all_the_rest_is_there(platform: Platform) -> None:
    sent = {
        "name": "Hall 4",
        "parent_id": ["other"],
        "tags": ["wet", 7],
        "weight": 3,
        "discovery_id": "hall/4",
        "client_data": '{"a": 1}',
        "background": "grey",
        "geoposition": [52.5, 13],
        "geopositionRadius": 2.5,
        "mute_alert": True,
        "properties": [{"name": "site", "value": {"deep": [1]}}, {"name": "level", "value": 4, "type_id": 3}],
        "code": 7,
        "unheard": "of",
    }
    made = is_of(shapes.ObjectShape, platform.call("POST", "/objects", sent))
    assert len(made["id"]) == 24
    assert set(made["id"]) <= set(HEX)
    kept = {name: value for name, value in sent.items() if name not in ("properties", "code", "unheard")}
    assert {name: made[name] for name in kept} == kept
    assert [(each["name"], each["value"], each["type_id"], len(each["id"])) for each in made["properties"]] == [
        ("site", {"deep": [1]}, 1, 24),
        ("level", 4, 3, 24),
    ]
    assert (made["_version"], made["owner_id"], made["state_id"]) == (1, platform.get("/users/current")["id"], 1)
    assert made["created"] == made["updated"] == made["last_state_update"]
    assert platform.get(f"/objects/{made['id']}") == made
    assert made["id"] in platform.get("/objects/other")["child_ids"]
    listed = {each["id"]: each for each in platform.get("/objects")}
    assert listed[made["id"]] == made
    assert made["id"] in listed["other"]["child_ids"]


def test_an_object_is_found_by_its_discovery_id(platform: Platform) -> None:
    made = platform.call("POST", "/objects", {"name": "found", "discovery_id": "rack 7"})
    assert platform.get("/objects/discovery id:rack 7")["id"] == made["id"]
    assert platform.refused("POST", "/objects", {"name": "again", "discovery_id": "rack 7"}) == (409, "Conflict")


def test_an_object_may_have_an_id_of_its_own_which_nothing_else_has_then(platform: Platform) -> None:
    assert platform.call("POST", "/objects", {"id": "mine", "name": "Mine"})["id"] == "mine"
    assert platform.refused("POST", "/objects", {"id": "mine", "name": "Again"}) == (409, "Conflict")
    assert platform.refused("POST", "/objects", {"id": "filed", "name": "Again"}) == (409, "Conflict")
    assert platform.refused("POST", "/objects", {"id": "a/b", "name": "no level of a topic"})[0] == 400


def test_a_change_changes_what_is_given_and_null_takes_it_away(platform: Platform, pump: str) -> None:
    before = platform.get(f"/objects/{pump}")
    after = platform.call("PATCH", f"/objects/{pump}", {"tags": ["a"], "weight": "5", "state_id": 5})
    changed = {"tags": ["a"], "weight": 5, "_version": before["_version"] + 1, "updated": after["updated"]}
    assert after == {**before, **changed}
    assert platform.call("PATCH", f"/objects/{pump}", {"tags": None, "class_id": None})["tags"] == []
    assert platform.get(f"/objects/{pump}")["class_id"] == ""
    assert platform.refused("PATCH", f"/objects/{pump}", {"class_id": "nope"})[0] == 400
    assert platform.refused("PATCH", f"/objects/{pump}", {"weight": "heavy"}) == (400, "InvalidContent")


@pytest.mark.parametrize("more", [{}, {"class_id": 29}])
@pytest.mark.parametrize("permissions", [["manage-objects", "manage-operations"], ["manage-objects"]])
def test_an_object_may_be_sent_back_as_it_was_told(platform: Platform, more: dict[str, Any], permissions: list[str]) -> None:
    operation = {"id": "go", "type": 1, "parameters": {"topic": "a", "message": "b"}}
    id_ = platform.call("POST", "/objects", {"operations": [operation], "properties": {"a": 1}, **more})["id"]
    smith = known(platform, f"smith of {id_}", permissions=permissions)
    before = smith.get(f"/objects/{id_}")
    smith.call("PATCH", f"/objects/{id_}", before)
    assert {**smith.get(f"/objects/{id_}"), "_version": 0, "updated": 0} == {**before, "_version": 0, "updated": 0}


def test_parents_have_children_for_as_long_as_those_say_so(platform: Platform, pump: str) -> None:
    child = platform.call("POST", "/objects", {"name": "child", "parent_id": pump})["id"]
    link = platform.call("POST", "/links", {"source": pump, "target": child, "parent_id": [pump]})["id"]
    told = platform.get(f"/objects/{pump}")
    assert (told["child_ids"], told["child_link_ids"], told["child_ref_ids"]) == ([child], [link], [])
    assert platform.refused("PATCH", f"/objects/{pump}", {"parent_id": [child]}) == (400, "InvalidContent")
    assert platform.refused("PATCH", f"/objects/{pump}", {"parent_id": ["nope"]}) == (400, "InvalidContent")
    platform.call("PATCH", f"/objects/{child}", {"parent_id": []})
    assert platform.get(f"/objects/{pump}")["child_ids"] == []
    platform.call("PATCH", f"/objects/{child}", {"parent_id": [pump]})
    platform.call("DELETE", f"/objects/{pump}")
    assert platform.get(f"/objects/{child}")["parent_id"] == []
    assert platform.refused("GET", f"/links/{link}") == (404, "ResourceNotFound")


def test_a_link_joins_two_objects_that_there_are(platform: Platform, pump: str) -> None:
    made = is_of(shapes.LinkShape, platform.call("POST", "/links", {"source": pump, "target": "other", "class_id": 29}))
    assert (made["source"], made["target"], made["class_id"], made["entityType"]) == (pump, "other", 29, 2)
    assert platform.call("PATCH", f"/links/{made['id']}", {"name": "Pipe"})["name"] == "Pipe"
    for body in ({"source": pump}, {"source": pump, "target": "nope"}, {"source": pump, "target": "pipe"}):
        assert platform.refused("POST", "/links", body) == (400, "InvalidContent")
    platform.call("DELETE", f"/links/{made['id']}")
    assert platform.refused("GET", f"/links/{made['id']}") == (404, "ResourceNotFound")


def test_a_class_is_made_inherited_from_changed_and_removed(platform: Platform) -> None:
    operation = {"id": "go", "name": "Go", "type": "1", "parameters": {"topic": "t", "message": "m"}}
    sent = {
        "name": "Valve",
        "description": "Closes",
        "operations": [operation],
        "properties": [{"name": "open", "value": True, "type_id": 3}],
        "triggers": [{"states": [5], "type": "operation", "payload": {"operation": "go"}}],
    }
    made = is_of(shapes.ClassShape, platform.call("POST", "/classes", sent))
    assert (made["name"], made["description"], made["entityType"], made["triggers"]) == ("Valve", "Closes", 4, sent["triggers"])
    valve = platform.call("POST", "/objects", {"name": "v", "class_id": made["id"]})
    assert ([each["id"] for each in valve["operations"]], [each["name"] for each in valve["properties"]]) == (["go"], ["open"])
    assert platform.refused("DELETE", f"/classes/{made['id']}") == (409, "Conflict")
    assert platform.call("PATCH", f"/classes/{made['id']}", {"description": "Opens"})["description"] == "Opens"
    platform.call("DELETE", f"/objects/{valve['id']}")
    platform.call("DELETE", f"/classes/{made['id']}")
    assert platform.refused("GET", f"/classes/{made['id']}") == (404, "ResourceNotFound")


def test_states_are_made_changed_and_removed(platform: Platform) -> None:
    made = is_of(
        shapes.StateShape, platform.call("POST", "/states", {"id": 42, "name": "Odd", "ui": {"colors": {"main": "red"}}})
    )
    assert (made["id"], made["name"], made["priority"], made["ui"]["colors"]["main"]) == (42, "Odd", 0, "red")
    assert platform.call("PATCH", "/states/42", {"priority": 7, "ui": {"colors": {"light": "pink"}}})["ui"]["colors"] == {
        **made["ui"]["colors"],
        "light": "pink",
    }
    assert platform.refused("POST", "/states", {"id": 42, "name": "Again"}) == (409, "Conflict")
    assert platform.call("PUT", "/objects/other/state", {"state_id": 42})["state_id"] == 42
    platform.call("PUT", "/objects/other/state", {"state_id": 3})
    platform.call("DELETE", "/states/42")
    assert platform.refused("GET", "/states/42") == (404, "ResourceNotFound")


def test_scripts_are_made_run_changed_and_removed(platform: Platform, pump: str) -> None:
    made = is_of(shapes.ScriptShape, platform.call("POST", "/scripts", {"name": "Hello", "text": "#!/bin/sh\necho one"}))
    run = {"name": "Run", "type": 2, "parameters": {"type": "scriptReference", "ref": made["id"]}}
    operation = platform.call("POST", f"/objects/{pump}/operations", run)
    assert platform.refused("DELETE", f"/scripts/{made['id']}") == (409, "Conflict")
    assert platform.call("PATCH", f"/scripts/{made['id']}", {"text": "#!/bin/sh\necho two"})["text"] == "#!/bin/sh\necho two"
    job = platform.call("POST", f"/objects/{pump}/operations/{operation['id']}/execute")
    assert wait_until(lambda: platform.get(f"/jobs/{job}")["description"].get("stdout") == "two\n", 30)
    platform.call("DELETE", f"/objects/{pump}/operations/{operation['id']}")
    platform.call("DELETE", f"/scripts/{made['id']}")
    assert platform.refused("GET", f"/scripts/{made['id']}") == (404, "ResourceNotFound")
