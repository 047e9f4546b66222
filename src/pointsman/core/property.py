"""What a property that is set does: it is kept, and the operations that ask for it run. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeGuard

from pydantic_core import to_json

from pointsman.core.admit import record
from pointsman.core.context import context_of
from pointsman.core.guard import Ledger, halted, heed
from pointsman.core.outcome import seen_property
from pointsman.core.plan import plan
from pointsman.core.world import NOTHING, Decision, NewId, World, joined
from pointsman.model.catalog import Resolved
from pointsman.model.command import Reject, RejectReason, SetProperty
from pointsman.model.effect import Answer, Effect
from pointsman.model.ids import JobId
from pointsman.model.json import Json
from pointsman.model.operation import Operation
from pointsman.model.state import Retained
from pointsman.model.write import AddAudit, AddJob, SaveProperty, Write


def set_property(world: World, command: SetProperty, at: int, new_id: NewId) -> Decision | Reject:
    """What comes of it. A value that is equal is no change, and sets off nothing.

    A request may set what is ReadWrite; a device's own report whatever is declared, but only what is ReadWrite runs operations,
    and only that is audited: the rest are readings, which come by the million.
    """
    resolved = world.catalog.entity(command.entity)
    if resolved is None:
        return _reject(command, RejectReason.UNKNOWN_ENTITY, f"there is no {command.entity}")
    if (refusal := _refusal(command, resolved)) is not None:
        return refusal
    previous = world.standing.properties_of(resolved)[command.name]
    if command.retained is Retained.IGNORE:
        return Decision(effects=_answer(command, changed=False))
    proof = _proof(world, command, at, new_id)
    if same_json(previous, command.value):
        return joined(proof, Decision(effects=_answer(command, changed=False)))
    save = SaveProperty(entity=command.entity, name=command.name, value=command.value, at=at, by=command.by)
    if command.name not in resolved.writable or _is_baseline(world, command):
        return joined(proof, Decision((save,), _answer(command, changed=True)))
    modified = _Modified(world, command, resolved, previous, at, new_id, [*proof.writes, save], list(proof.effects))
    modified.audit()
    for operation in resolved.operations.values():
        if operation.on_property:
            modified.run(operation)
    return modified.decision()


def _proof(world: World, command: SetProperty, at: int, new_id: NewId) -> Decision:
    """What a device's own live report proves; that somebody asks for a value proves nothing."""
    live = command.reported and command.retained in (None, Retained.FIRE)
    return seen_property(world, command.entity, command.name, command.value, at, new_id) if live else NOTHING


def same_json(left: Json, right: Json) -> bool:
    """Whether two values are equal as JSON, where 1 is 1.0 and neither is true."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(same_json(value, right[name]) for name, value in left.items())
    if _is_list(left) and _is_list(right):
        return len(left) == len(right) and all(map(same_json, left, right))
    return left == right


@dataclass(slots=True)
class _Modified:
    """A ReadWrite property has another value: all that comes of it."""

    world: World
    command: SetProperty
    resolved: Resolved
    previous: Json
    at: int
    new_id: NewId
    writes: list[Write]
    effects: list[Effect] = field(default_factory=list)
    ledger: Ledger = field(default_factory=Ledger)

    def audit(self) -> None:
        """Who did it."""
        command = self.command
        self.writes.append(
            AddAudit(
                id=self.new_id(self.at),
                at=self.at,
                actor=command.by,
                action="property.set",
                subject=f"{command.entity}: {command.name}",
                before=json.dumps(self.previous),
                after=json.dumps(command.value),
            )
        )

    def run(self, operation: Operation) -> None:
        """Run an operation that asks for it, unless it was run too often."""
        command, world = self.command, self.world
        halt = halted(world.standing, self.ledger, (command.entity, operation.id), command.lineage, self.at)
        if halt is not None and halt.begins is None:
            return
        args = {"property": command.name, "value": command.value, "previous": self.previous}
        job = JobId(self.new_id(self.at))
        context = context_of(world, self.resolved, user=command.by, login=command.login, args=args, job=job, at=self.at)
        now = {**context.properties, command.name: command.value}
        planned = plan(operation, replace(context, properties=now), world.catalog, lineage=command.lineage)
        record(world, heed(halt, planned, self.writes, self.at), self.writes, self.effects)

    def decision(self) -> Decision:
        """All of it."""
        jobs = [write.job.id for write in self.writes if isinstance(write, AddJob)]
        answer = _answer(self.command, changed=True, jobs=jobs)
        return Decision(tuple(self.writes), (*self.effects, *answer), spent=tuple(self.ledger.spent.items()))


def _is_list(value: Json) -> TypeGuard[Sequence[Json]]:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _is_baseline(world: World, command: SetProperty) -> bool:
    """Whether a retained report only says what is: as with states the first does, and each that is only to set the baseline."""
    if command.retained is Retained.COMPARE:
        return command.name not in world.standing.properties.get(command.entity, {})
    return command.retained is Retained.BASELINE


def _refusal(command: SetProperty, resolved: Resolved) -> Reject | None:
    if command.name not in resolved.properties:
        known = ", ".join(resolved.properties) or "none"
        detail = f"{command.entity} has no property {command.name!r}; it has {known}"
        return _reject(command, RejectReason.UNKNOWN_PROPERTY, detail)
    if not command.reported and command.name not in resolved.writable:
        known = ", ".join(sorted(resolved.writable)) or "none"
        detail = f"the property {command.name!r} of {command.entity} is not writable (type_id 3); those that are: {known}"
        return _reject(command, RejectReason.NOT_WRITABLE, detail)
    return None


def _reject(command: SetProperty, reason: RejectReason, detail: str) -> Reject:
    return Reject(
        reason=reason, topic=command.topic, detail=detail, payload=to_json(command.value, fallback=dict), reply=command.reply
    )


def _answer(command: SetProperty, *, changed: bool, jobs: Sequence[str] = ()) -> tuple[Answer, ...]:
    if command.reply is None:
        return ()
    body: Mapping[str, Json] = {"property": command.name, "value": command.value, "changed": changed, "jobs": list(jobs)}
    return (Answer(to=command.reply, body=body),)
