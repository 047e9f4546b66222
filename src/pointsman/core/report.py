"""What a report does: to the state of its entity, or, while that is set by hand, to what stands under it."""

from __future__ import annotations

import json
from dataclasses import replace

from pointsman.core.answer import answers, rejected
from pointsman.core.change import Baseline, NoChange, change_of
from pointsman.core.context import context_in
from pointsman.core.derive import Derived, Underivable, derive
from pointsman.core.evaluate import Scene
from pointsman.core.fire import on_change
from pointsman.core.later import voided
from pointsman.core.manual import in_force, is_over, name_of, released
from pointsman.core.outcome import seen
from pointsman.core.silence import SPOKEN, heard, is_silent, note
from pointsman.core.world import NOTHING, Decision, NewId, World, joined
from pointsman.model.catalog import Resolved
from pointsman.model.command import Reject, RejectReason, ReportState, ReportValues
from pointsman.model.ids import StateId, UserId
from pointsman.model.json import Json
from pointsman.model.state import EntityState, ManualState, Retained
from pointsman.model.write import AddAudit, AddChange, SaveManual, SaveState, Write


def on_report(world: World, report: ReportState, at: int, new_id: NewId, reason: str | None = None) -> Decision:
    """A state was reported; or it was derived, and `reason` says by what; or a user sets it, as if it had been reported."""
    resolved, known = world.catalog.entity(report.entity), world.states.get(report.entity)
    if resolved is None:
        return _refused(report, RejectReason.UNKNOWN_ENTITY, f"there is no {report.entity}", at)
    if report.by is None:
        return _reported(world, resolved, report, at, new_id, reason)
    if report.state not in world.catalog.states:
        return _refused(report, RejectReason.UNKNOWN_STATE, f"there is no state {report.state}", at)
    decision = _reported(world, resolved, report, at, new_id, f"set by {report.by}")
    return _set_by(report, report.by, known, decision, at, new_id)


def _set_by(report: ReportState, by: UserId, known: EntityState | None, decision: Decision, at: int, new_id: NewId) -> Decision:
    """Who set it stands in the audit, and whoever asked is told in which state the entity is now."""
    now = next((write.state for write in decision.writes if isinstance(write, SaveState)), known)
    change = next((write.change.id for write in decision.writes if isinstance(write, AddChange)), None)
    before = None if known is None else json.dumps({"state": known.state})
    after = json.dumps({"state": report.state, "change": change})
    audit = AddAudit(id=new_id(at), at=at, actor=by, action="state.set", subject=str(report.entity), before=before, after=after)
    body: dict[str, Json] = {"entity": report.entity.id, "state": None if now is None else now.state, "change": change}
    effects = (*decision.effects, *answers(report.reply, body))
    return replace(decision, writes=(*decision.writes, audit), effects=effects)


def _reported(world: World, resolved: Resolved, report: ReportState, at: int, new_id: NewId, reason: str | None) -> Decision:
    known = world.states.get(report.entity)
    if report.retained is Retained.IGNORE or _is_old_news(resolved, known, report):
        return NOTHING
    proof = seen(world, report.entity, report.state, at, new_id) if report.retained in SPOKEN else NOTHING
    manual = in_force(world, report.entity)
    ended: tuple[Write, ...] = ()
    if manual is not None:
        clears = report.state in manual.cleared_by and report.retained in SPOKEN
        if not clears and not is_over(manual, at):
            return joined(proof, _under(manual, report, note(resolved, report.retained, known, at, new_id)))
        ended = released(report.entity)
        cleared = f"manual state cleared by a report of {name_of(world.catalog, report.state)}"
        reason = "; ".join([each for each in (reason, cleared if clears else None) if each]) or None
    decision = _taken(world, resolved, report, known, at, new_id, reason, proof)
    return replace(decision, writes=(*ended, *decision.writes)) if ended else decision


