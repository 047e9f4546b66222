"""The decision, for any sequence of commands: what is written, what is let out, and that nothing makes it raise."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st

from pointsman.core.decide import decide
from pointsman.core.world import Decision, World
from pointsman.model.command import (
    AddResult,
    Arm,
    Begin,
    Command,
    Execute,
    Finish,
    Reject,
    RejectReason,
    ReportState,
    ReportValues,
    SetManual,
)
from pointsman.model.condition import Silence, StateCondition
from pointsman.model.effect import Announce, Publish, ReplyTo, StartProgram
from pointsman.model.expression import parse_expression
from pointsman.model.ids import EntityRef, JobId, OperationId, StateId, UserId
from pointsman.model.job import Job, JobStatus
from pointsman.model.json import Json
from pointsman.model.state import Retained
from pointsman.model.write import AddJob, AppendResult, UpdateJob
from unit.world import (
    ALARM,
    FAULT,
    NOW,
    OK,
    PIPE,
    PUMP,
    PUMPS,
    STATES,
    TRIGGERS,
    counting,
    mqtt,
    obj,
    plant,
    report,
    trigger,
)

CATALOG = plant()
REPLY = ReplyTo(topic="answers/ann", correlation=b"7")


def decided(where: World, *commands: Command) -> list[Decision]:
    """Decide one after the other, each folded in before the next."""
    new_id, decisions = counting(), []
    for command in commands:
        decisions.append(decide(where, command, NOW, new_id))
        where.fold(decisions[-1])
    return decisions


def written(decision: Decision, kind: type[Any]) -> list[Any]:
    return [write for write in decision.writes if isinstance(write, kind)]


def let_out(decision: Decision, kind: type[Any]) -> list[Any]:
    return [effect for effect in decision.effects if isinstance(effect, kind)]


def execute(entity: EntityRef = PUMP, operation: str = "open-valve", **more: Any) -> Execute:
    given: dict[str, Any] = {"user": UserId("ann"), "login": "Ann", "topic": "t", "reply": REPLY}
    return Execute(entity=entity, operation=OperationId(operation), **(given | more))


RETAINED = st.sampled_from([None, None, None, *Retained])
REPORTS = st.builds(
    lambda state, entity, retained, payload: report(state, entity, retained=retained, payload=payload),
    st.sampled_from(STATES),
    st.sampled_from([*PUMPS, PIPE]),
    RETAINED,
    st.none() | st.binary(max_size=30),
)
LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text())
JSON = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3), max_leaves=3
)
JOB_IDS = st.integers(1, 12).map(lambda number: JobId(f"{NOW:013}-{number:06}"))
COMMANDS: st.SearchStrategy[Command] = st.one_of(
    REPORTS,
    st.builds(
        execute,
        st.sampled_from([*PUMPS, obj("ghost")]),
        st.sampled_from(["open-valve", "diagnose", "where", "none"]),
        args=st.dictionaries(st.sampled_from(["x", "y"]) | st.text(), JSON, max_size=3),
    ),
    st.builds(Finish, job=JOB_IDS, status=st.sampled_from(JobStatus), error=st.none() | st.text()),
    st.builds(Begin, job=JOB_IDS, reply=st.just(cast(Callable[[Mapping[str, Json]], None], print))),
    st.builds(AddResult, job=JOB_IDS, payload=JSON, by=st.just(UserId("ann")), reply=st.just(REPLY)),
    st.builds(
        ReportValues,
        st.sampled_from([*PUMPS, obj("ghost")]),
        st.just("t"),
        st.binary(max_size=20) | st.integers(0, 99).map(lambda value: b'{"t": %d}' % value),
        RETAINED,
    ),
    st.builds(
        SetManual,
        entity=st.sampled_from([*PUMPS, obj("ghost")]),
        by=st.just(UserId("ann")),
        state=st.none() | st.sampled_from(STATES).map(lambda state: state.id),
        since=st.none() | st.integers(NOW - 5, NOW + 5),
        until=st.none() | st.integers(NOW - 5, NOW + 10),
        cleared_by=st.frozensets(st.sampled_from(STATES).map(lambda state: state.id)),
        reply=st.just(REPLY),
    ),
    st.just(Arm()),
    st.builds(Reject, reason=st.sampled_from(RejectReason), topic=st.text(), detail=st.text(), payload=st.binary(max_size=2000)),
)
WIDE = plant(
    (*CATALOG.entity(PUMP).operations.values(), mqtt("where", "at/{{args.x}}", '{"x": {{args.x}}, "p": "{{payload}}"}')),  # type: ignore[union-attr]
    (*TRIGGERS, trigger("where", OK)),
    conditions=(
        StateCondition(state=FAULT.id, when=parse_expression("payload.t > 80"), until=parse_expression("payload.t < 75")),
        StateCondition(state=ALARM.id, when=parse_expression("payload > 3")),
    ),
    silence=Silence(after_ms=1_000, state=FAULT.id),
)


@given(st.lists(REPORTS, max_size=30))
def test_as_many_jobs_are_added_as_a_simple_model_says(reports: list[ReportState]) -> None:
    known: dict[EntityRef, StateId] = {}
    expected = 0
    for each in reports:
        if each.retained is Retained.IGNORE or known.get(each.entity) == each.state:
            continue
        quiet = each.retained is Retained.BASELINE or (each.retained is Retained.COMPARE and each.entity not in known)
        known[each.entity] = each.state
        expected += 0 if quiet else sum(each.state in one.state_ids for one in TRIGGERS)
    decisions = decided(World(CATALOG), *reports)
    assert sum(len(written(decision, AddJob)) for decision in decisions) == expected


@given(st.lists(COMMANDS, max_size=15))
def test_nothing_that_is_asked_makes_the_decision_raise_and_it_is_always_the_same(commands: Sequence[Command]) -> None:
    assert decided(World(WIDE), *commands) == decided(World(WIDE), *commands)


@given(st.lists(COMMANDS, max_size=15))
def test_a_job_that_is_announced_is_the_job_that_is_written(commands: Sequence[Command]) -> None:
    where, new_id, stored = World(WIDE), counting(), dict[JobId, Job]()
    for command in commands:
        decision = decide(where, command, NOW, new_id)
        where.fold(decision)
        for write in decision.writes:
            match write:
                case AddJob(new, _):
                    assert new.id not in stored
                    stored[new.id] = new
                case UpdateJob(changed):
                    assert stored[changed.id].status.final is False
                    stored[changed.id] = replace(changed, results=stored[changed.id].results)
                case AppendResult(_, id_, result):
                    stored[id_] = replace(stored[id_], results=(*stored[id_].results, result))
        announced = {effect.job.id: effect.job for effect in let_out(decision, Announce)}
        assert announced == {id_: stored[id_] for id_ in announced}
        assert {write.job.id for write in written(decision, AddJob)} <= announced.keys()


@given(st.lists(COMMANDS, max_size=15))
def test_what_carries_out_a_job_is_let_out_exactly_when_it_is_stored_with_it(commands: Sequence[Command]) -> None:
    for decision in decided(World(WIDE), *commands):
        kept = [write.dispatch for write in written(decision, AddJob) if write.dispatch is not None]
        assert kept == [*[effect for effect in decision.effects if isinstance(effect, Publish | StartProgram)]]
        assert all(write.job.status.final == (write.dispatch is None) for write in written(decision, AddJob))
