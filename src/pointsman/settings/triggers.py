"""From the forms of triggers to the model, and the names of states."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TypeAlias
from zoneinfo import ZoneInfo

from pointsman.model.expression import Expression, ExpressionError, parse_expression
from pointsman.model.ids import OperationId, StateId, TriggerId
from pointsman.model.operation import ProgramOperation
from pointsman.model.state import State
from pointsman.model.trigger import ActiveHours, StateTrigger
from pointsman.settings.checks import LONGEST_ID, id_fault, time_zone
from pointsman.settings.forms import ActiveForm, PayloadForm, TriggerForm
from pointsman.settings.place import Path, Place
from pointsman.settings.problem import nearest, one_of, shown
from pointsman.settings.report import Report, value_at

Command: TypeAlias = "Sequence[tuple[str, Path]]"
"""A program and its arguments, each with the way to it."""
ProgramOf: TypeAlias = Callable[[str, Place, Command], ProgramOperation | None]
"""Makes the program that a trigger runs, under an id; None when it makes none."""

_UNITS = {"minutes": 60_000, "hours": 3_600_000, "days": 86_400_000}
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""As the file calls them; Monday is 0 in the model."""
_TIME = re.compile(r"([01]?[0-9]|2[0-4]):([0-5][0-9])")


class StateNames:
    """The states, by id and by name."""

    def __init__(self, states: Sequence[State]) -> None:
        self._by_id = {str(state.id): state for state in states}
        self._by_name = {state.name: state for state in states}

    def find(self, written: int | str) -> State | None:
        """The state of that id or, failing that, that name."""
        return self._by_id.get(str(written)) or self._by_name.get(str(written))

    def fault(self, written: int | str) -> str:
        """What to say of one that is not there."""
        names = [*self._by_name, *[each for each in self._by_id if each not in self._by_name]]
        return f"expected a state's id or name, {one_of(self._by_name)}, found {shown(written)}{nearest(str(written), names)}"

    def as_triggered(self, written: int | str, state: State) -> int | str:
        """As `process_meta.triggerStates` shows it: an id as it was written, a name as its state's declared id."""
        return written if str(written) == state.id else state.declared


@dataclass(frozen=True, slots=True)
class Owner:
    """What a trigger is set for, and what it may run."""

    name: str
    """`class pump`."""
    operations: Collection[str]
    """The ids of those that it has."""
    program_of: ProgramOf

    def trigger_id(self, number: int) -> str:
        """What its trigger of that number is called where nothing else is said: fit for an id."""
        end = f", trigger {number}"
        return self.name[: LONGEST_ID - len(end)] + end


def build_trigger(
    form: TriggerForm, place: Place, owner: Owner, number: int, states: StateNames, report: Report
) -> StateTrigger | None:
    """The trigger, or None when it makes none."""
    builder = _Builder(form, place, states, report)
    id_ = form.id or owner.trigger_id(number)
    runs = builder.runs(owner, id_)
    if runs is None:
        return None
    operation, program = runs
    acts_on = builder.acts_on()
    return StateTrigger(
        id=TriggerId(id_),
        states=tuple([states.as_triggered(written, state) for written, state in acts_on]),
        state_ids=frozenset([StateId(state.id) for _, state in acts_on]),
        operation=operation,
        program=program,
        origin=f"{owner.name}, trigger {number}",
        enabled=form.enabled,
        from_states=builder.ids("from", form.from_),
        not_from=builder.ids("not_from", form.not_from),
        not_to=builder.ids("not_to", form.not_to),
        when=builder.when(),
        active=builder.active(),
        cooldown_ms=form.cooldown,
        hold_ms=builder.either("duration", form.duration, "for", form.hold),
        every_ms=builder.every(),
        late=form.late,
        latest_ms=form.latest,
    )


