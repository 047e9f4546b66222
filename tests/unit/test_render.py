"""Macros: what stands in their place, what is made of what is missing, and that no value gets out of the place it is put in."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.core.render import Context, MissingName, payload_value, render
from pointsman.model.template import parse_message, parse_template
from unit.world import NOW, PIPE, context

PAYLOAD = b'{"battery": {"cells": [{"v": 3.7}, {"v": 3}]}, "on": true, "none": null, "who": "Ann", "a.b": 1}'

FILLED = [
    ("{{id}} {{name}} {{job.id}}", "pump-1 Pump 1 job-1"),
    ("{{timestamp}}", str(NOW)),
    ("{{user.id}}/{{user.login}}", "system/system"),
    ("{{state.id}} {{state.name}}, was {{previous.id}} {{previous.name}}", "4 FAULT, was 1 OK"),
    ("{{properties.Serial Number}}", "A-17"),
    ("{{ properties.Serial Number }}", "A-17"),
    ("{{args.level}} {{args.list}} {{args.deep}}", '7 [1,"a"] {"b":null}'),
    ("{{args.yes}} {{args.no}} {{args.text}}", "true null so"),
    ("{{payload.who}} {{payload.on}} {{payload.none}}", "Ann true null"),
    ("{{payload.battery.cells.1.v}} {{payload.battery.cells.0.v}}", "3 3.7"),
    ("{{payload.battery}}", '{"cells":[{"v":3.7},{"v":3}]}'),
    ("{{payload}}", PAYLOAD.decode()),
    ("{{'{{'}}id}} is {{id}}", "{{id}} is pump-1"),
    ("no macro", "no macro"),
    ("", ""),
]

MISSING = [
    ("{{properties.Colour}}", "properties.Colour"),
    ("{{args.nothing}}", "args.nothing"),
    ("{{payload.nothing}}", "payload.nothing"),
    ("{{payload.battery.cells.2.v}}", "payload.battery.cells.2.v"),
    ("{{payload.battery.cells.x}}", "payload.battery.cells.x"),
    ("{{payload.who.further}}", "payload.who.further"),
    ("{{payload.a.b}}", "payload.a.b"),
]


def full(**more: Any) -> Context:
    args = {"level": 7, "list": [1, "a"], "deep": {"b": None}, "yes": True, "no": None, "text": "so"}
    return context(**({"args": args, "payload": PAYLOAD} | more))


@pytest.mark.parametrize(("source", "text"), FILLED)
def test_a_macro_stands_for(source: str, text: str) -> None:
    assert render(parse_template(source), full()) == text


@pytest.mark.parametrize(("source", "path"), MISSING)
def test_what_is_missing_is_never_silently_empty_but_named(source: str, path: str) -> None:
    with pytest.raises(MissingName, match="expected something") as caught:
        render(parse_template(f"a {source} z"), full())
    assert f"{{{{{path}}}}}" in str(caught.value)


@pytest.mark.parametrize("source", ["{{payload}}", "{{payload.who}}"])
def test_without_a_message_there_is_no_payload(source: str) -> None:
    with pytest.raises(MissingName, match="no message reported the state"):
        render(parse_template(source), full(payload=None))


def test_an_entity_that_has_not_reported_yet_is_in_an_unknown_state() -> None:
    unknown = full(state=None, previous=None)
    template = parse_template("{{state.id}} {{state.name}} {{previous.id}} {{previous.name}}")
    assert render(template, unknown) == "unknown unknown unknown unknown"


def test_a_link_is_named_like_an_object() -> None:
    assert render(parse_template("{{id}}"), full(entity=PIPE)) == "pipe-1"


@pytest.mark.parametrize(
    ("payload", "value"),
    [(b"ON", "ON"), (b"1", 1), (b'"ON"', "ON"), (b"", ""), (b"\xff\xfe", "\ufffd\ufffd"), (b"NaN", "NaN"), (b"[1]", [1])],
)
def test_a_payload_is_json_where_it_is_json_and_text_elsewhere(payload: bytes, value: Any) -> None:
    assert payload_value(payload) == value


@given(st.text(), st.text(alphabet=st.characters(exclude_characters="{}", codec="utf-8")))
def test_a_value_is_put_in_as_it_is_and_is_no_template_itself(value: str, around: str) -> None:
    given_text = "{{id}}" + value
    assert render(parse_template(around + "{{args.x}}" + around), full(args={"x": given_text})) == around + given_text + around


LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text())
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=5)
NASTY = st.sampled_from(
    ['"', "\\", "\n", "\r\t\0", '", "cmd": "evil', "}", "\u2028", "\U0001f600", "\x7f", "1e400", "NaN", "-", ""]
)


@given(VALUES | NASTY, st.text() | NASTY)
def test_a_json_message_stays_json_whatever_the_values(value: Any, name: str) -> None:
    """Inside strings and in keys, and as a value of its own."""
    template = parse_message('{"s": "<{{args.x}}>", "{{name}}!": 1, "v": {{args.x}}, "l": [{{name}}, 2]}')
    message = json.loads(render(template, full(args={"x": value}, name=name)), parse_constant=pytest.fail)
    assert set(message) == {"s", f"{name}!", "v", "l"}
    assert len(message["l"]) == 2
    assert message["v"] == (payload_value(value.encode()) if isinstance(value, str) else value)
    if isinstance(value, str):
        assert message["s"] == f"<{value}>"


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ('{"v": {{args.text}}}', '{"v": "so"}'),
        ('{"v": {{args.level}}}', '{"v": 7}'),
        ('{"v": {{args.deep}}}', '{"v": {"b":null}}'),
        ('{"v": 1{{args.level}}}', '{"v": 17}'),
        ("{{state.name}}", "FAULT"),
        ("{{args.level}}.{{args.level}}", "7.7"),
        ("state {{state.name}}", "state FAULT"),
    ],
)
def test_a_macro_is_put_in_quotes_where_json_needs_them_and_nowhere_else(source: str, message: str) -> None:
    assert render(parse_message(source), full()) == message
