"""The script repository."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from pointsman.http.documented.answers import EDITED, GONE, TAKEN, Listing, Wanted, cut, empty, listed
from pointsman.http.documented.owner import PathId, teller_of
from pointsman.http.documented.shapes import BriefScriptShape, ScriptShape
from pointsman.http.encode import JsonAnswer
from pointsman.http.guard import Guarded, caller_of
from pointsman.http.problems import DOCUMENTED
from pointsman.http.resources import editing, reading, states
from pointsman.http.resources.bodies import ScriptBody
from pointsman.http.services import services_of
from pointsman.model.definition import Kind

router = APIRouter(prefix=DOCUMENTED, route_class=Guarded, tags=["scripts"])


@router.get("/scripts", response_model=list[ScriptShape | BriefScriptShape])
async def scripts(request: Request, part: Annotated[Listing, Query()]) -> Response:
    """All scripts, in the order of their ids. Their texts are for those who manage scripts or operations."""
    teller = teller_of(request)

    async def told() -> AsyncIterator[Sequence[dict[str, Any]]]:
        async for page in reading.defined_pages(services_of(request), Kind.SCRIPT, part.text):
            yield [teller.script(each) for each in page]

    return await listed(cut(told(), part))


@router.post("/scripts", response_model=ScriptShape, responses=TAKEN)
async def create_script(request: Request, body: ScriptBody) -> Response:
    """Make a script."""
    made = await states.create_script(services_of(request), caller_of(request), body)
    return JsonAnswer(teller_of(request).script(made))


@router.get("/scripts/{id}", response_model=ScriptShape | BriefScriptShape, responses=GONE)
async def one_script(request: Request, id_: PathId, fields: Wanted) -> Response:
    """A script."""
    return JsonAnswer(fields.of(teller_of(request).script(await reading.defined(services_of(request), Kind.SCRIPT, id_))))


@router.patch("/scripts/{id}", response_model=ScriptShape, responses=EDITED)
async def change_script(request: Request, id_: PathId, body: ScriptBody) -> Response:
    """Change the fields of a script that are given."""
    changed = await states.change_script(services_of(request), caller_of(request), id_, body)
    return JsonAnswer(teller_of(request).script(changed))


@router.delete("/scripts/{id}", status_code=204, responses=EDITED)
async def remove_script(request: Request, id_: PathId) -> Response:
    """Remove a script that no operation runs."""
    await editing.remove(services_of(request), caller_of(request), Kind.SCRIPT, id_)
    return empty()
