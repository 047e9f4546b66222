"""Classes, states and scripts under /api/v1: pages of them, one, made, edited by version, removed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Query, Request, Response

from pointsman.http.documented.owner import PathId
from pointsman.http.encode import JsonAnswer
from pointsman.http.guard import Guarded, caller_of
from pointsman.http.modern.bodies import ClassIn, ScriptIn, StateIn
from pointsman.http.modern.catalog_shapes import ClassOut, ClassPage, ScriptOut, ScriptPage, StateOut, StatePage
from pointsman.http.modern.entities import Page
from pointsman.http.modern.telling import tell_class, tell_script, tell_state
from pointsman.http.modern.versions import CHANGED, EDITED, MADE, READ, IfMatch, IfNoneMatch, expected, one
from pointsman.http.resources import editing, owners, reading, states
from pointsman.http.services import services_of
from pointsman.model.definition import Definition, Kind

router = APIRouter(prefix="/api/v1", route_class=Guarded)

Part = Annotated[Page, Query()]


@router.get("/classes", response_model=ClassPage, tags=["classes"])
async def list_classes(request: Request, part: Part) -> Response:
    """Classes, page by page, in the order of their ids."""
    return await _page(request, Kind.CLASS, part)


@router.post("/classes", status_code=201, response_model=ClassOut, responses=MADE, tags=["classes"])
async def create_class(request: Request, body: ClassIn) -> Response:
    """Make a class."""
    return _made(request, await owners.create(services_of(request), caller_of(request), Kind.CLASS, body))


@router.get("/classes/{id}", response_model=ClassOut, responses=READ, tags=["classes"])
async def get_class(request: Request, id_: PathId, if_none_match: IfNoneMatch = None) -> Response:
    """A class."""
    return await _get(request, Kind.CLASS, id_)


@router.put("/classes/{id}", response_model=ClassOut, responses=CHANGED, tags=["classes"])
async def replace_class(request: Request, id_: PathId, body: ClassIn, if_match: IfMatch = None) -> Response:
    """Set a class anew: what is not given is as if it had never been. Operations and properties that are there keep what is not
    given of them."""
    return await _change_class(request, id_, body, if_match, whole=True)


@router.patch("/classes/{id}", response_model=ClassOut, responses=CHANGED, tags=["classes"])
async def change_class(request: Request, id_: PathId, body: ClassIn, if_match: IfMatch = None) -> Response:
    """Change the fields of a class that are given; null is as if it had never been set."""
    return await _change_class(request, id_, body, if_match, whole=False)


@router.delete("/classes/{id}", status_code=204, responses=EDITED, tags=["classes"])
async def remove_class(request: Request, id_: PathId, if_match: IfMatch = None) -> Response:
    """Remove a class that nothing is of."""
    return await _remove(request, Kind.CLASS, id_, if_match)


@router.get("/states", response_model=StatePage, tags=["states"])
async def list_states(request: Request, part: Part) -> Response:
    """States, page by page, in the order of their ids."""
    return await _page(request, Kind.STATE, part)


@router.post("/states", status_code=201, response_model=StateOut, responses=MADE, tags=["states"])
async def create_state(request: Request, body: StateIn) -> Response:
    """Make a state."""
    return _made(request, await states.create_state(services_of(request), caller_of(request), body))


@router.get("/states/{id}", response_model=StateOut, responses=READ, tags=["states"])
async def get_state(request: Request, id_: PathId, if_none_match: IfNoneMatch = None) -> Response:
    """A state."""
    return await _get(request, Kind.STATE, id_)


@router.put("/states/{id}", response_model=StateOut, responses=CHANGED, tags=["states"])
async def replace_state(request: Request, id_: PathId, body: StateIn, if_match: IfMatch = None) -> Response:
    """Set a state anew: what is not given is as if it had never been."""
    return await _change_state(request, id_, body, if_match, whole=True)


@router.patch("/states/{id}", response_model=StateOut, responses=CHANGED, tags=["states"])
async def change_state(request: Request, id_: PathId, body: StateIn, if_match: IfMatch = None) -> Response:
    """Change the fields of a state that are given."""
    return await _change_state(request, id_, body, if_match, whole=False)


@router.delete("/states/{id}", status_code=204, responses=EDITED, tags=["states"])
async def remove_state(request: Request, id_: PathId, if_match: IfMatch = None) -> Response:
    """Remove a state that nothing names."""
    return await _remove(request, Kind.STATE, id_, if_match)


@router.get("/scripts", response_model=ScriptPage, tags=["scripts"])
async def list_scripts(request: Request, part: Part) -> Response:
    """Scripts, page by page, in the order of their ids."""
    return await _page(request, Kind.SCRIPT, part)


@router.post("/scripts", status_code=201, response_model=ScriptOut, responses=MADE, tags=["scripts"])
async def create_script(request: Request, body: ScriptIn) -> Response:
    """Make a script."""
    return _made(request, await states.create_script(services_of(request), caller_of(request), body))


@router.get("/scripts/{id}", response_model=ScriptOut, responses=READ, tags=["scripts"])
async def get_script(request: Request, id_: PathId, if_none_match: IfNoneMatch = None) -> Response:
    """A script."""
    return await _get(request, Kind.SCRIPT, id_)


@router.patch("/scripts/{id}", response_model=ScriptOut, responses=CHANGED, tags=["scripts"])
@router.put("/scripts/{id}", name="replace_script", response_model=ScriptOut, responses=CHANGED, tags=["scripts"])
async def change_script(request: Request, id_: PathId, body: ScriptIn, if_match: IfMatch = None) -> Response:
    """Change the fields of a script that are given."""
    services = services_of(request)
    version = await expected(services, Kind.SCRIPT, id_, if_match)
    return _told(request, await states.change_script(services, caller_of(request), id_, body, expected=version))


@router.delete("/scripts/{id}", status_code=204, responses=EDITED, tags=["scripts"])
async def remove_script(request: Request, id_: PathId, if_match: IfMatch = None) -> Response:
    """Remove a script that no operation runs."""
    return await _remove(request, Kind.SCRIPT, id_, if_match)


def _tell(request: Request, definition: Definition) -> Mapping[str, Any]:
    caller = caller_of(request)
    telling: Mapping[Kind, Callable[[Definition], Mapping[str, Any]]] = {
        Kind.CLASS: lambda each: tell_class(each, caller),
        Kind.STATE: tell_state,
        Kind.SCRIPT: lambda each: tell_script(each, caller),
    }
    return telling[definition.kind](definition)


def _told(request: Request, definition: Definition) -> Response:
    return one(request, _tell(request, definition), definition.version)


def _made(request: Request, definition: Definition) -> Response:
    place = {Kind.CLASS: "classes", Kind.STATE: "states", Kind.SCRIPT: "scripts"}[definition.kind]
    location = f"/api/v1/{place}/{quote(definition.id, safe='')}"
    return one(request, _tell(request, definition), definition.version, 201, location)


async def _get(request: Request, kind: Kind, id_: str) -> Response:
    return _told(request, await reading.defined(services_of(request), kind, id_))


async def _page(request: Request, kind: Kind, part: Page) -> Response:
    found = await reading.definitions_of(services_of(request), kind, part.text, after=part.cursor, limit=part.limit + 1)
    following = found[part.limit - 1].id if len(found) > part.limit else None
    return JsonAnswer({"items": [_tell(request, each) for each in found[: part.limit]], "next": following})


async def _change_class(request: Request, id_: str, body: ClassIn, if_match: str | None, *, whole: bool) -> Response:
    services = services_of(request)
    version = await expected(services, Kind.CLASS, id_, if_match)
    changed = await owners.change(services, caller_of(request), Kind.CLASS, id_, body, expected=version, whole=whole)
    return _told(request, changed)


async def _change_state(request: Request, id_: str, body: StateIn, if_match: str | None, *, whole: bool) -> Response:
    services = services_of(request)
    version = await expected(services, Kind.STATE, id_, if_match)
    changed = await states.change_state(services, caller_of(request), id_, body, expected=version, whole=whole)
    return _told(request, changed)


async def _remove(request: Request, kind: Kind, id_: str, if_match: str | None) -> Response:
    services = services_of(request)
    version = await expected(services, kind, id_, if_match)
    await editing.remove(services, caller_of(request), kind, id_, expected=version)
    return Response(status_code=204)
