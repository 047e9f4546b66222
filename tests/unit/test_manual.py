"""Manual states: whatever is reported, they hold while they hold, and after them comes what was reported last."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.core.decide import decide
from pointsman.core.world import Decision, World
from pointsman.model.catalog import build_catalog
from pointsman.model.command import Command, RejectReason, SetManual, TimerDue
from pointsman.model.effect import Answer, ReplyTo, WakeAt
from pointsman.model.ids import EntityRef, StateId, UserId
from pointsman.model.state import ManualState, Retained, State, StateChange
from pointsman.model.timer import Timer, TimerKind
from pointsman.model.write import AddAudit, AddChange, AddJob, CountReject, DropTimer, SaveState
from unit.world import ALARM, FAULT, NOW, OK, PIPE, PUMP, STATES, counting, mqtt, obj, plant, report, trigger

REPLY = ReplyTo(topic="answers/ann", correlation=b"7")
UNTIL = NOW + 60_000
SINCE = NOW + 30_000


class Line:
    """A pump that is in OK, to which commands come one after the other."""

    def __init__(self, state: State | None = OK) -> None:
        operation = mqtt(message="{{previous.name}} {{state.name}}")
        self.world = World(plant((operation,), (trigger("open-valve", ALARM, FAULT),)))
        self._ids = counting()
        self.changes: list[StateChange] = []
        if state is not None:
            self.tell(report(state))
        self.changes.clear()

    def tell(self, command: Command, at: int = NOW) -> Decision:
        decision = decide(self.world, command, at, self._ids)
        self.world.fold(decision)
        self.changes += [write.change for write in decision.writes if isinstance(write, AddChange)]
        return decision

    def wake(self, at: int, timer: Timer | None = None) -> list[Decision]:
        due = [timer] if timer else sorted([each for each in self.timers if each.due <= at], key=lambda each: each.due)
        return [self.tell(TimerDue(each.id), at) for each in due]

    @property
    def timers(self) -> list[Timer]:
        return [timer for timer in self.world.timers.values() if timer.kind is TimerKind.MANUAL]

    @property
    def state(self) -> str | None:
        known = self.world.states.get(PUMP)
        return None if known is None else known.state

    @property
    def manual(self) -> ManualState | None:
        return self.world.standing.manual.get(PUMP)


def by_hand(state: State | None = ALARM, entity: EntityRef = PUMP, **more: Any) -> SetManual:
    return SetManual(entity=entity, by=UserId("ann"), state=None if state is None else state.id, **more)


def jobs(decision: Decision) -> list[str]:
    return [str(write.job.description["message"]) for write in decision.writes if isinstance(write, AddJob)]


# Setting it


def test_to_set_it_is_a_change_of_state_on_which_triggers_act_and_which_says_who_and_why() -> None:
    line = Line()
    decision = line.tell(by_hand(reason="bearing worn"))
    assert jobs(decision) == ["OK ALARM"]
    [change] = line.changes
    assert (change.previous, change.current, change.topic) == (OK.id, ALARM.id, None)
    assert change.reason == "manual state set by ann: bearing worn"
    assert line.manual == ManualState(state=ALARM.id, reason="bearing worn", by=UserId("ann"), since=NOW, reported=OK.id)


def test_to_set_the_state_that_it_is_in_changes_nothing_but_that_it_holds() -> None:
    line = Line()
    assert jobs(line.tell(by_hand(OK))) == []
    line.tell(report(FAULT))
    assert (line.state, line.changes) == (OK.id, [])


def test_an_entity_without_a_state_gets_one_and_keeps_it_when_nothing_was_reported_meanwhile() -> None:
    line = Line(None)
    line.tell(by_hand())
    line.tell(by_hand(None))
    assert (line.state, line.manual) == (ALARM.id, None)


def test_it_is_answered_and_audited() -> None:
    line = Line()
    decision = line.tell(by_hand(until=UNTIL, cleared_by=frozenset({FAULT.id, OK.id}), reply=REPLY))
    [answer] = [effect for effect in decision.effects if isinstance(effect, Answer)]
    manual = {
        "stateId": "3",
        "reason": "",
        "since": NOW,
        "until": UNTIL,
        "clearedByStateId": ["1", "4"],
        "by": "ann",
        "pending": False,
        "reported": "1",
    }
    assert (answer.to, answer.body) == (REPLY, {"state": "3", "manual_state": manual})
    [audit] = [write for write in decision.writes if isinstance(write, AddAudit)]
    assert (audit.actor, audit.action, audit.subject) == ("ann", "manual-state", "object pump-1")
    assert (audit.before, json.loads(audit.after or "")) == (None, manual)
    [cleared] = [write for write in line.tell(by_hand(None)).writes if isinstance(write, AddAudit)]
    assert (json.loads(cleared.before or ""), cleared.after) == (manual, None)


@pytest.mark.parametrize(
    ("command", "reason", "words"),
    [
        (by_hand(entity=obj("ghost")), RejectReason.UNKNOWN_ENTITY, "there is no object ghost"),
        (by_hand(until=NOW), RejectReason.BAD_REQUEST, "expected until to be after since"),
        (by_hand(since=SINCE, until=SINCE), RejectReason.BAD_REQUEST, "expected until to be after since"),
        (by_hand(since=NOW - 10, until=NOW - 5), RejectReason.BAD_REQUEST, "after now"),
    ],
)
def test_one_that_could_not_hold_is_refused_in_words(command: SetManual, reason: RejectReason, words: str) -> None:
    line = Line()
    decision = line.tell(command)
    [reject] = [write for write in decision.writes if isinstance(write, CountReject)]
    assert reject.reason is reason
    assert words in reject.detail
    assert (line.state, line.manual, line.timers) == (OK.id, None, [])


def test_one_that_began_in_the_past_holds_from_now_on() -> None:
    line = Line()
    line.tell(by_hand(since=NOW - 1_000, until=UNTIL))
    assert line.state == ALARM.id


# While it holds


def test_reports_do_not_change_the_state_and_what_they_say_is_kept_once() -> None:
    line = Line()
    line.tell(by_hand())
    first, again = line.tell(report(FAULT)), line.tell(report(FAULT))
    assert (jobs(first), again.writes) == ([], ())
    assert line.manual is not None
    assert (line.state, line.manual.reported) == (ALARM.id, FAULT.id)


@pytest.mark.parametrize("retained", [Retained.COMPARE, Retained.BASELINE])
def test_a_snapshot_only_says_what_comes_afterwards_and_clears_nothing(retained: Retained) -> None:
    line = Line()
    line.tell(by_hand(cleared_by=frozenset({FAULT.id})))
    line.tell(report(FAULT, retained=retained))
    assert line.manual is not None
    assert (line.state, line.manual.reported) == (ALARM.id, FAULT.id)
    line.tell(report(OK, retained=Retained.IGNORE))
    assert line.manual.reported == FAULT.id


def test_other_entities_are_not_concerned() -> None:
    line = Line()
    line.tell(by_hand())
    assert jobs(line.tell(report(FAULT, PIPE))) == ["unknown FAULT"]


# How it ends


def test_cleared_by_hand_the_entity_goes_to_what_was_reported_last_and_triggers_act() -> None:
    line = Line()
    line.tell(by_hand(OK))
    line.tell(report(ALARM))
    line.tell(report(FAULT))
    decision = line.tell(by_hand(None, reason="repaired"))
    assert jobs(decision) == ["OK FAULT"]
    assert [(change.previous, change.current, change.reason) for change in line.changes] == [
        (OK.id, FAULT.id, "manual state cleared by ann: repaired")
    ]
    assert (line.state, line.manual) == (FAULT.id, None)


def test_to_clear_what_is_not_there_changes_nothing_and_is_answered() -> None:
    decision = Line().tell(by_hand(None, reply=REPLY))
    assert decision.writes == ()
    assert [effect.body for effect in decision.effects if isinstance(effect, Answer)] == [{"state": "1", "manual_state": None}]


def test_one_with_an_until_ends_at_its_time() -> None:
    line = Line()
    decision = line.tell(by_hand(until=UNTIL))
    [timer] = line.timers
    assert (timer.due, timer.detail, timer.entity) == (UNTIL, "end", PUMP)
    assert WakeAt(timer.id, UNTIL) in decision.effects
    line.wake(UNTIL)
    assert (line.state, line.manual, line.timers) == (OK.id, None, [])
    assert line.changes[-1].reason == "the time of the manual state is over"


def test_an_until_that_passed_long_ago_is_applied_when_its_timer_comes_up() -> None:
    line = Line()
    line.tell(by_hand(until=UNTIL))
    line.tell(report(FAULT))
    line.wake(UNTIL + 10**9)
    assert (line.state, line.manual) == (FAULT.id, None)


def test_a_report_after_its_time_counts_even_before_the_timer_has_come_up() -> None:
    line = Line()
    line.tell(by_hand(until=UNTIL))
    decision = line.tell(report(FAULT), UNTIL)
    assert jobs(decision) == ["ALARM FAULT"]
    assert (line.state, line.manual, line.timers) == (FAULT.id, None, [])
    assert line.changes[-1].reason is None


def test_a_report_that_it_is_cleared_by_clears_it_and_is_the_new_state() -> None:
    line = Line()
    line.tell(by_hand(until=UNTIL, cleared_by=frozenset({FAULT.id})))
    assert line.tell(report(OK)).writes == ()
    assert jobs(line.tell(report(FAULT))) == ["ALARM FAULT"]
    assert (line.state, line.manual, line.timers) == (FAULT.id, None, [])
    assert line.changes[-1].reason == "manual state cleared by a report of FAULT"


def test_a_report_of_the_manual_state_itself_may_clear_it_without_a_change() -> None:
    line = Line()
    line.tell(by_hand(cleared_by=frozenset({ALARM.id})))
    line.changes.clear()
    line.tell(report(ALARM))
    assert (line.state, line.manual, line.changes) == (ALARM.id, None, [])


# One that is to begin later


def test_one_that_is_to_begin_later_begins_at_its_time() -> None:
    line = Line()
    assert jobs(line.tell(by_hand(since=SINCE, until=UNTIL))) == []
    line.tell(report(FAULT), NOW + 1)
    assert line.state == FAULT.id
    line.tell(report(OK), NOW + 2)
    assert [jobs(each) for each in line.wake(SINCE)] == [["OK ALARM"]]
    line.tell(report(FAULT), SINCE + 1)
    assert line.state == ALARM.id
    line.wake(UNTIL)
    assert (line.state, line.manual, line.timers) == (FAULT.id, None, [])


def test_one_whose_whole_time_passed_while_no_worker_ran_changes_nothing() -> None:
    line = Line()
    line.tell(by_hand(since=SINCE, until=UNTIL))
    line.wake(UNTIL + 1)
    assert (line.state, line.manual, line.changes, line.timers) == (OK.id, None, [], [])


def test_one_that_is_cleared_before_it_begins_never_does() -> None:
    line = Line()
    line.tell(by_hand(since=SINCE))
    line.tell(by_hand(None))
    assert (line.timers, line.manual, line.changes) == ([], None, [])


# A new one takes the place of the old one


def test_a_new_one_takes_the_place_and_what_stood_under_the_old_one() -> None:
    line = Line()
    line.tell(by_hand(until=UNTIL))
    line.tell(report(FAULT))
    [old] = line.timers
    line.tell(by_hand(OK))
    assert line.timers == []
    line.world.timers[old.id] = old  # even if its row were still there
    assert line.wake(UNTIL, old)[0].writes == (DropTimer(old.id),)
    assert line.state == OK.id
    line.tell(by_hand(None))
    assert line.state == FAULT.id


def test_one_that_is_to_begin_later_ends_the_one_that_holds() -> None:
    line = Line()
    line.tell(by_hand(ALARM))
    line.tell(by_hand(FAULT, since=SINCE))
    assert line.state == OK.id
    line.wake(SINCE)
    assert line.state == FAULT.id
    line.tell(by_hand(None))
    assert line.state == OK.id


def test_a_timer_that_comes_up_early_by_the_wall_clock_is_obeyed_all_the_same() -> None:
    """The engine keeps time on a clock that nobody sets: a wall clock that was set back must not make it last longer."""
    line = Line()
    line.tell(by_hand(until=UNTIL))
    [timer] = line.timers
    line.wake(NOW - 10**6, timer)
    assert line.state == OK.id


def test_the_manual_state_of_an_entity_that_is_gone_goes_with_its_timer() -> None:
    line = Line()
    line.tell(by_hand(until=UNTIL))
    line.world.catalog = build_catalog(states=STATES)
    line.wake(UNTIL)
    assert (line.manual, line.timers) == (None, [])


# For any sequence

STEPS = st.lists(
    st.one_of(
        st.sampled_from(STATES).map(report),
        st.tuples(st.sampled_from(STATES), st.sampled_from([Retained.COMPARE, Retained.BASELINE])).map(
            lambda pair: report(pair[0], retained=pair[1])
        ),
    ),
    max_size=12,
)


@given(STEPS, st.sampled_from(STATES), STEPS, st.booleans())
def test_while_it_holds_the_state_is_the_manual_one_and_after_it_the_one_that_was_reported_last(
    before: list[Any], state: State, during: list[Any], by_time: bool
) -> None:
    line = Line()
    for each in before:
        line.tell(each)
    under = line.state
    line.tell(by_hand(state, until=UNTIL if by_time else None))
    for number, each in enumerate(during):
        decision = line.tell(each, NOW + number)
        assert line.state == state.id
        assert not any(isinstance(write, AddJob | AddChange | SaveState) for write in decision.writes)
    if by_time:
        line.wake(UNTIL)
    else:
        line.tell(by_hand(None))
    assert line.state == (during[-1].state if during else under)
    assert (line.manual, line.timers) == (None, [])


@given(st.lists(st.tuples(st.sampled_from([*STATES, None]), st.integers(-5, 5), st.none() | st.integers(1, 9)), max_size=8))
def test_timers_are_never_more_than_those_of_the_one_that_is_there(steps: list[tuple[State | None, int, int | None]]) -> None:
    line = Line()
    for at, (state, since, until) in enumerate(steps):
        began = NOW + at
        line.tell(by_hand(state, since=began + since, until=None if until is None else began + max(0, since) + until), began)
        manual = line.manual
        wanted = [] if manual is None else [each for each in (manual.until, manual.since if manual.pending else None) if each]
        assert sorted(timer.due for timer in line.timers) == sorted(wanted)
        assert line.state == (manual.state if manual is not None and not manual.pending else StateId(OK.id))
