"""Where a job or a change comes from, when that is something Pointsman itself published: a chain of causes."""

from __future__ import annotations

from dataclasses import dataclass

from pointsman.model.ids import JobId


@dataclass(frozen=True, slots=True)
class Lineage:
    """A link of the chain. It travels with what is published (MQTT 5 §3.3.2.3.7), and is recognised when it comes back."""

    root: JobId
    """The job that the chain began with."""
    by: JobId
    """The job whose message led here."""
    hop: int
    """How many jobs lie between the root and here: 1 for what the root's message led to."""
