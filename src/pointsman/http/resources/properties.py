"""Properties of a class, an object or a link: what its document declares of them, and the values that are set while it runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pointsman.http.problems import Refusal
from pointsman.http.resources import reading
from pointsman.http.resources.bodies import PropertyBody
from pointsman.http.resources.document import (
    INFO,
    READ_WRITE,
    SERVICE,
    Document,
    Property,
    mappings,
    properties_of,
)
from pointsman.http.resources.editing import merged, new_id, refuse_file, rewrite
from pointsman.http.services import Services
from pointsman.model.access import Caller, Permission
from pointsman.model.command import Reply, SetProperty
from pointsman.model.definition import Definition, Kind
from pointsman.model.ids import EntityRef
from pointsman.model.json import Json
from pointsman.model.state import Retained
from pointsman.store.text import json_text


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose properties these are, at one look."""

    definition: Definition
    entity: EntityRef | None
    """None for a class."""
    properties: Sequence[Property]
    """With inherited ones, and with the values that they have now."""
    expected: int | None = None
    """The version that edits have to be made from; None: whichever."""

    def find(self, id_or_name: str) -> Property:
        """The property of that id or, failing that, that name. Raises Refusal (404)."""
        for field in ("id", "name"):
            found = next((each for each in self.properties if getattr(each, field) == id_or_name), None)
            if found is not None:
                return found
        raise Refusal.not_found(f"property {id_or_name} of {self.definition.kind} {self.definition.id}")


async def holder(services: Services, kind: Kind, id_: str, entity: EntityRef | None, expected: int | None = None) -> Holder:
    """Whoever has properties. Raises Refusal (404)."""
    if entity is None:
        definition = await reading.defined(services, kind, id_)
        return Holder(definition, None, properties_of(definition), expected)
    view = await reading.entity(services, entity)
    return Holder(view.definition, entity, view.properties, expected)


def property_list(services: Services, caller: Caller, bodies: Sequence[PropertyBody], before: Document) -> list[Json]:
    """A whole list of properties, as it is kept. Those of a name that is there keep their ids."""
    known = {each.get("name"): each for each in mappings(before.get("properties"))}
    made: list[Json] = []
    for body in bodies:
        if not body.name:
            raise Refusal.content("properties: expected each to have a name, found one without")
        there = known.pop(body.name, None)
        fresh = _fresh(services, body) if there is None else _given(body, there)
        if there is None or json_text(fresh) != json_text(there):
            _demand(caller, fresh, there)
        made.append(fresh)
    for each in known.values():
        _demand(caller, each)
    return made


async def add(services: Services, caller: Caller, whose: Holder, body: PropertyBody) -> Property:
    """A new property. Raises Refusal: 409 when there is one of that name, inherited ones aside."""
    if not body.name:
        raise Refusal.content("name: expected the name of the property, found none")
    document = _fresh(services, body)
    _demand(caller, document)
    owner = whose.definition

    def edit(now: Definition) -> Document:
        there = mappings(now.document.get("properties"))
        if any(body.name == each.get("name") or document["id"] == each.get("id") for each in there):
            raise Refusal(409, "Conflict", f"{owner.kind} {owner.id} has a property {body.name!r} already", reason="exists")
        return {**now.document, "properties": [*there, document]}

    await rewrite(services, caller, owner.kind, owner.id, edit, expected=whose.expected)
    if whose.entity is not None:
        await settle(services, caller, whose.entity, body.name, document.get("value"))
    return (await holder(services, owner.kind, owner.id, whose.entity)).find(str(document["id"]))


async def change(services: Services, caller: Caller, whose: Holder, id_or_name: str, body: PropertyBody) -> Property:
    """A property with another value, name or type. Raises Refusal: 404, 409 when it is not the entity's own, or the file's.

    The value of a ReadWrite property is set as the engine sets it: that needs no edit, and runs the operations that ask for it.
    """
    there = whose.find(id_or_name)
    # A property always has a name and a type: without one it keeps what it has.
    given = {
        name: value
        for name, value in body.given().items()
        if name == "value" or (name in ("name", "type_id") and value is not None)
    }
    _demand(caller, {"type_id": there.type_id}, given)
    renamed = given.get("name") not in (None, there.name) or given.get("type_id") not in (None, there.type_id)
    stays_writable = there.writable and not renamed
    if whose.entity is not None and stays_writable:
        if "value" in given:
            await set_value(services, caller, whose.entity, there.name, given["value"])
    elif renamed or "value" in given:
        await _redeclare(services, caller, whose, there, given)
    return (await holder(services, whose.definition.kind, whose.definition.id, whose.entity)).find(there.id)


