"""The trace of a change as its row keeps it: what was considered at it, and what became later of the triggers that wait on it.

Pure. A trigger may repeat for as long as a state holds, so of what came later the first and the last few are kept for each
trigger, and how many there were between them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pointsman.model.ids import TriggerId
from pointsman.model.timer import TimerKind
from pointsman.model.write import LEFT_OUT, Considered
from pointsman.store.text import json_text, json_value

FIRST, LAST = 4, 15
"""How many later verdicts on one trigger are kept: the first, and the last."""


def trace_text(trace: Sequence[Considered]) -> str | None:
    """What the column `trace` of `state_history` holds."""
    return json_text([_fields(each) for each in trace]) if trace else None


def trace_of(text: str | None) -> tuple[Considered, ...]:
    """The trace, as `trace_text` wrote it."""
    rows: Any = [] if text is None else json_value(text)
    return tuple([_considered(*fields) for fields in rows])


def grown(trace: Sequence[Considered], later: Considered) -> tuple[Considered, ...]:
    """The trace with one more verdict. One that is there already is not added again: a transaction may be tried twice."""
    if later in trace:
        return tuple(trace)
    kept = [*trace, later]
    mine = [place for place, each in enumerate(kept) if each.timer is not None and each.trigger == later.trigger]
    if len(mine) > FIRST + 1 + LAST:
        gap, following = mine[FIRST], mine[FIRST + 1]
        left_out = kept[gap]
        count = int(left_out.detail) if left_out.skipped == LEFT_OUT else 1
        last = kept[following]
        kept[gap] = Considered(last.trigger, LEFT_OUT, str(count + 1), None, last.at, last.timer)
        del kept[following]
    return tuple(kept)


def _fields(each: Considered) -> list[str | int | None]:
    at_once: list[str | int | None] = [each.trigger, each.skipped, each.detail, each.job]
    return at_once if each.timer is None else [*at_once, each.at, each.timer.value]


def _considered(
    trigger: TriggerId, skipped: str | None, detail: str, job: Any, at: int | None = None, timer: str | None = None
) -> Considered:
    return Considered(trigger, skipped, detail, job, at, None if timer is None else TimerKind(timer))
