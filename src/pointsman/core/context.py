"""What macros can name when no change of state runs the operation: the entity as it is now."""

from __future__ import annotations

from collections.abc import Mapping

from pointsman.core.fire import state_of
from pointsman.core.render import Context
from pointsman.core.world import World
from pointsman.model.catalog import Resolved
from pointsman.model.ids import JobId, UserId
from pointsman.model.json import Json


def context_of(
    world: World, resolved: Resolved, user: UserId, login: str, args: Mapping[str, Json], job: str, at: int
) -> Context:
    """The context of one execution at the time `at`, in ms. The world knows the entity's state, if it has one."""
    state = world.states.get(resolved.entity.ref)
    return Context(
        entity=resolved.entity.ref,
        name=resolved.entity.name,
        properties=world.standing.properties_of(resolved),
        user=user,
        login=login,
        args=args,
        job=JobId(job),
        state=state_of(world.catalog, state.state if state else None),
        previous=state_of(world.catalog, state.previous if state else None),
        timestamp=at,
        payload=None,
    )
