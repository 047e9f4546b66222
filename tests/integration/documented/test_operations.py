"""Operations and their execution."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from integration.documented_rig import Platform, is_of
from pointsman.http.documented import shapes
from servers.client import MqttClient
from servers.mosquitto import Broker


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
def test_an_execution_is_answered_with_the_jobs_id_alone(platform: Platform, pump: str, path: str, body: Any) -> None:
    job = platform.call("POST", path.format(pump=pump) + "/execute", body)
    assert isinstance(job, str)
    recorded = platform.get(f"/jobs/{job}")
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


def test_operations_that_are_made_at_the_same_time_are_all_there(platform: Platform, pump: str) -> None:
    """Each is an edit of the same document: one is made anew for every other that was faster, so five times at most."""
    names = [f"op-{n}" for n in range(6)]

    def make(name: str) -> None:
        Platform(platform.address).call(
            "POST", f"/objects/{pump}/operations", {"id": name, "type": 1, "parameters": {"topic": "a", "message": "b"}}
        )

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(make, names))
    assert {each["id"] for each in platform.get(f"/objects/{pump}/operations")} == {"stop", "told", *names}
