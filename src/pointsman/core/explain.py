"""Verdicts in words: why a trigger did, or did not, act. Never consulted to decide."""

from __future__ import annotations

import re
from collections.abc import Callable

from pointsman.core.match import SkipReason
from pointsman.model.timer import TimerKind
from pointsman.model.write import LEFT_OUT, Considered

_WORDS = {
    SkipReason.OTHER_STATE: "the new state is not among its states",
    SkipReason.DISABLED: "it is switched off",
    SkipReason.OTHER_ORIGIN: "the state that was left is not among those it asks for",
    SkipReason.EXCLUDED: "it excludes the state that was left, or the new one",
    SkipReason.CONDITION: "its condition was not true",
    SkipReason.CONDITION_FAULT: "its condition could not be computed",
    SkipReason.OUTSIDE_HOURS: "it was not active at that time",
    SkipReason.COOLDOWN: "it was resting after it had fired",
    SkipReason.LIMIT: "its operation was triggered too often for this entity",
    SkipReason.BUSY: "its operation does not run beside itself",
    SkipReason.LOOP: "too long a chain of jobs led to it",
    SkipReason.QUARANTINED: "its operation is quarantined for this entity",
    SkipReason.HOLDING: "the state had to hold first, and a timer was set",
    SkipReason.RESET: "the state changed before it had held for long enough",
    SkipReason.LATE: "its time had passed while no worker ran",
    SkipReason.GONE: "when its time came it was not in the configuration any more",
}

_TIME = re.compile(r"(?<=until )\d+\b")
"""A time in ms, as details have it."""


def in_words(skipped: str | None, detail: str, moment: Callable[[int], str] = str) -> str:
    """Why a trigger did not fire; that it did, for None. A reason of another version is given as it is. `moment` puts times, in
    ms, into words."""
    if skipped is None:
        return "fired"
    try:
        words = _WORDS[SkipReason(skipped)]
    except (ValueError, KeyError):
        words = skipped
    told = _TIME.sub(lambda found: moment(int(found[0])), detail)
    return f"{words} ({told})" if told else words


def considered_in_words(each: Considered, moment: Callable[[int], str] = str) -> str:
    """What became of a trigger, at the change or later, and the job that it made."""
    if each.skipped == LEFT_OUT:
        return f"considered {each.detail} times more until then"
    if each.skipped is not None:
        job = "" if each.job is None else f": job {each.job}"
        return f"{in_words(each.skipped, each.detail, moment)}{job}"
    return f"{_FIRED[each.timer]}: job {each.job}"


_FIRED = {
    None: "fired",
    TimerKind.HOLD: "fired when its time had come",
    TimerKind.REPEAT: "fired again, as the state held",
}
