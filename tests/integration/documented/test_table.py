"""Every row of the reference's table."""

from __future__ import annotations

from integration.documented_rig import ADMIN, CONDITIONS, PASSWORD, TRIGGERS, Platform


def test_every_call_of_the_reference_is_answered(platform: Platform) -> None:
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
