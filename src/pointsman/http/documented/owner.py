"""Whose operations, properties, triggers and conditions a path is about: objects, links and classes have the same routes."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import Request

from pointsman.http.documented.telling import Teller
from pointsman.http.guard import caller_of
from pointsman.http.resources.document import ENTITY_KINDS
from pointsman.http.services import services_of
from pointsman.model.definition import Kind
from pointsman.model.ids import EntityRef


@dataclass(frozen=True, slots=True)
class Owner:
    """An object, a link or a class."""

    kind: Kind
    id: str
    entity: EntityRef | None
    """None for a class."""

    @property
    def path(self) -> tuple[str, str]:
        """Where it is, below the beginning of the API."""
        return ("classes" if self.entity is None else self.entity.kind.plural), self.id


def owner_of(request: Request) -> Owner:
    """Whom the path names. The guard has found out whether there is such an entity, within the caller's reach."""
    entity: EntityRef | None = getattr(request.state, "entity", None)
    if entity is None:
        return Owner(Kind.CLASS, str(request.path_params["id"]), None)
    return Owner(ENTITY_KINDS[entity.kind], entity.id, entity)


def teller_of(request: Request) -> Teller:
    """Tells things to whoever asks."""
    return Teller(caller_of(request), services_of(request).catalog())
