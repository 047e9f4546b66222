"""What would happen: a rehearsal with the definitions as they are, that knows of an entity what the store knows.

For the command line and the API, which both ask here and so are told the same. Part of the composition root.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pointsman.core.limits import Bounds
from pointsman.core.standing import Standing, standing_of
from pointsman.engine.ports import Clock, Interpreter
from pointsman.model.catalog import Catalog
from pointsman.model.command import Execute
from pointsman.model.delivery import Delivery
from pointsman.model.ids import EntityRef, StateId
from pointsman.model.remembered import Remembered
from pointsman.model.state import EntityState
from pointsman.rehearsal.rehearsal import Rehearsal
from pointsman.rehearsal.simulation import Known, Recall, entity_of, simulate
from pointsman.rehearsal.stage import Begin
from pointsman.store.reads import entities
from pointsman.store.reads.reader import Reader


def beginning(catalog: Catalog, bounds: Bounds) -> Begin:
    """How a worker begins that remembers this and that."""

    def begin(remembered: Remembered) -> Standing:
        return standing_of(remembered, catalog, bounds)

    return begin


def suppose(
    asked: Delivery | Execute,
    recall: Recall,
    *,
    catalog: Catalog,
    bounds: Bounds,
    interpret: Interpreter,
    at: int,
    reached: Callable[[EntityRef], bool] = lambda _: True,
) -> list[dict[str, Any]]:
    """What a message or a request would lead to, at the time `at`, in ms: each command, and what would be decided on it. What
    it would do to entities that are not `reached` is left out. Nothing is stored, published or run."""
    rehearsal = Rehearsal(catalog, beginning(catalog, bounds), interpret, at)
    commands = interpret(asked, catalog) if isinstance(asked, Delivery) else (asked,)
    told = [each for each in commands if (ref := entity_of(each)) is None or reached(ref)]
    return simulate(rehearsal, told, recall)


def recalled(store: Reader, entity: EntityRef) -> Known:
    """What the store knows of an entity. Raises StoreUnavailable."""
    values = {name: each.value for name, each in entities.properties(store, entity).items()}
    return Known(entities.state(store, entity), entities.manual(store, entity), values)


@dataclass(frozen=True, slots=True)
class Simulator:
    """What would happen to a worker, by what it knows when it is asked. Safe from several threads."""

    store: Reader
    catalog: Callable[[], Catalog]
    bounds: Bounds
    interpret: Interpreter
    clock: Clock

    def __call__(
        self, asked: Delivery | Execute, state: StateId | None, reached: Callable[[EntityRef], bool]
    ) -> list[dict[str, Any]]:
        """As `suppose`; for entities in that state, or in the one that they are in. Raises StoreUnavailable."""
        at = self.clock.now()

        def recall(entity: EntityRef) -> Known:
            known = recalled(self.store, entity)
            return known if state is None else instead(known, entity, state, at)

        return suppose(
            asked,
            recall,
            catalog=self.catalog(),
            bounds=self.bounds,
            interpret=self.interpret,
            at=at,
            reached=reached,
        )


def instead(known: Known, entity: EntityRef, state: StateId, at: int) -> Known:
    """The same, but that the entity is in that state since then, and in no manual one."""
    return known._replace(state=EntityState(entity=entity, state=state, previous=None, since=at, change=None), manual=None)
