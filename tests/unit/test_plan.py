"""Plans: operation × context → a job and what carries it out; what cannot be carried out is a failed job that says why."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.core.plan import Plan, plan
from pointsman.core.render import Context
from pointsman.model.effect import Publish, StartProgram
from pointsman.model.ids import ChangeId, JobId, UserId
from pointsman.model.job import JobStatus
from pointsman.model.operation import Operation
from pointsman.model.template import Quoting, parse_template
from pointsman.model.topic import topic_fault
from unit.world import NOW, PIPE, PUMP, context, meta, mqtt, plant, program, referring, script

CATALOG = plant()


def planned(operation: Operation, where: Context | None = None, **more: Any) -> Plan:
    return plan(operation, where or context(), CATALOG, **more)


def test_an_mqtt_operation_becomes_a_message_and_a_job_that_says_it() -> None:
    operation = mqtt(message='{"job": "{{job.id}}"}', qos=2, retain=True, content_type="application/json")
    found = planned(operation, process_meta=meta(3, "4"), change_id=ChangeId("c"))
    assert found.dispatch == Publish(
        job=JobId("job-1"),
        topic="plant/pump-1/valve/set",
        message='{"job": "job-1"}',
        qos=2,
        retain=True,
        content_type="application/json",
    )
    assert found.job.description == {"topic": "plant/pump-1/valve/set", "message": '{"job": "job-1"}'}
    assert (found.job.id, found.job.operation_id, found.job.owner) == ("job-1", "open-valve", PUMP)
    assert (found.job.status, found.job.timestamp, found.job.finished) == (JobStatus.QUEUED, NOW, None)
    assert (found.job.process_meta, found.job.change_id, found.job.user_id) == (meta(3, "4"), "c", "system")


def test_a_program_gets_arguments_environment_and_the_context() -> None:
    operation = program(
        path="/opt/check",
        arguments=("--for={{name}}", "was {{previous.name}}"),
        environment={"SERIAL": parse_template("{{properties.Serial Number}}")},
        timeout_ms=5,
        output_limit=6,
    )
    start = planned(operation).dispatch
    assert isinstance(start, StartProgram)
    assert (start.path, start.script, start.arguments) == ("/opt/check", None, ("--for=Pump 1", "was OK"))
    assert (start.job, start.entity, start.timeout_ms, start.output_limit) == ("job-1", PUMP, 5, 6)
    assert start.environment == {
        "SERIAL": "A-17",
        "POINTSMAN_JOB_ID": "job-1",
        "POINTSMAN_OPERATION_ID": "diagnose",
        "POINTSMAN_ENTITY_ID": "pump-1",
        "POINTSMAN_ENTITY_NAME": "Pump 1",
        "POINTSMAN_ENTITY_TYPE": "object",
        "POINTSMAN_USER_ID": "system",
        "POINTSMAN_USER_LOGIN": "system",
        "POINTSMAN_TIMESTAMP": str(NOW),
        "POINTSMAN_STATE_ID": "4",
        "POINTSMAN_STATE_NAME": "FAULT",
        "POINTSMAN_PREVIOUS_ID": "1",
        "POINTSMAN_PREVIOUS_NAME": "OK",
    }
    assert json.loads(start.stdin) == {
        "job": {"id": "job-1"},
        "operation": {"id": "diagnose", "name": "diagnose"},
        "entity": {"id": "pump-1", "name": "Pump 1", "type": "object", "properties": {"Serial Number": "A-17"}},
        "user": {"id": "system", "login": "system"},
        "args": {},
        "state": {"id": "4", "name": "FAULT"},
        "previous": {"id": "1", "name": "OK"},
        "timestamp": NOW,
        "payload": {"state": "FAULT"},
    }


def test_a_programs_job_has_its_documented_fields_before_it_ran() -> None:
    assert planned(program()).job.description == {"exitCode": None, "stdout": ""}


def test_without_a_state_or_a_message_the_context_says_null() -> None:
    start = planned(program(), context(state=None, previous=None, payload=None, entity=PIPE)).dispatch
    assert isinstance(start, StartProgram)
    document = json.loads(start.stdin)
    assert (document["state"], document["previous"], document["payload"]) == (None, None, None)
    assert document["entity"]["type"] == start.environment["POINTSMAN_ENTITY_TYPE"] == "link"
    assert start.environment["POINTSMAN_STATE_NAME"] == ""


@pytest.mark.parametrize("payload", [b"1e400", b'{"v": -1e999}', b"NaN", b"\xff", b"[" * 100_000, b'"\\ud800"'])
def test_a_programs_context_is_json_whatever_the_message_was(payload: bytes) -> None:
    start = planned(program(), context(payload=payload)).dispatch
    assert isinstance(start, StartProgram)
    json.loads(start.stdin, parse_constant=pytest.fail)


def test_a_scripts_macros_are_filled_in_and_a_repositorys_script_is_left_as_it_is() -> None:
    own = planned(script(text="#!/bin/sh\necho {{name}}\n")).dispatch
    assert isinstance(own, StartProgram)
    assert (own.path, own.script) == (None, '#!/bin/sh\necho "${POINTSMAN_MACRO_1}"\n')
    assert own.environment["POINTSMAN_MACRO_1"] == "Pump 1"
    shared = planned(referring(to="restart")).dispatch
    assert isinstance(shared, StartProgram)
    assert (shared.path, shared.script) == (None, "#!/bin/sh\necho restarting {{name}}\n")


def test_macros_in_a_script_of_another_language_make_a_failed_job() -> None:
    """No quoting of ours fits them all, and a value must never become code."""
    failed = planned(script(text="#!/usr/bin/env python3\nprint({{name}})\n"))
    assert failed.dispatch is None
    assert failed.job.status is JobStatus.FAILED
    assert "{{name}}" in (failed.job.error or "")
    plain = planned(script(text="#!/usr/bin/env python3\nprint(1)\n")).dispatch
    assert isinstance(plain, StartProgram)
    assert plain.script == "#!/usr/bin/env python3\nprint(1)\n"


def test_an_operations_environment_cannot_take_the_place_of_a_scripts_macro() -> None:
    operation = script(text="echo {{name}}", environment={"POINTSMAN_MACRO_1": parse_template("other")})
    start = planned(operation).dispatch
    assert isinstance(start, StartProgram)
    assert start.environment["POINTSMAN_MACRO_1"] == "Pump 1"


def test_args_are_kept_with_the_job() -> None:
    asked = planned(mqtt(), context(args={"level": 3}, user=UserId("ann"), login="Ann"))
    assert (asked.job.args, asked.job.user_id) == ({"level": 3}, "ann")


def macro(text: str) -> Any:
    return parse_template(text, Quoting.SHELL)


@pytest.mark.parametrize(
    ("operation", "path"),
    [
        (mqtt(topic="plant/{{args.where}}/set"), "args.where"),
        (mqtt(message="{{properties.Colour}}"), "properties.Colour"),
        (mqtt(message='{"a": "{{payload.deep.down}}"}'), "payload.deep.down"),
        (program(arguments=("{{args.level}}",)), "args.level"),
        (program(environment={"LEVEL": macro("{{args.level}}")}), "args.level"),
        (script(text="echo {{args.level}}"), "args.level"),
    ],
)
def test_a_missing_macro_makes_a_failed_job_whose_error_names_the_path(operation: Operation, path: str) -> None:
    failed = planned(operation, process_meta=meta("4"), change_id=ChangeId("c"))
    assert failed.dispatch is None
    assert (failed.job.status, failed.job.finished, failed.job.attempts) == (JobStatus.FAILED, NOW, 0)
    assert f"{{{{{path}}}}}" in (failed.job.error or "")
    assert (failed.job.process_meta, failed.job.change_id) == (meta("4"), "c")


def test_a_script_that_is_not_in_the_repository_makes_a_failed_job() -> None:
    failed = planned(referring(to="gone"))
    assert failed.dispatch is None
    assert failed.job.status is JobStatus.FAILED
    assert "'gone'" in (failed.job.error or "")


BAD_LEVELS = ["", "a/b", "+", "#", "a#", "a+b", "\0", "a\0b", "/", "../x"]


@pytest.mark.parametrize("value", BAD_LEVELS)
@pytest.mark.parametrize("topic", ["{{args.x}}", "plant/{{args.x}}/set", "plant/p{{args.x}}"])
def test_a_value_that_is_no_topic_level_never_reaches_a_topic(topic: str, value: str) -> None:
    failed = planned(mqtt(topic=topic), context(args={"x": value}))
    assert failed.dispatch is None
    assert failed.job.status is JobStatus.FAILED
    assert "{{args.x}}" in (failed.job.error or "")


@pytest.mark.parametrize("value", ["$SYS", "a\x01", "\ufffe", "\x7f", "x" * 70_000])
def test_a_topic_that_brokers_cut_the_connection_for_is_never_published_to(value: str) -> None:
    failed = planned(mqtt(topic="{{args.x}}/set"), context(args={"x": value}))
    assert failed.dispatch is None
    assert failed.job.status is JobStatus.FAILED


@given(st.text(), st.text())
def test_whatever_the_values_a_topic_keeps_the_levels_it_was_written_with(one: str, two: str) -> None:
    found = planned(mqtt(topic="plant/{{args.one}}/x-{{args.two}}/set"), context(args={"one": one, "two": two}))
    if found.dispatch is None:
        assert found.job.status is JobStatus.FAILED
        return
    assert isinstance(found.dispatch, Publish)
    assert found.dispatch.topic.split("/") == ["plant", one, f"x-{two}", "set"]
    assert topic_fault(found.dispatch.topic) is None
