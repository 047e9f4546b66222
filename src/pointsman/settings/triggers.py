"""From the forms of triggers to the model, and the names of states."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from pointsman.model.ids import OperationId, StateId
from pointsman.model.state import State
from pointsman.model.trigger import StateTrigger
from pointsman.settings.forms import TriggerForm
from pointsman.settings.place import Path, Place
from pointsman.settings.problem import nearest, one_of, shown
from pointsman.settings.report import Report


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
    operation = _operation_of(form, place, report)
    if operation is None:
        return None
    wanted, path = operation
    if wanted not in operations:
        known = f"an operation of {owner}" + (f", {one_of(operations)}" if operations else "")
        report.value(place.node, path, f"expected {known}, found {shown(wanted)}{nearest(wanted, operations)}")
    found = [states.find(written) for written in form.states]
    for index, written in enumerate(form.states):
        if found[index] is None:
            report.value(place.node, place.at("states", index), states.fault(written))
    known_states = [(written, state) for written, state in zip(form.states, found, strict=True) if state is not None]
    return StateTrigger(
        states=tuple([states.as_triggered(written, state) for written, state in known_states]),
        state_ids=frozenset([StateId(state.id) for _, state in known_states]),
        operation=OperationId(wanted),
        origin=f"{owner}, trigger {number}",
    )


def _operation_of(form: TriggerForm, place: Place, report: Report) -> tuple[str, Path] | None:
    if form.type not in (None, "operation"):
        message = f"expected the type operation, found {shown(form.type)}: this version does nothing else, and will not seem to"
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