def on_values(world: World, report: ReportValues, at: int, new_id: NewId) -> Decision:
    """Values were reported: the state that they stand for goes the way of one that is reported."""
    resolved, known = world.catalog.entity(report.entity), world.states.get(report.entity)
    if resolved is None:
        return _refused(report, RejectReason.UNKNOWN_ENTITY, f"there is no {report.entity}", at)
    if report.retained is Retained.IGNORE:
        return NOTHING
    found = derive(resolved.conditions, _present(world, resolved, known), _scene(world, resolved, known, report, at))
    noted = note(resolved, report.retained, known, at, new_id)
    match found:
        case Derived(state, reason):
            return on_report(world, _as_state(report, state), at, new_id, reason)
        case Underivable(fault):
            refused = _refused(report, RejectReason.CONDITION_FAULT, f"{report.entity}, {fault}", at)
            return replace(refused, writes=(*refused.writes, *noted.writes), effects=noted.effects)
    # Nothing is derived, but whoever speaks is not silent.
    if is_silent(resolved.silence, known) and known is not None and known.previous is not None and report.retained in SPOKEN:
        return on_report(world, _as_state(report, known.previous), at, new_id, "heard again")
    return noted


def _taken(
    world: World,
    resolved: Resolved,
    report: ReportState,
    known: EntityState | None,
    at: int,
    new_id: NewId,
    reason: str | None,
    proof: Decision,
) -> Decision:
    """A report of an entity whose state is not set by hand. `proof` is what it proves, whatever it changes."""
    reading = change_of(report, known, at, new_id)
    last = heard(resolved, report.retained, known, at)
    match reading:
        case NoChange():
            return joined(proof, note(resolved, report.retained, known, at, new_id))
        case Baseline(state):
            void = voided(world, resolved, at, "a retained snapshot")
            return Decision((SaveState(state if last is None else replace(state, heard=last)), *void))
    change = reading if reason is None else replace(reading, reason=reason)
    return on_change(world, resolved, change, report.payload, known, new_id, heard=last, proof=proof)


def _under(manual: ManualState, report: ReportState, noted: Decision) -> Decision:
    """While a state is set by hand, a report only says where the entity goes when that ends."""
    if manual.reported == report.state:
        return noted
    return replace(noted, writes=(SaveManual(report.entity, replace(manual, reported=report.state)), *noted.writes))


def _is_old_news(resolved: Resolved, known: EntityState | None, report: ReportState) -> bool:
    """Whether a snapshot says of an entity that has fallen silent what was known of it before: it comes at each connect."""
    if report.retained in SPOKEN or known is None or not is_silent(resolved.silence, known):
        return False
    return report.state == known.previous


def _present(world: World, resolved: Resolved, known: EntityState | None) -> StateId | None:
    """The state that values led to last: manual states and silence only stand before it."""
    manual = in_force(world, resolved.entity.ref)
    if manual is not None:
        return manual.reported
    if known is None:
        return None
    return known.previous if is_silent(resolved.silence, known) else known.state


def _scene(world: World, resolved: Resolved, known: EntityState | None, report: ReportValues, at: int) -> Scene:
    """What conditions can name; `state` is the one that the entity is in while they are asked."""
    state, previous = (known.state, known.previous) if known else (None, None)
    context = context_in(world, resolved, state, previous, report.payload, at)
    return Scene(context, max(0, at - known.since) if known else None, None, report.retained is Retained.COMPARE)


def _as_state(report: ReportValues, state: StateId) -> ReportState:
    return ReportState(report.entity, state, report.topic, report.payload, report.retained, report.reported, report.lineage)


def _refused(report: ReportState | ReportValues, reason: RejectReason, detail: str, at: int) -> Decision:
    reply = report.reply if isinstance(report, ReportState) else None
    return rejected(Reject(reason=reason, topic=report.topic, detail=detail, payload=report.payload, reply=reply), at)
