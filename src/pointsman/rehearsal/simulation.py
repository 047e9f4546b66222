"""What a message or a request would do, told without doing it: each command, and what would be decided on it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, TypeAlias, TypeVar

from pointsman.core.explain import in_words
from pointsman.core.world import Decision
from pointsman.model.command import Command
from pointsman.model.ids import EntityRef
from pointsman.model.json import Json
from pointsman.model.state import EntityState, ManualState
from pointsman.model.write import AddChange, AddJob, CountReject, SaveProperty, Write
from pointsman.rehearsal.rehearsal import Rehearsal
from pointsman.rehearsal.words import as_json as would


class Known(NamedTuple):
    """What is known of an entity beforehand."""

    state: EntityState | None = None
    manual: ManualState | None = None
    properties: Mapping[str, Json] | None = None
    """Those that were set while a worker ran."""


Recall: TypeAlias = Callable[[EntityRef], Known]
Sought = TypeVar("Sought", bound=Write)


def simulate(rehearsal: Rehearsal, commands: Iterable[Command], recall: Recall) -> list[dict[str, Any]]:
    """Each command in turn, with what would be decided on it: as JSON, for programs."""
    listed = list(commands)
    for ref in dict.fromkeys([ref for each in listed if (ref := entity_of(each)) is not None]):
        known = recall(ref)
        rehearsal.given(ref, known.state, manual=known.manual, properties=known.properties)
    return [_as_json(each, rehearsal.tell(each)[0].decision) for each in listed]


def entity_of(command: Command) -> EntityRef | None:
    """Whom it is about, if about one."""
    ref: EntityRef | None = getattr(command, "entity", None)
    return ref


def _as_json(command: Command, decision: Decision) -> dict[str, Any]:
    change = _first(decision, AddChange)
    saved = _first(decision, SaveProperty)
    reject = _first(decision, CountReject)
    entity = entity_of(command)
    return {
        "what": type(command).__name__,
        "entity": None if entity is None else str(entity),
        "state": getattr(command, "state", None),
        "change": None if change is None else {"previous": change.change.previous, "state": change.change.current},
        "reason": None if change is None else change.change.reason,
        "property": None if saved is None else {"name": saved.name, "value": saved.value},
        "rejected": None if reject is None else {"reason": reject.reason.value, "detail": reject.detail},
        "triggers": [
            {
                "trigger": each.trigger.id,
                "operation": each.trigger.operation,
                "skipped": each.skipped.value if each.skipped else None,
                "words": in_words(each.skipped.value if each.skipped else None, each.detail),
            }
            for each in decision.verdicts
        ],
        "jobs": [_job(write) for write in decision.writes if isinstance(write, AddJob)],
    }


def _job(added: AddJob) -> dict[str, Any]:
    return {
        "operation": added.job.operation_id,
        "status": added.job.status.value,
        "error": added.job.error,
        "would": would(added.dispatch),
    }


def _first(decision: Decision, kind: type[Sought]) -> Sought | None:
    return next((write for write in decision.writes if isinstance(write, kind)), None)
