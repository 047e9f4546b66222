"""Operations of objects, links and classes, and their execution."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, Header, Request, Response

from pointsman.http.documented.answers import EMPTY, ERRORS, created, empty
from pointsman.http.documented.owner import owner_of, teller_of
from pointsman.http.documented.shapes import BriefOperationShape, OperationShape
from pointsman.http.encode import JsonAnswer
from pointsman.http.guard import Guarded, caller_of, entity_of
from pointsman.http.problems import Refusal
from pointsman.http.resources import operations, reading
from pointsman.http.resources.bodies import OperationBody
from pointsman.http.resources.document import OwnedOperation, operations_of
from pointsman.http.services import services_of

router = APIRouter(prefix="/node/api", route_class=Guarded, tags=["operations"], responses=ERRORS)


@router.get("/objects/{id}/operations", response_model=list[OperationShape | BriefOperationShape])
@router.get("/links/{id}/operations", response_model=list[OperationShape | BriefOperationShape])
@router.get("/classes/{id}/operations", response_model=list[OperationShape | BriefOperationShape])
async def all_operations(request: Request) -> Response:
    """The operations of an object or a link, those of its class among them; or of a class."""
    teller = teller_of(request)
    return JsonAnswer([teller.operation(each) for each in await _operations(request)])


@router.get("/objects/{id}/operations/{op}", response_model=OperationShape | BriefOperationShape)
@router.get("/links/{id}/operations/{op}", response_model=OperationShape | BriefOperationShape)
@router.get("/classes/{id}/operations/{op}", response_model=OperationShape | BriefOperationShape)
async def one_operation(request: Request, op: str) -> Response:
    """An operation."""
    found = next((each for each in await _operations(request) if each.id == op), None)
    if found is None:
        raise Refusal.not_found(f"operation {op!r}")
    return JsonAnswer(teller_of(request).operation(found))


@router.post("/objects/{id}/operations", status_code=201, response_model=OperationShape)
@router.post("/links/{id}/operations", status_code=201, response_model=OperationShape)
@router.post("/classes/{id}/operations", status_code=201, response_model=OperationShape)
async def create_operation(request: Request, body: OperationBody) -> Response:
    """Make an operation. Its type, and the kind of its program, stay what they are then."""
    owner = owner_of(request)
    made = await operations.add(services_of(request), caller_of(request), owner.kind, owner.id, body)
    return created(teller_of(request).operation(made), *owner.path, "operations", made.id)


@router.patch("/objects/{id}/operations/{op}", response_model=OperationShape)
@router.patch("/links/{id}/operations/{op}", response_model=OperationShape)
@router.patch("/classes/{id}/operations/{op}", response_model=OperationShape)
async def change_operation(request: Request, op: str, body: OperationBody) -> Response:
    """Change the fields of an operation that are given, its parameters one by one."""
    owner = owner_of(request)
    changed = await operations.change(services_of(request), caller_of(request), owner.kind, owner.id, op, body)
    return JsonAnswer(teller_of(request).operation(changed))


@router.delete("/objects/{id}/operations/{op}", status_code=204, responses=EMPTY)
@router.delete("/links/{id}/operations/{op}", status_code=204, responses=EMPTY)
@router.delete("/classes/{id}/operations/{op}", status_code=204, responses=EMPTY)
async def remove_operation(request: Request, op: str) -> Response:
    """Remove an operation that no trigger runs."""
    owner = owner_of(request)
    await operations.remove(services_of(request), caller_of(request), owner.kind, owner.id, op)
    return empty()


@router.post("/objects/{id}/operations/{op}/execute", response_model=str)
@router.post("/links/{id}/operations/{op}/execute", response_model=str)
@router.post("/entities/{id}/operations/{op}/execute", response_model=str)
async def execute(
    request: Request,
    op: str,
    args: Annotated[dict[str, Any] | None, Body(description="Arguments, by name: `{{args.<name>}}`. May be empty.")] = None,
    key: Annotated[str | None, Header(alias="Idempotency-Key", max_length=255)] = None,
) -> Response:
    """Run an operation. The answer is the id of the job, which is recorded by then; it has not ended yet."""
    job = await operations.execute(services_of(request), caller_of(request), entity_of(request), op, args or {}, key=key)
    return JsonAnswer(job)


async def _operations(request: Request) -> list[OwnedOperation]:
    services, owner = services_of(request), owner_of(request)
    if owner.entity is not None:
        return (await reading.entity(services, owner.entity)).operations
    return operations_of(await reading.defined(services, owner.kind, owner.id))
