"""A course of messages on a virtual clock: time goes on between them, and every job succeeds as soon as it is begun."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pointsman.core.world import Decision
from pointsman.engine.ports import Interpreter
from pointsman.model.catalog import Catalog
from pointsman.model.command import Arm, Command, Finish, TimerDue
from pointsman.model.delivery import Delivery
from pointsman.model.effect import CallOff, Effect, Publish, Resume, StartProgram
from pointsman.model.ids import EntityRef, StateId
from pointsman.model.job import JobStatus
from pointsman.model.json import Json
from pointsman.model.state import EntityState, ManualState
from pointsman.rehearsal.stage import Begin, Stage


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happened, and what was decided on it."""

    at: int
    """In ms."""
    command: Command
    decision: Decision


class Rehearsal:
    """Tell it what happens, in the order of time."""

    def __init__(self, catalog: Catalog, begin: Begin, interpret: Interpreter, at: int) -> None:
        """A worker that starts at the time `at`, in ms, and remembers nothing."""
        self._stage = Stage(catalog, begin)
        self._interpret = interpret
        self.now = at

    def begin(self) -> list[Step]:
        """The worker starts: whatever keeps time by itself is set."""
        return self.tell(Arm())

    def given(
        self,
        entity: EntityRef,
        state: EntityState | StateId | None,
        *,
        manual: ManualState | None = None,
        properties: Mapping[str, Json] | None = None,
    ) -> None:
        """What is known of an entity: its state (of a mere one, since now), one set by hand, properties that were set."""
        world = self._stage.world
        if state is not None and not isinstance(state, EntityState):
            state = EntityState(entity=entity, state=state, previous=None, since=self.now, change=None)
        if state is not None:
            world.states[entity] = state
        if manual is not None:
            world.standing.manual[entity] = manual
        if properties:
            world.standing.properties[entity] = dict(properties)

    def read(self, topic: str, payload: bytes, *, retain: bool = False) -> Sequence[Command]:
        """What a message asks for; nothing when it is passed over."""
        return self._interpret(Delivery(0, 0, 0, False, retain, topic, payload), self._stage.world.catalog)

    def receive(self, topic: str, payload: bytes, *, retain: bool = False) -> list[Step]:
        """A message comes."""
        return [step for command in self.read(topic, payload, retain=retain) for step in self.tell(command)]

    def tell(self, command: Command) -> list[Step]:
        """Something happens: what was decided on it first, and then on all that it leads to at once."""
        commands: deque[Command] = deque([command])
        steps: list[Step] = []
        while commands:
            following = commands.popleft()
            decision = self._stage.decide(following, self.now)
            steps.append(Step(self.now, following, decision))
            commands.extend(at_once(decision.effects))
        return steps

    def wait(self, milliseconds: int) -> list[Step]:
        """Time goes on, and whatever comes due up to then comes up at its time, in order."""
        until = self.now + milliseconds
        steps: list[Step] = []
        while (pending := self._stage.next()) is not None and pending.comes <= until:
            self._stage.pop()
            self.now = max(self.now, pending.comes)
            steps += self.tell(TimerDue(pending.timer.id))
        self.now = until
        return steps


def at_once(effects: tuple[Effect, ...]) -> Iterator[Finish]:
    """What becomes of jobs that are to be carried out, when everything succeeds."""
    for effect in effects:
        match effect:
            case Publish(job=job, qos=qos):
                yield Finish(job=job, status=JobStatus.SUCCEEDED, reason_code=0 if qos else None)
            case StartProgram(job=job) | Resume(job):
                yield Finish(job=job, status=JobStatus.SUCCEEDED)
            case CallOff(job):
                yield Finish(job=job, status=JobStatus.CANCELLED)
