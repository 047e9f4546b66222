"""What a request offers to show who asks: read from its headers and its address, not yet believed. Pure."""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from pointsman.http.access.keys import is_key
from pointsman.model.access import KeyKind

COOKIE = "pointsman"
"""The cookie that a session's key is kept in."""
IN_ADDRESS = ("api-token", "auth-token")
"""Parameters of an address that a token may stand in."""


@dataclass(frozen=True, slots=True)
class Password:
    """A login and a password (RFC 7617)."""

    login: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Key:
    """An access key."""

    key: str = field(repr=False)
    kind: KeyKind


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Something that shows nothing."""

    expected: str


Offer: TypeAlias = Password | Key | Unreadable


def offer_of(headers: Mapping[str, str], query: Mapping[str, str]) -> Offer | None:
    """What counts of all that is offered: `Authorization`, else a token in the address, else the cookie."""
    authorization = headers.get("authorization")
    if authorization is not None:
        return _authorization(authorization)
    for name in IN_ADDRESS:
        if name in query:
            return _key(query[name], KeyKind.TOKEN)
    key = _cookie(headers.get("cookie", ""))
    return None if key is None else _key(key, KeyKind.SESSION)


def _authorization(text: str) -> Offer:
    scheme, _, rest = text.strip().partition(" ")
    match scheme.lower():
        case "basic":
            return _basic(rest.strip())
        case "bearer":
            return _key(rest.strip(), KeyKind.TOKEN)
    return Unreadable("expected Authorization to be Basic or Bearer, found another scheme")


def _basic(text: str) -> Offer:
    try:
        data = b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return Unreadable("expected login:password in Base64 behind Basic, found something else")
    try:
        pair = data.decode()
    except UnicodeDecodeError:
        pair = data.decode("latin-1")  # some clients still encode so, as before RFC 7617
    login, colon, password = pair.partition(":")
    return Password(login, password) if colon else Unreadable("expected login:password in Base64 behind Basic, found no colon")


def _key(text: str, kind: KeyKind) -> Offer:
    return Key(text, kind) if is_key(text, kind) else Unreadable(f"expected a {kind}, found what is none; make a new one")


def _cookie(header: str) -> str | None:
    """The session's key. Other cookies, whatever is in them, are none of our business."""
    for part in header.split(";"):
        name, _, value = part.strip().partition("=")
        if name == COOKIE:
            return value.strip('"')
    return None


def cookie_of(key: str, *, seconds: int, secure: bool) -> str:
    """The `Set-Cookie` that gives a browser a session's key; an empty key takes it away (RFC 6265bis §4.1)."""
    attributes = f"Path=/; Max-Age={seconds if key else 0}; HttpOnly; SameSite=Strict"
    return f"{COOKIE}={key}; {attributes}{'; Secure' if secure else ''}"
