"""`pointsman explain ENTITY --operation OPERATION`: what the store and the configuration know about it, and the answer."""

from __future__ import annotations

import time
from collections.abc import Iterable
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from pointsman.cli.output import moment, visible
from pointsman.errors import NotFound

if TYPE_CHECKING:
    from pointsman.core.evidence import Evidence, Finding, Refused
    from pointsman.model.catalog import Resolved
    from pointsman.model.ids import EntityRef, JobId, OperationId
    from pointsman.model.job import Job
    from pointsman.model.operation import Operation
    from pointsman.settings import Configuration
    from pointsman.store.reads.history import Traced
    from pointsman.store.reads.reader import Reader

FOLLOWING = 5
"""How many changes shortly after the time are looked at."""
EXECUTIONS = 5
"""How many executions around the time are told, besides those that the changes name."""


def evidence(config: Configuration, store: Reader, entity: str, operation: str, at: int | None) -> Evidence:
    """All that is known. `at` is a time in ms; None: now. Raises NotFound when there is no such entity or operation."""
    from pointsman.core.evidence import Evidence
    from pointsman.core.why import SHORTLY
    from pointsman.model.ids import OperationId
    from pointsman.store.reads import entities, history, standing

    resolved, wanted = _operation(config, entity, operation)
    ref, at = resolved.entity.ref, time.time_ns() // 1_000_000 if at is None else at
    known = history.traced(store, entity=ref.id, until=at + 1, limit=FOLLOWING)
    # What came together was taken in at the same time.
    last = [each for each in reversed(known) if each.change.at == known[0].change.at]
    changes = [*last, *history.following(store, ref.id, at + 1, at + SHORTLY + 1, FOLLOWING)]
    since = changes[0].change.at if last else at - SHORTLY
    return Evidence(
        resolved=resolved,
        operation=wanted,
        states=config.catalog.states,
        at=at,
        changes=[(each.change, each.trace) for each in changes],
        state=entities.state(store, ref),
        jobs=_jobs(store, ref, wanted.id, since, at + SHORTLY + 1, changes),
        timers=standing.waiting(store, ref),
        manual=standing.manual(store, ref),
        quarantine=standing.quarantine(store, ref, OperationId(operation)),
        refused=list(_refused(config, store, ref)),
    )


def as_json(finding: Finding) -> dict[str, Any]:
    """For programs."""
    return {
        "reason": finding.reason,
        "words": finding.words,
        "timestamp": finding.at,
        "trigger": finding.trigger,
        "change_id": finding.change,
        "job": finding.job,
    }


def in_words(asked: Evidence, found: Iterable[Finding]) -> str:
    """For people: a line for each."""
    lines = [f"{asked.entity}, {asked.operation.id}, {moment(asked.at)}:"]
    lines += [f"  {moment(each.at) if each.at is not None else 'at any time':23}  {visible(each.words)}" for each in found]
    return "\n".join(lines)


def _operation(config: Configuration, entity: str, operation: str) -> tuple[Resolved, Operation]:
    catalog = config.catalog
    ref = catalog.find(entity)
    resolved = None if ref is None else catalog.entity(ref)
    if resolved is None:
        known = _nearest(entity, [each.entity.ref.id for each in catalog.entities])
        raise NotFound(f"expected the id of an object or link that is declared, found {entity!r}{known}")
    operations: dict[str, Operation] = {each.operation: each.program for each in resolved.triggers if each.program is not None}
    operations.update({each.id: each for each in resolved.operations.values()})
    if operation not in operations:
        listed = ", ".join(operations) or "none"
        message = f"expected --operation to be one of {resolved.entity.ref}, which has {listed}, found {operation!r}"
        raise NotFound(f"{message}{_nearest(operation, list(operations))}")
    return resolved, operations[operation]


def _nearest(word: str, known: list[str]) -> str:
    near = get_close_matches(word, known, 1)
    return f"; did you mean {near[0]}?" if near else ""


def _jobs(
    store: Reader, entity: EntityRef, operation: OperationId, since: int, until: int, changes: Iterable[Traced]
) -> list[Job]:
    """The executions around the time, and those that came of the changes; oldest first."""
    from pointsman.store.reads import jobs

    which = jobs.JobFilter(owner=entity.id, operation=operation, since=since, until=until)
    found: dict[JobId, Job] = {job.id: job for job in jobs.newest(store, which, limit=EXECUTIONS)}
    named = {each.job for change in changes for each in change.trace if each.job is not None}
    for id_ in named - found.keys():
        job = jobs.one(store, id_)
        if job is not None and job.operation_id == operation:
            found[id_] = job
    return [found[id_] for id_ in sorted(found)]


def _refused(config: Configuration, store: Reader, entity: EntityRef) -> Iterable[Refused]:
    """Messages about the entity that were not taken."""
    from pointsman.core.evidence import Refused
    from pointsman.mqtt.intake import Reader as Intake
    from pointsman.mqtt.topics import Topics
    from pointsman.store.reads.rejects import rejected

    topics = Topics(config.settings.mqtt.base_topic, config.settings.node.id)
    about = Intake(topics, config.rules).entities
    for each in rejected(store):
        if each.topic and entity in about(each.topic, config.catalog):
            yield Refused(
                topic=each.topic,
                reason=each.reason.value,
                count=each.count,
                first=each.first,
                last=each.last,
                detail=each.detail,
            )
