"""What objects, links and classes declare, one by one, under /api/v1: operations, properties, state triggers and conditions.

All of it is in their documents: the version that an edit expects (`If-Match`) is that of the owner.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request, Response

from pointsman.http.documented.owner import Owner, Whose, each
from pointsman.http.guard import Guarded, caller_of
from pointsman.http.modern.bodies import Conditions, OperationIn, PropertyIn, Triggers
from pointsman.http.modern.catalog_shapes import OperationList, OperationOut, PropertyList, PropertyOut
from pointsman.http.modern.telling import tell_operation, tell_property
from pointsman.http.modern.versions import CHANGED, EDITED, MADE, READ, IfMatch, IfNoneMatch, expected, one
from pointsman.http.problems import Refusal
from pointsman.http.resources import operations, properties, reading, triggers
from pointsman.http.resources.document import OwnedOperation, list_of, mappings, operations_of
from pointsman.http.resources.properties import Holder
from pointsman.http.services import services_of
from pointsman.model.definition import Definition, Kind

router = APIRouter(prefix="/api/v1", route_class=Guarded)

_PLACES = {Kind.OBJECT: "objects", Kind.LINK: "links", Kind.CLASS: "classes"}
MADE_WITHIN = {**MADE, **EDITED}


@each(router, "GET", "/operations", response_model=OperationList, responses=READ, tags=["operations"])
async def list_operations(request: Request, whose: Whose, if_none_match: IfNoneMatch = None) -> Response:
    """The operations of an object or a link, those of its class among them; or of a class."""
    owner, found = await _operations(request, whose)
    told = [tell_operation(one_of, owner, caller_of(request)) for one_of in found]
    return one(request, {"items": told}, owner.version)


@each(router, "GET", "/operations/{op}", response_model=OperationOut, responses=READ, tags=["operations"])
async def get_operation(request: Request, whose: Whose, op: str, if_none_match: IfNoneMatch = None) -> Response:
    """An operation, and whose it is."""
    return await _operation(request, whose, op)


@each(router, "POST", "/operations", status_code=201, response_model=OperationOut, responses=MADE_WITHIN, tags=["operations"])
async def create_operation(request: Request, whose: Whose, body: OperationIn, if_match: IfMatch = None) -> Response:
    """Make an operation. Its type, and the kind of its program, stay what they are then."""
    version = await _expected(request, whose, if_match)
    made = await operations.add(services_of(request), caller_of(request), whose.kind, whose.id, body, expected=version)
    return await _operation(request, whose, made.id, 201, f"{_place(whose)}/operations/{quote(made.id, safe='')}")


@each(router, "PATCH", "/operations/{op}", response_model=OperationOut, responses=CHANGED, tags=["operations"])
async def change_operation(request: Request, whose: Whose, op: str, body: OperationIn, if_match: IfMatch = None) -> Response:
    """Change the fields of an operation that are given, its parameters one by one."""
    version = await _expected(request, whose, if_match)
    await operations.change(services_of(request), caller_of(request), whose.kind, whose.id, op, body, expected=version)
    return await _operation(request, whose, op)


@each(router, "DELETE", "/operations/{op}", status_code=204, responses=EDITED, tags=["operations"])
async def remove_operation(request: Request, whose: Whose, op: str, if_match: IfMatch = None) -> Response:
    """Remove an operation that no trigger runs."""
    version = await _expected(request, whose, if_match)
    await operations.remove(services_of(request), caller_of(request), whose.kind, whose.id, op, expected=version)
    return Response(status_code=204)


@each(router, "GET", "/properties", response_model=PropertyList, responses=READ, tags=["properties"])
async def list_properties(request: Request, whose: Whose, if_none_match: IfNoneMatch = None) -> Response:
    """The properties of an object or a link with their values, those of its class among them; or of a class."""
    holder = await _holder(request, whose)
    told = [tell_property(one_of, holder.definition) for one_of in holder.properties]
    return one(request, {"items": told}, holder.definition.version)


@each(router, "GET", "/properties/{prop:path}", response_model=PropertyOut, responses=READ, tags=["properties"])
async def get_property(request: Request, whose: Whose, prop: str, if_none_match: IfNoneMatch = None) -> Response:
    """A property, by its id or its name."""
    return await _property(request, whose, prop)


@each(router, "POST", "/properties", status_code=201, response_model=PropertyOut, responses=MADE_WITHIN, tags=["properties"])
async def create_property(request: Request, whose: Whose, body: PropertyIn, if_match: IfMatch = None) -> Response:
    """Make a property."""
    holder = await _holder(request, whose, if_match)
    made = await properties.add(services_of(request), caller_of(request), holder, body)
    return await _property(request, whose, made.id, 201, f"{_place(whose)}/properties/{quote(made.id, safe='')}")


@each(router, "PATCH", "/properties/{prop:path}", response_model=PropertyOut, responses=CHANGED, tags=["properties"])
async def change_property(request: Request, whose: Whose, prop: str, body: PropertyIn, if_match: IfMatch = None) -> Response:
    """Change a property. Another value of a ReadWrite one (type 3) runs the operations that ask for it."""
    holder = await _holder(request, whose, if_match)
    changed = await properties.change(services_of(request), caller_of(request), holder, prop, body)
    return await _property(request, whose, changed.id)


@each(router, "DELETE", "/properties/{prop:path}", status_code=204, responses=EDITED, tags=["properties"])
async def remove_property(request: Request, whose: Whose, prop: str, if_match: IfMatch = None) -> Response:
    """Remove a property."""
    holder = await _holder(request, whose, if_match)
    await properties.remove(services_of(request), caller_of(request), holder, prop)
    return Response(status_code=204)


RULED = ["state triggers and conditions"]


@each(router, "GET", "/triggers", response_model=Triggers, responses=READ, tags=RULED)
async def get_triggers(request: Request, whose: Whose, if_none_match: IfNoneMatch = None) -> Response:
    """The state triggers of an object, a link or a class itself."""
    return await _list(request, whose, "triggers")


@each(router, "PUT", "/triggers", response_model=Triggers, responses=CHANGED, tags=RULED)
async def set_triggers(request: Request, whose: Whose, body: Triggers, if_match: IfMatch = None) -> Response:
    """Set all state triggers anew; a list that cannot be honoured changes nothing. Types besides operation and script are kept,
    and not acted on."""
    services, version = services_of(request), await _expected(request, whose, if_match)
    await triggers.put_triggers(services, caller_of(request), whose.kind, whose.id, body.items, expected=version)
    return await _list(request, whose, "triggers")


@each(router, "GET", "/conditions", response_model=Conditions, responses=READ, tags=RULED)
async def get_conditions(request: Request, whose: Whose, if_none_match: IfNoneMatch = None) -> Response:
    """The state conditions of an object, a link or a class itself."""
    return await _list(request, whose, "conditions")


@each(router, "PUT", "/conditions", response_model=Conditions, responses=CHANGED, tags=RULED)
async def set_conditions(request: Request, whose: Whose, body: Conditions, if_match: IfMatch = None) -> Response:
    """Set all state conditions anew; a list that cannot be honoured changes nothing."""
    services, version = services_of(request), await _expected(request, whose, if_match)
    await triggers.put_conditions(services, caller_of(request), whose.kind, whose.id, body.items, expected=version)
    return await _list(request, whose, "conditions")


async def _expected(request: Request, whose: Owner, if_match: str | None) -> int | None:
    return await expected(services_of(request), whose.kind, whose.id, if_match)


async def _operations(request: Request, whose: Owner) -> tuple[Definition, Sequence[OwnedOperation]]:
    services = services_of(request)
    if whose.entity is not None:
        view = await reading.entity(services, whose.entity)
        return view.definition, view.operations
    definition = await reading.defined(services, whose.kind, whose.id)
    return definition, operations_of(definition)


async def _operation(request: Request, whose: Owner, id_: str, status: int = 200, location: str | None = None) -> Response:
    owner, known = await _operations(request, whose)
    found = next((one_of for one_of in known if one_of.id == id_), None)
    if found is None:
        raise Refusal.not_found(f"operation {id_!r} of {owner.kind} {owner.id}")
    return one(request, tell_operation(found, owner, caller_of(request)), owner.version, status, location)


async def _holder(request: Request, whose: Owner, if_match: str | None = None) -> Holder:
    version = await _expected(request, whose, if_match)
    return await properties.holder(services_of(request), whose.kind, whose.id, whose.entity, version)


async def _property(request: Request, whose: Owner, id_: str, status: int = 200, location: str | None = None) -> Response:
    holder = await _holder(request, whose)
    return one(request, tell_property(holder.find(id_), holder.definition), holder.definition.version, status, location)


async def _list(request: Request, whose: Owner, name: str) -> Response:
    definition = await reading.defined(services_of(request), whose.kind, whose.id)
    told: list[Any] = list(mappings(list_of(definition, name)))
    return one(request, {"items": told}, definition.version)


def _place(whose: Owner) -> str:
    return f"/api/v1/{_PLACES[whose.kind]}/{quote(whose.id, safe='')}"
