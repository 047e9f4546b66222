"""State triggers and state conditions of objects, links and classes."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Request, Response

from pointsman.http.documented.answers import EDITED, GONE, empty
from pointsman.http.documented.owner import Whose, each
from pointsman.http.documented.telling import tell_conditions, tell_triggers
from pointsman.http.encode import JsonAnswer
from pointsman.http.guard import Guarded, caller_of
from pointsman.http.problems import DOCUMENTED, Refusal
from pointsman.http.resources import reading, triggers
from pointsman.http.resources.bodies import Condition, Trigger
from pointsman.http.resources.document import list_of
from pointsman.http.services import services_of

router = APIRouter(prefix=DOCUMENTED, route_class=Guarded, tags=["state triggers and conditions"])


@each(router, "GET", "/state-triggers", response_model=list[Trigger], responses=GONE)
async def state_triggers(request: Request, whose: Whose) -> Response:
    """The state triggers of an object, a link or a class itself; 404 when they were never set."""
    found = list_of(await reading.defined(services_of(request), whose.kind, whose.id), "triggers")
    if found is None:
        raise Refusal.not_found(f"list of state triggers of {whose.kind} {whose.id}: none was ever set")
    return JsonAnswer(tell_triggers(found))


@each(router, "PUT", "/state-triggers", status_code=204, responses=EDITED)
async def set_state_triggers(request: Request, whose: Whose, body: Annotated[list[Trigger], Body()]) -> Response:
    """Set all state triggers anew; a list that cannot be honoured changes nothing. Types besides operation and script are kept,
    and not acted on."""
    await triggers.put_triggers(services_of(request), caller_of(request), whose.kind, whose.id, body)
    return empty()


@each(router, "GET", "/state-conditions", response_model=list[Condition], responses=GONE)
async def state_conditions(request: Request, whose: Whose) -> Response:
    """The state conditions of an object, a link or a class itself; 404 when they were never set."""
    found = list_of(await reading.defined(services_of(request), whose.kind, whose.id), "conditions")
    if found is None:
        raise Refusal.not_found(f"list of state conditions of {whose.kind} {whose.id}: none was ever set")
    return JsonAnswer(tell_conditions(found))


@each(router, "PUT", "/state-conditions", status_code=204, responses=EDITED)
async def set_state_conditions(request: Request, whose: Whose, body: Annotated[list[Condition], Body()]) -> Response:
    """Set all state conditions anew; a list that cannot be honoured changes nothing."""
    await triggers.put_conditions(services_of(request), caller_of(request), whose.kind, whose.id, body)
    return empty()
