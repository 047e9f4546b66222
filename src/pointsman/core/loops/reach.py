"""How far an operation reaches: operation × how it came to run → who may read what it publishes, and as what.

What is published is the operation's own message and the announcements of its job.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

from pydantic_core import to_json

from pointsman.core.loops.listening import Listener, Listening, OwnReports, OwnRequests, entity_of
from pointsman.core.loops.outline import ANY, FRESH, OWN, SELF, VALUE, Depends, could_be, depends, is_open, with_holes
from pointsman.core.loops.reading import may_be_request, read_as_report, read_by_rule, states_of
from pointsman.core.plan import Unplannable, check_level
from pointsman.core.render import Context, MissingName, render
from pointsman.model.catalog import Catalog
from pointsman.model.ids import EntityId, EntityRef, JobId, OperationId, OwnerType, StateId
from pointsman.model.job import Job, JobStatus
from pointsman.model.operation import MqttOperation, Operation
from pointsman.model.rule import IntakeRule
from pointsman.model.template import Template
from pointsman.model.topic import topic_fault

_NO_NAMES: Mapping[str, str] = {}
_NEVER_KNOWN = {"job": FRESH, "timestamp": FRESH}
_TRIGGERED = {**_NEVER_KNOWN, "payload": ANY}
"""What is not known of a run that a trigger makes."""
_REQUESTED = {**_NEVER_KNOWN, "state": ANY, "previous": ANY, "args": ANY}
"""What is not known of a run that a request makes."""


@dataclass(frozen=True, slots=True)
class Announcing:
    """How jobs are announced."""

    before: str
    """What stands in the topic before the job's id."""
    statuses: tuple[JobStatus, ...]
    """In which statuses a job is announced."""


@dataclass(frozen=True, slots=True)
class Crowd:
    """Every entity whose id may be this."""

    id: str
    """An outline."""
    kind: OwnerType | None
    """None: of either kind."""


class Itself:
    """The entity that the operation runs for."""


ITSELF = Itself()
Whom: TypeAlias = EntityRef | Crowd | Itself
_Read: TypeAlias = tuple[Whom, frozenset[StateId], str | None]


@dataclass(frozen=True, slots=True)
class Reading:
    """A message that an operation publishes is read by a listener."""

    part: int
    """Which of the things that are published: 0 is the operation's own message."""
    topic: str
    message: str
    """Topic and message are outlines."""
    listener: Listener
    entity: Whom
    states: frozenset[StateId] = frozenset()
    """The states that the message may report, or"""
    operation: str | None = None
    """the operation that it asks for, as an outline."""


@dataclass(frozen=True, slots=True)
class Run:
    """An operation runs: by a trigger, or by a request."""

    operation: Operation
    requested: bool
    texts: tuple[Template, Template] | None
    """Its topic and its message, with holes for what is not known of such a run; None of a program."""
    needs: frozenset[str] = frozenset()
    """Without these it fails: paths in the payload that reported the state or, of a request, arguments."""


def run_of(operation: Operation, *, requested: bool) -> Run:
    """A run of an operation."""
    if not isinstance(operation, MqttOperation):
        return Run(operation, requested, None)
    unknown, root = (_REQUESTED, "args") if requested else (_TRIGGERED, "payload")
    macros = (*operation.topic.macros, *operation.message.macros)
    needs = frozenset({macro.name for macro in macros if macro.root == root and macro.name})
    return Run(operation, requested, (with_holes(operation.topic, unknown), with_holes(operation.message, unknown)), needs)


