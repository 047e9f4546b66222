"""What is read: exactly of the documented shapes, cut and filtered as asked."""

from __future__ import annotations

from typing import Any

import pytest

from integration.documented_rig import ADMIN, MANY, Platform, is_of
from pointsman.http.documented import shapes


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


def test_a_list_that_is_longer_than_a_page_is_whole_and_can_be_cut_anywhere(platform: Platform) -> None:
    every = [each["id"] for each in platform.get("/links?fields=id")]
    assert every == sorted(every)
    assert [id_ for id_ in every if id_ in set(MANY)] == MANY
    for skip, limit in ((0, 500), (0, 501), (499, 2), (500, 500), (1_000, 0), (7, 1_100)):
        cut = platform.get(f"/links?fields=id&text=many&skip={skip}&limit={limit}")
        assert [each["id"] for each in cut] == MANY[skip:][: limit or None]


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