class _Builder:
    """Reads one form, and reports what is wrong with it at its place."""

    def __init__(self, form: TriggerForm, place: Place, states: StateNames, report: Report) -> None:
        self._form = form
        self._place = place
        self._states = states
        self._report = report

    def runs(self, owner: Owner, id_: str) -> tuple[OperationId, ProgramOperation | None] | None:
        """The operation that it runs, and itself where it is the trigger's own; None when it runs nothing."""
        form, place = self._form, self._place
        payload = self._payload()
        if payload is None or any(self._is_wrong(key) for key in ("operation", "command")):
            return None
        script = form.type == "script" or (form.type is None and form.command is not None)
        if form.operation is not None and form.command is not None:
            self._report.key(place.node, place.at("command"), "expected operation or command, found both; keep one of them")
            return None
        self._check_payload(payload, script)
        if not script:
            wanted = self._operation(owner, payload)
            return None if wanted is None else (OperationId(wanted), None)
        command = self._command(payload)
        if command is None:
            return None
        self._check_id(owner, id_)
        program = owner.program_of(id_, place, command)
        return None if program is None else (program.id, program)

    def _payload(self) -> PayloadForm | None:
        """The reference's form of what it runs; empty where there is none, None where it is wrong."""
        path, before = self._place.at("payload"), len(self._report)
        written = value_at(self._place.node, path)
        found = PayloadForm() if written is None else self._report.parse(PayloadForm, written, self._place.node, path)
        return found if len(self._report) == before else None

    def _is_wrong(self, key: str) -> bool:
        """Whether there is a value that has been told of."""
        return getattr(self._form, key) is None and value_at(self._place.node, self._place.at(key)) is not None

    def _check_payload(self, payload: PayloadForm, script: bool) -> None:
        """Tell of what the other type has."""
        kind, wrong = ("script", ("operation",)) if script else ("operation", ("execPath", "args"))
        path = self._place.at("payload")
        for key in wrong:
            if value_at(self._place.node, (*path, key)) is not None:
                message = f"expected what a trigger of type {kind} has, found {key!r}"
                self._report.key(self._place.node, (*path, key), message)
        short = "operation" if script else "command"
        if getattr(self._form, short) is not None:
            message = f"expected what a trigger of type {kind} has, found {short!r}"
            self._report.key(self._place.node, self._place.at(short), message)

    def _operation(self, owner: Owner, payload: PayloadForm) -> str | None:
        form, place, report = self._form, self._place, self._report
        if form.operation is not None and payload.operation is not None:
            report.key(place.node, place.at("payload"), "expected operation or payload.operation, found both; keep one of them")
        wanted = form.operation or payload.operation
        if wanted is None:
            report.value(place.node, place.path, "expected the key 'operation', found none")
        elif wanted not in owner.operations:
            path = place.at("operation") if form.operation is not None else place.at("payload", "operation")
            known = f"an operation of {owner.name}" + (f", {one_of(owner.operations)}" if owner.operations else "")
            report.value(place.node, path, f"expected {known}, found {shown(wanted)}{nearest(wanted, owner.operations)}")
        return wanted

    def _command(self, payload: PayloadForm) -> Command | None:
        form, place, report = self._form, self._place, self._report
        if form.command is not None and payload.exec_path is not None:
            report.key(place.node, place.at("payload"), "expected command or payload.execPath, found both; keep one of them")
        if form.command is not None:
            return [(text, place.at("command", index)) for index, text in enumerate(form.command)]
        if payload.exec_path is None:
            report.value(place.node, place.path, "expected the key 'command', or payload.execPath, found none")
            return None
        arguments = [(text, place.at("payload", "args", index)) for index, text in enumerate(payload.args)]
        return [(payload.exec_path, place.at("payload", "execPath")), *arguments]

    def _check_id(self, owner: Owner, id_: str) -> None:
        """Jobs name the program by the trigger's id, as they name operations by theirs."""
        fault = id_fault(id_) or (f"that of operation {id_!r}" if id_ in owner.operations else None)
        if fault:
            message = f"expected an id that could be a further operation's, since jobs name the program by it, found {fault}"
            self._report.value(self._place.node, self._place.at("id"), message)

    def acts_on(self) -> list[tuple[int | str, State]]:
        """The states that it acts on, as written and as they are."""
        form, place = self._form, self._place
        if form.states and form.to:
            self._report.key(
                place.node, place.at("to"), "expected states or to, which are the same, found both; keep one of them"
            )
        clauses = (form.states, form.to, form.from_, form.not_from, form.not_to)
        if not any(clauses):
            self._report.value(place.node, place.path, "expected states, to, from, not_from or not_to, found none of them")
        return self._known("states" if form.states else "to", form.states or form.to)

    def ids(self, key: str, written: Sequence[int | str]) -> frozenset[StateId]:
        """The ids of the states that are written under `key`."""
        return frozenset([StateId(state.id) for _, state in self._known(key, written)])

    def either(self, key: str, value: int | None, other_key: str, other: int | None) -> int:
        """One of two keys that say the same, 0 when neither is there."""
        if value is not None and other is not None:
            message = f"expected {key} or {other_key}, which are the same, found both; keep one of them"
            self._report.key(self._place.node, self._place.at(other_key), message)
        return value or other or 0

    def every(self) -> int:
        """After how long it acts again, in ms."""
        periodicity = self._form.periodicity
        in_ms = None if periodicity is None else periodicity.value * _UNITS[periodicity.unit]
        return self.either("periodicity", in_ms, "every", self._form.every)

    def when(self) -> Expression | None:
        """Its condition."""
        if self._form.when is None:
            return None
        try:
            return parse_expression(self._form.when)
        except ExpressionError as fault:
            self._report.value(self._place.node, self._place.at("when"), f"{fault}, at character {fault.position + 1}")
            return None

    def active(self) -> ActiveHours | None:
        """When it acts."""
        form = self._form.active
        if form is None:
            return None
        start, end = self._minutes("from", form.start), self._minutes("to", form.end)
        zone = self._zone(form)
        if start is None or end is None or zone is None:
            return None
        return ActiveHours(days=frozenset(DAYS.index(day) for day in form.days), start=start, end=end, zone=zone)

    def _known(self, key: str, written: Sequence[int | str]) -> list[tuple[int | str, State]]:
        known: list[tuple[int | str, State]] = []
        for index, each in enumerate(written):
            state = self._states.find(each)
            if state is None:
                self._report.value(self._place.node, self._place.at(key, index), self._states.fault(each))
            else:
                known.append((each, state))
        return known

    def _minutes(self, key: str, written: str) -> int | None:
        found = _TIME.fullmatch(written)
        minutes = int(found[1]) * 60 + int(found[2]) if found else None
        if minutes is None or minutes > 24 * 60:
            message = f"expected a time of day from 00:00 to 24:00, found {shown(written)}"
            self._report.value(self._place.node, self._place.at("active", key), message)
            return None
        return minutes

    def _zone(self, form: ActiveForm) -> ZoneInfo | None:
        try:
            return time_zone(form.zone)
        except ValueError as fault:
            self._report.value(self._place.node, self._place.at("active", "zone"), str(fault))
            return None