class Reach:
    """Asks what becomes of what operations publish."""

    def __init__(self, catalog: Catalog, listening: Listening, announcing: Announcing | None) -> None:
        self._catalog = catalog
        self._listening = listening
        self._announcing = announcing
        self._heard: dict[str, bool] = {}
        self._said: dict[tuple[str, int], frozenset[StateId]] = {}
        self.announced = announcing is not None and self._is_heard(announcing.before + FRESH)
        """Whether anybody reads announcements."""

    def reaches(self, operation: Operation) -> bool:
        """Whether anybody may read what it publishes, whatever its macros become. Quick, and the answer to nearly all."""
        if operation.allow_loop:
            return False
        return self.announced or (isinstance(operation, MqttOperation) and self._is_heard(_any(operation.topic)))

    def asks(self, operation: Operation) -> bool:
        """Whether it may publish a request."""
        if not isinstance(operation, MqttOperation) or not self.reaches(operation):
            return False
        return any(isinstance(listener, OwnRequests) for listener, _ in self._listening.to(_any(operation.topic)))

    def readings(self, run: Run, context: Context) -> Iterator[Reading]:
        """What may be read of what it publishes. Raises Depends when the context is that of many entities, and they differ."""
        for part, topic, message in self._published(run, context):
            if OWN in topic:
                raise Depends  # It may be none that can be published to.
            for listener, captured in self._listening.to(topic):
                reading = self._read(message, listener, captured, context.entity.kind)
                if reading is not None:
                    yield Reading(part, topic, message, listener, *reading)

    @cached_property
    def _derived(self) -> frozenset[StateId]:
        """The states that values may stand for: what conditions make of them is not looked into."""
        return frozenset([condition.state for each in self._catalog.entities for condition in each.conditions])

    def _is_heard(self, topic: str) -> bool:
        heard = self._heard.get(topic)
        if heard is None:
            heard = self._heard[topic] = any(True for _ in self._listening.to(topic))
        return heard

    def _published(self, run: Run, context: Context) -> Iterator[tuple[int, str, str]]:
        if run.texts is not None:
            topic_text, message_text = run.texts
            try:
                topic = render(topic_text, context, check_level)
                if is_open(topic) or topic_fault(topic) is None:
                    yield 0, topic, render(message_text, context)
            except (MissingName, Unplannable):
                pass  # Its job fails, and publishes nothing but that.
        if self._announcing is not None and self.announced:
            for part, status in enumerate(self._announcing.statuses, 1):
                yield part, self._announcing.before + FRESH, _announcement(run.operation, context, status)

    def _read(self, message: str, listener: Listener, captured: Sequence[str], kind: OwnerType) -> _Read | None:
        match listener:
            case OwnRequests():
                whom = self._own(captured[0], listener.kind, kind)
                if depends(captured[1]):
                    raise Depends
                return (whom, frozenset(), captured[1]) if whom is not None and may_be_request(message) else None
            case OwnReports():
                whom = self._own(captured[0], listener.kind, kind)
            case _:
                whom = self._foreign(entity_of(listener, captured))
        states = None if whom is None else self._states(message, listener)
        return (whom, states, None) if whom is not None and states else None

    def _states(self, message: str, listener: IntakeRule | OwnReports) -> frozenset[StateId]:
        if isinstance(listener, IntakeRule) and listener.state is None:
            return frozenset() if listener.property is not None else self._derived
        key = (message, id(listener))
        if key not in self._said:
            if isinstance(listener, OwnReports):
                value, names = read_as_report(message), _NO_NAMES
            else:
                value, names = read_by_rule(message, listener), listener.map
            states = frozenset[StateId]() if value is None else states_of(value, self._catalog, names)
            if states and value is not None and depends(value):
                raise Depends
            self._said[key] = states
        return self._said[key]

    def _own(self, id_: str, kind: OwnerType, own: OwnerType) -> Whom | None:
        if id_ == SELF:
            return ITSELF if kind is own else None
        if is_open(id_):
            return _crowd(id_, kind)
        ref = EntityRef(kind, EntityId(id_))
        return None if self._catalog.entity(ref) is None else ref

    def _foreign(self, id_: str) -> Whom | None:
        if id_ == SELF:
            return ITSELF
        return _crowd(id_, None) if is_open(id_) else self._catalog.find(id_)


def _crowd(id_: str, kind: OwnerType | None) -> Crowd | None:
    if FRESH in id_:
        return None
    if depends(id_):
        raise Depends
    return Crowd(id_, kind)


def _any(topic: Template) -> str:
    return "".join([part if isinstance(part, str) else ANY for part in topic.parts])


def _announcement(operation: Operation, context: Context, status: JobStatus) -> str:
    job = Job(
        id=JobId(FRESH),
        operation_id=OperationId(operation.id),
        owner=context.entity,
        user_id=context.user,
        timestamp=0,
        status=status,
    )
    told = {"id", "operation_id", "owner_id", "owner_type", "user_id", "status"}
    body: dict[str, Any] = {name: value if name in told else VALUE for name, value in job.to_json().items()}
    return to_json(body).decode()


def may_ask_for(reading: Reading, operation: OperationId) -> bool:
    """Whether a request may be for this operation."""
    return reading.operation is not None and could_be(reading.operation, operation)
