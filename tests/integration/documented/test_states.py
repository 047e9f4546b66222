"""The states that entities are in, set as if reported, or by hand."""

from __future__ import annotations

from typing import Any

import pytest

from integration.documented_rig import Platform, is_of
from pointsman.http.documented import shapes


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
    assert (manual["reason"], manual["by"]) == ("maintenance", platform.get("/users/current")["id"])
    assert platform.call("PUT", f"/objects/{pump}/state", {"state_id": 4})["state_id"] == 9
    told = platform.call("PUT", f"/entities/{pump}/manual-state", {"clear": True})
    assert (told["state_id"], told["manual_state"]) == (4, None)
    platform.call("PUT", f"/entities/{pump}/manual-state", body)
    assert platform.call("PUT", f"/objects/{pump}/state", {"state_id": 5})["manual_state"] is None


@pytest.mark.parametrize("body", [{}, {"stateId": 77}, {"stateId": 5, "until": 1}, {"stateId": 5, "clearedByStateId": [77]}])
def test_a_manual_state_that_cannot_be_is_refused(platform: Platform, body: dict[str, Any]) -> None:
    assert platform.refused("PUT", "/entities/filed/manual-state", body)[0] == 400
