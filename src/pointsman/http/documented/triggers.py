"""State triggers and state conditions of objects, links and classes."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Request, Response

from pointsman.http.documented.answers import EMPTY, ERRORS, empty
from pointsman.http.documented.owner import owner_of
from pointsman.http.documented.telling import tell_conditions, tell_triggers
from pointsman.http.encode import JsonAnswer
from pointsman.http.guard import Guarded, caller_of
from pointsman.http.problems import Refusal
from pointsman.http.resources import reading, triggers
from pointsman.http.resources.bodies import Condition, Trigger
from pointsman.http.resources.document import list_of
from pointsman.http.services import services_of

router = APIRouter(prefix="/node/api", route_class=Guarded, tags=["state triggers and conditions"], responses=ERRORS)


@router.get("/objects/{id}/state-triggers", response_model=list[Trigger])
@router.get("/links/{id}/state-triggers", response_model=list[Trigger])
@router.get("/classes/{id}/state-triggers", response_model=list[Trigger])
async def state_triggers(request: Request) -> Response:
    """The state triggers of an object, a link or a class itself; 404 when they were never set."""
    owner = owner_of(request)
    found = list_of(await reading.defined(services_of(request), owner.kind, owner.id), "triggers")
    if found is None:
        raise Refusal.not_found(f"list of state triggers of {owner.kind} {owner.id}: none was ever set")
    return JsonAnswer(tell_triggers(found))


@router.put("/objects/{id}/state-triggers", status_code=204, responses=EMPTY)
@router.put("/links/{id}/state-triggers", status_code=204, responses=EMPTY)
@router.put("/classes/{id}/state-triggers", status_code=204, responses=EMPTY)
async def set_state_triggers(request: Request, body: Annotated[list[Trigger], Body()]) -> Response:
    """Set all state triggers anew; a list that cannot be honoured changes nothing. Types besides operation and script are kept,
    and not acted on."""
    owner = owner_of(request)
    await triggers.put_triggers(services_of(request), caller_of(request), owner.kind, owner.id, body)
    return empty()


@router.get("/objects/{id}/state-conditions", response_model=list[Condition])
@router.get("/links/{id}/state-conditions", response_model=list[Condition])
@router.get("/classes/{id}/state-conditions", response_model=list[Condition])
async def state_conditions(request: Request) -> Response:
    """The state conditions of an object, a link or a class itself; 404 when they were never set."""
    owner = owner_of(request)
    found = list_of(await reading.defined(services_of(request), owner.kind, owner.id), "conditions")
    if found is None:
        raise Refusal.not_found(f"list of state conditions of {owner.kind} {owner.id}: none was ever set")
    return JsonAnswer(tell_conditions(found))


@router.put("/objects/{id}/state-conditions", status_code=204, responses=EMPTY)
@router.put("/links/{id}/state-conditions", status_code=204, responses=EMPTY)
@router.put("/classes/{id}/state-conditions", status_code=204, responses=EMPTY)
async def set_state_conditions(request: Request, body: Annotated[list[Condition], Body()]) -> Response:
    """Set all state conditions anew; a list that cannot be honoured changes nothing."""
    owner = owner_of(request)
    await triggers.put_conditions(services_of(request), caller_of(request), owner.kind, owner.id, body)
    return empty()
