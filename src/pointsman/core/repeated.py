"""Requests that may come twice: under the same key of its user's own, the second is answered with the job of the first."""

from __future__ import annotations

import json
from hashlib import blake2b

from pointsman.core.world import World
from pointsman.model.command import Execute, Reject, RejectReason
from pointsman.model.ids import JobId

DIGEST_BYTES = 16


def digest_of(request: Execute) -> bytes:
    """A digest of what is asked for: another request under the same key is a mistake."""
    asked = [request.entity.kind, request.entity.id, request.operation, request.args]
    text = json.dumps(asked, sort_keys=True, separators=(",", ":"), default=dict)
    return blake2b(text.encode(), digest_size=DIGEST_BYTES).digest()


def known_by_key(world: World, request: Execute, digest: bytes) -> JobId | Reject | None:
    """The job that the request led to when it came before; a refusal when another one came under its key; None: it is new."""
    if request.key is None or (known := world.requests.get((request.user, request.key))) is None:
        return None
    first, job = known
    if first == digest:
        return job
    detail = f"expected what was asked for first under the key {request.key!r}, which led to job {job}, found another request"
    return Reject(reason=RejectReason.KEY_REUSED, topic=request.topic, detail=detail, reply=request.reply)
