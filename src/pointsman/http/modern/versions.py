"""Versions of definitions as ETags (RFC 9110 §8.8.3, §13.1): which one was read, and edits of that one only.

An ETag is `"VERSION-DIGEST"`. The version is the definition's, and goes up by one with each edit; the digest is that of the
answer, which also tells what comes from elsewhere: the state, what the class has. So a reader never misses a change, and an edit
is not refused because a state changed meanwhile.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import blake2b
from typing import Annotated, Any

from fastapi import Header, Request, Response

from pointsman.http.encode import JsonAnswer
from pointsman.http.problems import Refusal
from pointsman.http.resources import reading
from pointsman.http.services import Services
from pointsman.model.definition import Definition, Kind

IfMatch = Annotated[
    str | None,
    Header(description="The ETag that was read, or several: the edit is made only while the definition still has that version."),
]
IfNoneMatch = Annotated[str | None, Header(description="ETags that are known: if it is one of these, 304 is answered.")]

_ETAG = {"ETag": {"description": "The version, and what the answer says.", "schema": {"type": "string"}}}
_LOCATION = {"Location": {"description": "Where it is.", "schema": {"type": "string"}}}
_TAG = re.compile(r'(?:W/)?"([^"]*)"')
_OURS = re.compile(r"(\d{1,18})(?:-[0-9a-f]+)?", re.ASCII)

Answers = dict[int | str, dict[str, Any]]
READ: Answers = {
    200: {"headers": _ETAG},
    304: {"description": "It is as `If-None-Match` knows it."},
    404: {"description": "There is no such thing, or it is out of the caller's reach."},
}
MADE: Answers = {
    201: {"headers": {**_ETAG, **_LOCATION}},
    409: {"description": "There is one already, or something stands against it."},
}
EDITED: Answers = {
    404: READ[404],
    409: {"description": "The configuration file defines it, something needs it as it is, or there is one already."},
    412: {"description": "It has another version than `If-Match` expects; `version` is the present one."},
}
CHANGED: Answers = {200: {"headers": _ETAG}, **EDITED}


def one(request: Request, told: Mapping[str, Any], version: int, status: int = 200, location: str | None = None) -> Response:
    """A thing as it is told, with its ETag; 304 for a reader who knows it."""
    answer = JsonAnswer(told, status)
    tag = f'"{version}-{blake2b(bytes(answer.body), digest_size=8).hexdigest()}"'
    known = request.headers.get("if-none-match")
    if known is not None and request.method == "GET" and (known.strip() == "*" or tag[1:-1] in _TAG.findall(known)):
        return Response(status_code=304, headers={"ETag": tag})
    answer.headers["ETag"] = tag
    if location is not None:
        answer.headers["Location"] = location
    return answer


async def expected(services: Services, kind: Kind, id_: str, if_match: str | None) -> int | None:
    """The version that an edit has to be made from; None: whichever. Raises Refusal: 412, 404."""
    if if_match is None or if_match.strip() == "*":
        return None
    now = await reading.defined(services, kind, id_)
    versions = [int(found[1]) for each in _TAG.findall(if_match) if (found := _OURS.fullmatch(each))]
    if now.version not in versions:
        raise stale(now)
    return now.version


def stale(now: Definition) -> Refusal:
    """It has another version than was expected."""
    message = f"expected {now.kind} {now.id} to be as If-Match says, found version {now.version}: read it again, and edit that"
    return Refusal(412, "PreconditionFailed", message, version=now.version, headers={"ETag": f'"{now.version}"'})
