"""Runs operations, and calls jobs off: a request leads to a job, and may wait for its end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request, Response

from pointsman.http.encode import JsonAnswer
from pointsman.http.guard import Guarded, caller_of, entity_of
from pointsman.http.modern.awaiting import LONGEST, ends_of
from pointsman.http.problems import Refusal
from pointsman.http.resources import operations
from pointsman.http.services import services_of
from pointsman.model.command import Cancel, Reply
from pointsman.model.ids import JobId
from pointsman.model.job import Job
from pointsman.model.json import Json

router = APIRouter(route_class=Guarded, tags=["jobs"])

LONGEST_KEY = 255
JOB = {"application/json": {"schema": {"$ref": "#/components/schemas/Job"}}}
LOCATION = {"Location": {"description": "The job.", "schema": {"type": "string"}}}
ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"description": "The job; it has ended.", "content": JOB, "headers": LOCATION},
    202: {"description": "The job; it has not ended yet.", "content": JOB, "headers": LOCATION},
}

Wait = Annotated[
    float | None,
    Query(ge=0, le=LONGEST, allow_inf_nan=False, description="For how many seconds the answer waits for the job to end."),
]
Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=LONGEST_KEY,
        description="Your own name for this request. The same request under the same key, within a day, is answered with the job "
        "that there is, and runs nothing again; another one is refused.",
    ),
]


def body(required: bool, schema: Mapping[str, Any]) -> dict[str, Any]:
    """A JSON body, for the OpenAPI document."""
    return {"requestBody": {"required": required, "content": {"application/json": {"schema": dict(schema)}}}}


ARGUMENTS = body(
    False, {"type": "object", "description": "`{{args.NAME}}` in the operation, by name.", "additionalProperties": True}
)
EXECUTED: dict[int | str, dict[str, Any]] = {
    **ANSWERS,
    410: {"description": "The job that the key stands for is not kept any more."},
    422: {"description": "Another request was made under the key."},
}


@router.post("/api/v1/entities/{id}/operations/{op}/execute", responses=EXECUTED, openapi_extra=ARGUMENTS)
async def execute_of_entity(request: Request, op: str, wait: Wait = None, key: Key = None) -> Response:
    """Run an operation of an object or link. The body has its arguments."""
    return await _execute(request, op, wait, key)


@router.post("/api/v1/links/{id}/operations/{op}/execute", responses=EXECUTED, openapi_extra=ARGUMENTS)
async def execute_of_link(request: Request, op: str, wait: Wait = None, key: Key = None) -> Response:
    """Run an operation of a link. The body has its arguments."""
    return await _execute(request, op, wait, key)


@router.post("/api/v1/objects/{id}/operations/{op}/execute", responses=EXECUTED, openapi_extra=ARGUMENTS)
async def execute_of_object(request: Request, op: str, wait: Wait = None, key: Key = None) -> Response:
    """Run an operation of an object. The body has its arguments."""
    return await _execute(request, op, wait, key)


@router.post(
    "/api/v1/jobs/{id}/cancel",
    responses={**ANSWERS, 409: {"description": "The job has ended already."}},
    openapi_extra=body(
        False,
        {
            "type": "object",
            "properties": {"reason": {"type": "string", "description": "Why."}},
            "examples": [{"reason": "drill is over"}],
        },
    ),
)
async def cancel(request: Request, id: str, wait: Wait = None) -> Response:  # noqa: A002 the name in the path
    """Call a job off. A program that runs is ended: 202 says that it is about to be."""
    services, caller, job = services_of(request), caller_of(request), JobId(id)
    reason = (await mapping(request)).get("reason", "")
    if not isinstance(reason, str):
        raise Refusal.content("reason: expected text, found something else")

    def command(reply: Reply) -> Cancel:
        return Cancel(job=job, user=caller.user, reason=reason, reply=reply)

    await services.ask(command)
    return await _told(request, job, wait)


async def mapping(request: Request) -> Mapping[str, Json]:
    """The body as a JSON object; none is an empty one. Raises Refusal (400)."""
    given = await request.json() if await request.body() else {}
    if not isinstance(given, dict):
        raise Refusal.content(f"expected a JSON object, found {type(given).__name__}")
    return given


async def _execute(request: Request, operation: str, wait: float | None, key: str | None) -> Response:
    entity, args = entity_of(request), await mapping(request)
    job = await operations.execute(services_of(request), caller_of(request), entity, operation, args, key=key)
    return await _told(request, job, wait)


async def _told(request: Request, id_: JobId, wait: float | None) -> Response:
    job: Job | None = await ends_of(request).job(id_, wait or 0)
    if job is None:
        raise Refusal(410, "Gone", f"the job {id_} is not kept any more")
    return JsonAnswer(job.to_json(), 200 if job.status.final else 202, headers={"Location": f"/api/v1/jobs/{job.id}"})
