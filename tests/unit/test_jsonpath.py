"""JSON paths: which texts are one, and what each finds."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.model.json import Json
from pointsman.model.jsonpath import MISSING, Missing, parse_json_path

PAYLOAD: Json = {"state": "ALARM", "a b": {"c.d": [1, {"e": None}]}, "": 5, "list": [], "text": "abc", "0": "zero", "ü": True}


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("$", PAYLOAD),
        ("$.state", "ALARM"),
        ("$['state']", "ALARM"),
        ("$[\"a b\"]['c.d'][0]", 1),
        ("$.a b['c.d'][1].e", None),
        ("$['a b']['c.d'][-1].e", None),
        ("$['']", 5),
        ("$.0", "zero"),
        ("$.ü", True),
    ],
)
def test_a_path_finds_what_it_names(source: str, value: object) -> None:
    assert parse_json_path(source).find(PAYLOAD) == value
    assert str(parse_json_path(source)) == source


@pytest.mark.parametrize(
    "source",
    [
        "$.nothing",
        "$.state.deeper",
        "$.list[0]",
        "$.list[-1]",
        "$['a b']['c.d'][2]",
        "$['a b']['c.d'][-3]",
        "$[0]",
        "$.text[0]",
        "$.list.x",
    ],
)
def test_what_is_not_there_is_missing_and_null_is_something(source: str) -> None:
    assert parse_json_path(source).find(PAYLOAD) is MISSING


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("", "that begins with $"),
        ("state", "that begins with $, such as $.state, found 'state'"),
        ("$state", "at character 2"),
        ("$.", "at character 2"),
        ("$..a", "at character 2"),
        ("$.a.", "at character 4"),
        ("$[a]", "at character 2"),
        ("$[]", "at character 2"),
        ("$['a]", "at character 2"),
        ("$.a[*]", "at character 4"),
        ("$.a[1:2]", "at character 4"),
        ("$.*", None),
    ],
)
def test_what_is_no_path_is_refused_with_the_place(source: str, words: str | None) -> None:
    if words is None:
        assert parse_json_path(source).steps == ("*",)  # a key like any other: there are no wildcards
        return
    with pytest.raises(ValueError, match="JSON path") as caught:
        parse_json_path(source)
    assert words in str(caught.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=10,
)
STEP = st.one_of(st.integers(-3, 3), st.text(st.characters(exclude_characters="'"), max_size=3))


def written(steps: list[str | int]) -> str:
    return "$" + "".join(f"[{step}]" if isinstance(step, int) else f"['{step}']" for step in steps)


@given(st.lists(STEP, max_size=4))
def test_every_list_of_steps_can_be_written(steps: list[str | int]) -> None:
    assert parse_json_path(written(steps)).steps == tuple(steps)


@given(JSON, st.lists(STEP, max_size=3))
def test_a_path_finds_what_pythons_indexing_finds(payload: object, steps: list[str | int]) -> None:
    expected: object = payload
    try:
        for step in steps:
            if isinstance(expected, str):
                raise KeyError
            expected = expected[step]  # type: ignore[index]
    except (KeyError, IndexError, TypeError):
        expected = MISSING
    found = parse_json_path(written(steps)).find(payload)  # type: ignore[arg-type]
    assert found is expected or (not isinstance(found, Missing) and json.dumps(found) == json.dumps(expected))


@given(st.text(max_size=12))
def test_any_text_is_a_path_or_refused(source: str) -> None:
    try:
        path = parse_json_path(source)
    except ValueError:
        return
    assert source.startswith("$")
    assert path.find(None) is MISSING or not path.steps
