"""What becomes later of triggers that wait on a change: it goes into that change's trace, which so tells the whole story.

Says what was decided elsewhere; decides nothing.
"""

from __future__ import annotations

from pointsman.core.match import SkipReason, Verdict
from pointsman.core.world import World
from pointsman.model.catalog import Resolved
from pointsman.model.ids import ChangeId, EntityRef, JobId, TriggerId
from pointsman.model.timer import Timer, TimerKind
from pointsman.model.write import AddVerdict, Considered, DropTimers, Write


def said_later(timer: Timer, change: ChangeId, verdict: Verdict, at: int, job: JobId | None = None) -> AddVerdict:
    """The verdict on a trigger when its time had come, for the trace of the change that it waited on."""
    skipped = None if verdict.skipped is None else verdict.skipped.value
    return AddVerdict(timer.entity, change, Considered(verdict.trigger.id, skipped, verdict.detail, job, at, timer.kind))


def gone(timer: Timer, change: ChangeId, at: int) -> AddVerdict:
    """The time came of a trigger that is not there any more."""
    considered = Considered(TriggerId(timer.subject), SkipReason.GONE.value, "", None, at, timer.kind)
    return AddVerdict(timer.entity, change, considered)


def voided(world: World, resolved: Resolved, at: int, by: str) -> tuple[Write, ...]:
    """The state changed, or was found to be another: whatever waits on the one before is void, and holds were in vain.

    `by` says what did that. That a repetition ends is no verdict: the next change tells as much.
    """
    if not resolved.waits:
        return ()
    entity = resolved.entity.ref
    return (*_resets(world, entity, at, by), DropTimers(entity))


def _resets(world: World, entity: EntityRef, at: int, by: str) -> list[AddVerdict]:
    found = []
    for timer in world.waiting.get(entity, {}).values():
        if timer.kind is TimerKind.HOLD and timer.waiting is not None:
            rest = timer.due - at
            when = f"{rest} ms before its time" if rest > 0 else "just as its time had come"
            considered = Considered(TriggerId(timer.subject), SkipReason.RESET.value, f"{when}, by {by}", None, at, timer.kind)
            found.append(AddVerdict(entity, timer.waiting.change, considered))
    return found
