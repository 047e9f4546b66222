"""What became of triggers: writes that add to a row of which they have to know what it says."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, select

from pointsman.model.ids import ChangeId, EntityId, EntityRef, JobId, OwnerType, TriggerId
from pointsman.model.write import AddVerdict, Considered, CountVerdicts, Example
from pointsman.store.statements import Statements, run
from pointsman.store.tables import state_history, verdicts
from pointsman.store.text import json_text, json_value
from pointsman.store.traces import grown, trace_of, trace_text

KEPT = 20
"""How many examples of a reason are kept, each of another trigger or another entity."""


def add_later(connection: Connection, statements: Statements, later: Sequence[AddVerdict]) -> None:
    """Add what became of triggers to the traces of the changes that they waited on, as far as these are kept."""
    by_change: defaultdict[ChangeId, list[Considered]] = defaultdict(list)
    for each in later:
        by_change[each.change].append(each.considered)
    columns = state_history.c
    rows = []
    for id_, text in connection.execute(select(columns.id, columns.trace).where(columns.id.in_(list(by_change)))):
        trace = trace_of(text)
        for considered in by_change[id_]:
            trace = grown(trace, considered)
        rows.append((trace_text(trace), id_))
    run(connection, statements.save_trace, rows)


def count(connection: Connection, statements: Statements, counted: Sequence[CountVerdicts]) -> None:
    """Add to the counters, and keep the last examples."""
    reasons = [each.reason for each in counted]
    mine = select(verdicts.c.reason, verdicts.c.examples).where(verdicts.c.reason.in_(reasons)).order_by(verdicts.c.reason)
    known = {reason: examples_of(text) for reason, text in connection.execute(mine.with_for_update())}
    for each in counted:
        examples = known[each.reason] = latest([*known.get(each.reason, ()), *each.examples])
        run(connection, statements.count_verdicts, [(each.reason, each.count, _text(examples))])


def latest(examples: Iterable[Example]) -> tuple[Example, ...]:
    """The last example of each trigger and entity, and of these the last few."""
    kept: dict[tuple[EntityRef, TriggerId], Example] = {}
    for each in examples:
        kept.pop((each.entity, each.trigger), None)
        kept[each.entity, each.trigger] = each
    return tuple(kept.values())[-KEPT:]


def examples_of(text: str) -> tuple[Example, ...]:
    """The examples in a row of `verdicts`, oldest first."""
    rows: Any = json_value(text)
    return tuple(
        [
            Example(
                EntityRef(OwnerType(kind), EntityId(entity)),
                TriggerId(trigger),
                ChangeId(change),
                at,
                detail,
                None if job is None else JobId(job),
            )
            for kind, entity, trigger, change, at, detail, job in rows
        ]
    )


def _text(examples: Sequence[Example]) -> str:
    return json_text(
        [[int(each.entity.kind), each.entity.id, each.trigger, each.change, each.at, each.detail, each.job] for each in examples]
    )
