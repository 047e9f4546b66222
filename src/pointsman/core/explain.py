"""Verdicts in words: why a trigger did, or did not, act. Never consulted to decide."""

from __future__ import annotations

from pointsman.core.match import SkipReason

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
    SkipReason.LOOP: "too long a chain of jobs led to it",
    SkipReason.QUARANTINED: "its operation is quarantined for this entity",
    SkipReason.HOLDING: "the state had to hold first, and a timer was set",
    SkipReason.LATE: "its time had passed while no worker ran",
}


def in_words(skipped: str | None, detail: str) -> str:
    """Why a trigger did not fire; that it did, for None. A reason of another version is given as it is."""
    if skipped is None:
        return "fired"
    try:
        words = _WORDS[SkipReason(skipped)]
    except ValueError:
        words = skipped
    return f"{words} ({detail})" if detail else words
