"""How far before the time from which a replay compares it has to begin, so that all that is under way then is known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pointsman.model.catalog import Catalog
from pointsman.model.conduct import Conduct
from pointsman.model.entity import Class, Entity
from pointsman.model.trigger import StateTrigger

LEAST = 3_600_000
"""In ms: for limits on how often operations run, and for jobs that take their time."""


def lead_in(catalog: Catalog) -> int:
    """In ms: as long as the longest that a trigger holds, repeats or rests, or that an operation waits for anything."""
    definers: list[Class | Entity] = [*catalog.classes.values(), *[resolved.entity for resolved in catalog.entities]]
    triggers = _of_triggers(trigger for each in definers for trigger in each.triggers)
    waits = _of_conducts(operation.conduct for each in definers for operation in each.operations)
    return max([LEAST, *triggers, *waits])


def _of_triggers(triggers: Iterable[StateTrigger]) -> Iterator[int]:
    for trigger in triggers:
        yield max(trigger.hold_ms, trigger.every_ms, trigger.cooldown_ms)


def _of_conducts(conducts: Iterable[Conduct]) -> Iterator[int]:
    for conduct in conducts:
        if not conduct.is_plain:
            waits = (conduct.expect.within_ms if conduct.expect else 0, conduct.confirm.within_ms if conduct.confirm else 0)
            yield max(*waits, conduct.backoff_most_ms if conduct.retries else 0)
