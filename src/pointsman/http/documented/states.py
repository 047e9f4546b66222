"""The states that entities can be in, and which one an entity is in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from pointsman.http.documented.answers import EDITED, GONE, TAKEN, Listing, Wanted, cut, empty, listed
from pointsman.http.documented.entities import tell_entity
from pointsman.http.documented.owner import Entity, PathId
from pointsman.http.documented.shapes import LinkShape, ObjectShape, StateShape
from pointsman.http.documented.telling import tell_state
from pointsman.http.encode import JsonAnswer
from pointsman.http.guard import Guarded, caller_of
from pointsman.http.problems import DOCUMENTED, Refusal
from pointsman.http.resources import editing, reading, states
from pointsman.http.resources.bodies import ChosenStateBody, ManualBody, StateBody
from pointsman.http.services import services_of
from pointsman.model.definition import Kind

router = APIRouter(prefix=DOCUMENTED, route_class=Guarded, tags=["states"])


@router.get("/states", response_model=list[StateShape])
async def all_states(request: Request, part: Annotated[Listing, Query()]) -> Response:
    """All states, in the order of their ids."""

    async def told() -> AsyncIterator[Sequence[dict[str, Any]]]:
        async for page in reading.defined_pages(services_of(request), Kind.STATE, part.text):
            yield [tell_state(each) for each in page]

    return await listed(cut(told(), part))


@router.post("/states", response_model=StateShape, responses=TAKEN)
async def create_state(request: Request, body: StateBody) -> Response:
    """Make a state."""
    made = await states.create_state(services_of(request), caller_of(request), body)
    return JsonAnswer(tell_state(made))


@router.get("/states/{id}", response_model=StateShape, responses=GONE)
async def one_state(request: Request, id_: PathId, fields: Wanted) -> Response:
    """A state."""
    return JsonAnswer(fields.of(tell_state(await reading.defined(services_of(request), Kind.STATE, id_))))


@router.patch("/states/{id}", response_model=StateShape, responses=EDITED)
async def change_state(request: Request, id_: PathId, body: StateBody) -> Response:
    """Change the fields of a state that are given."""
    return JsonAnswer(tell_state(await states.change_state(services_of(request), caller_of(request), id_, body)))


@router.delete("/states/{id}", status_code=204, responses=EDITED)
async def remove_state(request: Request, id_: PathId) -> Response:
    """Remove a state that nothing names."""
    await editing.remove(services_of(request), caller_of(request), Kind.STATE, id_)
    return empty()


@router.put("/objects/{id}/state", response_model=ObjectShape, name="set_state_of_object")
@router.put("/links/{id}/state", response_model=LinkShape, name="set_state_of_link")
async def set_state(request: Request, entity: Entity, body: ChosenStateBody) -> Response:
    """Set the state that an entity is in, as if it had reported it: triggers act, with the body as the payload of macros."""
    if body.chosen is None:
        raise Refusal.content("expected state_id, the id of a state, found none")
    await states.set_state(services_of(request), caller_of(request), entity, body.chosen, await request.json())
    return JsonAnswer(await tell_entity(request, entity))


@router.put("/entities/{id}/manual-state", response_model=ObjectShape | LinkShape)
async def set_manual_state(request: Request, entity: Entity, body: ManualBody) -> Response:
    """Set the state of an entity by hand, which goes before what is reported until it is cleared; or clear it."""
    await states.set_manual(services_of(request), caller_of(request), entity, body)
    return JsonAnswer(await tell_entity(request, entity))
