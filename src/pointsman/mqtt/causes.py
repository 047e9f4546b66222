"""Which job of ours led to a message: said by its user properties, or by a job's id in its payload. Pure.

What comes in may be anything: what is not plausible says nothing. Whether an id in a payload is a job's is not known here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from pointsman.model.delivery import Delivery
from pointsman.model.ids import JobId
from pointsman.model.lineage import Lineage

JOB, ROOT, HOP = "job-id", "root-id", "hop"
"""The user properties (MQTT 5 §3.3.2.3.7) that go out with what a job publishes: itself, the job that its chain began with, and
how many jobs lie between the two."""
LONGEST = 6
"""How many digits a hop may have."""
SEARCHED = 16_384
"""How much of a payload is searched for ids, in bytes, so that no payload is expensive."""

_ID = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
"""A UUIDv7 (RFC 9562 §5.7), as job ids are."""
_FROM_FIRST_DASH = re.compile(rb"-(?<=[0-9a-f]{8}-)[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
"""The same from its first dash on: a literal to begin with is what makes a search fast."""
_DASH = b"-"[0]


def properties_of(job: JobId, lineage: Lineage | None) -> Sequence[tuple[str, str]]:
    """The user properties of what a job publishes."""
    root, hop = (job, 0) if lineage is None else (lineage.root, lineage.hop)
    return ((JOB, job), (ROOT, root), (HOP, str(hop)))


def lineage_of(properties: Sequence[tuple[str, str]]) -> Lineage | None:
    """What the user properties of a message say; of two of one name the last counts."""
    said = dict(properties)
    job, root, hop = said.get(JOB), said.get(ROOT), said.get(HOP)
    if job is None or root is None or hop is None:
        return None
    if not (_ID.fullmatch(job) and _ID.fullmatch(root) and len(hop) <= LONGEST and hop.isascii() and hop.isdecimal()):
        return None
    if (job == root) is not (int(hop) == 0):
        return None
    return Lineage(JobId(root), JobId(job), int(hop) + 1)


def echoes_of(delivery: Delivery) -> tuple[JobId, ...]:
    """What looks like a job's id in the payload. Nothing when the properties say more already."""
    payload = delivery.payload
    if _DASH not in payload or delivery.lineage is not None or not _FROM_FIRST_DASH.search(payload, 0, SEARCHED):
        return ()
    found = [payload[match.start() - 8 : match.end()] for match in _FROM_FIRST_DASH.finditer(payload, 0, SEARCHED)]
    return tuple([JobId(id_.decode()) for id_ in dict.fromkeys(found)])
