"""The documented API, over HTTP, of a worker that runs: paths, verbs, names and types as the reference has them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from integration.documented_rig import ADMIN, CONFIGURATION, PASSWORD, Platform
from pointsman.http.documented import shapes
from servers.client import MqttClient
from servers.mosquitto import Broker
from servers.ports import wait_until
from servers.worker import Worker

HEX = "0123456789abcdef"
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
few = settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@pytest.fixture(scope="module")
def worker(broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    directory: Path = tmp_path_factory.mktemp("documented")
    own = {"HTTP__LISTEN": "127.0.0.1:0", "HTTP__ADMIN_PASSWORD": PASSWORD, "MQTT__BASE_TOPIC": "documented"}
    made = Worker(directory, broker, configuration=CONFIGURATION, node="documented", settings=own)
    made.start(base="documented")
    yield made
    made.stop()


@pytest.fixture(scope="module")
def platform(worker: Worker) -> Platform:
    found: list[str] = []

    def listens() -> bool:
        found[:] = [line.split('"address": "')[1].split('"')[0] for line in worker.log.splitlines() if '"address": "http' in line]
        return bool(found)

    assert wait_until(listens), worker.log
    return Platform(found[-1])


@pytest.fixture
def pump(platform: Platform) -> str:
    """A new object of the class 29; its id."""
    return str(platform.call("POST", "/objects", {"name": "A pump", "class_id": 29})["id"])


def is_of(shape: Any, value: Any) -> Any:
    """The value, once it is exactly of the shape."""
    TypeAdapter(shape).validate_python(value, strict=True)
    return value


# Reading


def test_the_published_client_reads_every_object(platform: Platform, pump: str) -> None:
    told = platform.get("/objects")
    assert [each["id"] for each in told] == sorted(each["id"] for each in told)
    assert {"filed", "other", pump} <= {each["id"] for each in told}
    for each in told:
        assert platform.object(each["id"]).id == each["id"]


def test_an_object_of_the_file_that_never_reported_is_created(platform: Platform) -> None:
    found = platform.object("filed")
    assert (found.state_id, found.class_id, found.entityType) == (1, 29, 1)
    assert found.last_state_update == found.created > 0
    assert platform.object("other").class_id == ""
    assert [(each.name, each.value, each.type_id, each.owner_id, each.owner_type) for each in found.properties] == [
        ("level", 1, 3, "29", 4),
        ("site", "north", 1, "29", 4),
    ]
    assert [(each.id, each.type) for each in found.operations] == [("stop", 1), ("told", 1)]


@pytest.mark.parametrize(
    ("path", "shape"),
    [
        ("/objects", list[shapes.ObjectShape]),
        ("/objects/filed", shapes.ObjectShape),
        ("/links", list[shapes.LinkShape]),
        ("/links/pipe", shapes.LinkShape),
        ("/entities", list[shapes.ObjectShape | shapes.LinkShape]),
        ("/entities/filed", shapes.ObjectShape),
        ("/entities/pipe", shapes.LinkShape),
        ("/classes", list[shapes.ClassShape]),
        ("/classes/29", shapes.ClassShape),
        ("/states", list[shapes.StateShape]),
        ("/states/5", shapes.StateShape),
        ("/scripts", list[shapes.ScriptShape]),
        ("/scripts/greet", shapes.ScriptShape),
        ("/objects/filed/operations", list[shapes.OperationShape]),
        ("/objects/filed/operations/stop", shapes.OperationShape),
        ("/links/pipe/operations/flush", shapes.OperationShape),
        ("/classes/29/operations", list[shapes.OperationShape]),
        ("/objects/filed/props", list[shapes.PropertyShape]),
        ("/objects/filed/props/site", shapes.PropertyShape),
        ("/classes/29/props/level", shapes.PropertyShape),
    ],
)
def test_what_is_read_is_exactly_of_the_documented_shape(platform: Platform, path: str, shape: Any) -> None:
    is_of(shape, platform.get(path))


def test_states_are_the_built_in_ones_with_integers_for_ids(platform: Platform) -> None:
    told = {each["id"]: each["name"] for each in platform.get("/states")}
    assert (
        told.items()
        >= {1: "Created", 3: "Working", 4: "Overloaded", 5: "Alarm", 6: "Stopped", 7: "NoData", 8: "Down", 9: "Disable"}.items()
    )
    assert platform.get("/states/5")["ui"]["colors"]["main"] == "rgb(40 173 250)"


def test_fields_narrow_and_lists_are_cut_and_filtered(platform: Platform, pump: str) -> None:
    assert platform.get("/objects/filed?fields=id,_version") == {"id": "filed", "_version": 1}
    every = [each["id"] for each in platform.get("/objects?fields=id")]
    assert [each["id"] for each in platform.get("/objects?fields=id&skip=1&limit=2")] == every[1:3]
    assert platform.get(f"/objects?skip={len(every)}") == []
    assert [each["id"] for each in platform.get("/objects?fields=id&text=FILED")] == ["filed"]
    assert {each["class_id"] for each in platform.get("/objects?class_id=29&fields=class_id")} == {29}
    assert "other" not in {each["id"] for each in platform.get("/objects?class_id=29")}
    assert platform.refused("GET", "/objects?limit=few") == (400, "InvalidContent")
    assert platform.refused("GET", "/objects?state_id=nope") == (400, "InvalidContent")


def test_objects_are_searched_for_by_their_fields(platform: Platform, pump: str) -> None:
    assert [each["id"] for each in platform.call("POST", "/objects/search", {"name": "Filed pump"})] == ["filed"]
    assert {each["id"] for each in platform.call("POST", "/objects/search", ["filed", pump, "nope"])} == {"filed", pump}
    found = platform.call("POST", "/objects/search", {"class_id": 29, "id": pump, "fields": "id,name"})
    assert found == [{"id": pump, "name": "A pump"}]
    assert platform.refused("POST", "/objects/search", {"colour": "red"}) == (400, "InvalidContent")


@pytest.mark.parametrize(
    "path", ["/objects/nope", "/links/filed", "/objects/pipe", "/classes/nope", "/states/nope", "/scripts/nope"]
)
def test_what_is_not_there_is_not_found(platform: Platform, path: str) -> None:
    assert platform.refused("GET", path) == (404, "ResourceNotFound")


def test_nobody_in_particular_is_unauthorized(platform: Platform) -> None:
    assert Platform(platform.address, ADMIN, "wrong password").refused("GET", "/objects")[0] == 401


# What the file defines


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


# Making, changing, removing


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
    known = {name: value for name, value in sent.items() if name not in ("properties", "code", "unheard")}
    assert known.items() <= {name: made[name] for name in known}.items()
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


def test_an_object_may_be_sent_back_as_it_was_told(platform: Platform, pump: str) -> None:
    told = platform.get(f"/objects/{pump}")
    assert platform.call("PATCH", f"/objects/{pump}", told)["name"] == told["name"]
    again = platform.get(f"/objects/{pump}")
    assert {**again, "_version": 0, "updated": 0} == {**told, "_version": 0, "updated": 0}


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


def test_scripts_are_made_run_changed_and_removed(platform: Platform, worker: Worker, pump: str) -> None:
    made = is_of(shapes.ScriptShape, platform.call("POST", "/scripts", {"name": "Hello", "text": "#!/bin/sh\necho one"}))
    run = {"name": "Run", "type": 2, "parameters": {"type": "scriptReference", "ref": made["id"]}}
    operation = platform.call("POST", f"/objects/{pump}/operations", run)
    assert platform.refused("DELETE", f"/scripts/{made['id']}") == (409, "Conflict")
    assert platform.call("PATCH", f"/scripts/{made['id']}", {"text": "#!/bin/sh\necho two"})["text"] == "#!/bin/sh\necho two"
    job = platform.call("POST", f"/objects/{pump}/operations/{operation['id']}/execute")
    assert wait_until(lambda: worker.json("jobs", "show", job)["description"].get("stdout") == "two\n", 30)
    platform.call("DELETE", f"/objects/{pump}/operations/{operation['id']}")
    platform.call("DELETE", f"/scripts/{made['id']}")
    assert platform.refused("GET", f"/scripts/{made['id']}") == (404, "ResourceNotFound")


# Operations


@pytest.mark.parametrize("owner", ["objects", "links", "classes"])
def test_operations_are_made_changed_and_removed(platform: Platform, owner: str) -> None:
    body = {"source": "filed", "target": "other"} if owner == "links" else {"name": "owner"}
    id_ = platform.call("POST", f"/{owner}", body)["id"]
    sent = {"name": "Go", "description": "d", "type": "1", "popupResult": True, "parameters": {"topic": "a", "message": "b"}}
    made = is_of(shapes.OperationShape, platform.call("POST", f"/{owner}/{id_}/operations", sent))
    assert len(made["id"]) == 24
    assert {**made, "type": "1"}.items() >= sent.items()
    assert (made["type"], made["owner_id"], made["owner_type"]) == (1, id_, {"objects": 1, "links": 2, "classes": 4}[owner])
    path = f"/{owner}/{id_}/operations/{made['id']}"
    after = platform.call("PATCH", path, {"parameters": {"message": "c"}, "runOnReadWritePropertyModification": True, "type": 1})
    assert after == {**made, "parameters": {"topic": "a", "message": "c"}, "runOnReadWritePropertyModification": True}
    assert platform.get(path) == after
    assert platform.refused("PATCH", path, {"type": 2}) == (400, "InvalidContent")
    assert platform.refused("PATCH", path, {"parameters": {"topic": ""}})[0] == 400
    assert platform.get(path) == after
    platform.call("DELETE", path)
    assert platform.refused("GET", path) == (404, "ResourceNotFound")
    assert platform.refused("DELETE", path) == (404, "ResourceNotFound")


def test_the_kind_of_a_program_stays_what_it_is(platform: Platform, pump: str) -> None:
    sent = {"name": "Go", "type": 2, "parameters": {"type": "fileSystem", "path": "/bin/echo", "args": ["{{name}}"]}}
    made = platform.call("POST", f"/objects/{pump}/operations", sent)
    path = f"/objects/{pump}/operations/{made['id']}"
    assert platform.refused("PATCH", path, {"parameters": {"type": "scriptText", "text": "x"}}) == (400, "InvalidContent")
    assert platform.call("PATCH", path, {"parameters": {"args": ["a", "b"]}})["parameters"]["args"] == ["a", "b"]


@pytest.mark.parametrize(
    "sent",
    [
        {"name": "no type"},
        {"type": 3},
        {"type": 1, "parameters": {"topic": "#", "message": ""}},
        {"type": 2, "parameters": {"path": 7}},
    ],
)
def test_an_operation_that_cannot_be_is_refused_and_changes_nothing(platform: Platform, pump: str, sent: dict[str, Any]) -> None:
    before = platform.get(f"/objects/{pump}")
    assert platform.refused("POST", f"/objects/{pump}/operations", sent) == (400, "InvalidContent")
    assert platform.get(f"/objects/{pump}") == before


def test_an_operation_that_is_inherited_is_changed_at_its_class(platform: Platform, pump: str) -> None:
    for method in ("PATCH", "DELETE"):
        assert platform.refused(method, f"/objects/{pump}/operations/stop", {"name": "x"}) == (404, "ResourceNotFound")


@pytest.mark.parametrize(
    "path",
    [
        "/objects/{pump}/operations/stop",
        "/entities/{pump}/operations/stop",
        "/links/pipe/operations/flush",
        "/entities/pipe/operations/flush",
    ],
)
@pytest.mark.parametrize("body", [..., {"how": "gently"}])
def test_an_execution_is_answered_with_the_jobs_id_alone(
    platform: Platform, worker: Worker, pump: str, path: str, body: Any
) -> None:
    job = platform.call("POST", path.format(pump=pump) + "/execute", body)
    assert isinstance(job, str)
    recorded = worker.json("jobs", "show", job)
    assert (recorded["operation_id"], recorded["args"]) == (path.split("/")[-1], {} if body is ... else body)
    assert recorded["owner_type"] == (2 if "pipe" in path else 1)
    assert recorded["user_id"] == platform.get("/users/current")["id"]


def test_an_execution_takes_arguments_into_the_message(platform: Platform, broker: Broker, pump: str) -> None:
    with MqttClient(broker) as device:
        device.subscribe(f"plant/{pump}/set")
        platform.call("POST", f"/objects/{pump}/operations/stop/execute", {"how": "gently"})
        assert device.wait_for(lambda message: message.text == "gently").topic == f"plant/{pump}/set"


@pytest.mark.parametrize(
    ("path", "body"), [("/objects/filed/operations/nope/execute", {}), ("/objects/nope/operations/stop/execute", {})]
)
def test_nothing_is_executed_that_is_not_there(platform: Platform, path: str, body: Any) -> None:
    assert platform.refused("POST", path, body) == (404, "ResourceNotFound")


def test_arguments_are_an_object(platform: Platform) -> None:
    assert platform.refused("POST", "/objects/filed/operations/stop/execute", [1]) == (400, "InvalidContent")


# Properties


@pytest.mark.parametrize("owner", ["objects", "links", "classes"])
def test_properties_are_made_changed_and_removed(platform: Platform, owner: str) -> None:
    body = {"source": "filed", "target": "other"} if owner == "links" else {"name": "owner"}
    id_ = platform.call("POST", f"/{owner}", body)["id"]
    made = is_of(
        shapes.PropertyShape,
        platform.call("POST", f"/{owner}/{id_}/props", {"name": "a/b c", "value": [1, None], "type_id": "101"}),
    )
    assert (made["name"], made["value"], made["type_id"], made["owner_id"]) == ("a/b c", [1, None], 101, id_)
    assert platform.refused("POST", f"/{owner}/{id_}/props", {"name": "a/b c"}) == (409, "Conflict")
    assert platform.refused("POST", f"/{owner}/{id_}/props", {"value": 1}) == (400, "InvalidContent")
    path = f"/{owner}/{id_}/props/{made['id']}"
    assert platform.call("PATCH", path, {"value": "new"}) == {**made, "value": "new"}
    assert platform.call("PATCH", f"/{owner}/{id_}/props/a/b c", {"name": "d", "type_id": 2}) == {
        **made,
        "value": "new",
        "name": "d",
        "type_id": 2,
    }
    assert platform.get(path)["name"] == "d"
    platform.call("DELETE", path)
    assert platform.get(f"/{owner}/{id_}/props") == []
    assert platform.refused("PATCH", path, {"value": 1}) == (404, "ResourceNotFound")


@pytest.mark.parametrize("id_", ["filed", "{pump}"])
def test_a_read_write_property_that_is_changed_runs_the_operations_that_ask_for_it(
    platform: Platform, broker: Broker, pump: str, id_: str
) -> None:
    id_ = id_.format(pump=pump)
    before = platform.object(id_).property("level").value
    with MqttClient(broker) as device:
        device.subscribe(f"plant/{id_}/told")
        changed = platform.call("PATCH", f"/objects/{id_}/props/level", {"value": before + 41})
        assert changed["value"] == before + 41
        assert device.wait_for(lambda message: True).text == f"level={before + 41} was {before}"
    assert platform.object(id_).property("level").value == before + 41
    assert platform.get("/classes/29/props/level")["value"] == 1


def test_a_property_that_an_object_inherits_may_have_a_value_of_its_own(platform: Platform, pump: str) -> None:
    changed = platform.call("PATCH", f"/objects/{pump}/props/site", {"value": "south"})
    assert (changed["value"], changed["owner_id"]) == ("south", pump)
    assert platform.get("/classes/29/props/site")["value"] == "north"
    platform.call("DELETE", f"/objects/{pump}/props/site")
    assert platform.get(f"/objects/{pump}/props/site")["value"] == "north"
    assert platform.refused("DELETE", f"/objects/{pump}/props/site") == (409, "Conflict")


def test_a_property_that_is_made_again_has_its_new_value(platform: Platform, pump: str) -> None:
    for value in (1, 2):
        made = platform.call("POST", f"/objects/{pump}/props", {"name": "again", "value": value, "type_id": 3})
        assert made["value"] == value
        platform.call("PATCH", f"/objects/{pump}/props/again", {"value": 77})
        platform.call("DELETE", f"/objects/{pump}/props/again")


def test_a_whole_list_of_properties_sets_the_values_of_read_write_ones(platform: Platform, broker: Broker, pump: str) -> None:
    platform.call("POST", f"/objects/{pump}/props", {"name": "speed", "value": 1, "type_id": 3})
    told = platform.get(f"/objects/{pump}")
    for each in told["properties"]:
        each["value"] = 9
    with MqttClient(broker) as device:
        device.subscribe(f"plant/{pump}/told")
        after = platform.call("PATCH", f"/objects/{pump}", told)
        assert device.wait_for(lambda message: message.text.startswith("speed")).text == "speed=9 was 1"
    own = [(each["name"], each["value"]) for each in after["properties"] if each["owner_type"] == 1]
    assert own == [("speed", 9)]


@few
@given(value=JSON)
def test_a_property_has_the_value_that_it_was_given(platform: Platform, value: Any) -> None:
    assert platform.call("PATCH", "/objects/filed/props/level", {"value": value})["value"] == value
    assert platform.get("/objects/filed/props/level")["value"] == value


# Triggers and conditions

TRIGGERS: list[dict[str, Any]] = [
    {"states": [5, "3"], "type": "operation", "payload": {"operation": "stop"}},
    {
        "states": [4],
        "type": "operation",
        "payload": {"operation": "stop"},
        "duration": 60_000,
        "periodicity": {"value": 2, "unit": "hours"},
    },
    {"states": [8], "type": "script", "payload": {"execPath": "/bin/echo", "args": ["{{name}}", "x"]}},
    {"states": [6], "type": "email", "payload": {"to": ["a@example.org"], "subject": None, "code": 7}, "extra": {"deep": [1.5]}},
    {"states": [6], "type": "sms", "payload": {"phone": "+1"}},
    {"states": [6], "type": "voice", "payload": "call"},
]


def test_state_triggers_come_back_as_they_were_set(platform: Platform, pump: str) -> None:
    path = f"/objects/{pump}/state-triggers"
    assert platform.refused("GET", path) == (404, "ResourceNotFound")
    assert platform.call("PUT", path, TRIGGERS) is None
    assert platform.get(path) == TRIGGERS
    platform.call("PUT", path, [])
    assert platform.get(path) == []


@few
@given(chosen=st.lists(st.sampled_from(TRIGGERS), max_size=5))
def test_whatever_list_of_triggers_is_put_is_the_list_there_is(
    platform: Platform, pump: str, chosen: list[dict[str, Any]]
) -> None:
    path = f"/objects/{pump}/state-triggers"
    platform.call("PUT", path, chosen)
    assert platform.get(path) == chosen


@pytest.mark.parametrize(
    "bad",
    [
        {"states": [77], "type": "operation", "payload": {"operation": "stop"}},
        {"states": [5], "type": "operation", "payload": {"operation": "nope"}},
        {"states": [5], "type": "operation"},
        {"states": [5], "type": "script", "payload": {"execPath": "relative"}},
        {"states": [5], "type": "operation", "payload": {"operation": "stop"}, "duration": -1},
        {"states": [5], "type": "operation", "payload": {"operation": "stop"}, "periodicity": {"value": 1, "unit": "weeks"}},
        {"states": [5], "type": "operations", "payload": {"operation": "stop"}},
        "stop",
    ],
)
def test_a_list_of_triggers_that_cannot_be_honoured_changes_nothing(platform: Platform, pump: str, bad: Any) -> None:
    path = f"/objects/{pump}/state-triggers"
    platform.call("PUT", path, TRIGGERS[:1])
    before = platform.get(f"/objects/{pump}")
    assert platform.refused("PUT", path, [TRIGGERS[1], bad]) == (400, "InvalidContent")
    assert platform.get(path) == TRIGGERS[:1]
    assert platform.get(f"/objects/{pump}") == before


def test_a_body_that_is_no_list_is_refused(platform: Platform, pump: str) -> None:
    for name in ("state-triggers", "state-conditions"):
        assert platform.refused("PUT", f"/objects/{pump}/{name}", {"states": [5]}) == (400, "InvalidContent")


@pytest.mark.parametrize("path", ["/objects/{pump}", "/links/{link}", "/classes/{class}"])
def test_triggers_that_were_set_act_on_the_next_change(platform: Platform, broker: Broker, path: str) -> None:
    class_ = platform.call("POST", "/classes", {"name": "C"})["id"]
    platform.call(
        "POST",
        f"/classes/{class_}/operations",
        {"id": "go", "type": 1, "parameters": {"topic": "acted/{{id}}", "message": "{{state.id}}"}},
    )
    pump = platform.call("POST", "/objects", {"name": "p", "class_id": class_})["id"]
    link = platform.call("POST", "/links", {"source": pump, "target": "other", "class_id": class_})["id"]
    owner = path.format(pump=pump, link=link, **{"class": class_})
    platform.call("PUT", f"{owner}/state-triggers", [{"states": ["Alarm"], "type": "operation", "payload": {"operation": "go"}}])
    entity = f"/links/{link}" if "links" in path else f"/objects/{pump}"
    with MqttClient(broker) as device:
        device.subscribe(f"acted/{entity.split('/')[-1]}")
        told = platform.call("PUT", f"{entity}/state", {"state_id": 5})
        assert (told["id"], told["state_id"]) == (entity.split("/")[-1], 5)
        assert device.wait_for(lambda message: True).text == "5"


CONDITIONS: list[dict[str, Any]] = [
    {"condition": {"when": "payload.t > 80"}, "state": 5},
    {"condition": {"value": "$.t", "above": 60, "hysteresis": 2.5}, "state": "4"},
    {"condition": {}, "state": "Working"},
]


def test_state_conditions_come_back_as_they_were_set_and_derive_the_state(platform: Platform, pump: str) -> None:
    path = f"/objects/{pump}/state-conditions"
    assert platform.refused("GET", path) == (404, "ResourceNotFound")
    assert platform.call("PUT", path, CONDITIONS) is None
    assert platform.get(path) == CONDITIONS
    assert platform.refused("PUT", path, [{"condition": {"when": "payload.t >"}, "state": 5}])[0] == 400
    assert platform.refused("PUT", path, [{"condition": {}, "state": 77}])[0] == 400
    assert platform.get(path) == CONDITIONS


# States of entities


@pytest.mark.parametrize("body", [{"state_id": 4}, {"state_id": "4"}, {"stateId": 4}, {"state_id": "Overloaded"}])
def test_a_state_that_is_set_is_the_state_there_is(platform: Platform, pump: str, body: dict[str, Any]) -> None:
    told = is_of(shapes.ObjectShape, platform.call("PUT", f"/objects/{pump}/state", body))
    assert told["state_id"] == 4
    assert told["last_state_update"] >= told["created"]
    assert {each["state_id"] for each in platform.get("/objects?state_id=4&fields=state_id")} == {4}
    assert pump in {each["id"] for each in platform.get("/objects?state_id=Overloaded")}


@pytest.mark.parametrize("body", [{}, {"state_id": 77}, {"state_id": None}, {"state_id": True}, []])
def test_a_state_that_is_not_declared_cannot_be_set(platform: Platform, pump: str, body: Any) -> None:
    assert platform.refused("PUT", f"/objects/{pump}/state", body) == (400, "InvalidContent")


def test_a_manual_state_goes_before_what_is_reported_until_it_is_cleared(platform: Platform, pump: str) -> None:
    platform.call("PUT", f"/objects/{pump}/state", {"state_id": 3})
    body = {"stateId": 9, "reason": "maintenance", "until": 4_102_444_800_000, "clearedByStateId": [5]}
    told = is_of(shapes.ObjectShape, platform.call("PUT", f"/entities/{pump}/manual-state", body))
    manual = told["manual_state"]
    assert (told["state_id"], manual["stateId"], manual["clearedByStateId"], manual["until"]) == (9, 9, [5], 4_102_444_800_000)
    assert isinstance(manual["since"], int)
    assert platform.call("PUT", f"/objects/{pump}/state", {"state_id": 4})["state_id"] == 9
    told = platform.call("PUT", f"/entities/{pump}/manual-state", {"clear": True})
    assert (told["state_id"], told["manual_state"]) == (4, None)
    platform.call("PUT", f"/entities/{pump}/manual-state", body)
    assert platform.call("PUT", f"/objects/{pump}/state", {"state_id": 5})["manual_state"] is None


@pytest.mark.parametrize("body", [{}, {"stateId": 77}, {"stateId": 5, "until": 1}, {"stateId": 5, "clearedByStateId": [77]}])
def test_a_manual_state_that_cannot_be_is_refused(platform: Platform, body: dict[str, Any]) -> None:
    assert platform.refused("PUT", "/entities/filed/manual-state", body)[0] == 400


# Who may see and do what


def known(platform: Platform, login: str, **rights: Any) -> Platform:
    """The client of another user, with these rights."""
    platform.call("POST", "/users", {"login": login, "password": f"password of {login}", **rights})
    return Platform(platform.address, login, f"password of {login}")


def test_who_only_executes_operations_sees_their_names_and_executes_them(platform: Platform, pump: str) -> None:
    guard = known(platform, "guard", permissions=["execute-operations"])
    for found in (
        guard.get("/objects/filed")["operations"],
        guard.get("/classes/29/operations"),
        [guard.get("/objects/filed/operations/stop")],
    ):
        assert {"id": "stop", "name": "Stop", "description": "Stops it"} in found
    assert isinstance(guard.call("POST", f"/objects/{pump}/operations/stop/execute", {"how": "x"}), str)
    assert guard.get("/scripts/greet") == {"id": "greet", "name": "greet"}
    assert guard.get("/classes/29")["triggers"] == []
    for method, path, body in [
        ("POST", f"/objects/{pump}/operations", {"type": 1}),
        ("PATCH", f"/objects/{pump}", {"name": "x"}),
        ("GET", f"/objects/{pump}/state-triggers", ...),
        ("PUT", f"/objects/{pump}/state", {"state_id": 5}),
        ("POST", "/objects", {"name": "x"}),
    ]:
        assert guard.refused(method, path, body) == (403, "Forbidden")


def test_operations_and_service_properties_inside_of_objects_need_their_permissions_too(platform: Platform, pump: str) -> None:
    smith = known(platform, "smith", permissions=["manage-objects"])
    operation = {"name": "Go", "type": 1, "parameters": {"topic": "a", "message": "b"}}
    service = {"name": "secret", "value": 1, "type_id": 8}
    for body in ({"operations": [operation]}, {"properties": [service]}):
        assert smith.refused("POST", "/objects", {"name": "x", **body}) == (403, "Forbidden")
        assert smith.refused("PATCH", f"/objects/{pump}", body) == (403, "Forbidden")
    assert smith.refused("POST", f"/objects/{pump}/props", service) == (403, "Forbidden")
    made = platform.call("POST", f"/objects/{pump}/props", service)
    for method, body in (("PATCH", {"value": 2}), ("PATCH", {"type_id": 1}), ("DELETE", ...)):
        assert smith.refused(method, f"/objects/{pump}/props/{made['id']}", body) == (403, "Forbidden")
    assert smith.refused("PATCH", f"/objects/{pump}", {"properties": []}) == (403, "Forbidden")
    assert smith.call("PATCH", f"/objects/{pump}", {**smith.get(f"/objects/{pump}"), "name": "renamed"})["name"] == "renamed"


def test_nothing_is_told_of_what_is_out_of_reach(platform: Platform, pump: str) -> None:
    child = platform.call("POST", "/objects", {"name": "child", "parent_id": [pump, "other"]})["id"]
    shut = known(platform, "shut", permissions=["manage-objects", "manage-links"], objectPermissions={"exclude": [pump, "filed"]})
    assert pump not in {each["id"] for each in shut.get("/objects")}
    assert shut.get(f"/objects/{child}")["parent_id"] == ["other"]
    assert "pipe" not in {each["id"] for each in shut.get("/links")}
    assert shut.call("POST", "/objects/search", [pump]) == []
    for path in (f"/objects/{pump}", "/links/pipe", f"/entities/{pump}"):
        assert shut.refused("GET", path) == (404, "ResourceNotFound")
    for body in ({"source": pump, "target": "other"}, {"source": "other", "target": "nope"}):
        assert shut.refused("POST", "/links", body) == (400, "InvalidContent")
    assert shut.refused("POST", "/objects", {"name": "x", "parent_id": [pump]}) == (400, "InvalidContent")


# All of it


def test_every_call_of_the_reference_is_answered(platform: Platform, worker: Worker) -> None:
    """The rows of its table, in their order."""
    go = {"name": "Go", "type": "1", "parameters": {"topic": "t/{{id}}", "message": "m"}}
    class_ = platform.call("POST", "/classes", {"name": "C", "operations": [{**go, "id": "inherited"}]})["id"]
    pump = platform.call("POST", "/objects", {"name": "p", "class_id": class_})["id"]
    link = platform.call("POST", "/links", {"source": pump, "target": "other", "class_id": class_})["id"]
    job = platform.call("POST", f"/objects/{pump}/operations/inherited/execute", {"a": 1})
    for path in (f"/links/{link}", f"/entities/{pump}", f"/entities/{link}"):
        platform.call("POST", f"{path}/operations/inherited/execute")
    for owner in (f"/objects/{pump}", f"/links/{link}", f"/classes/{class_}"):
        made = platform.call("POST", f"{owner}/operations", go)["id"]
        platform.call("PATCH", f"{owner}/operations/{made}", {"name": "Went"})
        platform.call("DELETE", f"{owner}/operations/{made}")
    assert platform.get(f"/jobs/{job}")["id"] == job
    assert job in {each["id"] for each in platform.get(f"/objects/{pump}/jobs")}
    assert len(platform.get(f"/links/{link}/jobs")) == 2
    for owners in ({"objects": [pump]}, {"links": [link]}):
        assert all(
            "owner_type" not in each for each in platform.call("POST", "/jobs", {**owners, "from": 0, "to": 4_102_444_800_000})
        )
    platform.call("PATCH", f"/jobs/{job}/results", {"code": 1, "deep": [10**30, "ü"]})
    assert platform.get(f"/jobs/{job}")["results"][0]["payload"] == {"code": 1, "deep": [10**30, "ü"]}
    for entity in (f"/objects/{pump}", f"/links/{link}"):
        assert platform.call("PUT", f"{entity}/state", {"state_id": 5})["state_id"] == 5
        for name, items in (("state-triggers", TRIGGERS[2:3]), ("state-conditions", CONDITIONS)):
            platform.call("PUT", f"{entity}/{name}", items)
            assert platform.get(f"{entity}/{name}") == items
    assert platform.call("PUT", f"/entities/{pump}/manual-state", {"stateId": 9})["state_id"] == 9
    history = platform.get(f"/state-history-log?from=0&limit=5&skip=0&inverse=false&stateId=5&classId={class_}&entityId={pump}")
    assert [each["stateId"] for each in history] == [5]
    assert [each["stateId"] for each in platform.get(f"/objects/{pump}/state-history?from=0&skip=0&limit=9")] == [9, 5]
    for path in ("/objects", "/links", "/classes", "/states", "/scripts", "/users"):
        assert isinstance(platform.get(path), list)
    made = platform.call("POST", f"/objects/{pump}/props", {"name": "x", "value": 1})["id"]
    platform.call("PATCH", f"/objects/{pump}/props/{made}", {"value": 2})
    platform.call("DELETE", f"/objects/{pump}/props/{made}")
    platform.call("POST", "/users/session", {"login": ADMIN, "password": PASSWORD})
    assert platform.get("/users/current")["login"] == ADMIN
    platform.call("DELETE", "/users/session")
    for path in (f"/links/{link}", f"/objects/{pump}", f"/classes/{class_}"):
        platform.call("DELETE", path)
