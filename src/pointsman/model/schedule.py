"""Schedules: operations that run by the clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import tzinfo
from enum import StrEnum


class Missed(StrEnum):
    """What becomes of runs whose time passed while no worker ran."""

    SKIP = "skip"
    ONCE = "once"
    """One run makes up for all of them."""
    ALL = "all"
    """Each is made up for, as far as that many are kept (`core/schedule.py`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When an operation runs by itself. Exactly one of `cron` and `every_ms` is given."""

    source: str
    """When it runs, in one line: a timer that was set for another text is void."""
    cron: str | None = None
    """Five fields, or six with seconds first, as cron has them."""
    zone: tzinfo | None = None
    """The time zone that `cron` speaks of; None: UTC."""
    every_ms: int = 0
    """It runs at the multiples of this since the Unix epoch, in ms, so that it does not drift and needs no beginning."""
    missed: Missed = Missed.ONCE
    latest_ms: int | None = None
    """How late a missed run may still be made up for, in ms; None: however late."""
