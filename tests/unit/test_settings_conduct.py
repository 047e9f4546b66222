"""What an operation says of its executions: every key, everything that does not fit, and what the store keeps of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pointsman.model.conduct import PLAIN, Conduct, Confirm, Expect, Mode, OnInterrupted
from pointsman.model.ids import OperationId, StateId
from unit.configured import document, entity, load, told

OTHER = "{id: x, type: 1, topic: t, message: m}"
MQTT = f"objects: [{{id: a, properties: {{p: 1}}, operations: [{OTHER}, {{id: o, type: mqtt, topic: t, message: m"
PROGRAM = f"objects: [{{id: a, operations: [{OTHER}, {{id: o, type: program, command: [/bin/x]"
END = "}]}]"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path


def conduct_of(directory: Path, keys: str, kind: str = MQTT) -> Conduct:
    return entity(load(directory, f"{kind}, {keys}{END}")).operations[OperationId("o")].conduct


@pytest.mark.parametrize(
    ("keys", "conduct"),
    [
        *[(f"mode: {mode}", Conduct(mode=mode)) for mode in Mode],
        ("mode: queued, max: 10", Conduct(mode=Mode.QUEUED, max=10)),
        ("max: 1", Conduct(max=1)),
        ("retries: 3", Conduct(retries=3)),
        ("retries: 3, backoff: 2s", Conduct(retries=3, backoff_ms=2_000)),
        ("retries: 1, backoff: 5m", Conduct(retries=1, backoff_ms=300_000, backoff_most_ms=300_000)),
        ("retries: 3, backoff: 2s, backoff_max: 5s", Conduct(retries=3, backoff_ms=2_000, backoff_most_ms=5_000)),
        ("expect_result: 30s", Conduct(expect=Expect(30_000))),
        ("expect_result: 500", Conduct(expect=Expect(500))),
        ("expect_result: {within: 30s}", Conduct(expect=Expect(30_000))),
        ("confirm: {state: Alarm, within: 30s}", Conduct(confirm=Confirm(within_ms=30_000, state=StateId("5")))),
        ("confirm: {state: 5, within: 1m}", Conduct(confirm=Confirm(within_ms=60_000, state=StateId("5")))),
        ("confirm: {property: p, value: 0, within: 30s}", Conduct(confirm=Confirm(within_ms=30_000, property="p", value=0))),
        ("confirm: {property: p, value: null, within: 1}", Conduct(confirm=Confirm(within_ms=1, property="p"))),
        (
            "confirm: {property: p, value: [a, {b: 1}], within: 1}",
            Conduct(confirm=Confirm(within_ms=1, property="p", value=["a", {"b": 1}])),
        ),
        ("expect_result: 1s, on_timeout: x", Conduct(expect=Expect(1_000), on_timeout=OperationId("x"))),
    ],
)
def test_each_key_means(directory: Path, keys: str, conduct: Conduct) -> None:
    assert conduct_of(directory, keys) == conduct


@pytest.mark.parametrize("policy", OnInterrupted)
def test_a_program_says_what_becomes_of_it_when_its_outcome_is_unknown(directory: Path, policy: OnInterrupted) -> None:
    assert conduct_of(directory, f"on_interrupted: {policy}", PROGRAM).on_interrupted is policy


def test_a_program_may_be_followed_by_another_operation_when_it_runs_into_its_time_limit(directory: Path) -> None:
    assert conduct_of(directory, "timeout: 1s, on_timeout: x", PROGRAM).on_timeout == "x"


@pytest.mark.parametrize("keys", ["qos: 1", "mode: parallel", "retries: 0", "mode: , max: , confirm: "])
def test_what_says_nothing_of_it_has_the_plain_conduct_itself(directory: Path, keys: str) -> None:
    """So that the core can tell by one look."""
    assert conduct_of(directory, keys) is PLAIN


def test_the_reference_s_form_of_an_operation_has_the_same_keys(directory: Path) -> None:
    loaded = load(
        directory,
        "objects: [{id: a, operations: [{id: o, type: '1', parameters: {topic: t, message: m}, mode: single, retries: 2}]}]",
    )
    assert entity(loaded).operations[OperationId("o")].conduct == Conduct(mode=Mode.SINGLE, retries=2)


# What does not fit


@pytest.mark.parametrize(
    ("kind", "keys", "words"),
    [
        (MQTT, "mode: ►singel", "found 'singel'; did you mean single?"),
        (MQTT, "mode: single, ►max: 3", "expected mode one of parallel, queued with 'max', found single"),
        (MQTT, "mode: restart, ►max: 3", "found restart"),
        (MQTT, "max: ►0", "expected 1 or more, found 0"),
        (MQTT, "max: ►many", "expected a whole number, found 'many'"),
        (MQTT, "retries: ►-1", "expected 0 or more"),
        (MQTT, "retries: ►1001", "expected 1000 or less"),
        (MQTT, "►backoff: 1s", "expected retries with 'backoff', found none"),
        (MQTT, "retries: 0, ►backoff_max: 1s", "expected retries with 'backoff_max', found none"),
        (MQTT, "retries: ►x, backoff: 1s", "expected a whole number"),
        (MQTT, "retries: 1, backoff: ►1 minute", "expected a duration"),
        (MQTT, "retries: 1, backoff: ►0", "expected 1 or more"),
        (MQTT, "retries: 1, backoff: 2s, ►backoff_max: 1s", "expected a longest pause of at least the first, 2000 ms"),
        (MQTT, "►on_interrupted: rerun", "found 'on_interrupted', which belongs to type program"),
        (MQTT, "►on_interrupt: rerun", "did you mean on_interrupted?"),
        (PROGRAM, "►on_interrupt: rerun", "did you mean on_interrupted?"),
        (PROGRAM, "on_interrupted: ►rerunn", "did you mean rerun?"),
        (MQTT, "expect_result: ►soon", "expected a duration"),
        (MQTT, "expect_result: ►0", "expected 1 or more"),
        (MQTT, "expect_result: {within: ►soon}", "expected a duration"),
        (MQTT, "expect_result: ►{}", "expected the key 'within'"),
        (MQTT, "expect_result: ►{►withn: 1s}", "did you mean within?"),
        (MQTT, "confirm: ►30s", "expected a mapping, found '30s'"),
        (MQTT, "confirm: ►{within: 1s}", "expected state, or property and value, in confirm, found neither"),
        (MQTT, "confirm: ►{state: Alarm, property: p, value: 1, within: 1s}", "found both; keep one of them"),
        (MQTT, "confirm: ►{state: Alarm}", "expected the key 'within'"),
        (MQTT, "confirm: {state: ►Alrm, within: 1s}", "found 'Alrm'; did you mean Alarm?"),
        (MQTT, "confirm: ►{property: p, within: 1s}", "expected the key 'value' with property, and only there, found none"),
        (MQTT, "confirm: ►{state: Alarm, value: 1, within: 1s}", "found it beside a state"),
        (
            MQTT,
            "confirm: {property: ►pp, value: 1, within: 1s}",
            "expected a property of object a, found 'pp', which none has; did you mean p?",
        ),
        (MQTT, "►on_timeout: x", "expected expect_result or confirm with 'on_timeout', found neither"),
        (MQTT, "expect_result: ►soon, on_timeout: x", "expected a duration"),
        (MQTT, "expect_result: 1s, on_timeout: ►y", "expected an operation of object a, one of x, o, found 'y'"),
        (PROGRAM, "on_timeout: ►o", "expected operations that come to an end when each times out, found o → o"),
    ],
)
def test_what_is_said_of_what_does_not_fit(directory: Path, kind: str, keys: str, words: str) -> None:
    found = told(directory, f"{kind}, {keys}{END}")
    assert any(words in line for line in found), found


# What is run on a timeout


def chain(*pairs: str) -> str:
    """Programs, each as `ID>NEXT` or `ID`."""
    written = []
    for pair in pairs:
        id_, _, then = pair.partition(">")
        written.append(f"{{id: {id_}, type: 2, command: [/bin/x]{f', on_timeout: {then}' if then else ''}}}")
    return f"operations: [{', '.join(written)}]"


def test_operations_may_follow_each_other_as_long_as_that_ends(directory: Path) -> None:
    load(directory, f"classes: [{{id: c, {chain('a>b', 'b>c', 'c', 'd>b')}}}]\nobjects: [{{id: o, class: c, {chain('e>a')}}}]")


def test_a_chain_that_comes_round_is_refused_once(directory: Path) -> None:
    (line,) = told(directory, f"classes: [{{id: c, {chain('a>►b', 'b>c', 'c>a', 'd>b')}}}]")
    assert line.endswith("found a → b → c → a")


def test_a_chain_that_comes_round_by_an_operation_of_the_entitys_own_is_refused_there(directory: Path) -> None:
    text = f"classes: [{{id: c, {chain('a>b', 'b')}}}]\nobjects: [{{id: o, class: c, {chain('b>►a')}}}, {{id: p, class: c}}]"
    (line,) = told(directory, text)
    assert line.endswith("found b → a → b")


def test_an_own_operation_in_the_place_of_an_inherited_one_may_end_a_chain(directory: Path) -> None:
    load(directory, f"classes: [{{id: c, {chain('a>b', 'b')}}}]\nobjects: [{{id: o, class: c, {chain('a', 'b>a')}}}]")


def test_a_classs_operation_needs_one_of_the_class(directory: Path) -> None:
    text = f"classes: [{{id: c, {chain('a>►b')}}}]\nobjects: [{{id: o, class: c, {chain('b')}}}]"
    (line,) = told(directory, text)
    assert "expected an operation of class c, a, found 'b'" in line


def test_a_property_that_is_waited_for_may_be_an_entitys_own(directory: Path) -> None:
    confirm = "confirm: {property: ►p, value: 1, within: 1s}"
    shape = f"classes: [{{id: c, operations: [{{id: o, type: 1, topic: t, message: m, {confirm}}}]}}]\n"
    load(directory, shape.replace("►", "") + "objects: [{id: a, class: c, properties: {p: 2}}]")
    (line,) = told(directory, shape + "objects: [{id: a, class: c}]")
    assert "expected a property of class c or of one of its entities, such as object a, found 'p'" in line


# What the store keeps

TIMES = st.integers(1, 10**9)
CONFIRM = st.one_of(
    st.fixed_dictionaries({"state": st.sampled_from([1, "Alarm", "5"]), "within": TIMES}),
    st.fixed_dictionaries({"property": st.just("p"), "value": st.sampled_from([None, 0, False, "x", [1], {}]), "within": TIMES}),
)
ANY = st.fixed_dictionaries(
    {},
    optional={
        "mode": st.sampled_from(["single", "restart", "parallel", "queued"]),
        "expect_result": TIMES | TIMES.map(lambda within: {"within": within}),
        "confirm": CONFIRM,
    },
)
COUNTED = st.fixed_dictionaries({"mode": st.sampled_from(["parallel", "queued"]), "max": st.integers(1, 99)})
RETRIED = st.tuples(st.integers(1, 1_000), st.integers(1, 5_000), st.integers(5_000, 10**6)).map(
    lambda given: dict(zip(("retries", "backoff", "backoff_max"), given, strict=True))
)
LAST = st.sampled_from([{}, {"on_interrupted": "rerun"}, {"on_interrupted": "leave"}, {"on_timeout": "x"}])
KEYS = st.tuples(ANY, st.one_of(st.just({}), COUNTED), st.one_of(st.just({}), RETRIED), LAST)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parts=KEYS)
def test_a_document_read_as_a_file_is_the_same_operation(directory: Path, parts: tuple[dict[str, Any], ...]) -> None:
    keys = {key: value for part in parts for key, value in part.items()}
    if keys.get("mode") in ("single", "restart"):
        keys.pop("max", None)
    operation = {"id": "o", "type": 2, "command": ["/bin/x"], **keys}
    other = {"id": "x", "type": 1, "topic": "t", "message": "m"}
    first = load(directory, json.dumps({"objects": [{"id": "a", "properties": {"p": 1}, "operations": [operation, other]}]}))
    kept = document(first, "object", "a")
    kept["class"] = kept.pop("class_id")
    again = load(directory, json.dumps({"objects": [kept]}))
    assert again.definitions == first.definitions
    assert entity(again).operations == entity(first).operations


@pytest.mark.parametrize(
    "keys",
    [
        "mode: single",
        "max: 3",
        "retries: 1",
        "retries: 1, backoff: 2s",
        "retries: 1, backoff_max: 90s",
        "on_interrupted: fail",
        "expect_result: 1s",
        "confirm: {state: 1, within: 1s}",
        "confirm: {state: 1, within: 2s}",
        "on_timeout: x",
    ],
)
def test_no_change_of_it_goes_by_unseen(directory: Path, keys: str) -> None:
    plain = load(directory, f"{PROGRAM}{END}").definitions
    assert load(directory, f"{PROGRAM}, {keys}{END}").definitions != plain


def test_documents_of_operations_that_say_nothing_of_it_are_as_they_were(directory: Path) -> None:
    """A version that knows more keys must not find that all definitions have changed."""
    assert document(load(directory, f"{MQTT}{END}"), "object", "a")["operations"][1] == {
        "id": "o",
        "name": "o",
        "description": "",
        "popupResult": False,
        "type": "1",
        "parameters": {"topic": "t", "message": "m"},
        "qos": 1,
        "retain": False,
        "content_type": None,
    }
