"""Whether a browser was sent by another site: what only its cookie stands for is then not done. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
"""Methods that change nothing (RFC 9110 §9.2.1)."""
_PORTS = {"http": 80, "https": 443}


def is_foreign(method: str, headers: Mapping[str, str]) -> bool:
    """Whether an unsafe request comes from a page of another origin (Fetch Metadata, `Sec-Fetch-Site`; RFC 6454 §7).

    A client that is no browser sends neither header, and has the cookie because it logged in.
    """
    if method in SAFE:
        return False
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = headers.get("origin")
    return origin is not None and not _is_at(origin, headers.get("host", ""))


def _is_at(origin: str, host: str) -> bool:
    try:
        ours, theirs = urlsplit(f"//{host}"), urlsplit(origin)
        port = _PORTS.get(theirs.scheme)
        return (
            port is not None
            and theirs.hostname is not None
            and theirs.hostname == ours.hostname
            and (theirs.port or port) == (ours.port or port)
        )
    except ValueError:
        return False
