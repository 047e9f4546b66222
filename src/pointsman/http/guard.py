"""The door: before a request's body is read, it is known who asks, and whether they may (`rights.py`)."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from pointsman.http.encode import JsonRequest
from pointsman.http.rights import RULES, Rule
from pointsman.http.services import services_of
from pointsman.model.access import EVERYTHING, Caller
from pointsman.model.ids import EntityRef, UserId


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
    """Leave in `request.state` who asks (`caller`) and what they reach (`entity`). Raises Refusal when they may not."""
    # A stand-in until the door is built: everybody is the administrator.
    request.state.caller = Caller(user=UserId("admin"), login="admin", permissions=EVERYTHING)


def caller_of(request: Request) -> Caller:
    """Who asks."""
    caller: Caller = request.state.caller
    return caller


def entity_of(request: Request) -> EntityRef:
    """The entity that the path names by its id, or by `discovery id:…`, and that the caller reaches."""
    entity: EntityRef = request.state.entity
    return entity
