"""Jobs, as the documented API has them: by id, of an entity, of several entities; and results that are added to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import ConfigDict, Field

from pointsman.http.documented.answers import empty
from pointsman.http.documented.owner import PathId
from pointsman.http.encode import JsonAnswer
from pointsman.http.guard import Guarded, entity_of
from pointsman.http.problems import DOCUMENTED, Refusal
from pointsman.http.records.asking import Between, Most, Skip
from pointsman.http.records.lists import Part, all_jobs
from pointsman.http.records.results import add_result
from pointsman.http.records.sending import JSON, sent
from pointsman.http.resources.fields import Id
from pointsman.http.services import services_of
from pointsman.model.ids import EntityId, JobId
from pointsman.model.job import Job
from pointsman.model.shapes import NOT_LISTED
from pointsman.store.reads import jobs
from pointsman.store.reads.jobs import JobFilter

router = APIRouter(prefix=DOCUMENTED, route_class=Guarded, tags=["jobs"])

_JOB = {"$ref": "#/components/schemas/Job"}
_LISTED = {"$ref": "#/components/schemas/ListedJob"}


def _told(schema: Mapping[str, Any]) -> dict[int | str, dict[str, Any]]:
    return {200: {"description": "Successful Response", "content": {"application/json": {"schema": dict(schema)}}}}


class JobsOfOne(Between):
    """Which jobs of an entity are wanted."""

    skip: Skip = 0
    limit: Most = 0


class JobsOfMany(JobsOfOne):
    """Whose jobs are wanted: of objects, or of links."""

    model_config = ConfigDict(
        extra="ignore", json_schema_extra={"examples": [{"objects": ["pump-1", "pump-2"], "from": 1769257800000}]}
    )

    objects: Annotated[list[Id] | None, Field(description="Ids of objects.")] = None
    links: Annotated[list[Id] | None, Field(description="Ids of links; not beside `objects`.")] = None


@router.get("/jobs/{id}", response_class=Response, responses=_told(_JOB))
async def one_job(request: Request, id: str) -> Response:  # noqa: A002 the path's name for it
    """A job."""
    services = services_of(request)
    found = await services.look(jobs.one, services.reader, JobId(id))
    if found is None:
        raise Refusal.not_found(f"job {id!r}")
    return JsonAnswer(found.to_json())


@router.get(
    "/objects/{id}/jobs", name="jobs_of_object", response_class=Response, responses=_told({"type": "array", "items": _JOB})
)
@router.get("/links/{id}/jobs", name="jobs_of_link", response_class=Response, responses=_told({"type": "array", "items": _JOB}))
async def jobs_of_entity(request: Request, id_: PathId, wanted: Annotated[JobsOfOne, Query()]) -> Response:
    """The jobs of an object or a link, the newest first."""
    which = JobFilter(owner=entity_of(request).id, since=wanted.since, until=wanted.before)
    part = Part(skip=wanted.skip, limit=wanted.limit)
    return await sent(services_of(request), all_jobs(request, which, part, JSON), JSON)


@router.post("/jobs", response_class=Response, responses=_told({"type": "array", "items": _LISTED}))
async def jobs_of_entities(request: Request, wanted: JobsOfMany) -> Response:
    """The jobs of several objects, or of several links, the newest first. Those out of the caller's reach have none."""
    if (wanted.objects is None) == (wanted.links is None):
        found = "neither" if wanted.objects is None else "both"
        raise Refusal.content(f'expected {{"objects": […]}} or {{"links": […]}}, found {found}')
    owners = frozenset(map(EntityId, wanted.objects if wanted.objects is not None else wanted.links or ()))
    which = replace(JobFilter(since=wanted.since, until=wanted.before), owners=owners)
    part = Part(skip=wanted.skip, limit=wanted.limit)
    return await sent(services_of(request), all_jobs(request, which, part, JSON, _without_type), JSON)


@router.patch(
    "/jobs/{id}/results",
    status_code=204,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"type": "object", "additionalProperties": True}}},
        }
    },
)
async def add_custom_result(request: Request, id: str) -> Response:  # noqa: A002
    """Add a custom result to a job: any JSON object, which comes back with the same meaning."""
    payload = await request.json()
    if not isinstance(payload, dict):
        raise Refusal.content(f"expected a JSON object, found {type(payload).__name__}")
    await add_result(request, JobId(id), payload)
    return empty()


def _without_type(job: Job) -> dict[str, Any]:
    return {name: value for name, value in job.to_json().items() if name != NOT_LISTED}
