"""Operations of a class, an object or a link: documents in its document, and how they are run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pointsman.http.problems import Refusal
from pointsman.http.resources.bodies import OperationBody
from pointsman.http.resources.document import OWNER_TYPES, Document, OwnedOperation, mappings, operations_of
from pointsman.http.resources.editing import merged, new_id, rewrite
from pointsman.http.services import Services
from pointsman.model.access import Caller
from pointsman.model.command import Execute, Reply
from pointsman.model.definition import Definition, Kind
from pointsman.model.ids import EntityRef, JobId, OperationId
from pointsman.model.json import Json

_TYPES = {"mqtt": "1", "program": "2"}
"""The words of the configuration file for the types of the reference."""
CLASS = OWNER_TYPES[Kind.CLASS]


def operation_document(body: OperationBody, before: Document | None = None) -> dict[str, Json]:
    """What is kept: the fields that were given, on top of what there was; the parameters one by one.

    Raises Refusal (400) when the type, or the kind of program, is to be another one.
    """
    given = {name: value for name, value in body.given().items() if name != "owner_type"}
    if (type_ := given.get("type")) is not None:
        given["type"] = _TYPES.get(type_, type_)
    old: Mapping[str, Json] = before or {}
    parameters, known = given.get("parameters"), old.get("parameters")
    if parameters is not None:
        given["parameters"] = merged(known if isinstance(known, Mapping) else {}, parameters)
    if before is not None:
        _keep("type", before, given)
        _keep("type", known if isinstance(known, Mapping) else {}, parameters or {}, of="parameters.")
    return merged(old, given)


def _keep(name: str, before: Document, given: Mapping[str, Json], of: str = "") -> None:
    if name in given and name in before and str(given[name]) != str(before[name]):
        raise Refusal.content(
            f"{of}{name}: expected {before[name]}, since it cannot be changed, found {given[name]}; make another operation"
        )


def operation_list(services: Services, bodies: Sequence[OperationBody], before: Document) -> list[Json]:
    """A whole list of operations, as it is kept."""
    known = {str(each.get("id")): each for each in mappings(before.get("operations"))}
    return [{"id": new_id(services), **operation_document(body, known.get(body.id or ""))} for body in bodies]


async def add(
    services: Services, caller: Caller, kind: Kind, id_: str, body: OperationBody, *, expected: int | None = None
) -> OwnedOperation:
    """A new operation. Raises Refusal: 409 when there is one of that id."""
    operation_id = body.id or new_id(services)
    if body.type is None:
        raise Refusal.content("type: expected 1 (MQTT message) or 2 (program or script), found none")
    document = {"id": operation_id, **operation_document(body)}

    def change(owner: Definition) -> Document:
        there = mappings(owner.document.get("operations"))
        if any(each.get("id") == operation_id for each in there):
            raise Refusal(409, "Conflict", f"{kind} {id_} has an operation {operation_id} already", reason="exists")
        return {**owner.document, "operations": [*there, document]}

    return own_operation(await rewrite(services, caller, kind, id_, change, expected=expected), operation_id)


async def change(
    services: Services,
    caller: Caller,
    kind: Kind,
    id_: str,
    operation_id: str,
    body: OperationBody,
    *,
    expected: int | None = None,
) -> OwnedOperation:
    """An operation with other fields. Its type and the kind of its program stay. Raises Refusal (404)."""

    def edit(owner: Definition) -> Document:
        own_operation(owner, operation_id)
        there = mappings(owner.document.get("operations"))
        return {
            **owner.document,
            "operations": [
                {**operation_document(body, each), "id": operation_id} if each.get("id") == operation_id else each
                for each in there
            ],
        }

    return own_operation(await rewrite(services, caller, kind, id_, edit, expected=expected), operation_id)


async def remove(
    services: Services, caller: Caller, kind: Kind, id_: str, operation_id: str, *, expected: int | None = None
) -> None:
    """An operation is gone. Raises Refusal: 404, 409 while a trigger runs it."""

    def edit(owner: Definition) -> Document:
        own_operation(owner, operation_id)
        there = mappings(owner.document.get("operations"))
        return {**owner.document, "operations": [each for each in there if each.get("id") != operation_id]}

    await rewrite(services, caller, kind, id_, edit, expected=expected)


def own_operation(owner: Definition, operation_id: str) -> OwnedOperation:
    """The operation that the owner itself declares. Raises Refusal (404)."""
    found = next((each for each in operations_of(owner) if each.id == operation_id), None)
    if found is None:
        raise Refusal.not_found(f"operation {operation_id} of {owner.kind} {owner.id} itself; change one of its class there")
    return found


async def execute(
    services: Services,
    caller: Caller,
    entity: EntityRef,
    operation_id: str,
    args: Mapping[str, Json],
    *,
    key: str | None = None,
) -> JobId:
    """Have an operation run; the job is recorded when this returns. Raises Refusal: 404."""

    def command(reply: Reply) -> Execute:
        return Execute(
            entity=entity,
            operation=OperationId(operation_id),
            user=caller.user,
            login=caller.login,
            args=args,
            key=key,
            reply=reply,
        )

    answer = await services.ask(command)
    return JobId(str(answer["job"]))
