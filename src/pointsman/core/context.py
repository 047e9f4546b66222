"""What macros can name when no change of state runs the operation: a request, a schedule, what comes after another job."""

from __future__ import annotations

from collections.abc import Mapping

from pointsman.core.render import Context
from pointsman.core.world import World
from pointsman.model.catalog import Catalog, Resolved
from pointsman.model.ids import JobId, StateId, UserId
from pointsman.model.json import Json
from pointsman.model.state import State


def context_of(
    world: World, resolved: Resolved, *, user: UserId, login: str, args: Mapping[str, Json], job: JobId, at: int
) -> Context:
    """What is known of the entity now. There is no message, so that `{{payload…}}` names nothing."""
    state = world.states.get(resolved.entity.ref)
    return Context(
        entity=resolved.entity.ref,
        name=resolved.entity.name,
        properties=world.standing.properties_of(resolved),
        user=user,
        login=login,
        args=args,
        job=job,
        state=state_of(world.catalog, state.state if state else None),
        previous=state_of(world.catalog, state.previous if state else None),
        timestamp=at,
        payload=None,
    )


def state_of(catalog: Catalog, id_: StateId | None) -> State | None:
    """The state; one that was declared when it was entered and is no more keeps its id for a name."""
    if id_ is None:
        return None
    return catalog.states.get(id_) or State(id=id_, name=id_, declared=id_)
