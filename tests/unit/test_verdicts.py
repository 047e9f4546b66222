"""The counters of what became of triggers: what is written and when, and which examples are kept."""

from __future__ import annotations

from pointsman.cli import reasons
from pointsman.engine.verdicts import EVERY, FIRED, KEPT, VerdictCounts
from pointsman.model.ids import ChangeId, EntityRef, JobId, TriggerId
from pointsman.model.state import StateChange
from pointsman.model.timer import TimerKind
from pointsman.model.write import AddVerdict, Considered, CountVerdicts, Example
from unit.world import ALARM, NOW, OK, PUMP, obj


def change(number: int = 1, entity: EntityRef = PUMP) -> StateChange:
    return StateChange(id=ChangeId(f"c{number}"), entity=entity, previous=OK.id, current=ALARM.id, at=NOW + number)


def skipped(reason: str | None, trigger: str = "t", detail: str = "", job: str | None = None) -> Considered:
    return Considered(TriggerId(trigger), reason, detail, None if job is None else JobId(job))


def test_each_reason_is_counted_with_an_example_that_says_where_to_look() -> None:
    counts = VerdictCounts()
    counts.at_change(change(1), [skipped("cooldown", detail="5 ms left"), skipped(None, "u", job="j1")])
    assert counts.take() == [
        CountVerdicts("cooldown", 1, (Example(PUMP, TriggerId("t"), ChangeId("c1"), NOW + 1, "5 ms left"),)),
        CountVerdicts(FIRED, 1, (Example(PUMP, TriggerId("u"), ChangeId("c1"), NOW + 1, "", JobId("j1")),)),
    ]


def test_that_another_state_was_meant_is_only_counted() -> None:
    counts = VerdictCounts()
    counts.at_change(change(), [skipped("other_state")] * 100)
    assert counts.take() == [CountVerdicts("other_state", 100)]


def test_what_came_later_has_its_own_time() -> None:
    counts = VerdictCounts()
    counts.later(AddVerdict(PUMP, ChangeId("c1"), Considered(TriggerId("t"), "reset", "", None, NOW + 9, TimerKind.HOLD)))
    [written] = counts.take()
    assert [(each.change, each.at) for each in written.examples] == [("c1", NOW + 9)]


def test_what_happens_all_the_time_pushes_out_nothing_of_another_reason_or_another_entity() -> None:
    counts = VerdictCounts()
    counts.at_change(change(1, obj("rare")), [skipped("condition")])
    for number in range(2, 1_000):
        counts.at_change(change(number), [skipped("condition"), skipped("limit")])
    written = {each.reason: each for each in counts.take()}
    assert (written["condition"].count, written["limit"].count) == (999, 998)
    assert [(each.entity.id, each.change) for each in written["condition"].examples] == [("rare", "c1"), ("pump-1", "c999")]


def test_of_very_many_examples_the_last_are_kept() -> None:
    counts = VerdictCounts()
    for number in range(10 * KEPT):
        counts.at_change(change(number, obj(f"e{number}")), [skipped("condition")])
    [written] = counts.take()
    assert [each.entity.id for each in written.examples] == [f"e{number}" for number in range(9 * KEPT, 10 * KEPT)]


def test_an_example_that_comes_again_is_the_latest_again() -> None:
    counts = VerdictCounts()
    for number in (*range(KEPT), 0, KEPT):
        counts.at_change(change(number, obj(f"e{number}")), [skipped("condition")])
    [written] = counts.take()
    assert [each.entity.id for each in written.examples][-2:] == ["e0", f"e{KEPT}"]


def test_it_is_written_once_in_a_while_and_only_when_there_is_something() -> None:
    counts = VerdictCounts()
    assert not counts.due(0.0)
    counts.at_change(change(), [skipped("other_state")])
    assert not counts.due(100.0), "the time begins with what is to be written"
    assert not counts.due(100.0 + EVERY - 0.01)
    assert counts.due(100.0 + EVERY)
    counts.take()
    assert not counts.due(200.0)
    counts.at_change(change(), [])
    assert not counts.due(200.0 + 2 * EVERY), "a change without triggers is none"


def test_what_fired_is_called_the_same_where_it_is_shown() -> None:
    assert reasons.FIRED == FIRED
