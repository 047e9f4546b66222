"""Why something ran, or did not: what the store has on record, and what `core.why` makes of it.

For the command line and the API, which both ask here and so are told the same. Part of the composition root: it knows the core
and what reads the store, and no rule of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from pointsman.core.evidence import Evidence, Finding, Refused
from pointsman.core.explain import considered_in_words
from pointsman.core.why import SHORTLY, findings
from pointsman.errors import NotFound
from pointsman.model.catalog import Catalog, Resolved
from pointsman.model.ids import ChangeId, EntityId, EntityRef, JobId, OperationId
from pointsman.model.job import Job
from pointsman.model.operation import Operation
from pointsman.model.write import Considered
from pointsman.store.reads import entities, history, jobs, standing
from pointsman.store.reads.history import Traced
from pointsman.store.reads.reader import Reader
from pointsman.store.reads.rejects import rejected

FOLLOWING = 5
"""How many changes shortly after the time are looked at."""
EXECUTIONS = 5
"""How many executions around the time are told, besides those that the changes name."""


# What was considered at a change


def on_record(store: Reader, what: str, until: int | None, limit: int) -> tuple[Job | None, list[Traced]]:
    """The job of that id and the change that led to it, the change of that id, or the last changes of the entity of that id that
    came before the time `until`, in ms. Raises NotFound."""
    job = jobs.one(store, JobId(what))
    if job is not None and job.change_id is None:
        raise NotFound(f"the job {what} was {_executed(job)}: there is nothing to explain")
    change = history.one(store, job.change_id if job is not None and job.change_id is not None else ChangeId(what))
    found = [change] if change is not None else history.traced(store, entity=EntityId(what), until=until, limit=limit)
    return job, found


def of_job(store: Reader, job: Job) -> dict[str, Any]:
    """Why the job was made: who asked for it, or what was considered at the change that led to it, while that is kept."""
    change = None if job.change_id is None else history.one(store, job.change_id)
    if job.change_id is None:
        words = _executed(job)
    elif change is None:
        words = f"a trigger ran it at the change {job.change_id}, which is not kept any more"
    else:
        words = f"a trigger ran it at the change {job.change_id}"
    return {
        "job": job.id,
        "user_id": job.user_id,
        "words": words,
        "caused_by": None if job.lineage is None else job.lineage.by,
        "change": None if change is None else as_json(change, job),
    }


def later(traced: Traced, job: Job | None) -> Job | None:
    """The job that is asked about, when a trigger made it some time after the change: its state had held, or holds still."""
    at_once = any(each.job == job.id for each in traced.trace if each.timer is None) if job is not None else True
    return None if at_once else job


def as_json(traced: Traced, job: Job | None = None) -> dict[str, Any]:
    """A change and what was considered at it, for programs; as seen from the job that is asked about."""
    change, afterwards = traced.change, later(traced, job)
    return {
        "change_id": change.id,
        "entity_id": change.entity.id,
        "entity_type": int(change.entity.kind),
        "previous": change.previous,
        "state": change.current,
        "timestamp": change.at,
        "topic": change.topic,
        "reason": change.reason,
        "changed_while_offline": change.changed_while_offline,
        "triggers": [_considered(each) for each in traced.trace if each.timer is None],
        "afterwards": [
            {**_considered(each), "waited": each.timer.value, "timestamp": each.at}
            for each in traced.trace
            if each.timer is not None
        ],
        "later": None if afterwards is None else afterwards.id,
    }


def _considered(each: Considered) -> dict[str, Any]:
    return {
        "trigger": each.trigger,
        "skipped": each.skipped,
        "detail": each.detail,
        "words": considered_in_words(each),
        "job": each.job,
    }


def _executed(job: Job) -> str:
    return f"executed by {job.user_id}, not by a change of state"


# Why an operation of an entity ran around a time, or did not


class Explainer:
    """All of it, for programs, by the definitions as they are when it is asked. Safe from several threads."""

    def __init__(self, store: Reader, knowledge: Callable[[], Knowledge], moment: Callable[[int], str]) -> None:
        """`moment` puts times, in ms, into words."""
        self._store, self._knowledge, self._moment = store, knowledge, moment

    def job(self, id_: JobId) -> dict[str, Any] | None:
        """Why a job was made; None when there is none of that id."""
        job = jobs.one(self._store, id_)
        return None if job is None else of_job(self._store, job)

    def change(self, id_: ChangeId) -> dict[str, Any] | None:
        """What was considered at a change of state; None when there is none of that id."""
        change = history.one(self._store, id_)
        return None if change is None else as_json(change)

    def operation(self, entity: EntityRef, operation: OperationId, at: int) -> list[dict[str, Any]]:
        """Why an operation of an entity ran around a time, in ms, or did not. Raises NotFound when there is no such thing."""
        asked = evidence(self._knowledge(), self._store, entity.id, operation, at)
        return [finding_as_json(each) for each in findings(asked, self._moment)]


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What is known besides the store."""

    catalog: Catalog
    about: Callable[[str, Catalog], Collection[EntityRef]]
    """Which entities a message on a topic may be about."""


