"""Manual states: set by hand, they stand before what is reported until they end (reference: *Manual state*).

What is reported meanwhile is kept under them, and is where the entity goes when they end. One that is to begin later waits for a
timer, and so does the end of one with an `until`; the timers of a manual state that is replaced or cleared are void with it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace

from pointsman.core.answer import answers, rejected
from pointsman.core.fire import on_change
from pointsman.core.world import NOTHING, Decision, NewId, World
from pointsman.model.catalog import Catalog, Resolved
from pointsman.model.command import Reject, RejectReason, SetManual
from pointsman.model.effect import Effect, WakeAt
from pointsman.model.ids import ChangeId, EntityRef, StateId, TimerId
from pointsman.model.json import Json
from pointsman.model.state import EntityState, ManualState, StateChange
from pointsman.model.timer import Timer, TimerKind
from pointsman.model.write import AddAudit, DropTimer, DropTimers, SaveManual, SaveState, SaveTimer, Write

BEGIN, END = "begin", "end"
"""What the timers of manual states are for: their `detail`."""
_MANUAL = frozenset({TimerKind.MANUAL})


def in_force(world: World, entity: EntityRef) -> ManualState | None:
    """The manual state that an entity is in; None when it has none, or one that has yet to begin."""
    manual = world.standing.manual.get(entity)
    return None if manual is None or manual.pending else manual


def is_over(manual: ManualState, at: int) -> bool:
    """Whether its time has passed, even if its timer has not come up yet."""
    return manual.until is not None and manual.until <= at


def released(entity: EntityRef) -> tuple[Write, ...]:
    """It is no more."""
    return (SaveManual(entity, None), DropTimers(entity, _MANUAL))


def name_of(catalog: Catalog, state: StateId) -> str:
    """A state as reasons name it."""
    known = catalog.states.get(state)
    return state if known is None else known.name


def set_manual(world: World, command: SetManual, at: int, new_id: NewId) -> Decision:
    """A request to set or to clear one."""
    entity = command.entity
    resolved, known, before = world.catalog.entity(entity), world.states.get(entity), world.standing.manual.get(entity)
    if resolved is None:
        return _refused(command, RejectReason.UNKNOWN_ENTITY, f"there is no {entity}", at)
    if command.until is not None and command.until <= max(at, command.since or at):
        detail = f"expected until to be after since, and after now ({at}), in ms, found {command.until}"
        return _refused(command, RejectReason.BAD_REQUEST, detail, at)
    after = None if command.state is None else _wanted(command, command.state, before, known, at)
    if after is not None and not after.pending:
        decision = _change(world, resolved, after.state, _set_by(after), at, new_id)
    else:
        reason = f"manual state {'cleared' if after is None else 'replaced'} by {command.by}" + _because(command.reason)
        decision = _left(world, resolved, before, reason, at, new_id)
    if after is None and before is None:
        return replace(decision, effects=answers(command.reply, _body(known, None)))
    timers = [] if after is None else _timers(entity, after, at, new_id)
    writes = (
        *(released(entity) if after is None else (DropTimers(entity, _MANUAL), SaveManual(entity, after))),
        *[SaveTimer(timer) for timer in timers],
        _audit(command, before, after, at, new_id),
        *decision.writes,
    )
    now = next((write.state for write in decision.writes if isinstance(write, SaveState)), known)
    effects: list[Effect] = [*answers(command.reply, _body(now, after)), *[WakeAt(timer.id, timer.due) for timer in timers]]
    return replace(decision, writes=writes, effects=(*effects, *decision.effects))


def on_manual(world: World, timer: Timer, at: int, new_id: NewId) -> Decision:
    """The time has come for one to begin or to end, unless the timer is one of another."""
    entity = timer.entity
    resolved, known, manual = world.catalog.entity(entity), world.states.get(entity), world.standing.manual.get(entity)
    dropped = DropTimer(timer.id)
    if resolved is None or manual is None:
        return Decision((dropped, *released(entity)) if manual is not None else (dropped,))
    if timer.detail == END and timer.due == manual.until:
        decision = _left(world, resolved, manual, "the time of the manual state is over", at, new_id)
        return replace(decision, writes=(dropped, *released(entity), *decision.writes))
    if timer.detail != BEGIN or timer.due != manual.since or not manual.pending or is_over(manual, at):
        return Decision((dropped,))
    begun = replace(manual, pending=False, reported=known.state if known else None)
    decision = _change(world, resolved, begun.state, _set_by(begun), at, new_id)
    return replace(decision, writes=(dropped, SaveManual(entity, begun), *decision.writes))


def _wanted(command: SetManual, state: StateId, before: ManualState | None, known: EntityState | None, at: int) -> ManualState:
    """The manual state that is asked for. What stands under one that it takes the place of stands under it."""
    pending = command.since is not None and command.since > at
    if pending:
        reported = None
    elif before is not None and not before.pending:
        reported = before.reported
    else:
        reported = known.state if known is not None else None
    return ManualState(
        state=state,
        reason=command.reason,
        by=command.by,
        since=at if command.since is None else command.since,
        until=command.until,
        cleared_by=command.cleared_by,
        reported=reported,
        pending=pending,
    )


def _left(world: World, resolved: Resolved, manual: ManualState | None, reason: str, at: int, new_id: NewId) -> Decision:
    """A manual state ends, if it had begun: the entity goes to what was reported last, as far as anything was."""
    if manual is None or manual.pending or manual.reported is None:
        return NOTHING
    return _change(world, resolved, manual.reported, reason, at, new_id)


def _change(world: World, resolved: Resolved, state: StateId, reason: str, at: int, new_id: NewId) -> Decision:
    """The entity goes to a state, and triggers act, unless it is in that state already."""
    entity = resolved.entity.ref
    known = world.states.get(entity)
    if known is not None and known.state == state:
        return NOTHING
    previous = known.state if known is not None else None
    change = StateChange(id=ChangeId(new_id(at)), entity=entity, previous=previous, current=state, at=at, reason=reason)
    return on_change(world, resolved, change, b"", known, new_id, heard=known.heard if known is not None else None)


def _timers(entity: EntityRef, manual: ManualState, at: int, new_id: NewId) -> list[Timer]:
    wanted = [(END, manual.until), (BEGIN, manual.since if manual.pending else None)]
    return [
        Timer(id=TimerId(new_id(at)), due=due, kind=TimerKind.MANUAL, entity=entity, detail=detail)
        for detail, due in wanted
        if due is not None
    ]


def _set_by(manual: ManualState) -> str:
    return f"manual state set by {manual.by}" + _because(manual.reason)


def _because(reason: str) -> str:
    return f": {reason}" if reason else ""


def _body(known: EntityState | None, manual: ManualState | None) -> Mapping[str, Json]:
    return {"state": known.state if known is not None else None, "manual_state": manual.to_json() if manual is not None else None}


def _audit(command: SetManual, before: ManualState | None, after: ManualState | None, at: int, new_id: NewId) -> AddAudit:
    texts = [None if each is None else json.dumps(each.to_json(), ensure_ascii=False) for each in (before, after)]
    return AddAudit(
        id=new_id(at),
        at=at,
        actor=command.by,
        action="manual-state",
        subject=str(command.entity),
        before=texts[0],
        after=texts[1],
    )


def _refused(command: SetManual, reason: RejectReason, detail: str, at: int) -> Decision:
    return rejected(Reject(reason=reason, topic=command.topic, detail=detail, reply=command.reply), at)
