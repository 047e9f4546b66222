"""What a message may be read as is what it is read as, whatever its holes become."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pointsman.core.loops.listening import Listening, entity_of
from pointsman.core.loops.outline import ANY, FRESH, OWN, SELF, Depends, could_be, with_holes
from pointsman.core.loops.reading import may_be_request, may_give, may_have, read_as_report, read_by_rule, states_of
from pointsman.core.render import MissingName, render
from pointsman.model.command import Execute, ReportState
from pointsman.model.ids import StateId
from pointsman.model.json import Json
from pointsman.model.rule import IntakeRule
from pointsman.model.template import parse_message, parse_template
from pointsman.mqtt.intake import Reader
from pointsman.mqtt.topics import Topics
from unit.world import context, delivery, plant, rule

CATALOG = plant()
UNKNOWN = {"payload": ANY, "timestamp": FRESH}
PIECES = (
    *("OK", "ALARM", "3", "1", "true", "null", '"', "{", "}", "[", "]", ":", ",", " ", "state", "-", "1e2", "\\"),
    *("{{payload.x}}", "{{payload.y}}", "{{payload}}", "{{timestamp}}", '"{{payload.x}}"', '"state"'),
)
WHOLE = (
    '{"state": "OK"}',
    '{"state": {{payload.x}}}',
    '{"state": "{{payload.x}}"}',
    '{"state": "A{{payload.x}}M", "t": {{timestamp}}}',
    '{"a": {"state": ["{{payload.y}}", 3]}, "{{payload.x}}": "OK"}',
    '{"{{payload.x}}": "ALARM", "state": "OK"}',
    '{"state": "OK", "{{payload.x}}": "ALARM"}',
    '{"a": {{payload.x}}}',
    '[{{payload.x}}, "OK"]',
    '{"n": 1{{payload.x}}, "state": "OK"}',
    "{{payload.x}}",
    " ALARM ",
    "{{payload.x}}ARM",
    "OK{{timestamp}}",
)
TEXTS = st.one_of(st.sampled_from(WHOLE), st.lists(st.sampled_from(PIECES), max_size=6).map("".join))
VALUES: st.SearchStrategy[Json] = st.one_of(
    st.sampled_from(["OK", "ALARM", "AL", "LAR", "state", "a", "", "3", '{"state": "OK"}', "{", 3, 1.0, 100, True, None]),
    st.sampled_from([{"state": "OK"}, {"state": {"state": 1}}, ["OK"], [], {"a": 1}]),
    st.text(max_size=3),
)
RULES = st.builds(
    lambda path, names, reported: rule("t/+", "pump-1", path, map=names, reported=reported),
    st.sampled_from(["$", "$.state", "$.a.state[0]", "$.a.state", "$[1]", "$[-1]", "$.a"]),
    st.sampled_from([{}, {"OK": "FAULT", "x": "ALARM"}, {"true": "OK", "100.0": "ALARM"}]),
    st.sampled_from([None, None, None, "$.t"]),
)


def reads(rules: tuple[IntakeRule, ...], topic: str, payload: str) -> list[Any]:
    """What the payload is really read as."""
    return list(Reader(Topics("pointsman", "node"), rules)(delivery(topic, payload), CATALOG))


def filled(template: str, x: Json, y: Json) -> tuple[str, str]:
    """The message with holes, and what it may become."""
    parsed = parse_message(template)
    known = context(payload=json.dumps({"x": x, "y": y}).encode(), timestamp=1_769_257_835_041)
    return render(with_holes(parsed, UNKNOWN), known), render(parsed, known)


def messages() -> st.SearchStrategy[tuple[str, str]]:
    def made(drawn: tuple[str, Json, Json]) -> tuple[str, str] | None:
        try:
            return filled(*drawn)
        except (ValueError, MissingName):  # pieces that are no template
            return None

    return st.tuples(TEXTS, VALUES, VALUES).map(made).filter(lambda each: each is not None)  # type: ignore[return-value]


@settings(max_examples=500)
@given(messages(), RULES)
def test_the_state_that_a_rule_finds_is_among_those_that_were_told(pair: tuple[str, str], by: IntakeRule) -> None:
    outline, message = pair
    value = read_by_rule(outline, by)
    told = frozenset[StateId]() if value is None else states_of(value, CATALOG, by.map)
    found = {command.state for command in reads((by,), "t/x", message) if isinstance(command, ReportState)}
    assert found <= told
    if outline == message:
        assert found == told


@settings(max_examples=300)
@given(messages())
def test_the_state_on_an_own_topic_is_among_those_that_were_told(pair: tuple[str, str]) -> None:
    outline, message = pair
    value = read_as_report(outline)
    told = frozenset[StateId]() if value is None else states_of(value, CATALOG, {})
    found = {
        command.state for command in reads((), "pointsman/objects/pump-1/state", message) if isinstance(command, ReportState)
    }
    assert found <= told
    if outline == message:
        assert found == told


@settings(max_examples=300)
@given(messages(), st.sampled_from(["state", "a", "OK"]))
def test_a_request_and_its_arguments_are_foreseen(pair: tuple[str, str], name: str) -> None:
    outline, message = pair
    for command in reads((), "pointsman/objects/pump-1/operations/open-valve/execute", message):
        if isinstance(command, Execute):
            assert may_be_request(outline)
            assert name not in command.args or may_give(outline, name)


@settings(max_examples=300)
@given(messages(), st.sampled_from(["state", "a.state.0", "a", "0", "1", "state.state"]))
def test_a_message_that_cannot_have_what_an_operation_needs_fails_it(pair: tuple[str, str], path: str) -> None:
    outline, message = pair
    try:
        render(parse_template(f"{{{{payload.{path}}}}}"), context(payload=message.encode()))
    except MissingName:
        return
    assert may_have(outline, path)


@given(st.lists(st.sampled_from(["ab", "a", "b", ANY]), max_size=5), st.text("ab", max_size=6))
def test_an_outline_may_be_what_fits_between_its_pieces(pieces: list[str], text: str) -> None:
    pattern = "".join([".*" if piece == ANY else piece for piece in pieces])
    assert could_be("".join(pieces), text) == (re.fullmatch(pattern, text) is not None)


def test_what_is_new_each_time_is_nothing_that_is_written() -> None:
    assert not could_be(FRESH, "x")
    assert not could_be(f"{FRESH}{ANY}", "x")


@pytest.mark.parametrize(
    ("topic", "found"),
    [
        ("t/a/state", ["a"]),
        ("t/a", []),
        ("t/a/state/x", []),
        (f"t/{ANY}/state", [ANY]),
        (f"t/a/{ANY}", ["a"]),
        (f"t/a/s{ANY}", ["a"]),
        (f"t/a/x{ANY}", []),
        (f"t/{FRESH}/state", [FRESH]),
        (f"t/a/{FRESH}", []),
        ("u", ["x"]),
        ("u/b/c", ["x"]),
        (f"{ANY}/b/state", ["b", "x"]),
    ],
)
def test_a_topic_is_heard_by_the_rules_that_it_may_match(topic: str, found: list[str]) -> None:
    listening = Listening((rule("t/+/state", "{1}"), rule("u/#", "x")))
    entities = [entity_of(each, captured) for each, captured in listening.to(topic) if isinstance(each, IntakeRule)]
    assert sorted(entities) == sorted(found)


@pytest.mark.parametrize("hole", [SELF, OWN])
def test_a_rule_for_one_device_makes_a_difference_between_entities(hole: str) -> None:
    with pytest.raises(Depends):
        list(Listening((rule("t/a/state", "x"),)).to(f"t/{hole}/state"))
    with pytest.raises(Depends):
        read_by_rule(f'{{"a": "{hole}"}}', rule("t/+", "x", "$.a.state"))  # a property may be an object
