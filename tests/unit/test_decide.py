"""The decision: one arm for each command, and what holds for any sequence of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from pointsman.core.answer import EXCERPT
from pointsman.core.decide import decide
from pointsman.core.world import NOTHING, Decision, World
from pointsman.model.command import AddResult, Begin, Command, Execute, Finish, Reject, RejectReason
from pointsman.model.effect import Announce, Answer, Publish, ReplyTo, StartProgram
from pointsman.model.ids import EntityRef, JobId, OperationId, StateId, UserId
from pointsman.model.job import CustomResult, Job, JobStatus
from pointsman.model.json import Json
from pointsman.model.state import Retained, State
from pointsman.model.write import AddAudit, AddChange, AddJob, AppendResult, CountReject, SaveState, UpdateJob
from unit.world import (
    ALARM,
    FAULT,
    NOW,
    OK,
    PIPE,
    PUMP,
    counting,
    in_state,
    job,
    mqtt,
    obj,
    plant,
    program,
    report,
    trigger,
)

CATALOG = plant()
REPLY = ReplyTo(topic="answers/ann", correlation=b"7")


def world(state: State | None = OK, *jobs: Job) -> World:
    states = {} if state is None else {PUMP: in_state(state)}
    return World(CATALOG, states, {each.id: each for each in jobs})


def decided(where: World, *commands: Command) -> list[Decision]:
    """Decide one after the other, each folded in before the next."""
    new_id, decisions = counting(), []
    for command in commands:
        decisions.append(decide(where, command, NOW, new_id))
        where.fold(decisions[-1])
    return decisions


def one(where: World, command: Command) -> Decision:
    return decided(where, command)[0]


def written(decision: Decision, kind: type[Any]) -> list[Any]:
    return [write for write in decision.writes if isinstance(write, kind)]


def let_out(decision: Decision, kind: type[Any]) -> list[Any]:
    return [effect for effect in decision.effects if isinstance(effect, kind)]


# Reports


def test_a_fault_fires_two_triggers_in_the_order_in_which_they_were_written() -> None:
    decision = one(world(OK), report(FAULT))
    valve, diagnose = [write.job for write in written(decision, AddJob)]
    assert (valve.operation_id, diagnose.operation_id) == ("open-valve", "diagnose")
    assert valve.id < diagnose.id
    (change,) = [write.change for write in written(decision, AddChange)]
    assert valve.change_id == diagnose.change_id == change.id < valve.id
    assert [type(effect) for effect in decision.effects] == [Announce, Publish, Announce, StartProgram]


def test_trigger_states_go_out_as_they_were_declared() -> None:
    jobs = [write.job for write in written(one(world(OK), report(FAULT)), AddJob)]
    assert [each.process_meta and each.process_meta.trigger_states for each in jobs] == [(3, "4"), ("4",)]
    assert jobs[0].to_json()["process_meta"]["triggerStates"] == (3, "4")


def test_an_alarm_fires_one() -> None:
    assert len(written(one(world(OK), report(ALARM)), AddJob)) == 1


def test_the_same_state_again_changes_nothing() -> None:
    first, second = decided(world(OK), report(FAULT), report(FAULT))
    assert first.writes
    assert second == NOTHING


def test_a_change_that_fires_nothing_is_recorded_all_the_same() -> None:
    decision = one(world(FAULT), report(OK))
    assert [type(write) for write in decision.writes] == [SaveState, AddChange]
    assert not decision.effects
    assert [verdict.fires for verdict in decision.verdicts] == [False, False]


def test_the_state_remembers_where_it_came_from() -> None:
    decisions = decided(world(OK), report(ALARM), report(FAULT))
    (saved,) = [write.state for write in written(decisions[1], SaveState)]
    (change,) = [write.change for write in written(decisions[1], AddChange)]
    assert (saved.previous, saved.state, saved.since, saved.change) == (ALARM.id, FAULT.id, NOW, change.id)


def test_a_baseline_sets_the_state_and_nothing_else() -> None:
    decision = one(world(None), report(FAULT, retained=Retained.COMPARE))
    (write,) = decision.writes
    assert isinstance(write, SaveState)
    assert write.state.change is None
    assert decision.effects == ()


def test_a_link_is_decided_like_an_object() -> None:
    decision = one(world(None), report(FAULT, PIPE))
    assert {write.job.owner for write in written(decision, AddJob)} == {PIPE}


def test_a_report_for_an_unknown_entity_is_rejected_and_its_payload_kept() -> None:
    (row,) = one(world(), report(FAULT, obj("ghost"), payload=b"x" * 5000)).writes
    assert isinstance(row, CountReject)
    assert (row.reason, row.payload) == (RejectReason.UNKNOWN_ENTITY, b"x" * EXCERPT)
    assert "ghost" in row.detail


def test_a_state_that_is_declared_no_more_keeps_its_id_for_a_name() -> None:
    where = world(State(id=StateId("77"), name="GONE"))
    start = let_out(one(where, report(FAULT)), StartProgram)[0]
    assert start.environment["POINTSMAN_PREVIOUS_NAME"] == "77"


def test_a_macro_that_is_missing_fails_its_job_and_not_the_others() -> None:
    operations = (mqtt("first", message="{{properties.Colour}}"), program("second"))
    catalog = plant(operations, (trigger("first", FAULT), trigger("second", FAULT)))
    decision = decide(World(catalog), report(FAULT), NOW, counting())
    failed, fine = [write.job for write in written(decision, AddJob)]
    assert (failed.status, fine.status) == (JobStatus.FAILED, JobStatus.QUEUED)
    assert "{{properties.Colour}}" in failed.error
    assert [type(effect) for effect in decision.effects] == [Announce, Announce, StartProgram]


# Requests


def execute(entity: EntityRef = PUMP, operation: str = "open-valve", **more: Any) -> Execute:
    given: dict[str, Any] = {"user": UserId("ann"), "login": "Ann", "topic": "t", "reply": REPLY}
    return Execute(entity=entity, operation=OperationId(operation), **(given | more))


def test_an_execution_is_recorded_audited_and_answered_with_its_job() -> None:
    decision = one(world(ALARM), execute(args={"level": 3}))
    (new,) = [write.job for write in written(decision, AddJob)]
    (audit,) = written(decision, AddAudit)
    assert (new.user_id, new.args, new.process_meta, new.change_id) == ("ann", {"level": 3}, None, None)
    assert new.to_json()["process_meta"] is None
    assert (audit.actor, audit.action, json.loads(audit.after)) == ("ann", "execute", {"job": new.id})
    assert let_out(decision, Answer) == [Answer(to=REPLY, body={"job": new.id})]
    assert len(let_out(decision, Publish)) == 1


def test_an_execution_knows_the_state_the_entity_is_in() -> None:
    where = World(CATALOG, {PUMP: in_state(FAULT, ALARM)})
    (start,) = let_out(one(where, execute(operation="diagnose")), StartProgram)
    assert start.arguments == ("diagnosing Pump-1", "was ALARM")


@pytest.mark.parametrize(
    ("request_", "reason", "found"),
    [
        (execute(obj("ghost")), RejectReason.UNKNOWN_ENTITY, "ghost"),
        (execute(operation="explode"), RejectReason.UNKNOWN_OPERATION, "open-valve, diagnose"),
    ],
)
def test_an_execution_of_what_is_not_there_is_rejected_with_an_answer(
    request_: Execute, reason: RejectReason, found: str
) -> None:
    decision = one(world(), request_)
    (row,) = decision.writes
    assert isinstance(row, CountReject)
    assert (row.reason, row.topic) == (reason, "t")
    assert found in row.detail
    assert decision.effects == (Answer(to=REPLY, body={"error": row.detail, "reason": reason.value}),)


def test_without_somebody_who_waits_nothing_is_answered() -> None:
    assert not let_out(one(world(), execute(reply=None)), Answer)
    assert not let_out(one(world(), execute(operation="explode", reply=None)), Answer)


# The life of a job


def test_a_program_may_start_once_its_job_is_running() -> None:
    answers: list[Mapping[str, Json]] = []
    where = world(OK, job())
    go, again = decided(where, Begin(job=JobId("job-1"), reply=answers.append), Begin(job=JobId("job-1"), reply=answers.append))
    (begun,) = [write.job for write in written(go, UpdateJob)]
    assert (begun.status, begun.attempts) == (JobStatus.RUNNING, 1)
    assert go.effects == (Answer(to=answers.append, body={"go": True}), Announce(begun))
    assert again == Decision(effects=(Answer(to=answers.append, body={"go": False}),))


@pytest.mark.parametrize("where", [world(), world(OK, job(status=JobStatus.CANCELLED))])
def test_a_program_whose_job_is_gone_or_over_may_not_start(where: World) -> None:
    (answer,) = one(where, Begin(job=JobId("job-1"), reply=print)).effects
    assert isinstance(answer, Answer)
    assert answer.body == {"go": False}


def test_an_outcome_is_written_and_announced() -> None:
    finish = Finish(job=JobId("job-1"), status=JobStatus.FAILED, error="no", description={"exitCode": 3})
    decision = one(world(OK, job(status=JobStatus.RUNNING)), finish)
    (finished,) = [write.job for write in written(decision, UpdateJob)]
    assert (finished.status, finished.error, finished.description) == (JobStatus.FAILED, "no", {"exitCode": 3})
    assert decision.effects == (Announce(finished),)


@pytest.mark.parametrize("status", [status for status in JobStatus if status.final])
@pytest.mark.parametrize("late", [status for status in JobStatus if status.final])
def test_a_late_or_repeated_outcome_changes_nothing(status: JobStatus, late: JobStatus) -> None:
    where = world(OK, job(status=status))
    assert one(where, Finish(job=JobId("job-1"), status=late, error="late")) == NOTHING


def test_an_outcome_of_a_job_that_is_not_there_changes_nothing() -> None:
    assert one(world(), Finish(job=JobId("ghost"), status=JobStatus.SUCCEEDED)) == NOTHING


def test_results_are_added_in_order_also_after_the_end() -> None:
    where = world(OK, job(status=JobStatus.SUCCEEDED))
    commands = [AddResult(job=JobId("job-1"), payload=payload, by=UserId("ann"), reply=REPLY) for payload in ({"n": 1}, [2])]
    decisions = decided(where, *commands)
    results = tuple(CustomResult(payload=payload, by=UserId("ann"), timestamp=NOW) for payload in ({"n": 1}, [2]))
    assert [write.result for decision in decisions for write in written(decision, AppendResult)] == list(results)
    assert [announced.job.results for decision in decisions for announced in let_out(decision, Announce)] == [
        results[:1],
        results,
    ]
    assert [answer.body["results"] for decision in decisions for answer in let_out(decision, Answer)] == [1, 2]
    rows = [write.id for decision in decisions for write in (*written(decision, AppendResult), *written(decision, AddAudit))]
    assert len(set(rows)) == 4


def test_a_result_for_an_unknown_job_is_rejected_with_an_answer() -> None:
    decision = one(world(), AddResult(job=JobId("ghost"), payload=1, by=UserId("ann"), topic="t", reply=REPLY))
    (row,) = decision.writes
    assert isinstance(row, CountReject)
    assert row.reason is RejectReason.UNKNOWN_JOB
    assert decision.effects == (Answer(to=REPLY, body={"error": "there is no job ghost", "reason": "unknown_job"}),)


def test_a_reject_keeps_the_beginning_of_the_payload() -> None:
    reject = Reject(reason=RejectReason.UNPARSABLE, topic="t", detail="expected JSON", payload=bytes(range(256)) * 8, reply=REPLY)
    decision = one(world(), reject)
    (row,) = decision.writes
    assert row == CountReject(
        reason=RejectReason.UNPARSABLE, topic="t", detail="expected JSON", payload=bytes(range(256)) * 4, at=NOW
    )
    assert decision.effects == (Answer(to=REPLY, body={"error": "expected JSON", "reason": "unparsable"}),)
