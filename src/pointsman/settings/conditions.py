"""From the forms of state conditions to the model: the short form becomes expressions, misfits are told."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal

from pointsman.model.condition import Silence, StateCondition
from pointsman.model.expression import Expression, ExpressionError, parse_expression
from pointsman.model.ids import StateId
from pointsman.model.jsonpath import JsonPath
from pointsman.model.state import State
from pointsman.settings.condition_forms import ConditionForm, CriteriaForm, NoDataForm
from pointsman.settings.paths import path_at
from pointsman.settings.place import Place
from pointsman.settings.problem import shown
from pointsman.settings.report import Report, value_at
from pointsman.settings.tree import Map
from pointsman.settings.triggers import StateNames

_WORD = re.compile("[A-Za-z_][A-Za-z0-9_]*")


class ConditionBuilder:
    """Builds the conditions of one class or entity. Everything that is wrong goes to the report."""

    def __init__(self, states: StateNames, report: Report) -> None:
        self._states = states
        self._report = report

    def conditions(self, written: Sequence[object], place: Place) -> tuple[StateCondition, ...]:
        """Those that are written under `conditions`, as far as they are right."""
        built: list[StateCondition] = []
        for index in range(len(written)):
            inner = place.inner("conditions", index)
            form = self._report.parse(ConditionForm, value_at(place.node, inner.path), place.node, inner.path)
            condition = None if form is None else self._condition(form, inner, last=index == len(written) - 1)
            if condition is not None:
                built.append(condition)
        return tuple(built)

    def silence(self, form: NoDataForm | None, place: Place) -> Silence | None:
        """What is written under `no_data`."""
        if form is None:
            return None
        state = self._state(form.state, place.inner("no_data"))
        return None if state is None else Silence(after_ms=form.after, state=state.id)

    def _condition(self, form: ConditionForm, place: Place, *, last: bool) -> StateCondition | None:
        before = len(self._report)
        state = self._state(form.state, place)
        if form.condition is None:
            test, where = CriteriaForm(**form.model_dump(include=set(CriteriaForm.model_fields))), place
        else:
            test, where = form.condition, place.inner("condition")
            self._only_inside(form, place)
        when, until = self._tests(test, where, last=last)
        if state is None or len(self._report) != before:
            return None
        return StateCondition(state=StateId(state.id), when=when, until=until)

    def _only_inside(self, form: ConditionForm, place: Place) -> None:
        for key in CriteriaForm.model_fields:
            if getattr(form, key) is not None:
                message = f"expected {key!r} either here or in condition, found both; keep one of them"
                self._report.key(place.node, place.at(key), message)

    def _tests(self, test: CriteriaForm, place: Place, *, last: bool) -> tuple[Expression | None, Expression | None]:
        """What must be true, and what ends it."""
        if test.when is not None and test.value is not None:
            self._report.key(place.node, place.at("value"), "expected when or value, found both; keep one of them")
        elif test.value is not None:
            return self._crossing(test, place)
        written = _written(place)
        for key in ("above", "below", "hysteresis"):
            if getattr(test, key) is not None:
                self._report.key(place.node, place.at(key), f"expected {key!r} only beside value, found it without")
        if "when" not in written and test.until is not None:
            self._report.key(place.node, place.at("until"), "expected until only beside when, found it without")
        elif not written & {"when", "value"} and not last:
            message = "expected when or value: a condition with neither always holds, and so has to be the last of its list"
            self._report.value(place.node, place.path, message)
        return self._parsed(test.when, place, "when"), self._parsed(test.until, place, "until")

    def _crossing(self, test: CriteriaForm, place: Place) -> tuple[Expression | None, Expression | None]:
        """The short form: a number above or below a limit, which it has to cross back by the hysteresis."""
        if test.until is not None:
            message = "expected until only beside when, found it beside value, which has hysteresis for that"
            self._report.key(place.node, place.at("until"), message)
        above, below = (None if limit is None else Decimal(str(limit)) for limit in (test.above, test.below))
        if not _written(place) & {"above", "below"}:
            self._report.value(place.node, place.path, "expected above or below beside value, found neither")
        elif above is not None and below is not None and above >= below:
            message = f"expected above to be less than below, {test.below}, found {test.above}: nothing is between them"
            self._report.value(place.node, place.at("above"), message)
        number = self._number(test.value or "$", place)
        if number is None:
            return None, None
        slack = Decimal(str(test.hysteresis or 0))
        within = [(">", above), ("<", below)]
        beyond = [("<=", None if above is None else above - slack), (">=", None if below is None else below + slack)]
        when = " and ".join(f"{number} {sign} {limit.normalize():f}" for sign, limit in within if limit is not None)
        until = " or ".join(f"{number} {sign} {limit.normalize():f}" for sign, limit in beyond if limit is not None)
        return self._parsed(when or None, place, "value"), self._parsed(until or None, place, "value")

    def _number(self, source: str, place: Place) -> str | None:
        """The expression for the number at a JSON path."""
        path = path_at(self._report, place, "value", source)
        if path is None:
            return None
        if any(isinstance(step, int) and step < 0 for step in path.steps):
            self._report.value(place.node, place.at("value"), f"expected indexes from 0 in the JSON path, found {shown(source)}")
            return None
        return f"number({_named(path)})"

    def _parsed(self, source: str | None, place: Place, key: str) -> Expression | None:
        if source is None:
            return None
        try:
            return parse_expression(source)
        except ExpressionError as fault:
            self._report.value(place.node, place.at(key), f"{fault}, at character {fault.position + 1}")
            return None

    def _state(self, written: int | str, place: Place) -> State | None:
        state = self._states.find(written)
        if state is None:
            self._report.value(place.node, place.at("state"), self._states.fault(written))
        return state


def _written(place: Place) -> frozenset[str]:
    """The keys that are there, also those whose values were wrong and have been told."""
    found = value_at(place.node, place.path)
    return frozenset(found) if isinstance(found, Map) else frozenset()


def _named(path: JsonPath) -> str:
    """A JSON path as an expression names it."""
    return "payload" + "".join(map(_step, path.steps))


def _step(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    if _WORD.fullmatch(step):
        return f".{step}"
    escaped = re.sub(r'(["\\])', r"\\\1", step)
    return f'["{escaped}"]'
