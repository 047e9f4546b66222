"""The states that entities are in: set as a report would, or by hand; and the states there are."""

from __future__ import annotations

from collections.abc import Mapping

from pointsman.http.problems import Refusal
from pointsman.http.resources import editing
from pointsman.http.resources.bodies import ManualBody, ScriptBody, StateBody
from pointsman.http.resources.document import Document
from pointsman.http.services import Services
from pointsman.model.access import Caller
from pointsman.model.command import Reply, ReportState, SetManual
from pointsman.model.definition import Definition, Kind
from pointsman.model.ids import EntityRef, StateId
from pointsman.model.json import Json
from pointsman.store.text import json_text


async def set_state(services: Services, caller: Caller, entity: EntityRef, wanted: str, message: Json) -> None:
    """The entity is in this state now, as if it had reported it: triggers act. `message` is what macros name as the payload.

    Raises Refusal: 400 for a state that is not declared.
    """
    state = known_state(services, wanted)

    def command(reply: Reply) -> ReportState:
        payload = json_text(message).encode()
        return ReportState(entity=entity, state=state, topic="", payload=payload, by=caller.user, reply=reply)

    await services.ask(command)


async def set_manual(services: Services, caller: Caller, entity: EntityRef, body: ManualBody) -> None:
    """Set the entity's state by hand, or clear that. Raises Refusal (400)."""
    if not body.clear and body.stateId is None:
        raise Refusal.content("expected stateId, or clear to be true, found neither")
    state = None if body.clear or body.stateId is None else known_state(services, str(body.stateId))
    cleared_by = frozenset([known_state(services, str(each)) for each in body.clearedByStateId or ()])

    def command(reply: Reply) -> SetManual:
        return SetManual(
            entity=entity,
            by=caller.user,
            state=state,
            reason=body.reason or "",
            since=body.since,
            until=body.until,
            cleared_by=cleared_by,
            reply=reply,
        )

    await services.ask(command)


def known_state(services: Services, id_or_name: str) -> StateId:
    """The declared state of that id or name. Raises Refusal (400)."""
    state = services.catalog().state(id_or_name)
    if state is None:
        known = ", ".join(
            each.id if each.id == each.name else f"{each.id} ({each.name})" for each in services.catalog().states.values()
        )
        raise Refusal.content(f"expected the id or name of a state, found {id_or_name!r}; there are {known}")
    return state.id


async def create_state(services: Services, caller: Caller, body: StateBody) -> Definition:
    """A new state. Raises Refusal: 409 when there is one of that id or name."""
    id_ = editing.new_id(services) if body.id is None else body.id
    document = {"id": id_, "name": str(id_), "priority": 0, **_state_document(body, {})}
    return await editing.create(services, caller, Kind.STATE, str(id_), document)


async def change_state(
    services: Services, caller: Caller, id_: str, body: StateBody, *, expected: int | None = None, whole: bool = False
) -> Definition:
    """A state with the fields that are given; with `whole`, without all others. Raises Refusal."""

    def edit(before: Definition) -> Document:
        if whole:
            kept = before.document.get("id", before.id)
            return {"id": kept, "name": str(kept), "priority": 0, **_state_document(body, {})}
        return _state_document(body, before.document)

    return await editing.rewrite(services, caller, Kind.STATE, id_, edit, expected=expected)


def _state_document(body: StateBody, before: Document) -> dict[str, Json]:
    given = {name: value for name, value in body.given().items() if name != "id"}
    there, looks = before.get("ui"), given.get("ui")
    if isinstance(looks, dict) and isinstance(there, Mapping):
        old, new = there.get("colors"), looks.get("colors")
        given["ui"] = {**there, **looks}
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            given["ui"]["colors"] = {**old, **new}
    return editing.merged(before, given)


async def create_script(services: Services, caller: Caller, body: ScriptBody) -> Definition:
    """A new script. Raises Refusal: 409 when there is one of that id."""
    if body.text is None:
        raise Refusal.content("text: expected the script, found none")
    id_ = body.id or editing.new_id(services)
    return await editing.create(services, caller, Kind.SCRIPT, id_, {"id": id_, "name": body.name or id_, "text": body.text})


async def change_script(
    services: Services, caller: Caller, id_: str, body: ScriptBody, *, expected: int | None = None
) -> Definition:
    """A script with the fields that are given. Raises Refusal."""
    given = {name: value for name, value in body.given().items() if name != "id"}

    def edit(before: Definition) -> Document:
        return editing.merged(before.document, given)

    return await editing.rewrite(services, caller, Kind.SCRIPT, id_, edit, expected=expected)
