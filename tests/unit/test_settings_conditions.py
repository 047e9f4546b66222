"""Conditions and no_data in a file: every form they may have, and what is said of what is wrong with them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.core.derive import Derived, derive
from pointsman.core.evaluate import Scene
from pointsman.model.condition import Silence, StateCondition
from pointsman.model.expression import parse_expression
from pointsman.model.ids import EntityId, EntityRef, OwnerType, StateId
from pointsman.model.jsonpath import parse_json_path
from pointsman.model.rule import Ignore
from pointsman.settings import Configuration
from pointsman.settings.conditions import _named
from unit.configured import Load, entity, told
from unit.world import context

STATES = "states: [{id: 1, name: OK}, {id: 2, name: WARM}, {id: 3, name: ALARM}, {id: 7, name: NoData}]\n"


@pytest.fixture
def load(load: Load) -> Load:
    """With these states."""
    return lambda text: load(STATES + text)


def written(loaded: Configuration, id_: str = "a") -> list[tuple[str, str | None, str | None]]:
    """State, when and until of each condition."""
    return [
        (each.state, each.when and each.when.source, each.until and each.until.source) for each in entity(loaded, id_).conditions
    ]


@pytest.mark.parametrize(
    ("form", "state", "when", "until"),
    [
        ("{state: ALARM, when: payload.t > 80, until: payload.t < 75}", "3", "payload.t > 80", "payload.t < 75"),
        ("{state: 3, when: payload.t > 80}", "3", "payload.t > 80", None),
        ("{state: OK}", "1", None, None),
        ("{state: WARM, value: $.t, above: 60}", "2", "number(payload.t) > 60", "number(payload.t) <= 60"),
        ("{state: WARM, value: $.t, above: 60, hysteresis: 2}", "2", "number(payload.t) > 60", "number(payload.t) <= 58"),
        ("{state: WARM, value: $.t, below: 0.3, hysteresis: 0.1}", "2", "number(payload.t) < 0.3", "number(payload.t) >= 0.4"),
        ("{state: WARM, value: $.t, above: -5, hysteresis: 1.5}", "2", "number(payload.t) > -5", "number(payload.t) <= -6.5"),
        ("{state: WARM, value: $.t, above: 0}", "2", "number(payload.t) > 0", "number(payload.t) <= 0"),
        (
            "{state: WARM, value: $.t, above: 60, below: 80, hysteresis: 2}",
            "2",
            "number(payload.t) > 60 and number(payload.t) < 80",
            "number(payload.t) <= 58 or number(payload.t) >= 82",
        ),
        ("{state: WARM, value: $, above: 1e3}", "2", "number(payload) > 1000", "number(payload) <= 1000"),
        (
            "{state: WARM, value: \"$['a b'].c[0]\", above: 1}",
            "2",
            'number(payload["a b"].c[0]) > 1',
            'number(payload["a b"].c[0]) <= 1',
        ),
        ("{condition: {value: $.t, above: 60}, state: 2}", "2", "number(payload.t) > 60", "number(payload.t) <= 60"),
        ("{condition: {when: payload.t > 1, until: payload.t < 0}, state: 2}", "2", "payload.t > 1", "payload.t < 0"),
        ("{condition: {}, state: 1}", "1", None, None),
    ],
)
def test_a_condition_is_written_as(load: Load, form: str, state: str, when: str | None, until: str | None) -> None:
    loaded = load(f"objects:\n  - id: a\n    conditions:\n      - {form}\n")
    assert written(loaded) == [(state, when, until)]


def test_an_entitys_own_conditions_go_before_those_that_it_inherits_and_its_no_data_instead_of_its_classs(load: Load) -> None:
    loaded = load(
        "classes: [{id: c, conditions: [{state: OK}], no_data: {after: 10m, state: NoData}}]\n"
        "objects:\n"
        "  - {id: a, class: c, conditions: [{state: ALARM, when: payload.t > 80}], no_data: {after: 1s, state: 3}}\n"
        "  - {id: b, class: c}\n"
        "links: [{id: l, class: c, source: a, target: b, conditions: [{state: WARM, when: payload.t > 1}]}]\n"
    )
    assert [state for state, _, _ in written(loaded)] == ["3", "1"]
    assert [state for state, _, _ in written(loaded, "b")] == ["1"]
    assert entity(loaded).silence == Silence(after_ms=1_000, state=StateId("3"))
    assert entity(loaded, "b").silence == Silence(after_ms=600_000, state=StateId("7"))
    link = loaded.catalog.entity(EntityRef(OwnerType.LINK, EntityId("l")))
    assert link is not None
    assert [each.state for each in link.conditions] == ["2", "1"]


def test_definitions_say_conditions_and_no_data_where_there_are_some_and_else_what_they_always_said(load: Load) -> None:
    loaded = load(
        "classes: [{id: c, conditions: [{state: WARM, value: $.t, above: 1}, {state: OK}], no_data: {after: 1m, state: 7}}]\n"
        "objects: [{id: a, class: c}]\n"
    )
    documents = {(kind, id_): json.loads(document) for kind, id_, document in loaded.definitions}
    assert documents["class", "c"]["conditions"] == [
        {"state": "2", "condition": {"when": "number(payload.t) > 1", "until": "number(payload.t) <= 1"}},
        {"state": "1", "condition": {}},
    ]
    assert documents["class", "c"]["no_data"] == {"after": 60_000, "state": "7"}
    assert documents["object", "a"].keys() & {"conditions", "no_data"} == set()


def test_a_rule_may_give_values_to_conditions(load: Load) -> None:
    loaded = load(
        "objects: [{id: a, no_data: {after: 1m, state: 7}}]\n"
        "intake: [{topic: 'x/+', entity: '{1}', values: true, ignore: [unknown_entity]}, {topic: y, entity: a, values: true}]\n"
    )
    assert [(rule.state, rule.ignore) for rule in loaded.rules] == [(None, {Ignore.UNKNOWN_ENTITY}), (None, set())]


@pytest.mark.parametrize(
    ("marked", "words"),
    [
        ("objects: [{id: a, conditions: [{state: ►ALRM}]}]", "found 'ALRM'; did you mean ALARM?"),
        ("objects: [{id: a, conditions: [►{when: 'true'}]}]", "expected the key 'state', found none"),
        ("objects: [{id: a, conditions: [►{state: OK}, {state: ALARM, when: 'true'}]}]", "has to be the last of its list"),
        ("objects: [{id: a, conditions: [{state: OK, when: ►'payload.t >'}]}]", "expected a value, found the end"),
        ("objects: [{id: a, conditions: [{state: OK, when: 'true', until: ►'t'}]}]", "expected one of payload"),
        ("objects: [{id: a, conditions: [{state: OK, ►until: 'true'}]}]", "expected until only beside when"),
        ("objects: [{id: a, conditions: [{state: OK, when: 'true', ►above: 3}]}]", "expected 'above' only beside value"),
        ("objects: [{id: a, conditions: [{state: OK, ►hysteresis: 3}]}]", "expected 'hysteresis' only beside value"),
        ("objects: [{id: a, conditions: [{state: OK, when: 'true', ►value: $.t}]}]", "expected when or value, found both"),
        ("objects: [{id: a, conditions: [►{state: OK, value: $.t}]}]", "expected above or below beside value, found neither"),
        ("objects: [{id: a, conditions: [{state: OK, value: ►t, above: 3}]}]", "expected a JSON path that begins with $"),
        ("objects: [{id: a, conditions: [{state: OK, value: ►'$[-1]', above: 3}]}]", "expected indexes from 0"),
        ("objects: [{id: a, conditions: [{state: OK, value: $, above: 3, ►until: 'true'}]}]", "which has hysteresis for that"),
        ("objects: [{id: a, conditions: [{state: OK, value: $, above: ►5, below: 5}]}]", "nothing is between them"),
        ("objects: [{id: a, conditions: [{state: OK, value: $, above: ►'5'}]}]", "expected a number, found '5'"),
        ("objects: [{id: a, conditions: [{state: OK, value: $, above: ►.inf}]}]", "expected a number, found"),
        ("objects: [{id: a, conditions: [{state: OK, value: $, above: ►true}]}]", "expected a number, found true"),
        ("objects: [{id: a, conditions: [{state: OK, value: $, above: 1, hysteresis: ►-1}]}]", "expected 0 or more, found -1"),
        ("objects: [{id: a, conditions: [{state: OK, when: ►5}, {state: OK}]}]", "expected text, found 5"),
        (
            "objects: [{id: a, conditions: [{state: OK, ►when: 'true', condition: {when: 'true'}}]}]",
            "either here or in condition",
        ),
        ("objects: [{id: a, conditions: [{state: OK, condition: {►whenn: 'true'}}]}]", "did you mean when?"),
        ("objects: [{id: a, conditions: [{state: OK, condition: {when: ►'1 +'}}]}]", "expected a value, found the end"),
        ("objects: [{id: a, conditions: [►OK]}]", "expected a mapping, found 'OK'"),
        ("objects: [{id: a, no_data: {after: 1m, state: ►NoDta}}]", "did you mean NoData?"),
        ("objects: [{id: a, no_data: ►{after: 1m}}]", "expected the key 'state', found none"),
        ("objects: [{id: a, no_data: {state: NoData, after: ►999}}]", "expected 1000 or more, found 999"),
        (
            "intake: [►{topic: a/+, entity: '{1}'}]",
            "expected one of state, property, and values: true",
        ),
        ("intake: [{topic: a/+, entity: '{1}', state: $, values: ►true}]", "found state and values; keep one of them"),
        (
            "intake: [{topic: a/+, entity: '{1}', values: true, ►map: {a: OK}}]",
            "expected what goes with values",
        ),
        ("intake: [{topic: a/+, entity: '{1}', values: true, ignore: [►no_value]}]", "expected unknown_entity beside values"),
        ("objects: [{id: a}]\nintake: [{topic: a, entity: ►a, values: true}]", "found 'a', which has neither"),
        ("intake: [{topic: ►pointsman/objects/+/manual-state, entity: '{1}', state: $}]", "not Pointsman's own"),
    ],
)
def test_what_is_said_of_a_wrong_condition(tmp_path: Path, marked: str, words: str) -> None:
    [problem] = told(tmp_path, STATES + marked)
    assert words in problem


NAMES = st.text(st.characters(codec="utf-8", exclude_characters="'"), min_size=1, max_size=8)


@given(st.lists(NAMES | st.integers(0, 2), max_size=3), st.floats(-100, 100), st.floats(-100, 100))
def test_a_path_finds_the_same_as_an_expression_as_in_json(steps: list[str | int], number: float, limit: float) -> None:
    """Whatever the names in it: quotes, backslashes, spaces, words of the language."""
    path = parse_json_path("$" + "".join(f"['{step}']" if isinstance(step, str) else f"[{step}]" for step in steps))
    payload: Any = number
    for step in reversed(path.steps):
        payload = {step: payload} if isinstance(step, str) else [0] * step + [payload]
    above = StateCondition(state=StateId("2"), when=parse_expression(f"number({_named(path)}) > {limit!r}"))
    scene = Scene(context(payload=json.dumps(payload).encode()), None, None, offline=False)
    found = derive([above], None, scene)
    assert (found is not None) == (number > limit)
    assert found is None or isinstance(found, Derived)
