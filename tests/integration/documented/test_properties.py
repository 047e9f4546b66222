"""Properties and their values."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integration.documented_rig import Platform, is_of
from pointsman.http.documented import shapes
from servers.client import MqttClient
from servers.mosquitto import Broker
from servers.ports import wait_until

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


@pytest.mark.parametrize("id_", ["valued", "{pump}"])
def test_a_read_write_property_that_is_changed_runs_the_operations_that_ask_for_it(
    platform: Platform, broker: Broker, pump: str, id_: str
) -> None:
    id_ = id_.format(pump=pump)
    before = 1
    platform.call("PATCH", f"/objects/{id_}/props/level", {"value": before})
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
    assert platform.call("PATCH", "/objects/valued/props/level", {"value": value})["value"] == value
    assert platform.get("/objects/valued/props/level")["value"] == value


def test_a_value_that_a_device_reported_gives_way_to_one_that_is_written(platform: Platform, broker: Broker, pump: str) -> None:
    """However it is written: by itself, or in a whole list."""
    path = f"/objects/{pump}/props/reading"
    made = platform.call("POST", f"/objects/{pump}/props", {"name": "reading", "value": 1, "type_id": 2})
    with MqttClient(broker) as device:
        for body in ({"value": 2}, None):
            device.publish(f"devices/{pump}/reading", "77")
            assert wait_until(lambda: platform.get(path)["value"] == 77)
            if body is not None:
                assert platform.call("PATCH", path, body)["value"] == 2
            else:
                platform.call("PATCH", f"/objects/{pump}", {"properties": [{**made, "value": 3}]})
                assert platform.get(path)["value"] == 3
