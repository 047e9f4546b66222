"""Whether a job on record tells when a timer came up: the worker's own was never quite on time, and after a downtime it was late.

What is left open by this is at most `LATE`: a changed hold or period may pass for the same one within that.
"""

from __future__ import annotations

from enum import Enum

from pointsman.core.fire import PUNCTUAL
from pointsman.model.timer import TimerKind
from pointsman.model.trigger import StateTrigger
from pointsman.rehearsal.stage import Pending

LATE = PUNCTUAL
"""How late a timer of a worker that is up comes up at most, in ms."""
EARLY = 100
"""How early, since the machine's clock was corrected meanwhile, in ms."""
ON_TIME = 500
"""How late nearly all of them come up at most, in ms: a period that differs by more is another one."""
GIVES_WAY = 250
"""A timer that is not on record gives way to a change of its entity that came up to so many ms after it: both may have stood in
one batch, and then the change went first."""
GIVES_WAY_IF_SET = 1_000
"""The same of one that is known to have been set, and did not lead to a job."""


class Match(Enum):
    """What a job on record says of a timer."""

    THIS = "it came up then"
    BEFORE = "it came up before, on time, and made another job or none"
    NOT = "nothing: the job was made before"


class Timing:
    """Keeps in mind which repetitions have been seen to be on time: those have the period that the worker's had."""

    def __init__(self) -> None:
        self._steady: set[str] = set()

    def match(self, pending: Pending, trigger: StateTrigger, at: int) -> Match:
        """What a job says of the timer that its change and trigger had set; it was made at the time `at`, in ms."""
        distance = at - pending.comes
        repeats = pending.timer.kind is TimerKind.REPEAT
        if pending.unsteady and abs(distance) <= trigger.every_ms:
            return Match.THIS
        if distance < -EARLY:
            return Match.NOT
        if repeats and distance <= ON_TIME:
            self._steady.add(trigger.origin)
        if pending.comes > pending.timer.due:  # the worker was down
            latest = LATE
        elif repeats:
            # As late as a whole period, and it is another one that is meant.
            latest = min(LATE, max(trigger.every_ms, ON_TIME)) if trigger.origin in self._steady else 0
        else:
            latest = LATE if pending.confirmed else 0
        return Match.THIS if distance < latest else Match.BEFORE


def gives_way(pending: Pending) -> int:
    """For how long a timer that is not on record gives way to a change of its entity, in ms."""
    return GIVES_WAY_IF_SET if pending.confirmed else GIVES_WAY
