"""Properties of objects, links and classes."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from pointsman.http.documented.answers import EDITED, GONE, empty
from pointsman.http.documented.owner import Owner, Whose, each
from pointsman.http.documented.shapes import PropertyShape
from pointsman.http.documented.telling import tell_property
from pointsman.http.encode import JsonAnswer
from pointsman.http.guard import Guarded, caller_of
from pointsman.http.problems import DOCUMENTED
from pointsman.http.resources import properties
from pointsman.http.resources.bodies import PropertyBody
from pointsman.http.resources.properties import Holder
from pointsman.http.services import services_of

router = APIRouter(prefix=DOCUMENTED, route_class=Guarded, tags=["properties"])


@each(router, "GET", "/props", response_model=list[PropertyShape], responses=GONE)
async def all_properties(request: Request, whose: Whose) -> Response:
    """The properties of an object or a link with their values, those of its class among them; or of a class."""
    return JsonAnswer([tell_property(one) for one in (await _holder(request, whose)).properties])


@each(router, "GET", "/props/{prop:path}", response_model=PropertyShape, responses=GONE)
async def one_property(request: Request, whose: Whose, prop: str) -> Response:
    """A property, by its id or its name."""
    return JsonAnswer(tell_property((await _holder(request, whose)).find(prop)))


@each(router, "POST", "/props", response_model=PropertyShape, responses=EDITED)
async def create_property(request: Request, whose: Whose, body: PropertyBody) -> Response:
    """Make a property."""
    made = await properties.add(services_of(request), caller_of(request), await _holder(request, whose), body)
    return JsonAnswer(tell_property(made))


@each(router, "PATCH", "/props/{prop:path}", response_model=PropertyShape, responses=EDITED)
async def change_property(request: Request, whose: Whose, prop: str, body: PropertyBody) -> Response:
    """Change a property. Another value of a ReadWrite one (type 3) runs the operations that ask for it."""
    changed = await properties.change(services_of(request), caller_of(request), await _holder(request, whose), prop, body)
    return JsonAnswer(tell_property(changed))


@each(router, "DELETE", "/props/{prop:path}", status_code=204, responses=EDITED)
async def remove_property(request: Request, whose: Whose, prop: str) -> Response:
    """Remove a property."""
    await properties.remove(services_of(request), caller_of(request), await _holder(request, whose), prop)
    return empty()


async def _holder(request: Request, whose: Owner) -> Holder:
    return await properties.holder(services_of(request), whose.kind, whose.id, whose.entity)
