"""What a search for objects takes, and which objects it takes."""

from __future__ import annotations

from typing import Any

import pytest

from pointsman.http.documented.search import read_search
from pointsman.http.problems import Refusal

PUMP = {
    "id": "pump-1",
    "name": "Pump 1",
    "class_id": 29,
    "tags": ["wet", 7],
    "mute_alert": False,
    "weight": 0,
    "properties": [{"name": "site", "value": "x", "type_id": 1}, {"name": "level", "value": 3, "type_id": 3}],
}


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, True),
        ({"name": "Pump 1"}, True),
        ({"name": "pump 1"}, False),
        ({"name": ["Pump 1", "Pump 2"]}, True),
        ({"class_id": "29"}, True),
        ({"class_id": [30, 29]}, True),
        ({"class_id": 30}, False),
        ({"tags": "wet"}, True),
        ({"tags": ["dry", 7]}, True),
        ({"tags": "dry"}, False),
        ({"mute_alert": False}, True),
        ({"mute_alert": 0}, False),
        ({"weight": False}, False),
        ({"properties": {"name": "site", "value": "x"}}, True),
        ({"properties": {"name": "site", "value": 3}}, False),
        ({"name": "Pump 1", "tags": "dry"}, False),
    ],
)
def test_an_object_is_found_when_all_its_fields_are_as_asked(asked: dict[str, Any], found: bool) -> None:
    assert read_search(asked).takes(PUMP) is found


@pytest.mark.parametrize("asked", [["a", "b"], {"ids": ["a", "b"]}, {"id": ["a", "b"]}, {"id": ["a", "b"], "ids": ["b", "a"]}])
def test_ids_can_be_asked_for_in_every_form(asked: Any) -> None:
    assert read_search(asked).filter.ids == {"a", "b"}


def test_which_part_of_the_list_is_wanted_may_be_in_the_body() -> None:
    search = read_search({"skip": 2, "limit": 3, "fields": ["id", "name"], "text": "ump"})
    assert (search.listing.skip, search.listing.limit, search.listing.wanted) == (2, 3, {"id", "name"})
    assert search.filter.text == "ump"
    assert search.fields == {}


@pytest.mark.parametrize("asked", [7, "pump-1", {"colour": "red"}, {"skip": -1}, {"limit": "many"}])
def test_what_cannot_be_a_search_is_refused(asked: Any) -> None:
    with pytest.raises(Refusal) as refused:
        read_search(asked)
    assert (refused.value.status, refused.value.code) == (400, "InvalidContent")


def test_a_field_that_no_object_has_is_named() -> None:
    with pytest.raises(Refusal, match="'colour'"):
        read_search({"colour": "red"})
