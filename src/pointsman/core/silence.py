"""Entities that should be heard of: one timer each. When it comes due and nothing was heard, the entity is in the no-data state.

A report only notes when it came (`EntityState.heard`); the timer, which comes up about once in `after_ms`, looks whether that has
moved on since it was set. It is set anew each time, in silence too: so there is always exactly one.

What is left of its time is taken from differences between readings of the wall clock. One that is set forward meanwhile tells the
silence of an entity up to one `after_ms` late; one that is set back, by so much too early at most, and once.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from pointsman.core.fire import on_change
from pointsman.core.manual import in_force
from pointsman.core.world import Decision, NewId, World
from pointsman.model.catalog import Catalog, Resolved
from pointsman.model.condition import Silence
from pointsman.model.effect import Effect, WakeAt
from pointsman.model.ids import ChangeId, EntityRef, TimerId
from pointsman.model.state import EntityState, Retained, StateChange
from pointsman.model.timer import Timer, TimerKind
from pointsman.model.write import DropTimer, DropTimers, SaveState, SaveTimer, Write

SPOKEN = (None, Retained.FIRE)
"""What a report may be that the entity was heard by: a snapshot says nothing of who still speaks."""
_SILENCE = frozenset({TimerKind.SILENCE})
_UNITS = (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000))


def is_silent(silence: Silence | None, known: EntityState | None) -> bool:
    """Whether an entity is in its no-data state."""
    return silence is not None and known is not None and known.state == silence.state


def heard(resolved: Resolved, retained: Retained | None, known: EntityState | None, at: int) -> int | None:
    """When the entity was heard last, a report included that comes now; None where nobody wants to know."""
    if resolved.silence is None:
        return None
    return at if retained in SPOKEN else known.heard if known is not None else None


def note(resolved: Resolved, retained: Retained | None, known: EntityState | None, at: int, new_id: NewId) -> Decision:
    """An entity was heard, and nothing else changed. One without a state has no row to note it in: its time begins anew."""
    if resolved.silence is None or retained not in SPOKEN:
        return Decision()
    if known is not None:
        return Decision((SaveState(replace(known, heard=at)),))
    timer = _timer(resolved.entity.ref, at + resolved.silence.after_ms, None, at, new_id)
    return Decision((DropTimers(resolved.entity.ref, _SILENCE), SaveTimer(timer)), (WakeAt(timer.id, timer.due),))


def listened_for(catalog: Catalog) -> list[EntityRef]:
    """The entities that are to be heard of."""
    return [resolved.entity.ref for resolved in catalog.entities if resolved.silence is not None]


def arm(world: World, at: int, new_id: NewId, of: Collection[Resolved] | None = None) -> Decision:
    """The worker starts, or how these entities are listened for has changed. Until now nobody listened so, and all have their
    full time from here on, also who never spoke."""
    if of is None:
        writes: list[Write] = [DropTimer(timer.id) for timer in world.timers.values() if timer.kind is TimerKind.SILENCE]
    else:
        writes = [DropTimers(resolved.entity.ref, _SILENCE) for resolved in of]
    effects: list[Effect] = []
    for resolved in world.catalog.entities if of is None else of:
        if resolved.silence is not None:
            ref = resolved.entity.ref
            timer = _timer(ref, at + resolved.silence.after_ms, world.states.get(ref), at, new_id)
            writes.append(SaveTimer(timer))
            effects.append(WakeAt(timer.id, timer.due))
    return Decision(tuple(writes), tuple(effects))


def on_silence(world: World, timer: Timer, at: int, new_id: NewId) -> Decision:
    """The time of an entity is up: either it was heard meanwhile, and has what is left of its time from then, or it is silent."""
    resolved, known = world.catalog.entity(timer.entity), world.states.get(timer.entity)
    silence = resolved.silence if resolved is not None else None
    if resolved is None or silence is None:
        return Decision((DropTimer(timer.id),))
    spoke = _mark(known) != timer.detail
    next_ = _timer(timer.entity, at + (_rest(timer, known, silence) if spoke else silence.after_ms), known, at, new_id)
    again = Decision((DropTimer(timer.id), SaveTimer(next_)), (WakeAt(next_.id, next_.due),))
    # A state that was set by hand stands before silence as before any report; the next time comes.
    if spoke or is_silent(silence, known) or in_force(world, timer.entity) is not None:
        return again
    change = StateChange(
        id=ChangeId(new_id(at)),
        entity=timer.entity,
        previous=known.state if known else None,
        current=silence.state,
        at=at,
        reason=f"nothing heard for {_in_words(silence.after_ms)}",
    )
    changed = on_change(world, resolved, change, b"", known, new_id, heard=known.heard if known else None)
    return replace(changed, writes=(*again.writes, *changed.writes), effects=(*again.effects, *changed.effects))


def _timer(entity: EntityRef, due: int, known: EntityState | None, at: int, new_id: NewId) -> Timer:
    return Timer(id=TimerId(new_id(at)), due=due, kind=TimerKind.SILENCE, entity=entity, detail=_mark(known))


def _mark(known: EntityState | None) -> str:
    """When the entity had been heard last, as a timer notes it."""
    return "" if known is None or known.heard is None else str(known.heard)


def _rest(timer: Timer, known: EntityState | None, silence: Silence) -> int:
    """How long after its time had begun the entity was heard last: so much is left of it, now that it is up."""
    began = timer.due - silence.after_ms
    later = known.heard - began if known is not None and known.heard is not None else 0
    return later if 0 <= later <= silence.after_ms else silence.after_ms


def _in_words(milliseconds: int) -> str:
    for unit, size in _UNITS:
        if milliseconds % size == 0:
            return f"{milliseconds // size}{unit}"
    return f"{milliseconds}ms"
