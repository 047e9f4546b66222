"""Adds a custom result to a job, for both APIs."""

from __future__ import annotations

from fastapi import Request

from pointsman.http.guard import caller_of
from pointsman.http.services import services_of
from pointsman.model.command import AddResult, Reply
from pointsman.model.ids import JobId
from pointsman.model.json import Json


async def add_result(request: Request, job: JobId, payload: Json) -> None:
    """Add it, in the caller's name. It is durable then. Raises Refusal."""
    user = caller_of(request).user

    def command(reply: Reply) -> AddResult:
        return AddResult(job=job, payload=payload, by=user, reply=reply)

    await services_of(request).ask(command)
