"""Operations of objects, links and classes, and their execution."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, Header, Request, Response

from pointsman.http.documented.answers import EDITED, GONE, KEY_REUSED, empty
from pointsman.http.documented.owner import Entity, Owner, Whose, each, teller_of
from pointsman.http.documented.shapes import BriefOperationShape, OperationShape
from pointsman.http.encode import JsonAnswer
from pointsman.http.guard import Guarded, caller_of
from pointsman.http.problems import DOCUMENTED, Refusal
from pointsman.http.resources import operations, reading
from pointsman.http.resources.bodies import OperationBody
from pointsman.http.resources.document import OwnedOperation, operations_of
from pointsman.http.services import services_of

router = APIRouter(prefix=DOCUMENTED, route_class=Guarded, tags=["operations"])

ENTITIES = ("objects", "links", "entities")


@each(
    router,
    "GET",
    "/operations",
    response_model=list[OperationShape | BriefOperationShape],
    responses=GONE,
)
async def all_operations(request: Request, whose: Whose) -> Response:
    """The operations of an object or a link, those of its class among them; or of a class."""
    teller = teller_of(request)
    return JsonAnswer([teller.operation(one) for one in await _operations(request, whose)])


@each(
    router,
    "GET",
    "/operations/{op}",
    response_model=OperationShape | BriefOperationShape,
    responses=GONE,
)
async def one_operation(request: Request, whose: Whose, op: str) -> Response:
    """An operation."""
    found = next((one for one in await _operations(request, whose) if one.id == op), None)
    if found is None:
        raise Refusal.not_found(f"operation {op!r}")
    return JsonAnswer(teller_of(request).operation(found))


@each(router, "POST", "/operations", response_model=OperationShape, responses=EDITED)
async def create_operation(request: Request, whose: Whose, body: OperationBody) -> Response:
    """Make an operation. Its type, and the kind of its program, stay what they are then."""
    made = await operations.add(services_of(request), caller_of(request), whose.kind, whose.id, body)
    return JsonAnswer(teller_of(request).operation(made))


@each(router, "PATCH", "/operations/{op}", response_model=OperationShape, responses=EDITED)
async def change_operation(request: Request, whose: Whose, op: str, body: OperationBody) -> Response:
    """Change the fields of an operation that are given, its parameters one by one."""
    changed = await operations.change(services_of(request), caller_of(request), whose.kind, whose.id, op, body)
    return JsonAnswer(teller_of(request).operation(changed))


@each(router, "DELETE", "/operations/{op}", status_code=204, responses=EDITED)
async def remove_operation(request: Request, whose: Whose, op: str) -> Response:
    """Remove an operation that no trigger runs."""
    await operations.remove(services_of(request), caller_of(request), whose.kind, whose.id, op)
    return empty()


@each(router, "POST", "/operations/{op}/execute", owners=ENTITIES, response_model=str, responses=KEY_REUSED)
async def execute(
    request: Request,
    entity: Entity,
    op: str,
    args: Annotated[dict[str, Any] | None, Body(description="Arguments, by name: `{{args.<name>}}`. May be empty.")] = None,
    key: Annotated[str | None, Header(alias="Idempotency-Key", max_length=255)] = None,
) -> Response:
    """Run an operation. The answer is the id of the job, which is recorded by then; it has not ended yet."""
    job = await operations.execute(services_of(request), caller_of(request), entity, op, args or {}, key=key)
    return JsonAnswer(job)


async def _operations(request: Request, whose: Owner) -> list[OwnedOperation]:
    services = services_of(request)
    if whose.entity is not None:
        return (await reading.entity(services, whose.entity)).operations
    return operations_of(await reading.defined(services, whose.kind, whose.id))
