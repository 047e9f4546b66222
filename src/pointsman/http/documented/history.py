"""The state history, as the documented API has it: of one entity, and of all as a log."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from pointsman.http.documented.owner import PathId
from pointsman.http.documented.shapes import Milliseconds, Number, Shape
from pointsman.http.documented.telling import number
from pointsman.http.guard import Guarded, entity_of
from pointsman.http.problems import DOCUMENTED
from pointsman.http.records.asking import Between, Most, Skip
from pointsman.http.records.lists import Part, all_history
from pointsman.http.records.sending import JSON, sent
from pointsman.http.services import Services, services_of
from pointsman.model.ids import EntityId, StateId
from pointsman.model.state import StateChange
from pointsman.store.reads.history import HistoryFilter
from pointsman.store.reads.tagged import tagged

router = APIRouter(prefix=DOCUMENTED, route_class=Guarded, tags=["history"])


class HistoryShape(Shape):
    """A change of state."""

    id: str
    stateId: Number  # noqa: N815 the reference's name
    timestamp: Milliseconds
    comment: str = Field(description="The topic of the message that reported it; empty for one that came another way.")
    reason: str = Field(description="Why, when no report of the state itself led to it; else empty.")
    previousStateId: Number | None = Field(description="Null when there was none.")  # noqa: N815
    entityId: str  # noqa: N815
    entityType: int = Field(description="1 object, 2 link.")  # noqa: N815


class HistoryOfOne(Between):
    """Which part of an entity's history is wanted."""

    skip: Skip = 0
    limit: Most = 0


class Log(HistoryOfOne):
    """Which part of the history is wanted."""

    inverse: Annotated[bool, Field(description="The oldest first.")] = False
    state: list[str] = Field(default_factory=list, alias="stateId", description="That led to one of these states.")
    class_: list[str] = Field(default_factory=list, alias="classId", description="Of entities of these classes.")
    tag: list[str] = Field(default_factory=list, alias="tagId", description="Of entities with one of these tags.")
    entity: list[str] = Field(default_factory=list, alias="entityId", description="Of these objects and links.")


@router.get("/objects/{id}/state-history", name="history_of_object", response_model=list[HistoryShape])
@router.get("/links/{id}/state-history", name="history_of_link", response_model=list[HistoryShape])
async def history_of_entity(request: Request, id_: PathId, wanted: Annotated[HistoryOfOne, Query()]) -> Response:
    """The state history of an object or a link, the newest first."""
    entities = frozenset({entity_of(request).id})
    which = HistoryFilter(entities=entities, since=wanted.since, until=wanted.before)
    part = Part(skip=wanted.skip, limit=wanted.limit)
    return await sent(services_of(request), all_history(request, which, part, JSON, tell_change), JSON)


@router.get("/state-history-log", response_model=list[HistoryShape])
async def history_log(request: Request, wanted: Annotated[Log, Query()]) -> Response:
    """The state history of all that the caller reaches, the newest first."""
    services = services_of(request)
    catalog = services.catalog()
    states = [catalog.state(each) for each in wanted.state]
    which = HistoryFilter(
        entities=await _entities(services, wanted),
        states=frozenset(StateId(given) if state is None else state.id for given, state in zip(wanted.state, states, strict=True))
        or None,
        since=wanted.since,
        until=wanted.before,
    )
    part = Part(newest_first=not wanted.inverse, skip=wanted.skip, limit=wanted.limit)
    return await sent(services, all_history(request, which, part, JSON, tell_change), JSON)


async def _entities(services: Services, wanted: Log) -> frozenset[EntityId] | None:
    """Those that meet all that is asked of them; None: nothing is."""
    found: list[frozenset[EntityId]] = []
    if wanted.entity:
        found.append(frozenset(map(EntityId, wanted.entity)))
    if wanted.class_:
        of_classes = [each.entity.ref.id for each in services.catalog().entities if each.entity.class_id in wanted.class_]
        found.append(frozenset(of_classes))
    if wanted.tag:
        each = [await services.look(tagged, services.reader, tag) for tag in wanted.tag]
        found.append(frozenset[EntityId]().union(*each))
    return frozenset.intersection(*found) if found else None


def tell_change(change: StateChange) -> dict[str, Any]:
    """`HistoryShape` of it."""
    return {
        "id": change.id,
        "stateId": number(change.current),
        "timestamp": change.at,
        "comment": change.topic or "",
        "reason": change.reason or "",
        "previousStateId": None if change.previous is None else number(change.previous),
        "entityId": change.entity.id,
        "entityType": int(change.entity.kind),
    }
