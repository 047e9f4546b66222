"""Classes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from pointsman.http.documented.answers import EMPTY, ERRORS, Listing, Wanted, created, cut, empty, listed
from pointsman.http.documented.owner import teller_of
from pointsman.http.documented.shapes import ClassShape
from pointsman.http.encode import JsonAnswer
from pointsman.http.guard import Guarded, caller_of
from pointsman.http.resources import editing, owners, reading
from pointsman.http.resources.bodies import ClassBody
from pointsman.http.services import services_of
from pointsman.model.definition import Kind

router = APIRouter(prefix="/node/api", route_class=Guarded, tags=["classes"], responses=ERRORS)


@router.get("/classes", response_model=list[ClassShape])
async def classes(request: Request, part: Annotated[Listing, Query()]) -> Response:
    """All classes, in the order of their ids."""
    teller = teller_of(request)

    async def told() -> AsyncIterator[Sequence[dict[str, Any]]]:
        async for page in reading.defined_pages(services_of(request), Kind.CLASS, part.text):
            yield [teller.class_(each) for each in page]

    return await listed(cut(told(), part))


@router.post("/classes", status_code=201, response_model=ClassShape)
async def create_class(request: Request, body: ClassBody) -> Response:
    """Make a class."""
    made = await owners.create(services_of(request), caller_of(request), Kind.CLASS, body)
    return created(teller_of(request).class_(made), "classes", made.id)


@router.get("/classes/{id}", response_model=ClassShape)
async def one_class(request: Request, id: str, fields: Wanted) -> Response:  # noqa: A002 the path's name for it
    """A class."""
    return JsonAnswer(fields.of(teller_of(request).class_(await reading.defined(services_of(request), Kind.CLASS, id))))


@router.patch("/classes/{id}", response_model=ClassShape)
async def change_class(request: Request, id: str, body: ClassBody) -> Response:  # noqa: A002
    """Change the fields of a class that are given; null is as if it had never been set."""
    changed = await owners.change(services_of(request), caller_of(request), Kind.CLASS, id, body)
    return JsonAnswer(teller_of(request).class_(changed))


@router.delete("/classes/{id}", status_code=204, responses=EMPTY)
async def remove_class(request: Request, id: str) -> Response:  # noqa: A002
    """Remove a class that nothing is of."""
    await editing.remove(services_of(request), caller_of(request), Kind.CLASS, id)
    return empty()
