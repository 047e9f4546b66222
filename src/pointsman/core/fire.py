"""What a change sets off: verdicts → jobs, timers and a trace; and what a timer sets off when its time has come."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from pointsman.core.admit import record
from pointsman.core.context import context_in
from pointsman.core.evaluate import Scene
from pointsman.core.guard import Ledger, halted, heed
from pointsman.core.later import gone, said_later, voided
from pointsman.core.match import SkipReason, Verdict, verdict_on, verdicts
from pointsman.core.plan import Plan, plan
from pointsman.core.render import Context
from pointsman.core.world import NOTHING, Decision, NewId, World
from pointsman.model.catalog import Resolved
from pointsman.model.effect import Effect, WakeAt
from pointsman.model.ids import JobId, TimerId, TriggerId
from pointsman.model.job import JobStatus, ProcessMeta
from pointsman.model.state import EntityState, StateChange
from pointsman.model.timer import Timer, TimerKind, Waiting
from pointsman.model.trigger import Late, StateTrigger
from pointsman.model.write import AddChange, Considered, DropTimer, MarkFired, SaveState, SaveTimer, Write

PUNCTUAL = 5_000
"""A timer that comes up to so many ms after its time is not late: a batch was being written, or the store was slow."""


@dataclass(slots=True)
class _Occasion:
    """A change that triggers are asked about, now or later."""

    resolved: Resolved
    change: StateChange
    payload: bytes
    at: int
    """When they are asked, in ms."""
    previous_age: int | None
    writes: list[Write] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)
    ledger: Ledger = field(default_factory=Ledger)

    def decision(self, *verdicts: Verdict) -> Decision:
        """All that came of it."""
        return Decision(tuple(self.writes), tuple(self.effects), verdicts, tuple(self.ledger.spent.items()))


def on_change(
    world: World,
    resolved: Resolved,
    change: StateChange,
    payload: bytes,
    known: EntityState | None,
    new_id: NewId,
    *,
    heard: int | None = None,
    proof: Decision = NOTHING,
) -> Decision:
    """What a change sets off. `payload` is empty when no message led to it; `heard` is when the entity was heard last; `proof` is
    what the change proves, and is decided before it."""
    at = change.at
    previous_age = None if known is None else max(0, at - known.since)
    occasion = _Occasion(resolved, change, payload, at, previous_age, list(proof.writes), list(proof.effects))
    state = EntityState(
        entity=change.entity, state=change.current, previous=change.previous, since=at, change=change.id, heard=heard
    )
    fired = world.fired.get(change.entity, {})
    considered = verdicts(change, resolved.triggers, fired, _scene(world, occasion))
    asked = [_hold(occasion, verdict, new_id) if verdict.fires and verdict.trigger.hold_ms else verdict for verdict in considered]
    acted = [_act(world, occasion, verdict, new_id) for verdict in asked]
    trace = tuple([_trace(verdict, job) for verdict, job in acted])
    void = voided(world, resolved, at, f"the change {change.id}")
    occasion.writes[:0] = [SaveState(state), AddChange(change, trace, payload), *void]
    return occasion.decision(*[verdict for verdict, _ in acted])


def on_timer(world: World, timer: Timer, at: int, new_id: NewId) -> Decision:
    """What the timer of a trigger sets off. One that is void, since the state changed meanwhile, sets off nothing."""
    resolved, known, waiting = world.catalog.entity(timer.entity), world.states.get(timer.entity), timer.waiting
    trigger = resolved.trigger(TriggerId(timer.subject)) if resolved else None
    if known is None or waiting is None or known.change != waiting.change:
        return Decision((DropTimer(timer.id),))
    if resolved is None or trigger is None:
        return Decision((DropTimer(timer.id), gone(timer, waiting.change, at)))
    change = StateChange(
        id=waiting.change,
        entity=timer.entity,
        previous=waiting.previous,
        current=waiting.state,
        at=known.since,
        reported=waiting.reported,
        changed_while_offline=waiting.offline,
        lineage=waiting.lineage,
    )
    occasion = _Occasion(resolved, change, waiting.payload, at, waiting.previous_age, [DropTimer(timer.id)])
    if (late := _lateness(timer, trigger, at)) is not None:
        again = late is Late.REARM or timer.kind is TimerKind.REPEAT
        begun = f"; anew until {_set(occasion, trigger, timer.kind, at, new_id)}" if again else ""
        verdict = Verdict(trigger, SkipReason.LATE, f"{at - timer.due} ms late{begun}")
        occasion.writes.append(said_later(timer, change.id, verdict, at))
        return occasion.decision(verdict)
    asked_now = replace(change, at=at)
    verdict = verdict_on(asked_now, trigger, world.fired.get(timer.entity, {}), _scene(world, occasion))
    if trigger.every_ms and not verdict.fires:
        _set(occasion, trigger, TimerKind.REPEAT, at, new_id)
    verdict, job = _act(world, occasion, verdict, new_id)
    occasion.writes.append(said_later(timer, change.id, verdict, at, job))
    return occasion.decision(verdict)


def _hold(occasion: _Occasion, verdict: Verdict, new_id: NewId) -> Verdict:
    due = _set(occasion, verdict.trigger, TimerKind.HOLD, occasion.at, new_id)
    return Verdict(verdict.trigger, SkipReason.HOLDING, f"until {due}")


def _act(world: World, occasion: _Occasion, verdict: Verdict, new_id: NewId) -> tuple[Verdict, JobId | None]:
    """Run what a trigger that fires asks for, and set its repetition. Gives the verdict as it then is, and the job."""
    if not verdict.fires:
        return verdict, None
    trigger = verdict.trigger
    if trigger.every_ms:
        _set(occasion, trigger, TimerKind.REPEAT, occasion.at, new_id)
    change = occasion.change
    halt = halted(world.standing, occasion.ledger, (change.entity, trigger.operation), change.lineage, occasion.at)
    if halt is not None and halt.begins is None:
        return Verdict(trigger, halt.reason, halt.detail), None
    planned = heed(halt, _plan(world, occasion, trigger, JobId(new_id(occasion.at))), occasion.writes, occasion.at)
    if halt is not None:
        verdict = Verdict(trigger, halt.reason, halt.detail)
    job = record(world, planned, occasion.writes, occasion.effects)
    if job.status is JobStatus.SUPPRESSED and verdict.fires:
        verdict = Verdict(trigger, SkipReason.BUSY, job.error or "")
    if trigger.cooldown_ms and verdict.fires:
        occasion.writes.append(MarkFired(change.entity, trigger.id, occasion.at))
    return verdict, job.id


def _plan(world: World, occasion: _Occasion, trigger: StateTrigger, job: JobId) -> Plan:
    change = occasion.change
    meta = ProcessMeta(
        trigger_states=trigger.states,
        trigger=trigger.id,
        previous=change.previous,
        state=change.current,
        reported=change.reported,
    )
    operation = trigger.program or occasion.resolved.operations[trigger.operation]
    context = replace(_context(world, occasion), job=job)
    return plan(operation, context, world.catalog, process_meta=meta, change_id=change.id, lineage=change.lineage)


def _set(occasion: _Occasion, trigger: StateTrigger, kind: TimerKind, at: int, new_id: NewId) -> int:
    change = occasion.change
    timer = Timer(
        id=TimerId(new_id(at)),
        due=at + (trigger.hold_ms if kind is TimerKind.HOLD else trigger.every_ms),
        kind=kind,
        entity=change.entity,
        subject=trigger.id,
        waiting=Waiting(
            change=change.id,
            state=change.current,
            previous=change.previous,
            previous_age=occasion.previous_age,
            reported=change.reported,
            offline=change.changed_while_offline,
            payload=occasion.payload,
            lineage=change.lineage,
        ),
    )
    occasion.writes.append(SaveTimer(timer))
    occasion.effects.append(WakeAt(timer.id, timer.due))
    return timer.due


def _lateness(timer: Timer, trigger: StateTrigger, at: int) -> Late | None:
    """What to do instead of firing, when the timer is too late for that; None: it may fire."""
    late = at - timer.due
    if late <= PUNCTUAL:
        return None
    if trigger.late is not Late.FIRE:
        return trigger.late
    return Late.SKIP if trigger.latest_ms is not None and late > trigger.latest_ms else None


def _scene(world: World, occasion: _Occasion) -> Callable[[], Scene]:
    def scene() -> Scene:
        age = max(0, occasion.at - occasion.change.at)
        return Scene(_context(world, occasion), age, occasion.previous_age, occasion.change.changed_while_offline)

    return scene


def _context(world: World, occasion: _Occasion) -> Context:
    change = occasion.change
    return context_in(world, occasion.resolved, change.current, change.previous, occasion.payload or None, occasion.at)


def _trace(verdict: Verdict, job: JobId | None) -> Considered:
    return Considered(verdict.trigger.id, verdict.skipped.value if verdict.skipped else None, verdict.detail, job)
