"""Objects and links: lists, one, made, changed, removed, searched for."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Body, Query, Request, Response
from pydantic import Field

from pointsman.http.documented.answers import EDITED, GONE, TAKEN, Listing, Wanted, cut, empty, listed
from pointsman.http.documented.owner import Entity, Whose, teller_of
from pointsman.http.documented.search import read_search
from pointsman.http.documented.shapes import LinkShape, ObjectShape
from pointsman.http.encode import JsonAnswer
from pointsman.http.guard import Guarded, caller_of
from pointsman.http.problems import DOCUMENTED
from pointsman.http.resources import editing, owners, reading
from pointsman.http.resources.bodies import LinkBody, ObjectBody
from pointsman.http.resources.reading import PAGE, EntityFilter
from pointsman.http.resources.states import known_state
from pointsman.http.services import Services, services_of
from pointsman.model.definition import Kind
from pointsman.model.ids import EntityRef

router = APIRouter(prefix=DOCUMENTED, route_class=Guarded, tags=["entities"])

_CHILDREN = frozenset({"child_ids", "child_link_ids"})


class EntityListing(Listing):
    """Which entities are wanted. Several values of one parameter have commas between."""

    class_id: Annotated[str, Field(description="Of one of these classes.")] = ""
    parent_id: Annotated[str, Field(description="Belong to one of these objects.")] = ""
    tag: Annotated[str, Field(description="Have one of these tags.")] = ""
    state_id: Annotated[str, Field(description="Are in one of these states.")] = ""

    def filter(self, services: Services) -> EntityFilter:
        """As a filter. Raises Refusal (400) for a state that is not declared."""
        states = _parts(self.state_id)
        return EntityFilter(
            classes=_parts(self.class_id),
            parents=_parts(self.parent_id),
            tags=_parts(self.tag),
            states=None if states is None else [known_state(services, each) for each in states],
            text=self.text,
        )


Part = Annotated[EntityListing, Query()]


@router.get("/objects", response_model=list[ObjectShape])
async def objects(request: Request, part: Part) -> Response:
    """All objects within reach, in the order of their ids."""
    return await listed(cut(_told(request, (Kind.OBJECT,), part.filter(services_of(request)), part.wanted), part))


@router.get("/links", response_model=list[LinkShape])
async def links(request: Request, part: Part) -> Response:
    """All links within reach, in the order of their ids."""
    return await listed(cut(_told(request, (Kind.LINK,), part.filter(services_of(request)), part.wanted), part))


@router.get("/entities", response_model=list[ObjectShape | LinkShape])
async def entities(request: Request, part: Part) -> Response:
    """All objects and links within reach, in the order of their ids."""
    return await listed(cut(_told(request, (Kind.OBJECT, Kind.LINK), part.filter(services_of(request)), part.wanted), part))


@router.post("/objects/search", response_model=list[ObjectShape])
async def search_objects(
    request: Request, part: Wanted, body: Annotated[Any, Body(examples=[{"tags": ["hall-2"]}])] = None
) -> Response:
    """Objects with these fields: `{"name": "Pump 1", "class_id": ["pump", "valve"]}`, or with these ids: `["pump-1"]`.

    A list of values means any of them; a field that is an array has to have the value in it, or for objects, one with these
    fields. `text` is a part of the name, `skip`, `limit` and `fields` are as in lists.
    """
    asked = read_search(body)
    wanted = part.wanted or asked.listing.wanted
    listing = asked.listing.model_copy(update={"fields": ",".join(sorted(wanted))})

    async def found() -> AsyncIterator[Sequence[dict[str, Any]]]:
        async for page in _told(request, (Kind.OBJECT,), asked.filter, frozenset()):
            if some := [each for each in page if asked.takes(each)]:
                yield some

    return await listed(cut(found(), listing))


@router.post("/objects", response_model=ObjectShape, responses=TAKEN)
async def create_object(request: Request, body: ObjectBody) -> Response:
    """Make an object."""
    made = await owners.create(services_of(request), caller_of(request), Kind.OBJECT, body)
    return JsonAnswer(await tell_entity(request, reading.ref_of(made)))


@router.post("/links", response_model=LinkShape, responses=TAKEN)
async def create_link(request: Request, body: LinkBody) -> Response:
    """Make a link between two objects."""
    made = await owners.create(services_of(request), caller_of(request), Kind.LINK, body)
    return JsonAnswer(await tell_entity(request, reading.ref_of(made)))


@router.get("/objects/{id}", response_model=ObjectShape, responses=GONE)
async def one_object(request: Request, entity: Entity, fields: Wanted) -> Response:
    """An object."""
    return JsonAnswer(fields.of(await tell_entity(request, entity)))


@router.get("/links/{id}", response_model=LinkShape, responses=GONE)
async def one_link(request: Request, entity: Entity, fields: Wanted) -> Response:
    """A link."""
    return JsonAnswer(fields.of(await tell_entity(request, entity)))


@router.get("/entities/{id}", response_model=ObjectShape | LinkShape, responses=GONE)
async def one_entity(request: Request, entity: Entity, fields: Wanted) -> Response:
    """An object or a link."""
    return JsonAnswer(fields.of(await tell_entity(request, entity)))


@router.patch("/objects/{id}", response_model=ObjectShape, responses=EDITED)
async def change_object(request: Request, entity: Entity, body: ObjectBody) -> Response:
    """Change the fields of an object that are given; null is as if it had never been set."""
    await owners.change(services_of(request), caller_of(request), Kind.OBJECT, entity.id, body)
    return JsonAnswer(await tell_entity(request, entity))


@router.patch("/links/{id}", response_model=LinkShape, responses=EDITED)
async def change_link(request: Request, entity: Entity, body: LinkBody) -> Response:
    """Change the fields of a link that are given; null is as if it had never been set."""
    await owners.change(services_of(request), caller_of(request), Kind.LINK, entity.id, body)
    return JsonAnswer(await tell_entity(request, entity))


@router.delete("/objects/{id}", status_code=204, name="remove_object", responses=EDITED)
@router.delete("/links/{id}", status_code=204, name="remove_link", responses=EDITED)
async def remove_entity(request: Request, whose: Whose) -> Response:
    """Remove an object with its links, or a link. Their jobs and their history stay."""
    await editing.remove(services_of(request), caller_of(request), whose.kind, whose.id)
    return empty()


async def tell_entity(request: Request, ref: EntityRef) -> dict[str, Any]:
    """The entity as it is now."""
    view = await reading.entity(services_of(request), ref)
    return teller_of(request).entity(view)


async def _told(
    request: Request, kinds: Collection[Kind], which: EntityFilter, wanted: frozenset[str]
) -> AsyncIterator[list[dict[str, Any]]]:
    services, caller = services_of(request), caller_of(request)
    known = None if wanted and wanted.isdisjoint(_CHILDREN) else await reading.family(services)
    after: str | None = None
    while found := await reading.entities(services, kinds, caller, which, after=after, known=known):
        teller = teller_of(request)
        yield [teller.entity(each) for each in found]
        if len(found) < PAGE:
            return
        after = found[-1].definition.id


def _parts(text: str) -> frozenset[str] | None:
    return frozenset(part for each in text.split(",") if (part := each.strip())) or None
