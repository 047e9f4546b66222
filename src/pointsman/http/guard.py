"""The door: before a request's body is read, it is known who asks, and whether they may (`rights.py`)."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from pointsman.http.access.door import Visit, door_of, unknown
from pointsman.http.access.origin import is_foreign
from pointsman.http.decision import Denied, Target, Why, decide, target_of
from pointsman.http.encode import JsonRequest
from pointsman.http.problems import Refusal
from pointsman.http.rights import RULES, Reached, Rule
from pointsman.http.services import services_of
from pointsman.model.access import Caller
from pointsman.model.definition import Kind
from pointsman.model.ids import ChangeId, EntityRef, JobId, OwnerType
from pointsman.store.reads import access, definitions, history

DISCOVERED = "discovery id:"
"""In front of an object's discovery id, where its id could stand."""
OWN = "me"
"""What users may call themselves by, where a user's id could stand."""


class Guarded(APIRoute):
    """A route that lets in whom its rule lets in. Every router of the API has it as its `route_class`."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler behind the door. Raises LookupError, when the app is built, for a route that is not in the table."""
        handle = super().get_route_handler()
        rules = {method: self._rule(method) for method in self.methods or ()}

        async def guarded(request: Request) -> Response:
            request = JsonRequest(request.scope, request.receive)
            request.max_body = services_of(request).options.max_body
            await admit(request, rules[request.method])
            return await handle(request)

        return guarded

    def _rule(self, method: str) -> Rule:
        if (method, self.path_format) not in RULES:
            raise LookupError(f"expected a rule for {method} {self.path_format} in http/rights.py, found none")
        return RULES[method, self.path_format]


async def admit(request: Request, rule: Rule) -> None:
    """Leave in `request.state` who asks (`visit`) and what they reach (`entity`). Raises Refusal when they may not."""
    if rule.public:
        if is_foreign(request.method, request.headers):
            raise _foreign()
        return
    visit = await door_of(request).visit(request)
    if visit.is_by_cookie and is_foreign(request.method, request.headers):
        raise _foreign()
    request.state.visit = visit
    entity = await insist(request, rule, str(request.path_params.get("id", "")))
    if entity is not None:
        request.state.entity = entity


async def insist(request: Request, rule: Rule, id_: str) -> EntityRef | None:
    """Whoever asks, and is known, may do what the rule is for, to what `id_` stands for: which entity that is about. For what
    only the body tells. Raises Refusal when they may not."""
    caller = caller_of(request)
    target = None if rule.reach is Reached.NOTHING else await _find(request, rule.reach, id_)
    denied = decide(rule, caller, target, own=rule.own and id_ in (caller.user, OWN))
    if denied is not None:
        raise _told(denied, request, rule, id_)
    return None if target is None else target.entity


async def _find(request: Request, reach: Reached, id_: str) -> Target | None:
    """What the id stands for. The objects that a link joins are only known while there is the link."""
    services = services_of(request)
    catalog = services.catalog()
    if reach is Reached.JOB:
        owner = await services.look(access.owner_of, services.reader, JobId(id_))
    elif reach is Reached.CHANGE:
        change = await services.look(history.change, services.reader, ChangeId(id_))
        owner = None if change is None else change.entity
    else:
        if reach is not Reached.LINK and id_.startswith(DISCOVERED):
            alias = id_.removeprefix(DISCOVERED)
            found = await services.look(definitions.by_alias, services.reader, Kind.OBJECT, alias)
            id_ = "" if found is None else found.id
        owner = catalog.find(id_)
    if owner is None:
        return None
    resolved = catalog.entity(owner)
    if resolved is None:
        return Target(owner, () if owner.kind is OwnerType.OBJECT else None)
    return target_of(resolved.entity)


def _told(denied: Denied, request: Request, rule: Rule, id_: str) -> Refusal:
    match denied.why:
        case Why.LACKING:
            return Refusal.forbidden(denied.lacking)
        case Why.OUT_OF_REACH:
            return Refusal.not_found(f"{rule.reach} {id_!r}")
        case Why.UNKNOWN:
            return unknown(request, "Unauthorized", "expected a login, a session or a token, found none")


def _foreign() -> Refusal:
    message = "expected a request of a page of ours, found one of another site's: what a cookie stands for is not done for it"
    return Refusal(403, "Forbidden", message)


def visit_of(request: Request) -> Visit:
    """Who asks, and by what that is known."""
    visit: Visit = request.state.visit
    return visit


def caller_of(request: Request) -> Caller:
    """Who asks."""
    return visit_of(request).caller


def entity_of(request: Request) -> EntityRef:
    """The entity that the path names by its id, or by `discovery id:…`, and that the caller reaches."""
    entity: EntityRef = request.state.entity
    return entity
