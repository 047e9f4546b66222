"""Properties of objects, links and classes."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from pointsman.http.documented.answers import EMPTY, ERRORS, created, empty
from pointsman.http.documented.owner import owner_of
from pointsman.http.documented.shapes import PropertyShape
from pointsman.http.documented.telling import tell_property
from pointsman.http.encode import JsonAnswer
from pointsman.http.guard import Guarded, caller_of
from pointsman.http.resources import properties
from pointsman.http.resources.bodies import PropertyBody
from pointsman.http.resources.properties import Holder
from pointsman.http.services import services_of

router = APIRouter(prefix="/node/api", route_class=Guarded, tags=["properties"], responses=ERRORS)


@router.get("/objects/{id}/props", response_model=list[PropertyShape])
@router.get("/links/{id}/props", response_model=list[PropertyShape])
@router.get("/classes/{id}/props", response_model=list[PropertyShape])
async def all_properties(request: Request) -> Response:
    """The properties of an object or a link with their values, those of its class among them; or of a class."""
    return JsonAnswer([tell_property(each) for each in (await _holder(request)).properties])


@router.get("/objects/{id}/props/{prop:path}", response_model=PropertyShape)
@router.get("/links/{id}/props/{prop:path}", response_model=PropertyShape)
@router.get("/classes/{id}/props/{prop:path}", response_model=PropertyShape)
async def one_property(request: Request, prop: str) -> Response:
    """A property, by its id or its name."""
    return JsonAnswer(tell_property((await _holder(request)).find(prop)))


@router.post("/objects/{id}/props", status_code=201, response_model=PropertyShape)
@router.post("/links/{id}/props", status_code=201, response_model=PropertyShape)
@router.post("/classes/{id}/props", status_code=201, response_model=PropertyShape)
async def create_property(request: Request, body: PropertyBody) -> Response:
    """Make a property."""
    made = await properties.add(services_of(request), caller_of(request), await _holder(request), body)
    return created(tell_property(made), *owner_of(request).path, "props", made.id)


@router.patch("/objects/{id}/props/{prop:path}", response_model=PropertyShape)
@router.patch("/links/{id}/props/{prop:path}", response_model=PropertyShape)
@router.patch("/classes/{id}/props/{prop:path}", response_model=PropertyShape)
async def change_property(request: Request, prop: str, body: PropertyBody) -> Response:
    """Change a property. Another value of a ReadWrite one (type 3) runs the operations that ask for it."""
    changed = await properties.change(services_of(request), caller_of(request), await _holder(request), prop, body)
    return JsonAnswer(tell_property(changed))


@router.delete("/objects/{id}/props/{prop:path}", status_code=204, responses=EMPTY)
@router.delete("/links/{id}/props/{prop:path}", status_code=204, responses=EMPTY)
@router.delete("/classes/{id}/props/{prop:path}", status_code=204, responses=EMPTY)
async def remove_property(request: Request, prop: str) -> Response:
    """Remove a property."""
    await properties.remove(services_of(request), caller_of(request), await _holder(request), prop)
    return empty()


async def _holder(request: Request) -> Holder:
    owner = owner_of(request)
    return await properties.holder(services_of(request), owner.kind, owner.id, owner.entity)
