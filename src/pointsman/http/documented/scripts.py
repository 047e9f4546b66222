"""The script repository."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from pointsman.http.documented.answers import EMPTY, ERRORS, Listing, Wanted, created, cut, empty, listed
from pointsman.http.documented.owner import teller_of
from pointsman.http.documented.shapes import BriefScriptShape, ScriptShape
from pointsman.http.encode import JsonAnswer
from pointsman.http.guard import Guarded, caller_of
from pointsman.http.resources import editing, reading, states
from pointsman.http.resources.bodies import ScriptBody
from pointsman.http.services import services_of
from pointsman.model.definition import Kind

router = APIRouter(prefix="/node/api", route_class=Guarded, tags=["scripts"], responses=ERRORS)


@router.get("/scripts", response_model=list[ScriptShape | BriefScriptShape])
async def scripts(request: Request, part: Annotated[Listing, Query()]) -> Response:
    """All scripts, in the order of their ids. Their texts are for those who manage scripts or operations."""
    teller = teller_of(request)

    async def told() -> AsyncIterator[Sequence[dict[str, Any]]]:
        async for page in reading.defined_pages(services_of(request), Kind.SCRIPT, part.text):
            yield [teller.script(each) for each in page]

    return await listed(cut(told(), part))


@router.post("/scripts", status_code=201, response_model=ScriptShape)
async def create_script(request: Request, body: ScriptBody) -> Response:
    """Make a script."""
    made = await states.create_script(services_of(request), caller_of(request), body)
    return created(teller_of(request).script(made), "scripts", made.id)


@router.get("/scripts/{id}", response_model=ScriptShape | BriefScriptShape)
async def one_script(request: Request, id: str, fields: Wanted) -> Response:  # noqa: A002 the path's name for it
    """A script."""
    return JsonAnswer(fields.of(teller_of(request).script(await reading.defined(services_of(request), Kind.SCRIPT, id))))


@router.patch("/scripts/{id}", response_model=ScriptShape)
async def change_script(request: Request, id: str, body: ScriptBody) -> Response:  # noqa: A002
    """Change the fields of a script that are given."""
    changed = await states.change_script(services_of(request), caller_of(request), id, body)
    return JsonAnswer(teller_of(request).script(changed))


@router.delete("/scripts/{id}", status_code=204, responses=EMPTY)
async def remove_script(request: Request, id: str) -> Response:  # noqa: A002
    """Remove a script that no operation runs."""
    await editing.remove(services_of(request), caller_of(request), Kind.SCRIPT, id)
    return empty()
