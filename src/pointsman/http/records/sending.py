"""Lists of any length, sent page by page: memory stays the same however long they are, and no look at the store lasts long."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from fastapi import Response
from fastapi.responses import StreamingResponse

from pointsman.http.services import Services
from pointsman.model.table import row
from pointsman.store.text import json_text

Encoded: TypeAlias = tuple[list[bytes], str | None]
"""The items of a page, and where the next one begins; None: there is none."""
Pages: TypeAlias = Callable[[str | None], Encoded]
"""The page that lies beyond an id; None: the first one."""


@dataclass(frozen=True, slots=True)
class Form:
    """How a list is written."""

    media_type: str
    encode: Callable[[Sequence[Mapping[str, Any]]], list[bytes]]
    head: bytes = b""
    between: bytes = b""
    tail: bytes = b""
    extension: str = ""
    """Of a file that it is saved in; empty: it is not for a file."""


def _json(items: Sequence[Mapping[str, Any]]) -> list[bytes]:
    return [json_text(item).encode() for item in items]


def _lines(items: Sequence[Mapping[str, Any]]) -> list[bytes]:
    return [line + b"\n" for line in _json(items)]


JSON = Form("application/json", _json, b"[", b",", b"]")
NDJSON = Form("application/x-ndjson", _lines, extension="ndjson")


def csv_of(columns: Sequence[str]) -> Form:
    """A table with these columns (RFC 4180)."""

    def rows(lines: Sequence[Sequence[object]]) -> bytes:
        text = io.StringIO(newline="")
        csv.writer(text).writerows(lines)
        return text.getvalue().encode("utf-8", "replace")

    def encode(items: Sequence[Mapping[str, Any]]) -> list[bytes]:
        return [rows([row(columns, item)]) for item in items]

    return Form("text/csv", encode, head=rows([columns]), extension="csv")


async def sent(services: Services, pages: Pages, form: Form, name: str = "") -> Response:
    """The list as an answer. What fails at its beginning is still told."""
    items, beyond = await services.look(pages, None)
    headers = {"Content-Disposition": f'attachment; filename="{name}.{form.extension}"'} if form.extension else {}
    if beyond is None:
        body = form.head + form.between.join(items) + form.tail
        return Response(body, headers=headers, media_type=form.media_type)

    async def parts() -> AsyncIterator[bytes]:
        some: list[bytes] = items
        at: str | None = beyond
        between = b""
        yield form.head
        while True:
            if some:
                yield between + form.between.join(some)
                between = form.between
            if at is None:
                break
            some, at = await services.look(pages, at)
        yield form.tail

    return StreamingResponse(parts(), headers=headers, media_type=form.media_type)
