"""From the forms of triggers to the model, and the names of states."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from zoneinfo import ZoneInfo

from pointsman.model.expression import Expression, ExpressionError, parse_expression
from pointsman.model.ids import OperationId, StateId, TriggerId
from pointsman.model.state import State
from pointsman.model.trigger import ActiveHours, StateTrigger
from pointsman.settings.checks import time_zone
from pointsman.settings.forms import ActiveForm, TriggerForm
from pointsman.settings.place import Path, Place
from pointsman.settings.problem import nearest, one_of, shown
from pointsman.settings.report import Report

_UNITS = {"minutes": 60_000, "hours": 3_600_000, "days": 86_400_000}
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
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


def build_trigger(
    form: TriggerForm, place: Place, owner: str, number: int, states: StateNames, operations: Collection[str], report: Report
) -> StateTrigger | None:
    """The trigger, or None when it makes none. `operations` are the ids of those that its owner has."""
    builder = _Builder(form, place, states, report)
    operation = builder.operation()
    if operation is None:
        return None
    wanted, path = operation
    if wanted not in operations:
        known = f"an operation of {owner}" + (f", {one_of(operations)}" if operations else "")
        report.value(place.node, path, f"expected {known}, found {shown(wanted)}{nearest(wanted, operations)}")
    acts_on = builder.acts_on()
    return StateTrigger(
        id=TriggerId(form.id or f"{owner}, trigger {number}"),
        states=tuple([states.as_triggered(written, state) for written, state in acts_on]),
        state_ids=frozenset([StateId(state.id) for _, state in acts_on]),
        operation=OperationId(wanted),
        origin=f"{owner}, trigger {number}",
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

    def operation(self) -> tuple[str, Path] | None:
        """What it runs, and where that is written."""
        form, place, report = self._form, self._place, self._report
        if form.type not in (None, "operation"):
            message = (
                f"expected the type operation, found {shown(form.type)}: this version does nothing else, and will not seem to"
            )
            report.value(place.node, place.at("type"), message)
            return None
        if form.operation is not None and form.payload is not None:
            report.key(place.node, place.at("payload"), "expected operation or payload.operation, found both; keep one of them")
        if form.operation is not None:
            return form.operation, place.at("operation")
        if form.payload is not None:
            return form.payload.operation, place.at("payload", "operation")
        report.value(place.node, place.path, "expected the key 'operation', found none")
        return None

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
        return ActiveHours(days=frozenset(_DAYS.index(day) for day in form.days), start=start, end=end, zone=zone)

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
