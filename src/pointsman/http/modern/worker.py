"""The worker as a whole: what it is, what it could not take, why its triggers fired or did not, who did what."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from pointsman.http.encode import JsonAnswer
from pointsman.http.guard import Guarded
from pointsman.http.modern.shapes import AuditPage, Info, Reasons, Rejects
from pointsman.http.services import services_of
from pointsman.model.ids import OwnerType
from pointsman.model.write import AddAudit, Example
from pointsman.store.reads import audit as audit_reads
from pointsman.store.reads import rejects as reject_reads
from pointsman.store.reads import verdicts
from pointsman.store.reads.rejects import Rejected
from pointsman.store.reads.verdicts import Counted
from pointsman.store.text import json_value

router = APIRouter(route_class=Guarded, tags=["worker"])

LARGEST = 1_000
Limit = Annotated[int, Query(ge=1, le=LARGEST, description="At most so many.")]
Cursor = Annotated[str | None, Query(description="Where to go on: `next` of the page before.")]


@router.get("/api/v1/info", responses={200: {"model": Info}})
async def info(request: Request) -> Response:
    """What the worker is, and how it stands."""
    services = services_of(request)
    catalog = services.catalog()
    links = sum(each.entity.ref.kind is OwnerType.LINK for each in catalog.entities)
    counts = {
        "objects": len(catalog) - links,
        "links": links,
        "classes": len(catalog.classes),
        "states": len(catalog.states),
        "scripts": len(catalog.scripts),
    }
    return JsonAnswer({**services.about, "counts": counts, "health": services.health()})


@router.get("/api/v1/reasons", responses={200: {"model": Reasons}})
async def reasons(request: Request) -> Response:
    """Why triggers fired, or did not, since the store was made, with the last examples of each reason."""
    services = services_of(request)
    found = await services.look(verdicts.counted, services.reader)
    return JsonAnswer({"items": [_reason(each) for each in found]})


@router.get("/api/v1/rejects", responses={200: {"model": Rejects}})
async def rejects(request: Request, limit: Limit = 50) -> Response:
    """The messages that could not be taken: how often for each reason and topic, and why the last time, the latest first."""
    services = services_of(request)
    found = await services.look(reject_reads.rejected, services.reader, limit=limit)
    return JsonAnswer({"items": [_rejected(each) for each in found]})


@router.get("/api/v1/audit", responses={200: {"model": AuditPage}})
async def audit(request: Request, limit: Limit = 50, cursor: Cursor = None) -> Response:
    """Who did what to what, and when, the latest first. Nothing of it can be changed or taken away."""
    services = services_of(request)
    found = await services.look(audit_reads.entries, services.reader, before=cursor, limit=limit + 1)
    page = found[:limit]
    return JsonAnswer({"items": [_audited(each) for each in page], "next": page[-1].id if len(found) > limit else None})


def _reason(counted: Counted) -> dict[str, Any]:
    examples = [_example(each) for each in reversed(counted.examples)]
    return {"reason": counted.reason, "count": counted.count, "examples": examples}


def _example(example: Example) -> dict[str, Any]:
    return {
        "entity_id": example.entity.id,
        "entity_type": int(example.entity.kind),
        "trigger": example.trigger,
        "change_id": example.change,
        "timestamp": example.at,
        "detail": example.detail,
        "job": example.job,
    }


def _rejected(rejected: Rejected) -> dict[str, Any]:
    return {
        "reason": rejected.reason.value,
        "topic": rejected.topic,
        "count": rejected.count,
        "first": rejected.first,
        "last": rejected.last,
        "detail": rejected.detail,
        "payload": rejected.payload.decode("utf-8", "backslashreplace"),
    }


def _audited(entry: AddAudit) -> dict[str, Any]:
    return {
        "id": entry.id,
        "timestamp": entry.at,
        "actor": entry.actor,
        "action": entry.action,
        "subject": entry.subject,
        "before": None if entry.before is None else json_value(entry.before),
        "after": None if entry.after is None else json_value(entry.after),
    }
