"""Why things ran, or did not, as `pointsman explain` says it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from pointsman.errors import NotFound
from pointsman.http.encode import JsonAnswer
from pointsman.http.guard import Guarded, entity_of
from pointsman.http.modern.shapes import ExplainedChange, ExplainedJob, Findings
from pointsman.http.problems import Refusal
from pointsman.http.services import services_of
from pointsman.model.ids import ChangeId, JobId, OperationId

router = APIRouter(route_class=Guarded, tags=["explaining"])


@router.get("/api/v1/jobs/{id}/explain", responses={200: {"model": ExplainedJob}})
async def explain_job(request: Request, id: str) -> Response:  # noqa: A002 the name in the path
    """Why a job ran: who executed it, or the change of state that led to it, with all that was considered then."""
    services = services_of(request)
    found = await services.look(services.explaining.job, JobId(id))
    if found is None:
        raise Refusal.not_found(f"job {id!r}")
    return JsonAnswer(found)


@router.get("/api/v1/history/{id}/explain", responses={200: {"model": ExplainedChange}})
async def explain_change(request: Request, id: str) -> Response:  # noqa: A002 the name in the path
    """What was considered at a change of state: each trigger, and the job that it made or why it did not fire, then or later."""
    services = services_of(request)
    found = await services.look(services.explaining.change, ChangeId(id))
    if found is None:
        raise Refusal.not_found(f"change of state {id!r}")
    return JsonAnswer(found)


At = Annotated[int | None, Query(ge=0, le=1 << 53, description="In ms since the Unix epoch. Default: now.")]


@router.get("/api/v1/entities/{id}/operations/{op}/explain", responses={200: {"model": Findings}})
async def explain_operation(request: Request, op: str, at: At = None) -> Response:
    """Why an operation of an object or link ran, or did not, around a time: at the last change of state up to then, and at those
    up to a minute after it."""
    services, entity = services_of(request), entity_of(request)
    when = services.clock.now() if at is None else at
    try:
        found = await services.look(services.explaining.operation, entity, OperationId(op), when)
    except NotFound as fault:
        raise Refusal(404, "ResourceNotFound", str(fault)) from None
    return JsonAnswer({"items": found})
