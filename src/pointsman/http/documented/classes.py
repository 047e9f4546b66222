"""Classes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from pointsman.http.documented.answers import EDITED, GONE, TAKEN, Listing, Wanted, cut, empty, listed
from pointsman.http.documented.owner import PathId, teller_of
from pointsman.http.documented.shapes import ClassShape
from pointsman.http.encode import JsonAnswer
from pointsman.http.guard import Guarded, caller_of
from pointsman.http.problems import DOCUMENTED
from pointsman.http.resources import editing, owners, reading
from pointsman.http.resources.bodies import ClassBody
from pointsman.http.services import services_of
from pointsman.model.definition import Kind

router = APIRouter(prefix=DOCUMENTED, route_class=Guarded, tags=["classes"])


@router.get("/classes", response_model=list[ClassShape])
async def classes(request: Request, part: Annotated[Listing, Query()]) -> Response:
    """All classes, in the order of their ids."""
    teller = teller_of(request)

    async def told() -> AsyncIterator[Sequence[dict[str, Any]]]:
        async for page in reading.defined_pages(services_of(request), Kind.CLASS, part.text):
            yield [teller.class_(each) for each in page]

    return await listed(cut(told(), part))


@router.post("/classes", response_model=ClassShape, responses=TAKEN)
async def create_class(request: Request, body: ClassBody) -> Response:
    """Make a class."""
    made = await owners.create(services_of(request), caller_of(request), Kind.CLASS, body)
    return JsonAnswer(teller_of(request).class_(made))


@router.get("/classes/{id}", response_model=ClassShape, responses=GONE)
async def one_class(request: Request, id_: PathId, fields: Wanted) -> Response:
    """A class."""
    return JsonAnswer(fields.of(teller_of(request).class_(await reading.defined(services_of(request), Kind.CLASS, id_))))


@router.patch("/classes/{id}", response_model=ClassShape, responses=EDITED)
async def change_class(request: Request, id_: PathId, body: ClassBody) -> Response:
    """Change the fields of a class that are given; null is as if it had never been set."""
    changed = await owners.change(services_of(request), caller_of(request), Kind.CLASS, id_, body)
    return JsonAnswer(teller_of(request).class_(changed))


@router.delete("/classes/{id}", status_code=204, responses=EDITED)
async def remove_class(request: Request, id_: PathId) -> Response:
    """Remove a class that nothing is of."""
    await editing.remove(services_of(request), caller_of(request), Kind.CLASS, id_)
    return empty()
