"""Classes, objects and links as they are made, changed and removed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from pointsman.http.problems import Refusal
from pointsman.http.resources import editing, properties, reading
from pointsman.http.resources.bodies import ClassBody, EntityBody, LinkBody, OperationBody, OwnerBody, PropertyBody
from pointsman.http.resources.document import Document, brief, mappings, operations_of, texts
from pointsman.http.resources.operations import CLASS, operation_list
from pointsman.http.services import Services
from pointsman.model.access import Caller, Permission
from pointsman.model.definition import Definition, Kind
from pointsman.model.ids import EntityId, EntityRef, OwnerType
from pointsman.model.json import Json
from pointsman.store.reads import definitions
from pointsman.store.text import json_text

Listed = TypeVar("Listed", OperationBody, PropertyBody)

DEEPEST = 100
"""So many generations of objects may belong to each other."""


async def create(services: Services, caller: Caller, kind: Kind, body: OwnerBody) -> Definition:
    """A new one. Raises Refusal: 400, 403 for what the caller may not make with it, 409 when there is one of that id."""
    id_ = body.id or editing.new_id(services)
    if isinstance(body, LinkBody) and None in (body.source, body.target):
        raise Refusal.content("source, target: expected the ids of the objects that the link joins, found none")
    await _check(services, caller, id_, body)
    document = owner_document(services, caller, body, {})
    return await editing.create(services, caller, kind, id_, {"id": id_, "name": id_, **document})


async def change(
    services: Services,
    caller: Caller,
    kind: Kind,
    id_: str,
    body: OwnerBody,
    *,
    expected: int | None = None,
    whole: bool = False,
) -> Definition:
    """One with the fields that are given; with `whole`, without all others. Raises Refusal: 404, 409 for what the file defines,
    400, 403, 412."""
    await _check(services, caller, id_, body)
    if whole:  # what goes goes by the rights for each of it
        gone: dict[str, Any] = {name: [] for name in ("operations", "properties") if name not in body.model_fields_set}
        body = body.model_copy(update=gone)
    kept = {"id", "name", *body.model_fields_set}
    if body.operations is not None and not caller.may(Permission.MANAGE_OPERATIONS):
        body = await _without_operations(services, kind, id_, body)

    def edit(owner: Definition) -> Document:
        document = owner_document(services, caller, body, owner.document)
        return {name: value for name, value in document.items() if not whole or name in kept}

    after = await editing.rewrite(services, caller, kind, id_, edit, expected=expected)
    if kind is not Kind.CLASS and body.properties:
        await _set_values(services, caller, reading.ref_of(after), body)
    return after


def owner_document(services: Services, caller: Caller, body: OwnerBody, before: Document) -> dict[str, Json]:
    """What is kept: the fields that were given, on top of what there was. Raises Refusal (400, 403)."""
    given = {name: value for name, value in body.given().items() if name != "id"}
    if "operations" in given:
        given["operations"] = operation_list(services, _own(body, body.operations or ()), before)
        if json_text(given["operations"]) != json_text(mappings(before.get("operations"))):
            _demand(caller, Permission.MANAGE_OPERATIONS)
    if "properties" in given:
        given["properties"] = properties.property_list(services, caller, _own(body, body.properties or ()), before)
    return editing.merged(before, given)


async def _without_operations(services: Services, kind: Kind, id_: str, body: OwnerBody) -> OwnerBody:
    """The body but for its operations, when they are just what those are told who may not manage them, sent back.

    Raises Refusal (403) when they are not.
    """
    owner = await reading.defined(services, kind, id_)
    own = operations_of(owner)
    every = own if kind is Kind.CLASS else (await reading.entity(services, reading.ref_of(owner))).operations
    sent = [{"name": each.id, "description": "", **each.given()} for each in body.operations or ()]
    if sent not in ([brief(each) for each in own], [brief(each) for each in every]):
        raise Refusal.forbidden((Permission.MANAGE_OPERATIONS,))
    return body.model_validate({name: value for name, value in body.given().items() if name != "operations"})


def _own(owner: OwnerBody, listed: Sequence[Listed]) -> Sequence[Listed]:
    """Without what is inherited, which clients send back with the rest."""
    return listed if isinstance(owner, ClassBody) else [each for each in listed if each.owner_type != CLASS]


async def _set_values(services: Services, caller: Caller, entity: EntityRef, body: OwnerBody) -> None:
    """The values that a whole list gives are the values there are; those of ReadWrite properties are set as each by itself is."""
    view = await reading.entity(services, entity)
    there = {each.name: each for each in view.properties}
    for each in body.properties or ():
        known = there.get(each.name or "")
        if known is None or "value" not in each.model_fields_set or json_text(known.value) == json_text(each.value):
            continue
        if known.writable:
            await properties.set_value(services, caller, entity, known.name, each.value)
        elif each.owner_type != CLASS:
            await properties.settle(services, caller, entity, known.name, each.value)


async def _check(services: Services, caller: Caller, id_: str, body: OwnerBody) -> None:
    """What the body refers to is there, and within reach."""
    if not isinstance(body, EntityBody):
        return
    if isinstance(body, LinkBody):
        for name, end in (("source", body.source), ("target", body.target)):
            if end is not None:
                _object(services, caller, name, end)
    for parent in body.parent_id or ():
        _object(services, caller, "parent_id", parent)
    if body.parent_id:
        await _check_descent(services, id_, body.parent_id)
    if body.discovery_id:
        found = await services.look(definitions.by_alias, services.reader, Kind.OBJECT, body.discovery_id)
        if found is not None and found.id != id_:
            raise Refusal(409, "Conflict", f"discovery_id: another object has {body.discovery_id!r} already", reason="exists")


def _object(services: Services, caller: Caller, field: str, id_: str) -> None:
    if id_ not in caller.objects or services.catalog().entity(EntityRef(OwnerType.OBJECT, EntityId(id_))) is None:
        raise Refusal.content(f"{field}: expected the id of an object, found {id_!r}, and there is no such object")


async def _check_descent(services: Services, id_: str, parents: Sequence[str]) -> None:
    """Nothing belongs to itself, directly or by others."""
    above, seen = set(parents), set(parents)
    for _ in range(DEEPEST):
        if id_ in seen:
            raise Refusal.content(f"parent_id: expected objects that do not belong to {id_} themselves, found one that does")
        if not above:
            return
        found: Mapping[str, Definition] = await services.look(definitions.many, services.reader, Kind.OBJECT, sorted(above))
        above = {each for one in found.values() for each in texts(one.document.get("parent_id"))} - seen
        seen |= above
    raise Refusal.content(f"parent_id: expected at most {DEEPEST} generations, found more")


def _demand(caller: Caller, permission: Permission) -> None:
    if not caller.may(permission):
        raise Refusal.forbidden((permission,))