def finding_as_json(finding: Finding) -> dict[str, Any]:
    """A finding, for programs."""
    return {
        "reason": finding.reason,
        "words": finding.words,
        "timestamp": finding.at,
        "trigger": finding.trigger,
        "change_id": finding.change,
        "job": finding.job,
    }


def evidence(knowledge: Knowledge, store: Reader, entity: str, operation: str, at: int) -> Evidence:
    """All that is known. `at` is a time in ms. Raises NotFound when there is no such entity or operation."""
    resolved, wanted = _operation(knowledge.catalog, entity, operation)
    ref = resolved.entity.ref
    known = history.traced(store, entity=ref.id, until=at + 1, limit=FOLLOWING)
    # What came together was taken in at the same time.
    last = [each for each in reversed(known) if each.change.at == known[0].change.at]
    changes = [*last, *history.following(store, ref.id, at + 1, at + SHORTLY + 1, FOLLOWING)]
    since = changes[0].change.at if last else at - SHORTLY
    return Evidence(
        resolved=resolved,
        operation=wanted,
        states=knowledge.catalog.states,
        at=at,
        changes=[(each.change, each.trace) for each in changes],
        state=entities.state(store, ref),
        jobs=_jobs(store, ref, wanted.id, since, at + SHORTLY + 1, changes),
        timers=standing.waiting(store, ref),
        manual=standing.manual(store, ref),
        quarantine=standing.quarantine(store, ref, OperationId(operation)),
        refused=list(_refused(knowledge, store, ref)),
    )


def _operation(catalog: Catalog, entity: str, operation: str) -> tuple[Resolved, Operation]:
    ref = catalog.find(entity)
    resolved = None if ref is None else catalog.entity(ref)
    if resolved is None:
        known = _nearest(entity, [each.entity.ref.id for each in catalog.entities])
        raise NotFound(f"expected the id of an object or link that is declared, found {entity!r}{known}")
    operations: dict[str, Operation] = {each.operation: each.program for each in resolved.triggers if each.program is not None}
    operations.update({each.id: each for each in resolved.operations.values()})
    if operation not in operations:
        listed = ", ".join(operations) or "none"
        message = f"expected an operation of {resolved.entity.ref}, which has {listed}, found {operation!r}"
        raise NotFound(f"{message}{_nearest(operation, list(operations))}")
    return resolved, operations[operation]


def _nearest(word: str, known: list[str]) -> str:
    near = get_close_matches(word, known, 1)
    return f"; did you mean {near[0]}?" if near else ""


def _jobs(
    store: Reader, entity: EntityRef, operation: OperationId, since: int, until: int, changes: Iterable[Traced]
) -> list[Job]:
    """The executions around the time, and those that came of the changes; oldest first."""
    which = jobs.JobFilter(owner=entity.id, operation=operation, since=since, until=until)
    found: dict[JobId, Job] = {job.id: job for job in jobs.newest(store, which, limit=EXECUTIONS)}
    named = {each.job for change in changes for each in change.trace if each.job is not None}
    for id_ in named - found.keys():
        job = jobs.one(store, id_)
        if job is not None and job.operation_id == operation:
            found[id_] = job
    return [found[id_] for id_ in sorted(found)]


def _refused(knowledge: Knowledge, store: Reader, entity: EntityRef) -> Iterable[Refused]:
    """Messages about the entity that were not taken."""
    for each in rejected(store):
        if each.topic and entity in knowledge.about(each.topic, knowledge.catalog):
            yield Refused(
                topic=each.topic,
                reason=each.reason.value,
                count=each.count,
                first=each.first,
                last=each.last,
                detail=each.detail,
            )
