"""Whose operations, properties, triggers and conditions a path is about: objects, links and classes have the same routes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Path, Request

from pointsman.http.documented.telling import Teller
from pointsman.http.guard import caller_of, entity_of
from pointsman.http.resources.document import ENTITY_KINDS
from pointsman.http.services import services_of
from pointsman.model.definition import Kind
from pointsman.model.ids import EntityRef

Route = TypeVar("Route", bound=Callable[..., Any])

SINGULAR = {"objects": "object", "links": "link", "classes": "class", "entities": "entity"}
OWNERS = ("objects", "links", "classes")

PathId = Annotated[str, Path(alias="id", description="Its id; of an object also `discovery id:` and its discovery id.")]
"""What a path names."""


@dataclass(frozen=True, slots=True)
class Owner:
    """An object, a link or a class."""

    kind: Kind
    id: str
    entity: EntityRef | None
    """None for a class."""


async def owner_of(request: Request, id_: PathId) -> Owner:
    """Whom the path names. The guard has found out whether there is such an entity, within the caller's reach."""
    entity: EntityRef | None = getattr(request.state, "entity", None)
    if entity is None:
        return Owner(Kind.CLASS, id_, None)
    return Owner(ENTITY_KINDS[entity.kind], entity.id, entity)


async def _entity(request: Request, id_: PathId) -> EntityRef:
    return entity_of(request)


Whose = Annotated[Owner, Depends(owner_of)]
"""A parameter of routes that objects, links and classes have."""
Entity = Annotated[EntityRef, Depends(_entity)]
"""A parameter of routes that objects and links have."""


def teller_of(request: Request) -> Teller:
    """Tells things to whoever asks."""
    return Teller(caller_of(request), services_of(request).catalog())


def each(router: APIRouter, method: str, rest: str, *, owners: tuple[str, ...] = OWNERS, **more: Any) -> Callable[[Route], Route]:
    """The same route below each kind of owner; `more` is as FastAPI has it."""

    def add(function: Route) -> Route:
        for owner in owners:
            name = f"{function.__name__}_of_{SINGULAR[owner]}"
            router.add_api_route(f"/{owner}/{{id}}{rest}", function, methods=[method], name=name, **more)
        return function

    return add
