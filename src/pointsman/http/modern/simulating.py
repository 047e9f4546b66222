"""What would happen, told without doing it, as `pointsman simulate` says it."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field, model_validator

from pointsman.http.decision import reaches, target_of
from pointsman.http.encode import JsonAnswer
from pointsman.http.guard import Guarded, caller_of, insist
from pointsman.http.modern.shapes import Simulation
from pointsman.http.problems import Refusal
from pointsman.http.rights import SIMULATED_EXECUTE, SIMULATED_MESSAGE
from pointsman.http.services import Services, services_of
from pointsman.model.access import Caller
from pointsman.model.command import Execute
from pointsman.model.delivery import Delivery
from pointsman.model.ids import EntityRef, OperationId, StateId
from pointsman.model.topic import topic_fault
from pointsman.store.text import json_text

router = APIRouter(route_class=Guarded, tags=["explaining"])


class SupposedExecute(BaseModel):
    """An operation that would be executed."""

    model_config = ConfigDict(extra="forbid")
    entity: str = Field(min_length=1, description="The object or link.")
    operation: str = Field(min_length=1)
    args: dict[str, Any] = Field(default_factory=dict, description="Its arguments.")


class Supposed(BaseModel):
    """What would come: a message, or a request to execute an operation."""

    model_config = ConfigDict(extra="forbid")
    topic: str | None = Field(default=None, description="A message would come on this topic.")
    message: Any = Field(default="", description="Its payload: text as it is, other JSON as its text.")
    retained: bool = Field(default=False, description="Whether it comes on subscribing.")
    state: str | int | None = Field(
        default=None, alias="from", description="The state that the entity is in, by id or name. Default: the one that it is in."
    )
    execute: SupposedExecute | None = Field(default=None, description="Instead of a message: this would be asked for.")

    @model_validator(mode="after")
    def _one_of_both(self) -> Supposed:
        if (self.topic is None) == (self.execute is None):
            raise ValueError("expected either topic and message, or execute")
        if self.topic is not None and (fault := topic_fault(self.topic)):
            raise ValueError(f"expected a topic that can be published to, found {self.topic!r} with {fault}")
        return self


ANSWER: dict[int | str, dict[str, Any]] = {
    200: {"model": Simulation},
    404: {"description": "There is no such entity or operation, or it is out of the caller's reach."},
}


@router.post("/api/v1/simulate", responses=ANSWER)
async def simulate(request: Request, supposed: Supposed) -> Response:
    """What a message, or a request to execute an operation, would do. The worker's own function decides it, by the definitions
    and the states as they are; nothing is stored, published or run. What a message would do to entities that are out of the
    caller's reach is left out."""
    services, caller = services_of(request), caller_of(request)
    asked = await _asked(request, supposed, caller)
    state = _state(services, supposed.state)
    found = await services.look(services.simulate, asked, state, lambda ref: _reached(services, caller, ref))
    return JsonAnswer({"topic": supposed.topic, "commands": found})


async def _asked(request: Request, supposed: Supposed, caller: Caller) -> Delivery | Execute:
    wanted = supposed.execute
    if wanted is None:
        await insist(request, SIMULATED_MESSAGE, "")
        return Delivery(0, 0, 0, False, supposed.retained, supposed.topic or "", _payload(supposed.message))
    entity = await insist(request, SIMULATED_EXECUTE, wanted.entity)
    operation = OperationId(wanted.operation)
    known = None if entity is None else services_of(request).catalog().entity(entity)
    if entity is None or known is None or operation not in known.operations:
        raise Refusal.not_found(f"operation {wanted.operation!r} of {wanted.entity!r}")
    return Execute(entity=entity, operation=operation, user=caller.user, login=caller.login, args=wanted.args)


def _payload(message: Any) -> bytes:
    return message.encode("utf-8", "surrogatepass") if isinstance(message, str) else json_text(message).encode()


def _state(services: Services, given: str | int | None) -> StateId | None:
    if given is None:
        return None
    found = services.catalog().state(str(given))
    if found is None:
        raise Refusal.content(f"from: expected a state's id or name, found {given!r}")
    return found.id


def _reached(services: Services, caller: Caller, ref: EntityRef) -> bool:
    known = services.catalog().entity(ref)
    return known is None or reaches(caller, target_of(known.entity))
