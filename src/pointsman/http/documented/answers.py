"""What answers have in common: errors in the OpenAPI document, fields that were asked for, lists of any length."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Annotated, Any

from fastapi import Query, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from pointsman.http.documented.shapes import ErrorShape
from pointsman.http.encode import JsonAnswer
from pointsman.http.problems import DOCUMENTED
from pointsman.store.text import json_text

_MEANINGS = {
    400: "InvalidContent, BadRequest: the request is not what it should be, and changed nothing.",
    401: "Unauthorized, InvalidCredentials: it is not known who asks.",
    403: "Forbidden: a permission is missing; the message names it.",
    404: "ResourceNotFound: there is no such thing, or it is out of reach.",
    409: "Conflict: the configuration file defines it, something needs it, or there is one already.",
    412: "PreconditionFailed: it was edited by others again and again meanwhile.",
    413: "The body is too large.",
    422: "KeyReused: another request was made under the same key.",
    429: "Too many attempts.",
    500: "InternalError: a defect.",
    503: "Unavailable: the worker or its store does not answer for now.",
}
ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"description": meaning, "model": ErrorShape} for status, meaning in _MEANINGS.items()
}
EMPTY: dict[int | str, dict[str, Any]] = {204: {"description": "Done."}}


class Fields(BaseModel):
    """Which fields are wanted."""

    fields: Annotated[str, Field(description="Names of fields, with commas between. Default: all.")] = ""

    def of(self, told: Mapping[str, Any]) -> dict[str, Any]:
        """These fields of an answer."""
        wanted = self.wanted
        return {name: value for name, value in told.items() if not wanted or name in wanted}

    @property
    def wanted(self) -> frozenset[str]:
        """Their names; none for all."""
        return frozenset(name for part in self.fields.split(",") if (name := part.strip()))


class Listing(Fields):
    """Which part of a list is wanted."""

    skip: Annotated[int, Field(ge=0, description="So many are passed over.")] = 0
    limit: Annotated[int, Field(ge=0, description="At most so many. Default, and 0: all.")] = 0
    text: Annotated[str, Field(description="Is in the name.")] = ""


Wanted = Annotated[Fields, Query()]


def created(told: Mapping[str, Any], *path: str) -> Response:
    """Something was made; the path is where it is."""
    return JsonAnswer(told, 201, headers={"Location": "/".join((DOCUMENTED, *path))})


def empty() -> Response:
    """It is done, and there is nothing to say."""
    return Response(status_code=204)


async def listed(pages: AsyncIterator[Sequence[Mapping[str, Any]]]) -> Response:
    """A list, sent page by page: memory stays the same however long it is. What fails at its beginning is still told."""
    first = await anext(pages, ())
    second = await anext(pages, None)
    if second is None:
        return JsonAnswer(list(first))

    async def parts() -> AsyncIterator[bytes]:
        yield b"[" + _members(first)
        page: Sequence[Mapping[str, Any]] | None = second
        while page is not None:
            yield b"," + _members(page) if page else b""
            page = await anext(pages, None)
        yield b"]"

    return StreamingResponse(parts(), media_type="application/json")


async def cut(pages: AsyncIterator[Sequence[Mapping[str, Any]]], listing: Listing) -> AsyncIterator[Sequence[Mapping[str, Any]]]:
    """Of the pages of a list, the part that is wanted. Every page has something on it."""
    skip, left = listing.skip, listing.limit
    async for page in pages:
        part = page[skip:]
        skip = max(0, skip - len(page))
        if left:
            part = part[:left]
            left -= len(part)
        if part:
            yield [listing.of(each) for each in part]
        if listing.limit and not left:
            return


def _members(page: Sequence[Mapping[str, Any]]) -> bytes:
    return json_text(page).encode()[1:-1]
