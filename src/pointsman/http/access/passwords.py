"""Passwords as they are kept: digests by scrypt (RFC 7914), with a salt each and the cost that they were made at."""

from __future__ import annotations

import hmac
import re
import secrets
from base64 import b64decode, b64encode
from hashlib import scrypt

LOG_N, BLOCK, PARALLEL = 14, 8, 5
"""The cost of new digests: 16 MiB, and a fifth of a second on a desktop (OWASP, *Password Storage Cheat Sheet*)."""

_FORM = re.compile(r"\$scrypt\$ln=(1?\d),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)")
_MEMORY = 128 * 1024 * 1024
"""More than that no digest may take, whoever wrote it."""


def generate() -> str:
    """A password of 120 random bits, for somebody to copy."""
    return secrets.token_urlsafe(15)


def digest_of(password: str) -> str:
    """What is kept of a password: `$scrypt$ln=14,r=8,p=5$salt$key`. Takes its time on purpose."""
    salt = secrets.token_bytes(16)
    key = _derive(password, salt, LOG_N, BLOCK, PARALLEL)
    return f"$scrypt$ln={LOG_N},r={BLOCK},p={PARALLEL}${_text(salt)}${_text(key)}"


def fits(password: str, digest: str | None) -> bool:
    """Whether the password is the one that the digest was made of. Without a digest it takes as long to say no."""
    form = None if digest is None else _FORM.fullmatch(digest)
    if form is None:
        _derive(password, b"nobody's password", LOG_N, BLOCK, PARALLEL)
        return False
    log_n, block, parallel, salt, key = form.groups()
    try:
        derived = _derive(password, _bytes(salt), int(log_n), int(block), int(parallel))
    except ValueError:
        return False
    return hmac.compare_digest(derived, _bytes(key))


def _derive(password: str, salt: bytes, log_n: int, block: int, parallel: int) -> bytes:
    return scrypt(
        password.encode("utf-8", "surrogatepass"), salt=salt, n=1 << log_n, r=block, p=parallel, maxmem=_MEMORY, dklen=32
    )


def _text(data: bytes) -> str:
    return b64encode(data).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return b64decode(text + "=" * (-len(text) % 4))
