"""The runs of an entity's operations, each with one reading of what it publishes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from pointsman.core.context import state_of
from pointsman.core.loops.outline import OWN, SELF
from pointsman.core.loops.reach import Reach, Reading, Run, run_of
from pointsman.core.render import Context
from pointsman.model.catalog import Catalog, Resolved
from pointsman.model.ids import MQTT_USER, SYSTEM_USER, EntityId, EntityRef, JobId, StateId, UserId
from pointsman.model.json import Json
from pointsman.model.operation import MqttOperation, Operation
from pointsman.model.template import Macro
from pointsman.model.trigger import StateTrigger

Slot: TypeAlias = tuple[str, int, int]


@dataclass(frozen=True, slots=True)
class Lead:
    """A run of an operation, and one reading of what it publishes."""

    operation: Operation
    trigger: StateTrigger | None
    """What made the run; None: a request."""
    states: frozenset[StateId]
    """The states that were entered when the trigger made it; none for a request."""
    previous: frozenset[StateId]
    """The states that were left, of those that matter."""
    reading: Reading
    needs: frozenset[str] = frozenset()
    """What the run needs to publish what is read; an announcement needs nothing."""

    @property
    def slot(self) -> Slot:
        """The same for those of which one run takes one."""
        made_by = self.operation.id if self.trigger is None else self.trigger.id
        return made_by, self.reading.part, id(self.reading.listener)


@dataclass(frozen=True, slots=True)
class View:
    """How much of an entity is looked at."""

    id: bool
    values: bool
    """Its name and properties."""


@dataclass(frozen=True, slots=True)
class _Occasion:
    """A trigger fires, or a request comes."""

    run: Run
    trigger: StateTrigger | None
    states: frozenset[StateId]
    previous: frozenset[StateId]
    seen: tuple[StateId | None, StateId | None] = (None, None)
    """The state and the previous one, as far as the operation's text depends on them."""


class Runs:
    """What may run of what the entities of a kit have in common, and is worth a look."""

    def __init__(self, like: Resolved, catalog: Catalog, reach: Reach, asked: bool) -> None:
        """`asked`: requests are published by some operation or other."""
        self._catalog = catalog
        self._reach = reach
        operations = like.operations.values() if asked else ()
        requests = [run_of(each, requested=True) for each in operations if reach.reaches(each)]
        self._occasions = [*self._triggered(like), *[_Occasion(each, None, frozenset(), frozenset()) for each in requests]]
        macros = {macro for each in self._occasions for macro in _macros(each.run.operation)}
        self.named = any(macro.root == "name" for macro in macros)
        """Whether an entity's name matters,"""
        self.properties = tuple(sorted(macro.name for macro in macros if macro.root == "properties"))
        """and which of its properties."""
        self._blank = dict.fromkeys(self.properties, OWN)

    def __bool__(self) -> bool:
        return bool(self._occasions)

    def leads(self, entity: Resolved, view: View) -> tuple[Lead, ...]:
        """The leads of an entity. Raises Depends when they depend on what is not looked at."""
        return tuple(self._leads(entity, view))

    def _leads(self, entity: Resolved, view: View) -> Iterator[Lead]:
        contexts: dict[object, Context] = {}
        for occasion in self._occasions:
            run = occasion.run
            key = (run.requested, occasion.seen)
            if key not in contexts:
                contexts[key] = self._context(entity, view, occasion)
            for reading in self._reach.readings(run, contexts[key]):
                needs = run.needs if reading.part == 0 else frozenset()
                yield Lead(run.operation, occasion.trigger, occasion.states, occasion.previous, reading, needs)

    def _triggered(self, like: Resolved) -> Iterator[_Occasion]:
        """States entered and left with which triggers fire, one by one as far as the operation's text depends on them."""
        every = frozenset(self._catalog.states)
        for trigger in like.triggers:
            operation = trigger.program or like.operations[trigger.operation]
            if not trigger.enabled or not self._reach.reaches(operation):
                continue
            run = run_of(operation, requested=False)
            roots = {macro.root for macro in _macros(operation)}
            for entered, state in _split((trigger.state_ids or every) - trigger.not_to, "state" in roots):
                for left, previous in _split((trigger.from_states or every) - trigger.not_from, "previous" in roots):
                    yield _Occasion(run, trigger, entered, left, (state, previous))

    def _context(self, entity: Resolved, view: View, occasion: _Occasion) -> Context:
        kind, id_ = entity.entity.ref
        state, previous = occasion.seen
        user: UserId = MQTT_USER if occasion.run.requested else SYSTEM_USER
        properties: Mapping[str, Json] = entity.properties if view.values else self._blank
        return Context(
            entity=EntityRef(kind, id_ if view.id else EntityId(SELF)),
            name=entity.entity.name if view.values else OWN,
            properties=properties,
            user=user,
            login=user,
            args={},
            job=JobId(""),
            state=state_of(self._catalog, state),
            previous=state_of(self._catalog, previous),
            timestamp=0,
            payload=None if occasion.run.requested else b"",
        )


def _macros(operation: Operation) -> tuple[Macro, ...]:
    return (*operation.topic.macros, *operation.message.macros) if isinstance(operation, MqttOperation) else ()


def _split(states: frozenset[StateId], apart: bool) -> Iterable[tuple[frozenset[StateId], StateId | None]]:
    if apart:
        return [(frozenset({each}), each) for each in sorted(states)]
    return [(states, None)] if states else []
