"""Changes of definitions: a new document made from the one that there is, until nobody else was faster."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from secrets import token_hex
from typing import Any

from pointsman.http.problems import Refusal
from pointsman.http.resources.document import Document
from pointsman.http.resources.reading import defined
from pointsman.http.services import Services
from pointsman.model.access import Caller
from pointsman.model.command import EditCatalog, Reply
from pointsman.model.definition import Definition, Kind, Origin
from pointsman.model.json import Json
from pointsman.store.text import json_text

TRIES = 10
"""How often an edit is made anew because another one of the same definition was faster."""


def new_id(services: Services) -> str:
    """A new id of the form that clients know: 24 hex digits, of which the first eight are the time in seconds."""
    return f"{services.clock.now() // 1000 & 0xFFFFFFFF:08x}{token_hex(8)}"


async def create(services: Services, caller: Caller, kind: Kind, id_: str, document: Document) -> Definition:
    """A new definition. Raises Refusal: 409 when there is one of that id, 400 when the document does not stand for anything."""
    await put(services, caller, kind, id_, document, expected=0)
    return await defined(services, kind, id_)


async def rewrite(
    services: Services,
    caller: Caller,
    kind: Kind,
    id_: str,
    change: Callable[[Definition], Document],
    *,
    expected: int | None = None,
) -> Definition:
    """A definition becomes what `change` makes of it, all at once or not at all; it is given as it is then.

    `change` may raise Refusal; it is called again when another edit was faster, unless the caller expects a version. What is
    equal is no edit. Raises Refusal: 404, 409 for what the file defines, 412 for another version than the expected one.
    """
    for last in (False,) * (TRIES - 1) + (True,):
        before = await defined(services, kind, id_)
        refuse_file(before)
        if expected is not None and before.version != expected:
            raise stale(before, expected)
        after = change(before)
        if json_text(after) == json_text(before.document):
            return before
        try:
            await put(services, caller, kind, id_, after, expected=before.version)
            break
        except Refusal as refusal:
            if refusal.more.get("reason") != "conflict":
                raise
            if expected is not None:
                raise stale(await defined(services, kind, id_), expected) from None
            if last:
                raise
    return await defined(services, kind, id_)


async def remove(services: Services, caller: Caller, kind: Kind, id_: str, *, expected: int | None = None) -> None:
    """A definition is gone; with an object go its links. Raises Refusal: 404, 409 while something needs it or the file defines
    it."""
    refuse_file(await defined(services, kind, id_))
    await put(services, caller, kind, id_, None, expected=expected)


async def put(
    services: Services, caller: Caller, kind: Kind, id_: str, document: Document | None, *, expected: int | None
) -> Mapping[str, Any]:
    """Have the engine make the edit. Raises Refusal."""

    def command(reply: Reply) -> EditCatalog:
        return EditCatalog(kind=kind, id=id_, document=document, by=caller.user, expected=expected, reply=reply)

    return await services.ask(command)


def stale(now: Definition, expected: int) -> Refusal:
    """Another version was to be edited."""
    message = f"expected version {expected} of {now.kind} {now.id}, found {now.version}: read it again, and edit that"
    return Refusal(412, "PreconditionFailed", message, version=now.version)


def refuse_file(definition: Definition) -> None:
    """Raises Refusal (409) for what the configuration file defines."""
    if definition.origin is Origin.FILE:
        what = f"{definition.kind} {definition.id}"
        raise Refusal(
            409,
            "Conflict",
            f"the configuration file defines {what}, and nothing else may change it: edit the file",
            reason="from_file",
        )


def merged(document: Document, given: Mapping[str, Json]) -> dict[str, Json]:
    """The document with the fields that were given; one that was given as null is as if it had never been."""
    return {name: value for name, value in {**document, **given}.items() if value is not None}
