"""Schedules and ReadWrite properties in a file: every form they may have, and what is said of what is wrong with them."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest
from cronsim import CronSim, CronSimError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pointsman.core.schedule import next_time
from pointsman.model.ids import OperationId
from pointsman.model.jsonpath import WHOLE
from pointsman.model.rule import Ignore
from pointsman.model.schedule import Missed, Schedule
from pointsman.settings import Configuration, InvalidConfiguration
from pointsman.settings.problem import Problem
from unit.configured import Load, document, entity, told

OPERATION = "objects: [{id: a, operations: [{id: o, type: mqtt, topic: t, message: m, "


def schedules(loaded: Configuration) -> tuple[Schedule, ...]:
    return entity(loaded).operations[OperationId("o")].schedules


# Schedules


def test_a_schedule_says_all_that_it_can(load: Load) -> None:
    written = '[{cron: "0  6 * * mon-fri", zone: Europe/Berlin, missed: all, latest: 1h}, {every: 10m, missed: skip}]'
    loaded = load(OPERATION + f"schedule: {written}}}]}}]")
    first, second = schedules(loaded)
    assert (first.source, first.cron, str(first.zone)) == ("0 6 * * mon-fri Europe/Berlin", "0 6 * * mon-fri", "Europe/Berlin")
    assert (first.every_ms, first.missed, first.latest_ms) == (0, Missed.ALL, 3_600_000)
    assert second == Schedule(source="every 600000 ms", every_ms=600_000, missed=Missed.SKIP)
    [operation] = document(loaded, "object", "a")["operations"]
    assert operation["schedule"] == [
        {"cron": "0 6 * * mon-fri", "zone": "Europe/Berlin", "missed": "all", "latest": 3_600_000},
        {"every": 600_000, "missed": "skip", "latest": None},
    ]


def test_one_schedule_may_go_without_the_list_and_without_a_zone_it_is_utc(load: Load) -> None:
    (schedule,) = schedules(load(OPERATION + "schedule: {cron: 0 6 * * *}}]}]"))
    assert schedule == Schedule(source="0 6 * * * UTC", cron="0 6 * * *")
    (schedule,) = schedules(load(OPERATION + "schedule: {every: 10s}}]}]"))
    assert (schedule.every_ms, schedule.missed, schedule.latest_ms) == (10_000, Missed.ONCE, None)


def test_a_class_hands_its_schedules_on(load: Load) -> None:
    text = "classes: [{id: c, operations: [{id: o, type: 2, text: x, schedule: {every: 1h}}]}]\nobjects: [{id: a, class: c}]"
    assert len(schedules(load(text))) == 1


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        ('►{cron: "* * * * *", every: 1m}', "expected one of cron and every in a schedule, found cron and every"),
        ("►{missed: all}", "expected one of cron and every in a schedule, found neither"),
        ("[{every: 1m}, ►{missed: all}]", "found neither"),
        ("{every: 1m, ►zone: UTC}", "expected a time zone only with cron"),
        ("{every: 1m, missed: skip, ►latest: 1h}", "expected latest only where missed runs are made up for"),
        ('{cron: "0 6 * * *", zone: ►Europe/Berln}', "expected a time zone that this machine knows"),
        ("{every: ►10}", "expected 1000 or more, found 10"),
        ("{every: ►400d}", "expected 31622400000 or less"),
        ("{every: ►soon}", "expected a duration such as"),
        ("{every: 1m, missed: ►al}", "expected one of skip, once, all, found 'al'; did you mean all?"),
        ("{every: 1m, ►mised: all}", "found 'mised'; did you mean missed?"),
        ("{cron: ►5}", "expected text, found 5"),
        ("[{every: 1m}, ►{every: 60s, missed: skip}]", "expected each schedule once, found 'every 60000 ms' again"),
        ('{cron: ►"0 6 * *"}', "expected a cron expression of five fields (minute hour day-of-month month day-of-week), or six"),
        ("{cron: ►'@daily'}", "with seconds first, found '@daily' with 1"),
        ("{cron: ►''}", "found '' with 0"),
        ("{cron: ►►60 6 * * *}".replace("►►", "►"), "expected minutes from 0 to 59, as in *, 5, 1-5, */2 or 1,3, found '60'"),
        ("{cron: 0 ►24 * * *}", "expected hours from 0 to 23"),
        ("{cron: 0   6 ►32 * *}", "expected days of the month from 1 to 31, L or LW, as in *, 5, 1-5, */2 or 1,3, found '32'"),
        ("{cron: 0 6 1 ►13 *}", "expected months from 1 to 12 or jan to dec"),
        ("{cron: 0 6 1 1 ►monday}", "expected days of the week from 0 to 7 or sun to sat"),
        ("{cron: 0 6 * * ►fri-mon}", "found 'fri-mon'"),
        ("{cron: ►61 0 6 * * *}", "expected seconds from 0 to 59"),
        ("{cron: 1 ►a 6 * * *}", "expected minutes from 0 to 59"),
        ("{cron: ►1/0 6 * * *}", "expected minutes from 0 to 59"),
        ("{cron: ►0 0 31 2 *}", "expected a time that comes, found '0 0 31 2 *', which never does"),
        ("{cron: ►'0 0 31 feb,apr *'}", "which never does"),
        ("{cron: ►0 0 */30 * mon#3}", "which never does"),
    ],
)
def test_what_is_wrong_with_a_schedule_is_told_at_its_place(tmp_path: Path, schedule: str, words: str) -> None:
    marked = OPERATION + f"schedule: {schedule}}}]}}]"
    (message,) = told(tmp_path, marked)
    assert words in message


def test_every_wrong_field_and_every_wrong_schedule_is_told_at_once(tmp_path: Path) -> None:
    written = "[{cron: 0 ►25 * * *}, {every: ►1ms}, {cron: 0 6 * * *, zone: ►Nowhere}]"
    assert len(told(tmp_path, OPERATION + f"schedule: {written}}}]}}]")) == 3


WORDS = st.sampled_from(
    ["*", "0", "5", "31", "L", "LW", "1-5", "*/2", "mon", "fri#2", "5L", "jan", "1,3", "x", "²L", "9" * 30, "-", "/", ","]
)


def has_a_time(text: str) -> bool:
    try:
        return next(CronSim(text, datetime(2000, 1, 1)), None) is not None  # noqa: DTZ001
    except CronSimError:
        return False


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(WORDS, min_size=4, max_size=7).map(" ".join))
def test_an_expression_is_right_when_cronsim_has_a_time_for_it(load: Load, text: str) -> None:
    found: tuple[Problem, ...] = ()
    try:
        load(OPERATION + f"schedule: {{cron: {json.dumps(text)}}}}}]}}]")
    except InvalidConfiguration as fault:
        found = fault.problems
    assert len(found) == (0 if has_a_time(text) else 1)
    assert found or next_time(Schedule(source=text, cron=text), 0) is not None


# Properties


def test_a_property_is_read_write_by_its_type_or_in_a_word(load: Load) -> None:
    text = (
        "classes: [{id: c, properties: [{name: p, value: 1, type_id: 3}, {name: q, value: 2}]}]\n"
        "objects:\n  - {id: a, class: c, properties: [{name: r, writable: true}, {name: s, type_id: 2}, "
        "{name: t, type_id: 101}]}\n"
        "  - {id: b, class: c, properties: {p: 5}}\n  - {id: d, properties: {p: {value: 1, writable: true}}}\n"
    )
    loaded = load(text)
    assert entity(loaded).writable == {"p", "r"}
    assert entity(loaded).properties == {"p": 1, "q": 2, "r": None, "s": None, "t": None}
    assert (entity(loaded, "b").properties["p"], entity(loaded, "b").writable) == (5, {"p"})
    assert entity(loaded, "d").properties == {"p": {"value": 1, "writable": True}}, "a mapping's values are what they are"
    assert entity(loaded, "d").writable == frozenset()
    assert document(loaded, "class", "c")["writable"] == ["p"]
    assert "writable" not in document(loaded, "object", "d")


def test_an_operation_asks_for_modifications_under_the_references_name(load: Load, tmp_path: Path) -> None:
    loaded = load(OPERATION + "runOnReadWritePropertyModification: true}]}]")
    assert entity(loaded).operations[OperationId("o")].on_property
    [operation] = document(loaded, "object", "a")["operations"]
    assert operation["runOnReadWritePropertyModification"] is True
    (message,) = told(tmp_path, OPERATION + "runOnReadWritePropertyModification: ►1}]}]")
    assert "expected true or false, found 1" in message


@pytest.mark.parametrize(
    ("marked", "words"),
    [
        ("objects: [{id: a, properties: [{name: p, type_id: 3, writable: ►false}]}]", "expected writable and type_id to agree"),
        ("objects: [{id: a, properties: [{name: p, type_id: 1, writable: ►true}]}]", "found true and 1"),
        ("objects: [{id: a, properties: [{name: p, type_id: ►0}]}]", "expected 1 or more, found 0"),
        (
            'objects: [{id: a, properties: [{name: ►"p\\0", value: 1}]}]',
            "expected the name of a property, at most 512 characters",
        ),
        ('objects: [{id: a, properties: {"p\\0": ►1}}]', "without NUL or surrogates"),
        (f"objects: [{{id: a, properties: [{{name: ►{'x' * 513}}}]}}]", "found 513 characters"),
    ],
)
def test_what_is_wrong_with_a_property_is_told_at_its_place(tmp_path: Path, marked: str, words: str) -> None:
    (message,) = told(tmp_path, marked)
    assert words in message


# Intake rules

OBJECTS = "objects: [{id: a, properties: {Setpoint: 1}}, {id: b, properties: {Mode: 1}}]\nintake:\n  - "


def test_a_rule_reads_a_property(load: Load) -> None:
    (rule,) = load(OBJECTS + "{topic: x/+/+, entity: '{1}', property: '{2}', value: '$.v[0]', ignore: [unknown_property]}").rules
    assert (rule.state, rule.property, rule.value.steps) == (None, "{2}", ("v", 0))
    assert rule.ignore == {Ignore.UNKNOWN_PROPERTY}
    (rule,) = load(OBJECTS + "{topic: x, entity: a, property: Setpoint, retained: baseline}").rules
    assert rule.value == WHOLE


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("►{topic: x, entity: a}", "found none of them"),
        ("►{topic: x, entity: a, state: $, property: Setpoint}", "found state and property"),
        ("{topic: x, entity: a, state: $, ►value: $.v}", "expected what goes with state in an intake rule, found 'value'"),
        (
            "{topic: x, entity: a, property: Setpoint, ►map: {a: Alarm}}",
            "expected what goes with property in an intake rule",
        ),
        ("{topic: x, entity: a, property: Setpoint, ►reported: $.t}", "found 'reported'"),
        ("{topic: x, entity: a, property: Setpoint, value: ►v}", "expected a JSON path that begins with $"),
        ("{topic: x, entity: a, property: ►Setpont}", "expected a property of object a, found 'Setpont'; did you mean Setpoint?"),
        ("{topic: x, entity: a, property: ►Mode}", "expected a property of object a, found 'Mode'"),
        (
            "{topic: x/+, entity: '{1}', property: ►Mde}",
            "expected a property of an object or link, found 'Mde'; did you mean Mode?",
        ),
        ("{topic: x/+, entity: '{1}', property: 'p►{2}'}", "expected {1}, since 'x/+' has 1 wildcard, found {2}"),
        ("{topic: x, entity: a, property: '►{1}'}", "expected a property's name, since 'x' has no wildcard, found {1}"),
        ("{topic: x, entity: a, state: ►5.5}", "expected text, found 5.5"),
        ("{topic: ►pointsman/+/+/properties/#, entity: '{1}', property: Mode}", "expected topics that are not Pointsman's own"),
    ],
)
def test_what_is_wrong_with_a_rule_is_told_at_its_place(tmp_path: Path, rule: str, words: str) -> None:
    (message,) = told(tmp_path, OBJECTS + rule)
    assert words in message
