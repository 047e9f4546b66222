"""Whether a report is a change: the whole table, case by case."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pointsman.core.change import Baseline, NoChange, change_of
from pointsman.model.ids import ChangeId
from pointsman.model.state import EntityState, Retained, StateChange
from unit.world import ALARM, FAULT, NOW, OK, PUMP, counting, in_state, report

KNOWN: dict[str, EntityState | None] = {"none": None, "same": in_state(FAULT, OK), "other": in_state(ALARM, OK)}

CHANGE, OFFLINE, BASELINE = "a change", "a change marked as missed", "the baseline"

TABLE = [
    # What is known, how the report came, what it means.
    ("none", None, CHANGE),
    ("same", None, NoChange.SAME_STATE),
    ("other", None, CHANGE),
    ("none", Retained.COMPARE, BASELINE),
    ("same", Retained.COMPARE, NoChange.SAME_STATE),
    ("other", Retained.COMPARE, OFFLINE),
    ("none", Retained.BASELINE, BASELINE),
    ("same", Retained.BASELINE, NoChange.SAME_STATE),
    ("other", Retained.BASELINE, BASELINE),
    ("none", Retained.IGNORE, NoChange.RETAINED_IGNORED),
    ("same", Retained.IGNORE, NoChange.RETAINED_IGNORED),
    ("other", Retained.IGNORE, NoChange.RETAINED_IGNORED),
    ("none", Retained.FIRE, CHANGE),
    ("same", Retained.FIRE, NoChange.SAME_STATE),
    ("other", Retained.FIRE, CHANGE),
]


@pytest.mark.parametrize(("known", "policy", "meaning"), TABLE)
def test_what_is_known_and_how_a_report_came_say_what_it_means(known: str, policy: Retained | None, meaning: str) -> None:
    before = KNOWN[known]
    reading = change_of(report(FAULT, retained=policy, reported=7), before, NOW, lambda at: f"id at {at}")
    previous = before.state if before else None
    change = StateChange(
        id=ChangeId(f"id at {NOW}"),
        entity=PUMP,
        previous=previous,
        current=FAULT.id,
        at=NOW,
        reported=7,
        topic="plant/pump-1/state",
    )
    baseline = Baseline(EntityState(entity=PUMP, state=FAULT.id, previous=previous, since=NOW, change=None))
    assert reading == {
        CHANGE: change,
        OFFLINE: replace(change, changed_while_offline=True),
        BASELINE: baseline,
    }.get(meaning, meaning)


def test_the_table_is_whole() -> None:
    assert {(known, policy) for known, policy, _ in TABLE} == {(known, policy) for known in KNOWN for policy in (None, *Retained)}


def test_an_id_is_only_taken_for_a_change() -> None:
    taken = counting()
    for known, policy, meaning in TABLE:
        change_of(report(FAULT, retained=policy), KNOWN[known], NOW, taken)
        del meaning
    changes = sum(meaning in (CHANGE, OFFLINE) for _, _, meaning in TABLE)
    assert taken(NOW) == counting(changes + 1)(NOW)
