"""What answers have in common: why it is no, fields that were asked for, lists of any length."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Annotated, Any

from fastapi import Query, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from pointsman.http.encode import JsonAnswer
from pointsman.store.text import json_text

GONE: dict[int | str, dict[str, Any]] = {404: {"description": "There is no such thing, or it is out of the caller's reach."}}
TAKEN: dict[int | str, dict[str, Any]] = {
    409: {"description": "There is one already, something needs it as it is, or the configuration file defines it."}
}
EDITED: dict[int | str, dict[str, Any]] = {
    **GONE,
    **TAKEN,
    412: {"description": "Others changed it again and again meanwhile."},
}
"""What any change of a definition may be refused with."""
KEY_REUSED: dict[int | str, dict[str, Any]] = {422: {"description": "Another request was made under the same key."}}


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


def empty() -> Response:
    """It is done, and there is nothing to say."""
    return Response(status_code=204)


async def listed(pages: AsyncIterator[Sequence[Mapping[str, Any]]]) -> Response:
    """A list, sent page by page: memory stays the same however long it is. What fails at its beginning is still told."""
    first = await anext(pages, None)
    second = None if first is None else await anext(pages, None)
    if first is None or second is None:
        return JsonAnswer([] if first is None else list(first))

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
