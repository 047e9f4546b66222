"""Conditions: what can be written, and what it comes to."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.core.evaluate import EvaluationFault, Scene, holds
from pointsman.model.expression import DEPTH, LENGTH, ExpressionError, parse_expression
from unit.world import ALARM, OK, context

PAYLOAD = {"temperature": 31.5, "text": "31", "on": True, "list": [1, {"a": "x"}], "none": None, "any name": 1}


def scene(payload: Any = PAYLOAD) -> Scene:
    about = context(
        state=ALARM, previous=OK, payload=json.dumps(payload).encode(), properties={"Serial Number": "A-17", "limit": 30}
    )
    return Scene(about, state_age=0, previous_age=60_000, offline=False)


def true(source: str, payload: Any = PAYLOAD) -> bool:
    return holds(parse_expression(source), scene(payload))


@pytest.mark.parametrize(
    "source",
    [
        "payload.temperature > 30",
        "payload.temperature > properties.limit and state.priority >= 10",
        "payload['any name'] == 1",
        "payload.list[1].a == 'x'",
        'properties["Serial Number"] == "A-17"',
        "state.name == 'ALARM' or 1 / 0 > 1",
        "not (state.id == '4')",
        "not state.id == '4' and true",
        "state.name in ['ALARM', 'FAULT']",
        "'LAR' in state.name",
        "previous.age >= 60 * 1000",
        "number(payload.text) == 31",
        "payload.on == true",
        "payload.none == null and payload.missing == null and not exists(payload.missing)",
        "1 + 2 * 3 == 7 and (1 + 2) * 3 == 9",
        "10 % 4 == 2 and 7 - 2 - 1 == 4 and -3 < -2",
        "min(3, 1, 2) == 1 and max(1, abs(-5)) == 5",
        "lower(state.name) == 'alarm' and text(5) == '5'",
        "'it\\'s' == \"it's\"",
        "id == 'pump-1' and offline == false",
    ],
)
def test_what_is_true(source: str) -> None:
    assert true(source)


@pytest.mark.parametrize(
    "source",
    [
        "payload.missing > 1",
        "payload.missing < 1",
        "payload.none",
        "true == 1",
        "1 == '1'",
        "payload.list[7] == 1",
        "'x' in payload.list",
        "false and 1 / 0 > 1",
    ],
)
def test_what_is_not_true(source: str) -> None:
    assert not true(source)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("1 / 0 > 1", "cannot compute"),
        ("state.name > 1", "expected a number"),
        ("state.name + 1 > 1", "expected a number"),
        ("1 in 2", "expected a list"),
        ("payload.temperature", "to be true or false, found 31.5"),
        ("not 'a'", "expected true or false"),
        ("lower(1) == ''", "expected text"),
    ],
)
def test_what_cannot_be_computed_is_a_fault_with_words(source: str, words: str) -> None:
    with pytest.raises(EvaluationFault, match=words):
        true(source)


@pytest.mark.parametrize(
    ("source", "words", "position"),
    [
        ("", "expected a value, found the end", 0),
        ("1 +", "expected a value, found the end", 3),
        ("payload.a >> 1", "expected a value, found '>'", 11),
        ("a == 1", "expected one of payload", 0),
        ("propertes.x == 1", "did you mean properties", 0),
        ("state.colour == 1", "expected state.age or state.id", 0),
        ("id.x == 1", "expected id, found id.x", 0),
        ("(1", r"expected '\)', found the end", 2),
        ("1 2", "expected an operator or the end, found '2'", 2),
        ("1 < 2 < 3", "expected an operator or the end, found '<'", 6),
        ("eval('1')", "expected one of exists", 0),
        ("abs(1, 2)", "expected 1 argument", 0),
        ("'open", 'expected a value or an operator, found "\'"', 0),
        ("payload.__class__ == 1 ; 2", "found ';'", 23),
        ("1" * (LENGTH + 1), "at most", LENGTH),
        ("(" * (DEPTH + 2) + "1" + ")" * (DEPTH + 2), "levels of nesting", DEPTH + 1),
    ],
)
def test_what_cannot_be_parsed_says_where_and_what_was_expected(source: str, words: str, position: int) -> None:
    with pytest.raises(ExpressionError, match=words) as caught:
        parse_expression(source)
    assert caught.value.position == position


@given(st.text(alphabet="payloadstte.[]()'\"0123456789+-*/%<>=! andornotin,_", max_size=60))
def test_whatever_is_written_is_parsed_or_refused_and_what_is_parsed_is_computed_or_a_fault(source: str) -> None:
    try:
        expression = parse_expression(source)
    except ExpressionError:
        return
    try:
        holds(expression, scene())
    except EvaluationFault:
        return


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=6,
)


@given(JSON, st.sampled_from(["==", "!=", "<", "<=", ">", ">=", "in"]), st.integers(-3, 3))
def test_a_comparison_of_whatever_a_device_sends_is_true_false_or_a_fault(value: Any, operator: str, number: int) -> None:
    try:
        assert true(f"payload.a {operator} {number}", {"a": value}) in (True, False)
    except EvaluationFault:
        assert operator != "=="
        assert operator != "!="
