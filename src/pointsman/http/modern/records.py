"""Jobs and the state history: page by page, one by one, and all of them to be kept elsewhere."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from pointsman.http.encode import JsonAnswer
from pointsman.http.guard import Guarded
from pointsman.http.modern.executing import JOB, LOCATION
from pointsman.http.problems import Refusal
from pointsman.http.records.asking import ChangesExport, ChangesPage, Format, JobsExport, JobsPage
from pointsman.http.records.lists import Part, all_history, all_jobs, page_of_history, page_of_jobs
from pointsman.http.records.results import add_result
from pointsman.http.records.sending import NDJSON, csv_of, sent
from pointsman.http.records.telling import Change, change_json
from pointsman.http.services import services_of
from pointsman.model.ids import ChangeId, JobId
from pointsman.model.job import Job
from pointsman.model.table import CHANGE_COLUMNS, JOB_COLUMNS
from pointsman.store.reads import history as history_reads
from pointsman.store.reads import jobs as job_reads

router = APIRouter(prefix="/api/v1", route_class=Guarded)

NEXT = "`cursor` of the next page; null: there are no more. A page may be short, also empty, and not the last."
PAGE_OF_JOBS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "A page.",
        "content": {
            "application/json": {
                "schema": {"$ref": "#/components/schemas/JobPage"},
            }
        },
    }
}
EXPORTED: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "All of them, oldest first.",
        "content": {
            "application/x-ndjson": {"schema": {"type": "string", "description": "A JSON object a line."}},
            "text/csv": {"schema": {"type": "string", "description": "RFC 4180; what is no plain value is JSON."}},
        },
    }
}
ANY_JSON = {"requestBody": {"required": True, "content": {"application/json": {"schema": {"description": "Any JSON."}}}}}
OLDEST_FIRST = Part(newest_first=False)


class HistoryPage(BaseModel):
    """A page of the history."""

    items: list[Change]
    next: str | None = Field(description=NEXT)


@router.get("/jobs", tags=["jobs"], response_class=Response, responses=PAGE_OF_JOBS)
async def list_jobs(request: Request, wanted: Annotated[JobsPage, Query()]) -> Response:
    """Jobs, page by page."""
    page = await page_of_jobs(request, wanted.filter, wanted.span)
    return JsonAnswer({"items": [job.to_json() for job in page.jobs], "next": page.next})


@router.get("/jobs/export", tags=["jobs"], response_class=Response, responses=EXPORTED)
async def export_jobs(request: Request, wanted: Annotated[JobsExport, Query()]) -> Response:
    """All jobs, as NDJSON or CSV. They are sent while they are read, however many there are."""
    form = csv_of(JOB_COLUMNS) if wanted.format is Format.CSV else NDJSON
    return await sent(services_of(request), all_jobs(request, wanted.filter, OLDEST_FIRST, form), form, "jobs")


@router.get("/jobs/{id}", tags=["jobs"], response_class=Response, responses={200: {"description": "The job.", "content": JOB}})
async def get_job(request: Request, id: str) -> Response:  # noqa: A002 the path's name for it
    """A job, with its custom results."""
    return JsonAnswer((await _job(request, JobId(id))).to_json())


@router.post(
    "/jobs/{id}/results",
    tags=["jobs"],
    status_code=201,
    response_class=Response,
    responses={201: {"description": "The job, with the result.", "content": JOB, "headers": LOCATION}},
    openapi_extra=ANY_JSON,
)
async def add_custom_result(request: Request, id: str) -> Response:  # noqa: A002
    """Add a custom result to a job. Any JSON is one, and comes back with the same meaning."""
    await add_result(request, JobId(id), await request.json())
    job = await _job(request, JobId(id))
    return JsonAnswer(job.to_json(), 201, headers={"Location": f"/api/v1/jobs/{job.id}"})


@router.get("/history", tags=["history"], response_model=HistoryPage)
async def list_history(request: Request, wanted: Annotated[ChangesPage, Query()]) -> Response:
    """Changes of state, page by page."""
    page = await page_of_history(request, wanted.filter, wanted.span)
    return JsonAnswer({"items": [change_json(change) for change in page.changes], "next": page.next})


@router.get("/history/export", tags=["history"], response_class=Response, responses=EXPORTED)
async def export_history(request: Request, wanted: Annotated[ChangesExport, Query()]) -> Response:
    """The whole state history, as NDJSON or CSV. It is sent while it is read, however long it is."""
    form = csv_of(CHANGE_COLUMNS) if wanted.format is Format.CSV else NDJSON
    return await sent(services_of(request), all_history(request, wanted.filter, OLDEST_FIRST, form), form, "history")


@router.get("/history/{id}", tags=["history"], response_model=Change)
async def get_change(request: Request, id: str) -> Response:  # noqa: A002
    """A change of state."""
    services = services_of(request)
    found = await services.look(history_reads.change, services.reader, ChangeId(id))
    if found is None:
        raise Refusal.not_found(f"change of state {id!r}")
    return JsonAnswer(change_json(found))


async def _job(request: Request, id_: JobId) -> Job:
    services = services_of(request)
    found = await services.look(job_reads.one, services.reader, id_)
    if found is None:
        raise Refusal.not_found(f"job {id_!r}")
    return found
