"""Objects and links under /api/v1: pages of them, one, made, edited by version, removed; the state that they are in."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from pointsman.http.documented.owner import Entity, Whose
from pointsman.http.encode import JsonAnswer
from pointsman.http.guard import Guarded, caller_of
from pointsman.http.modern.bodies import LinkIn, ManualIn, ObjectIn, StateSet
from pointsman.http.modern.catalog_shapes import EntityOut, EntityPage, StateNow
from pointsman.http.modern.telling import tell_entity, tell_manual
from pointsman.http.modern.versions import CHANGED, EDITED, MADE, READ, IfMatch, IfNoneMatch, expected, one
from pointsman.http.resources import editing, owners, reading, states
from pointsman.http.resources.bodies import ManualBody, OwnerBody
from pointsman.http.resources.reading import EntityFilter
from pointsman.http.resources.states import known_state
from pointsman.http.services import Services, services_of
from pointsman.model.definition import Kind
from pointsman.model.ids import EntityRef

router = APIRouter(prefix="/api/v1", route_class=Guarded, tags=["entities"])

LARGEST = 1_000
_MODELS = {Kind.OBJECT: "objects", Kind.LINK: "links"}


class Page(BaseModel):
    """Which part of a list."""

    model_config = ConfigDict(extra="forbid")
    text: str = Field(default="", description="Is in the name, in whatever case.")
    limit: int = Field(default=100, ge=1, le=LARGEST, description="At most so many.")
    cursor: str | None = Field(default=None, description="Where to go on: `next` of the page before.")


class Which(Page):
    """Which of them: those that meet all that is given. What may be given several times is met by any of its values."""

    id: list[str] = Field(default=[], description="With this id.")
    class_id: list[str] = Field(default=[], description="Of this class.")
    parent_id: list[str] = Field(default=[], description="Belong to this object.")
    tag: list[str] = Field(default=[], description="Have this tag.")
    state_id: list[str] = Field(default=[], description="Are in this state, by its id or its name.")

    def filter(self, services: Services) -> EntityFilter:
        """As a filter. Raises Refusal (400) for a state that is not declared."""
        return EntityFilter(
            ids=self.id or None,
            classes=self.class_id or None,
            parents=self.parent_id or None,
            tags=self.tag or None,
            states=[known_state(services, each) for each in self.state_id] or None,
            text=self.text,
        )


Asked = Annotated[Which, Query()]


@router.get("/objects", response_model=EntityPage)
async def list_objects(request: Request, which: Asked) -> Response:
    """Objects within reach, page by page, in the order of their ids."""
    return await _page(request, (Kind.OBJECT,), which)


@router.get("/links", response_model=EntityPage)
async def list_links(request: Request, which: Asked) -> Response:
    """Links within reach, page by page, in the order of their ids."""
    return await _page(request, (Kind.LINK,), which)


@router.get("/entities", response_model=EntityPage)
async def list_entities(request: Request, which: Asked) -> Response:
    """Objects and links within reach, page by page, in the order of their ids."""
    return await _page(request, (Kind.OBJECT, Kind.LINK), which)


@router.post("/objects", status_code=201, response_model=EntityOut, responses=MADE)
async def create_object(request: Request, body: ObjectIn) -> Response:
    """Make an object."""
    return await _make(request, Kind.OBJECT, body)


@router.post("/links", status_code=201, response_model=EntityOut, responses=MADE)
async def create_link(request: Request, body: LinkIn) -> Response:
    """Make a link between two objects."""
    return await _make(request, Kind.LINK, body)


@router.get("/objects/{id}", name="get_object", response_model=EntityOut, responses=READ)
@router.get("/links/{id}", name="get_link", response_model=EntityOut, responses=READ)
@router.get("/entities/{id}", name="get_entity", response_model=EntityOut, responses=READ)
async def get_entity(request: Request, entity: Entity, if_none_match: IfNoneMatch = None) -> Response:
    """An object or a link, with what it inherits, as it is now."""
    return await _one(request, entity)


@router.put("/objects/{id}", response_model=EntityOut, responses=CHANGED)
async def replace_object(request: Request, whose: Whose, body: ObjectIn, if_match: IfMatch = None) -> Response:
    """Set an object anew: what is not given is as if it had never been. Operations and properties that are there keep what is not
    given of them."""
    return await _change(request, whose.kind, whose.id, body, if_match, whole=True)


@router.put("/links/{id}", response_model=EntityOut, responses=CHANGED)
async def replace_link(request: Request, whose: Whose, body: LinkIn, if_match: IfMatch = None) -> Response:
    """Set a link anew: what is not given is as if it had never been. Operations and properties that are there keep what is not
    given of them."""
    return await _change(request, whose.kind, whose.id, body, if_match, whole=True)


@router.patch("/objects/{id}", response_model=EntityOut, responses=CHANGED)
async def change_object(request: Request, whose: Whose, body: ObjectIn, if_match: IfMatch = None) -> Response:
    """Change the fields of an object that are given; null is as if it had never been set."""
    return await _change(request, whose.kind, whose.id, body, if_match)


@router.patch("/links/{id}", response_model=EntityOut, responses=CHANGED)
async def change_link(request: Request, whose: Whose, body: LinkIn, if_match: IfMatch = None) -> Response:
    """Change the fields of a link that are given; null is as if it had never been set."""
    return await _change(request, whose.kind, whose.id, body, if_match)


@router.delete("/objects/{id}", name="remove_object", status_code=204, responses=EDITED)
@router.delete("/links/{id}", name="remove_link", status_code=204, responses=EDITED)
async def remove_entity(request: Request, whose: Whose, if_match: IfMatch = None) -> Response:
    """Remove an object with its links, or a link. Their jobs and their history stay."""
    services = services_of(request)
    version = await expected(services, whose.kind, whose.id, if_match)
    await editing.remove(services, caller_of(request), whose.kind, whose.id, expected=version)
    return Response(status_code=204)


# The state that they are in


@router.get("/entities/{id}/state", response_model=StateNow)
async def get_state_of(request: Request, entity: Entity) -> Response:
    """The state that an object or a link is in."""
    return JsonAnswer(await _state(request, entity))


@router.put("/entities/{id}/state", response_model=StateNow)
async def set_state_of(request: Request, entity: Entity, body: StateSet) -> Response:
    """Set the state of an object or a link, as if it had reported it: triggers act, with the body as the payload of macros."""
    await states.set_state(services_of(request), caller_of(request), entity, str(body.state_id), await request.json())
    return JsonAnswer(await _state(request, entity))


@router.put("/entities/{id}/manual-state", response_model=StateNow)
async def set_manual_state_of(request: Request, entity: Entity, body: ManualIn) -> Response:
    """Set the state of an object or a link by hand: it stands before what is reported until it is cleared."""
    await states.set_manual(services_of(request), caller_of(request), entity, body.as_kept())
    return JsonAnswer(await _state(request, entity))


@router.delete("/entities/{id}/manual-state", response_model=StateNow)
async def clear_manual_state_of(request: Request, entity: Entity) -> Response:
    """Clear the state that was set by hand: what is reported holds again."""
    await states.set_manual(services_of(request), caller_of(request), entity, ManualBody(clear=True))
    return JsonAnswer(await _state(request, entity))


async def _page(request: Request, kinds: Collection[Kind], which: Which) -> Response:
    services, caller = services_of(request), caller_of(request)
    asked, limit = which.filter(services), which.limit
    found = await reading.entities(services, kinds, caller, asked, after=which.cursor, limit=limit + 1)
    following = found[limit - 1].definition.id if len(found) > limit else None
    return JsonAnswer({"items": [tell_entity(each, caller) for each in found[:limit]], "next": following})


async def _one(request: Request, entity: EntityRef, status: int = 200, location: str | None = None) -> Response:
    view = await reading.entity(services_of(request), entity)
    return one(request, tell_entity(view, caller_of(request)), view.definition.version, status, location)


async def _make(request: Request, kind: Kind, body: OwnerBody) -> Response:
    made = await owners.create(services_of(request), caller_of(request), kind, body)
    return await _one(request, reading.ref_of(made), 201, f"/api/v1/{_MODELS[kind]}/{quote(made.id, safe='')}")


async def _change(
    request: Request, kind: Kind, id_: str, body: OwnerBody, if_match: str | None, *, whole: bool = False
) -> Response:
    services = services_of(request)
    version = await expected(services, kind, id_, if_match)
    changed = await owners.change(services, caller_of(request), kind, id_, body, expected=version, whole=whole)
    return await _one(request, reading.ref_of(changed))


async def _state(request: Request, entity: EntityRef) -> dict[str, Any]:
    present = (await reading.entity(services_of(request), entity)).present
    state, manual = present.state, present.manual
    return {
        "state_id": None if state is None else state.state,
        "state_since": None if state is None else state.since,
        "previous_state_id": None if state is None else state.previous,
        "manual_state": None if manual is None else tell_manual(manual),
    }
