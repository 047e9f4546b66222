"""What is decided and committed together, and what follows from what was decided."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from pointsman.engine.dispatch import AnyRefill
from pointsman.model.catalog import Catalog
from pointsman.model.command import Command
from pointsman.model.effect import Effect
from pointsman.model.ids import JobId
from pointsman.model.write import AddChange, AddJob, AppendResult, Climb, NoteJob, Release, UpdateJob, Write


@dataclass(slots=True)
class Batch:
    """What is decided and committed together. It is kept until it is durable, whatever the store does meanwhile."""

    commands: list[Command] = field(default_factory=list)
    acknowledge: list[Effect] = field(default_factory=list)
    deliveries: list[Write] = field(default_factory=list)
    """What the inbox and the session's filters become."""
    refills: list[AnyRefill] = field(default_factory=list)
    writes: list[Write] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)
    catalog: Catalog | None = None
    """What the catalog is once it is durable; None: what it was."""
    decided: bool = False


def moved(writes: Sequence[Write]) -> Iterable[JobId]:
    """The jobs that there are and that changed, each once."""
    moved: dict[JobId, None] = {}
    for write in writes:
        # Asked of every write there is: most are passed over at the price of one look-up.
        if type(write) not in _MOVING:
            continue
        match write:
            case UpdateJob(job):
                moved[job.id] = None
            case Climb(job=id_) | Release(job=id_) | AppendResult(job=id_):
                moved[id_] = None
    return moved


_MOVING = frozenset({UpdateJob, Climb, Release, AppendResult})


def withdrawn(batch: Batch) -> set[JobId]:
    """The jobs that are not to be carried out now, by what the batch decided."""
    if not batch.refills:
        return set()
    moved = [write.job for write in batch.writes if isinstance(write, UpdateJob)]
    return {job.id for job in moved if job.status.final or job.waits is not None}


def is_worth_following(writes: Iterable[Write]) -> bool:
    """Whether somebody who follows jobs and states has something new to read."""
    return any(isinstance(write, AddJob | NoteJob | AddChange) for write in writes)
