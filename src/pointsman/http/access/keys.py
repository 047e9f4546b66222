"""Access keys: 256 random bits under a prefix that a search for lost secrets knows. Their digests need no salt and no cost."""

from __future__ import annotations

import re
import secrets
from hashlib import sha256

from pointsman.model.access import KeyKind

PREFIXES = {KeyKind.SESSION: "pms_", KeyKind.TOKEN: "pmt_"}
_FORM = {kind: re.compile(f"{prefix}[A-Za-z0-9_-]{{43}}") for kind, prefix in PREFIXES.items()}


def new_key(kind: KeyKind) -> str:
    """A key, to be shown once: its prefix, and base64url (RFC 4648 §5)."""
    return PREFIXES[kind] + secrets.token_urlsafe(32)


def digest_of(key: str) -> str:
    """What is kept of it: SHA-256, in hex. A look-up by it tells nothing of a key that was nearly right."""
    return sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def is_key(text: str, kind: KeyKind) -> bool:
    """Whether it looks like one of that kind: what does not is not asked the store for."""
    return _FORM[kind].fullmatch(text) is not None