async def remove(services: Services, caller: Caller, whose: Holder, id_or_name: str) -> None:
    """A property is gone. Raises Refusal: 404 when the entity itself has none."""
    there = whose.find(id_or_name)
    _demand(caller, {"type_id": there.type_id})
    owner = whose.definition
    refuse_file(owner)
    if there.owner.key != owner.key:
        raise Refusal(
            409, "Conflict", f"{owner.kind} {owner.id} inherits it from {there.owner.kind} {there.owner.id}: remove it there"
        )

    def edit(now: Definition) -> Document:
        rest = [each for each in mappings(now.document.get("properties")) if each.get("name") != there.name]
        return {**now.document, "properties": rest}

    await rewrite(services, caller, owner.kind, owner.id, edit, expected=whose.expected)


async def set_value(services: Services, caller: Caller, entity: EntityRef, name: str, value: Json) -> None:
    """Set a ReadWrite property. Raises Refusal."""

    def command(reply: Reply) -> SetProperty:
        return SetProperty(entity=entity, name=name, value=value, by=caller.user, login=caller.login, reply=reply)

    await services.ask(command)


async def _redeclare(services: Services, caller: Caller, whose: Holder, there: Property, given: Document) -> None:
    owner = whose.definition
    # What it is now, which may have been set at run time, stays its value under another name or type.
    wanted = {"id": there.id, "name": there.name, "type_id": there.type_id, "value": there.value, **given}
    wanted = {name: value for name, value in wanted.items() if value is not None or name == "value"}

    def edit(now: Definition) -> Document:
        others = mappings(now.document.get("properties"))
        if any(each.get("name") == wanted["name"] for each in others) and wanted["name"] != there.name:
            raise Refusal(409, "Conflict", f"{owner.kind} {owner.id} has a property {wanted['name']!r} already", reason="exists")
        if any(each.get("name") == there.name for each in others):
            return {**now.document, "properties": [wanted if each.get("name") == there.name else each for each in others]}
        return {**now.document, "properties": [*others, wanted]}

    if there.owner.key != owner.key and wanted["name"] != there.name:
        raise Refusal(
            409, "Conflict", f"{owner.kind} {owner.id} inherits it from {there.owner.kind} {there.owner.id}: rename it there"
        )
    await rewrite(services, caller, owner.kind, owner.id, edit, expected=whose.expected)
    if whose.entity is not None:
        await settle(services, caller, whose.entity, str(wanted["name"]), wanted["value"])


async def settle(services: Services, caller: Caller, entity: EntityRef, name: str, value: Json) -> None:
    """A value that was kept for the name from before, or that a device reported, gives way to the one that was just written."""
    values = (await reading.entity(services, entity)).present.values
    if name not in values or json_text(values[name]) == json_text(value):
        return

    def command(reply: Reply) -> SetProperty:
        return SetProperty(
            entity=entity,
            name=name,
            value=value,
            by=caller.user,
            login=caller.login,
            reported=True,
            retained=Retained.BASELINE,
            reply=reply,
        )

    await services.ask(command)


def _fresh(services: Services, body: PropertyBody) -> dict[str, Json]:
    return {
        "id": body.id or new_id(services),
        "name": body.name,
        "value": body.value,
        "type_id": INFO if body.type_id is None else body.type_id,
    }


def _given(body: PropertyBody, there: Document) -> dict[str, Json]:
    given = {name: value for name, value in body.given().items() if name in ("value", "type_id")}
    kept = merged(there, {name: value for name, value in given.items() if name == "type_id"})
    if there.get("type_id") == READ_WRITE == kept.get("type_id"):
        return kept  # its value is not the document's to say
    return {**kept, "value": given["value"]} if "value" in given else kept


def _demand(caller: Caller, *properties: Document | None) -> None:
    """Service properties are for those who may manage them. Raises Refusal (403)."""
    service = any(each is not None and each.get("type_id") == SERVICE for each in properties)
    if service and not caller.may(Permission.MANAGE_SERVICE_PROPERTIES):
        raise Refusal.forbidden((Permission.MANAGE_SERVICE_PROPERTIES,))
