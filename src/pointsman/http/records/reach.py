"""Which of many entities somebody reaches. `decision.py` says so of each; here that is asked while a list is read."""

from __future__ import annotations

from pointsman.http.decision import Target, reaches, target_of
from pointsman.model.access import Caller
from pointsman.model.catalog import Catalog
from pointsman.model.ids import EntityRef, OwnerType
from pointsman.store.reads.listing import Reached


def reached_by(caller: Caller, catalog: Catalog) -> Reached | None:
    """Whether the caller reaches an entity, also one that is gone; None: they reach all."""
    if caller.objects.is_all and caller.links.is_all:
        return None

    def reached(entity: EntityRef) -> bool:
        resolved = catalog.entity(entity)
        if resolved is None:
            return reaches(caller, Target(entity, () if entity.kind is OwnerType.OBJECT else None))
        return reaches(caller, target_of(resolved.entity))

    return reached
