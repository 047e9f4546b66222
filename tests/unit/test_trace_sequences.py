"""For any sequence of commands: no job without a cause, no cause without a trace, and the counters add up exactly."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from pointsman.core.decide import decide
from pointsman.core.limits import Buckets, Limit
from pointsman.core.world import World
from pointsman.engine.tally import Tally
from pointsman.engine.verdicts import FIRED
from pointsman.model.command import Command, Execute, Finish, TimerDue
from pointsman.model.expression import parse_expression
from pointsman.model.ids import ChangeId, JobId, OperationId, UserId
from pointsman.model.job import Job, JobStatus
from pointsman.model.state import Retained, StateChange
from pointsman.model.timer import TimerKind
from pointsman.model.trigger import Late
from pointsman.model.write import AddChange, AddJob, AddVerdict, Considered
from unit.world import ALARM, FAULT, NOW, OK, PIPE, PUMPS, STATES, counting, mqtt, plant, report, trigger

TRIGGERS = (
    trigger("plain", ALARM, FAULT),
    trigger("plain", ALARM, from_states=frozenset({OK.id}), when=parse_expression("payload.t > 30")),
    trigger("plain", OK, enabled=False),
    trigger("held", ALARM, hold_ms=1_000),
    trigger("held", FAULT, hold_ms=3_000, late=Late.REARM),
    trigger("held", OK, hold_ms=2_000, late=Late.SKIP, cooldown_ms=5_000),
    trigger("nag", FAULT, every_ms=2_000, when=parse_expression("state.age < 9000")),
    trigger("broken", ALARM, OK),
)
OPERATIONS = (mqtt("plain"), mqtt("held"), mqtt("nag"), mqtt("broken", message="{{args.nothing}}"))


@dataclass
class Line:
    """A world, all that was written of triggers and jobs, and what a worker would have counted."""

    world: World = field(default_factory=lambda: World(plant(OPERATIONS, TRIGGERS)))
    tally: Tally = field(default_factory=Tally)
    changes: dict[ChangeId, StateChange] = field(default_factory=dict)
    traces: dict[ChangeId, list[Considered]] = field(default_factory=dict)
    jobs: dict[JobId, Job] = field(default_factory=dict)
    """As they were made."""
    at: int = NOW

    def __post_init__(self) -> None:
        self.world.standing.buckets = Buckets(Limit(burst=4, refill_ms=3_000))
        self._ids = counting()

    def tell(self, command: Command) -> None:
        decision = decide(self.world, command, self.at, self._ids)
        self.world.fold(decision)
        self.tally.count(command, decision)
        for write in decision.writes:
            match write:
                case AddChange(change, trace, _):
                    self.changes[change.id], self.traces[change.id] = change, list(trace)
                case AddVerdict(_, change_id, considered):
                    self.traces[change_id].append(considered)
                case AddJob(job, _):
                    self.jobs[job.id] = job

    def go_on(self, step: int) -> None:
        """Let the time pass, and let what is due come up in its order, perhaps late."""
        self.at += step
        for timer in sorted(self.world.timers.values(), key=lambda timer: timer.due):
            if timer.due <= self.at:
                self.tell(TimerDue(timer.id))

    @property
    def considered(self) -> list[Considered]:
        return [each for trace in self.traces.values() for each in trace]


COMMANDS: st.SearchStrategy[Command] = st.one_of(
    st.builds(
        lambda state, entity, retained, t: report(state, entity, retained=retained, payload=b'{"t": %d}' % t),
        st.sampled_from(STATES),
        st.sampled_from([PUMPS[0], PIPE]),
        st.sampled_from([None, None, None, None, *Retained]),
        st.sampled_from([20, 40]),
    ),
    st.builds(
        lambda entity: Execute(entity=entity, operation=OperationId("plain"), user=UserId("ann"), login="Ann"), st.just(PIPE)
    ),
    st.builds(Finish, job=st.integers(1, 30).map(lambda n: JobId(f"{NOW:013}-{n:06}")), status=st.sampled_from(JobStatus)),
)
STEPS = st.sampled_from([0, 1, 400, 1_000, 2_000, 2_500, 9_000])
HISTORIES = st.lists(st.tuples(STEPS, COMMANDS), max_size=25)


def lived(history: list[tuple[int, Command]]) -> Line:
    line = Line()
    for step, command in history:
        line.go_on(step)
        line.tell(command)
    return line


@given(HISTORIES)
def test_no_job_without_a_cause(history: list[tuple[int, Command]]) -> None:
    """What a trigger made is named once, in the trace of its change, by the trigger that it names."""
    line = lived(history)
    for job in line.jobs.values():
        if job.process_meta is None:
            assert job.change_id is None
            continue
        assert job.change_id is not None
        [cause] = [each for each in line.traces[job.change_id] if each.job == job.id]
        assert cause.trigger == job.process_meta.trigger
        assert (cause.skipped is None) == (job.status is not JobStatus.SUPPRESSED)
        assert line.changes[job.change_id].entity == job.owner


@given(HISTORIES)
def test_no_cause_without_a_trace_and_what_fired_names_its_job(history: list[tuple[int, Command]]) -> None:
    line = lived(history)
    assert all(each.job in line.jobs for each in line.considered if each.skipped is None or each.job is not None)
    for trace in line.traces.values():
        at_once = [each.trigger for each in trace if each.timer is None]
        assert at_once == [each.id for each in TRIGGERS], "each trigger once, whatever came of it"


@given(HISTORIES)
def test_what_matched_is_what_ran_and_what_was_suppressed_by_reason(history: list[tuple[int, Command]]) -> None:
    """The law: triggers matched = jobs + suppressed{reason}, to the last one."""
    line = lived(history)
    matched = sum(change.current in each.state_ids for change in line.changes.values() for each in TRIGGERS)
    came_due = sum(each.timer is not None for each in line.considered)
    counted = line.tally.verdicts.total
    made = [job for job in line.jobs.values() if job.process_meta is not None and job.status is not JobStatus.SUPPRESSED]
    assert counted[FIRED] == len(made)
    assert counted.total() - counted["other_state"] == matched + came_due
    assert counted == Counter(each.skipped or FIRED for each in line.considered)


@given(HISTORIES)
def test_every_hold_that_began_ended_in_one_way_or_is_still_under_way(history: list[tuple[int, Command]]) -> None:
    line = lived(history)
    holds = [each for each in line.considered if each.skipped == "holding" or each.timer is TimerKind.HOLD]
    begun = sum(each.skipped == "holding" or "anew until" in each.detail for each in holds)
    ended = sum(each.timer is TimerKind.HOLD for each in holds)
    assert begun == ended + sum(timer.kind is TimerKind.HOLD for timer in line.world.timers.values())


@given(HISTORIES)
def test_what_is_written_of_the_counters_adds_up_however_often_it_is_written(history: list[tuple[int, Command]]) -> None:
    line, written = Line(), Counter[str]()
    for step, command in history:
        line.go_on(step)
        line.tell(command)
        if step == 400:
            written.update({each.reason: each.count for each in line.tally.verdicts.take()})
    written.update({each.reason: each.count for each in line.tally.verdicts.take()})
    assert written == line.tally.verdicts.total
    assert line.tally.verdicts.take() == []
