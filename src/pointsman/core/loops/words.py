"""Loops in words."""

from __future__ import annotations

from itertools import pairwise

from pointsman.core.loops.find import Loop, Step
from pointsman.core.loops.listening import OwnReports, OwnRequests

SHOWN = 6
"""Of a longer loop the first so many steps are told."""


def in_words(loop: Loop) -> str:
    """The way round, from an operation to itself."""
    steps = loop.steps[:SHOWN]
    first, last = steps[0], loop.steps[-1]
    text = f"{first.entity}: {first.operation} {_publishes(first)}"
    for before, step in pairwise(steps):
        text += f"; {_runs(before, step)}, which {_publishes(step)}"
    left = len(loop.steps) - len(steps)
    after = f"after {left} more step{'s' if left > 1 else ''} " if left else ""
    text += f"; {after}{_runs(last, first)}"
    return text + (f" ({loop.alike} more like it)" if loop.alike else "")


def _publishes(step: Step) -> str:
    verb = "is announced on" if step.announces else "publishes"
    match step.listener:
        case OwnReports():
            reads = "which Pointsman reads as a report"
        case OwnRequests():
            reads = "which Pointsman takes as a request"
        case rule:
            reads = f"which the intake rule for {rule.filter} reads"
    return f"{verb} {step.topic}, {reads}"


def _runs(before: Step, step: Step) -> str:
    what = str(step.operation) if step.entity == before.entity else f"{step.operation} of {step.entity}"
    return f"that runs {what}" if step.trigger is None else f"trigger {step.trigger.id} then runs {what}"
