"""JSON in and out: whatever was given comes back with the same meaning, integers of any size and any Unicode included."""

from __future__ import annotations

import json
import math
from typing import Any

from fastapi import Request
from fastapi.responses import JSONResponse
from pydantic_core import from_json
from starlette.exceptions import HTTPException

from pointsman.model.json import Json
from pointsman.store.text import json_text

DEEPEST = 100
"""So many lists and objects may lie within each other in a body."""


class JsonAnswer(JSONResponse):
    """A JSON answer."""

    def render(self, content: Any) -> bytes:
        """The body."""
        return json_text(content).encode()


class JsonRequest(Request):
    """A request whose body is read strictly: JSON (RFC 8259), not too large, not too deep, no number that is lost."""

    max_body = 1_048_576

    async def body(self) -> bytes:
        """The body. Raises HTTPException (413) when it is too large."""
        if not hasattr(self, "_body"):
            chunks, size = [], 0
            async for chunk in self.stream():
                size += len(chunk)
                if size > self.max_body:
                    raise HTTPException(413, f"expected at most {self.max_body} bytes, found more (http.max_body)")
                chunks.append(chunk)
            self._body = b"".join(chunks)
        return self._body

    async def json(self) -> Any:
        """The value. Raises HTTPException (400) for what is no JSON."""
        if not hasattr(self, "_json"):
            self._json = parse_json(await self.body())
        return self._json


def parse_json(text: bytes) -> Json:
    """The value of a JSON text. Raises HTTPException (400), saying what is wrong with it."""
    try:
        value: Json = from_json(text, allow_inf_nan=False)
    except ValueError as fault:
        try:
            # Lone surrogates, which JSON can say (RFC 8259 §8.2), are beyond pydantic.
            value = json.loads(text, parse_constant=_refuse)
        except (ValueError, RecursionError):
            raise HTTPException(400, f"expected JSON, found something else: {fault}") from None
    _check(value, 0)
    return value


def _refuse(word: str) -> Json:
    raise ValueError(f"{word} is not JSON")


def _check(value: Json, depth: int) -> None:
    if depth > DEEPEST:
        raise HTTPException(400, f"expected JSON at most {DEEPEST} levels deep, found more")
    if isinstance(value, float) and not math.isfinite(value):
        raise HTTPException(400, "expected numbers that a double can hold (RFC 8259 §6), found a larger one; send it as text")
    if isinstance(value, dict):
        for inner in value.values():
            _check(inner, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            _check(inner, depth + 1)
