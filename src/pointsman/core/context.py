"""What macros and conditions can name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from pointsman.core.render import Context
from pointsman.core.world import World
from pointsman.model.catalog import Catalog, Resolved
from pointsman.model.ids import SYSTEM_USER, JobId, StateId, UserId
from pointsman.model.json import Json
from pointsman.model.state import State


def context_in(
    world: World, resolved: Resolved, current: StateId | None, previous: StateId | None, payload: bytes | None, at: int
) -> Context:
    """The entity in a state, for conditions and triggers: nobody asked for anything, and there is no job yet."""
    return Context(
        entity=resolved.entity.ref,
        name=resolved.entity.name,
        properties=world.standing.properties_of(resolved),
        user=SYSTEM_USER,
        login=SYSTEM_USER,
        args={},
        job=JobId(""),
        state=state_of(world.catalog, current),
        previous=state_of(world.catalog, previous),
        timestamp=at,
        payload=payload,
    )


def context_of(
    world: World, resolved: Resolved, *, user: UserId, login: str, args: Mapping[str, Json], job: JobId, at: int
) -> Context:
    """The entity as it is known now, for what no change of state runs: a request, a schedule, what comes after another job.

    There is no message, so that `{{payload…}}` names nothing.
    """
    known = world.states.get(resolved.entity.ref)
    state, previous = (known.state, known.previous) if known else (None, None)
    return replace(context_in(world, resolved, state, previous, None, at), user=user, login=login, args=args, job=job)


def state_of(catalog: Catalog, id_: StateId | None) -> State | None:
    """The state; one that was declared when it was entered and is no more keeps its id for a name."""
    if id_ is None:
        return None
    return catalog.states.get(id_) or State(id=id_, name=id_, declared=id_)
