"""Schedules: at which times an operation runs by the clock, and what becomes of times that passed while no worker ran. Pure.

cronsim knows the times of cron expressions, daylight saving included. A time is computed from the one before it and nothing else,
so that a restart changes none. Each schedule of each entity has one timer, which stands for the next time and everything after.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from functools import lru_cache
from itertools import islice, takewhile

from cronsim import CronSim

from pointsman.core.admit import record
from pointsman.core.context import context_of
from pointsman.core.fire import PUNCTUAL
from pointsman.core.plan import plan
from pointsman.core.world import Decision, NewId, World
from pointsman.model.catalog import Resolved
from pointsman.model.effect import Effect, WakeAt
from pointsman.model.ids import SYSTEM_USER, EntityRef, JobId, OperationId, TimerId
from pointsman.model.operation import Operation
from pointsman.model.schedule import Missed, Schedule
from pointsman.model.timer import Timer, TimerKind
from pointsman.model.write import DropTimer, SaveTimer, Write

MOST = 100
"""Of the times that passed, so many of the newest are looked at."""
SET_BACK = 3 * 3_600_000
"""A clock that was set back by less, in ms, has to catch up: nothing runs twice. By more, and it is the one before that was
wrong: schedules begin anew. As Debian's cron has it."""


# Times


@lru_cache(maxsize=4096)
def next_time(schedule: Schedule, after: int) -> int | None:
    """The first time of a schedule behind `after`, both in ms; None when there is none any more."""
    if schedule.cron is None:
        return (after // schedule.every_ms + 1) * schedule.every_ms
    return next(_cron_times(schedule, after), None)


def passed(schedule: Schedule, due: int, at: int) -> list[int]:
    """The times of a schedule from `due`, which is one, up to `at`, in ms and in order; of many the newest."""
    if schedule.cron is None:
        every = schedule.every_ms
        first = max(due // every + 1, at // every - MOST + 1)
        return [due, *range(first * every, at + 1, every)][-MOST:]
    later = takewhile(lambda each: each <= at, _cron_times(schedule, _some_way_back(schedule, due, at)))
    return [due, *[each for each in later if each > due]][-MOST:]


def _cron_times(schedule: Schedule, after: int) -> Iterator[int]:
    """What cronsim gives, each time once: of an hour that comes twice it may give what lies before `after`."""
    last = after
    for each in CronSim(schedule.cron or "", _local(schedule, after)):
        if (found := int(each.timestamp()) * 1000) > last:
            yield found
            last = found


def _some_way_back(schedule: Schedule, due: int, at: int) -> int:
    """A time from which at least MOST lie up to `at`, or else `due`, found from the end: between the two may be years.

    Around a change of the clocks cronsim does not give the same times backwards, so twice as many are counted.
    """
    backwards = CronSim(schedule.cron or "", _local(schedule, at + 1000), reverse=True)
    behind_due = takewhile(lambda each: each > due, (int(each.timestamp()) * 1000 for each in backwards))
    found = list(islice(behind_due, 2 * MOST))
    return found[-1] - 1 if len(found) == 2 * MOST else due


def _local(schedule: Schedule, at: int) -> datetime:
    return datetime.fromtimestamp(at // 1000, schedule.zone or UTC)


# Decisions


def arm_schedules(world: World, at: int, new_id: NewId, of: Collection[Resolved] | None = None) -> Decision:
    """Set what is not set yet, and drop what is not wanted any more: `of` these entities, or of all.

    The world has all timers of their schedules.
    """
    wanted = None if of is None else {resolved.entity.ref for resolved in of}
    left = {
        (timer.entity, timer.subject, timer.detail): timer
        for timer in world.timers.values()
        if timer.kind is TimerKind.SCHEDULE and (wanted is None or timer.entity in wanted)
    }
    writes: list[Write] = []
    effects: list[Effect] = []
    for resolved in world.catalog.entities if of is None else of:
        entity = resolved.entity.ref
        for operation in resolved.operations.values():
            for schedule in operation.schedules:
                timer = left.pop((entity, operation.id, schedule.source), None)
                if timer is not None and _is_wrong(schedule, timer, at):
                    writes.append(DropTimer(timer.id))
                    timer = None
                if timer is None:
                    _set(entity, operation, schedule, next_time(schedule, at), new_id(at), writes, effects)
    writes += [DropTimer(timer.id) for timer in left.values()]
    return Decision(tuple(writes), tuple(effects))


def is_scheduled(resolved: Resolved) -> bool:
    """Whether anything of an entity runs by the clock."""
    return any(operation.schedules for operation in resolved.operations.values())


def on_schedule(world: World, timer: Timer, at: int, new_id: NewId) -> Decision:
    """What a schedule's timer sets off: the runs that are due, and the timer of the next. `timer` is gone with it."""
    found = _find(world, timer)
    if found is None:
        return Decision((DropTimer(timer.id),))
    resolved, operation, schedule = found
    if at < timer.due and not _is_wrong(schedule, timer, at):
        return Decision(effects=(WakeAt(timer.id, timer.due, by_clock=True),))
    writes: list[Write] = [DropTimer(timer.id)]
    effects: list[Effect] = []
    for scheduled in due_runs(schedule, timer.due, at):
        args = {"scheduled": scheduled}
        job = JobId(new_id(at))
        context = context_of(world, resolved, user=SYSTEM_USER, login=SYSTEM_USER, args=args, job=job, at=at)
        record(world, plan(operation, context, world.catalog), writes, effects)
    # On time, the next one is the same for all entities: it is found once.
    following = next_time(schedule, timer.due)
    if at < timer.due or (following is not None and following <= at):
        following = next_time(schedule, at)
    _set(timer.entity, operation, schedule, following, new_id(at), writes, effects)
    return Decision(tuple(writes), tuple(effects))


def due_runs(schedule: Schedule, due: int, at: int) -> list[int]:
    """For which of the times from `due` up to `at`, in ms, the operation runs now. Each that is not late has its run."""
    times = passed(schedule, due, at) if due <= at else []
    on_time = [each for each in times if at - each <= PUNCTUAL]
    late = [each for each in times[: len(times) - len(on_time)] if schedule.latest_ms is None or at - each <= schedule.latest_ms]
    match schedule.missed:
        case Missed.SKIP:
            return on_time
        case Missed.ONCE:
            return [*late, *on_time][-1:] if late else on_time
        case Missed.ALL:
            return [*late, *on_time]


def _find(world: World, timer: Timer) -> tuple[Resolved, Operation, Schedule] | None:
    """What a timer is for, if that is still configured."""
    resolved = world.catalog.entity(timer.entity)
    operation = resolved.operations.get(OperationId(timer.subject)) if resolved else None
    if resolved is None or operation is None:
        return None
    schedule = next((each for each in operation.schedules if each.source == timer.detail), None)
    return None if schedule is None else (resolved, operation, schedule)


def _is_wrong(schedule: Schedule, timer: Timer, at: int) -> bool:
    """Whether the clock was far ahead when the timer was set: another time lies before it, and yet so far from now."""
    before = next_time(schedule, at + SET_BACK)
    return before is not None and before < timer.due


def _set(
    entity: EntityRef,
    operation: Operation,
    schedule: Schedule,
    due: int | None,
    id_: str,
    writes: list[Write],
    effects: list[Effect],
) -> None:
    if due is None:
        return
    timer = Timer(id=TimerId(id_), due=due, kind=TimerKind.SCHEDULE, entity=entity, subject=operation.id, detail=schedule.source)
    writes.append(SaveTimer(timer))
    effects.append(WakeAt(timer.id, due, by_clock=True))
