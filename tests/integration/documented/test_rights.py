"""What other users see, and may do, inside of what they reach."""

from __future__ import annotations

import functools

import requests

from integration.documented_rig import Platform, known


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


def test_who_may_not_manage_operations_does_not_lose_them_either(platform: Platform, pump: str) -> None:
    """Not even by replacing the whole object under /api/v1."""
    mason = known(platform, "mason", permissions=["manage-objects"])
    replace = functools.partial(requests.put, f"{platform.address}/api/v1/objects/{pump}", auth=mason.auth, timeout=3)
    assert replace(json={"name": "nothing of its own goes", "class_id": 29}).status_code == 200
    platform.call("POST", f"/objects/{pump}/operations", {"id": "own", "type": 1, "parameters": {"topic": "a", "message": "b"}})
    before = platform.get(f"/objects/{pump}/operations")
    assert replace(json={"name": "one goes", "class_id": 29}).status_code == 403
    assert (
        replace(json={"name": "all stay", "class_id": 29, "operations": mason.get(f"/objects/{pump}/operations")}).status_code
        == 200
    )
    assert platform.get(f"/objects/{pump}/operations") == before
