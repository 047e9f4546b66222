"""What users ask for by HTTP: states that they set, requests that come twice; whoever asked is told what became of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from pointsman.model.command import AddResult, Cancel, Command, ReportState, SetManual, SetProperty
from pointsman.model.ids import JobId, StateId, UserId
from pointsman.model.job import JobStatus
from unit.engine_rig import Rig, execute, says
from unit.in_memory import Fault
from unit.world import ALARM, FAULT, PUMP, obj, plant

ANN = UserId("ann")
Told = list[Mapping[str, Any]]


def sets(state: str, told: Told, entity: str = "pump-1") -> ReportState:
    return ReportState(obj(entity), StateId(state), "", b'{"state_id":4}', by=ANN, reply=told.append)


# States


def test_a_state_that_a_user_sets_acts_as_one_that_is_reported_and_says_who_did_it() -> None:
    rig, told = Rig(), Told()
    rig.settle(sets(FAULT.id, told))
    (change,) = rig.rows.changes.values()
    assert (change.current, change.reason, change.topic) == (FAULT.id, "set by ann", None)
    assert [job.operation_id for job in rig.jobs] == ["open-valve", "diagnose"]
    assert told == [{"entity": "pump-1", "state": FAULT.id, "change": change.id}]
    (audit,) = rig.rows.audits.values()
    assert (audit.actor, audit.action, audit.subject, audit.before) == ("ann", "state.set", "object pump-1", None)
    assert json.loads(audit.after or "") == {"state": FAULT.id, "change": change.id}


def test_whoever_sets_a_state_that_it_has_already_is_told_so() -> None:
    rig, told = Rig(), Told()
    rig.settle(says(ALARM.id), sets(ALARM.id, told))
    assert told == [{"entity": "pump-1", "state": ALARM.id, "change": None}]
    assert len(rig.rows.changes) == 1
    assert [audit.action for audit in rig.rows.audits.values()] == ["state.set"]


def test_while_a_state_is_set_by_hand_another_one_stands_under_it() -> None:
    rig, told = Rig(), Told()
    rig.settle(SetManual(entity=PUMP, by=ANN, state=ALARM.id), sets(FAULT.id, told))
    assert told == [{"entity": "pump-1", "state": ALARM.id, "change": None}]
    manual = rig.rows.manual[PUMP]
    assert manual is not None
    assert manual.reported == FAULT.id


@pytest.mark.parametrize(("state", "entity", "reason"), [("3", "pump-9", "unknown_entity"), ("99", "pump-1", "unknown_state")])
def test_what_cannot_be_set_is_refused_and_told_and_counted_as_no_message(state: str, entity: str, reason: str) -> None:
    rig, told = Rig(), Told()
    rig.settle(sets(state, told, entity))
    assert [answer["reason"] for answer in told] == [reason]
    assert (rig.rows.rejects, rig.rows.audits, rig.rows.changes) == ({}, {}, {})


# Requests under a key


def test_a_request_that_comes_again_under_its_key_is_answered_with_the_job_that_there_is() -> None:
    rig, told = Rig(), Told()
    asked = execute(key="k1", args={"a": [1, {"b": 2}]}, reply=told.append)
    rig.settle(asked, asked)
    rig.settle(asked)
    again = Rig(rig.store)
    again.settle(asked)
    (job,) = again.jobs
    assert told == [{"job": job.id}] * 4
    assert len([audit for audit in rig.rows.audits.values() if audit.action == "execute"]) == 1


@pytest.mark.parametrize("other", [{"args": {"a": 2}}, {"operation": "diagnose"}, {"pump": 2}])
@pytest.mark.parametrize("at_once", [True, False])
def test_another_request_under_the_same_key_is_refused(other: dict[str, Any], at_once: bool) -> None:
    rig, told = Rig(), Told()
    first = execute(key="k1", args={"a": 1}, reply=told.append)
    second = execute(**{"key": "k1", "args": {"a": 1}, "reply": told.append, **other})
    for items in [(first, second)] if at_once else [(first,), (second,)]:
        rig.settle(*items)
    assert [answer.get("reason") for answer in told] == [None, "key_reused"]
    assert len(rig.jobs) == 1


def test_keys_are_each_users_own_and_a_request_that_was_refused_leaves_none() -> None:
    rig, told = Rig(), Told()
    bob = execute(key="k1")
    rig.settle(
        execute("nothing", key="k1", reply=told.append),
        execute(key="k1", reply=told.append),
        type(bob)(entity=bob.entity, operation=bob.operation, user=UserId("bob"), login="Bob", key="k1", reply=told.append),
    )
    assert [answer.get("reason") for answer in told] == ["unknown_operation", None, None]
    assert len(rig.jobs) == 2


def test_a_request_is_known_by_its_key_even_when_nobody_knows_whether_its_commit_went_through() -> None:
    rig, told = Rig(), Told()
    asked = execute(key="k1", reply=told.append)
    rig.store.faults.append(Fault.AMBIGUOUS)
    rig.feed(asked)
    assert rig.step() is False
    rig.settle(asked)
    (job,) = rig.jobs
    assert told == [{"job": job.id}] * 2


# Whoever asks is told


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (lambda reply: SetProperty(entity=PUMP, name="Level", value=3, by=ANN, login="Ann", reply=reply), "changed"),
        (lambda reply: SetProperty(entity=PUMP, name="Nope", value=3, by=ANN, login="Ann", reply=reply), "unknown_property"),
        (lambda reply: SetManual(entity=PUMP, by=ANN, state=ALARM.id, reply=reply), "manual_state"),
        (lambda reply: SetManual(entity=obj("x"), by=ANN, state=ALARM.id, reply=reply), "unknown_entity"),
        (lambda reply: AddResult(job=JobId("x"), payload={}, by=ANN, reply=reply), "unknown_job"),
        (lambda reply: Cancel(job=JobId("x"), user=ANN, reply=reply), "unknown_job"),
    ],
)
def test_a_function_of_this_process_is_told_as_an_mqtt_requester_is(command: Any, expected: str) -> None:
    rig, told = Rig(catalog=plant(properties={"Level": 1}, writable=frozenset({"Level"}))), Told()
    made: Command = command(told.append)
    rig.settle(made)
    (answer,) = told
    assert expected in answer or answer["reason"] == expected
    assert rig.rows.rejects == {}, "nobody sent a message"


def test_results_and_ends_of_a_job_that_there_is_are_told() -> None:
    rig, told = Rig(), Told()
    rig.settle(execute(reply=told.append))
    job = JobId(told[0]["job"])
    rig.settle(
        AddResult(job=job, payload={"big": 2**70}, by=ANN, reply=told.append), Cancel(job=job, user=ANN, reply=told.append)
    )
    assert told[1:] == [{"job": job, "results": 1}, {"job": job, "status": "cancelled"}]
    assert rig.jobs[0].status is JobStatus.CANCELLED
    (result,) = rig.jobs[0].results
    assert (result.payload, result.by) == ({"big": 2**70}, "ann")
