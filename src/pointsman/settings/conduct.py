"""From the form of an operation to its conduct: which settings fit together, and what it waits for."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from pointsman.model.conduct import PLAIN, Conduct, Confirm, Expect, Mode, OnInterrupted
from pointsman.model.entity import Class
from pointsman.model.ids import OperationId, StateId
from pointsman.settings.conduct_forms import ConfirmForm, ExpectForm
from pointsman.settings.forms import OperationForm
from pointsman.settings.place import Place
from pointsman.settings.problem import nearest, one_of, shown
from pointsman.settings.report import Report, value_at
from pointsman.settings.tree import Map, Seq, plain
from pointsman.settings.triggers import StateNames

_COUNTED = (Mode.PARALLEL, Mode.QUEUED)
"""The modes in which several jobs may be open."""


@dataclass(frozen=True, slots=True)
class OnTimeout:
    """That an operation runs another one when its jobs have timed out for good."""

    operation: str
    then: str
    place: Place
    """Of the operation."""


class ConductBuilder:
    """Builds what operations say of their executions. Everything that is wrong goes to the report."""

    def __init__(self, report: Report, states: StateNames) -> None:
        self._report = report
        self._states = states

    def build(self, form: OperationForm, place: Place, *, mqtt: bool) -> Conduct:
        """The conduct; PLAIN itself where the form says nothing of it."""
        self._check(form, place, mqtt)
        expect = form.expect_result
        backoff_ms = PLAIN.backoff_ms if form.backoff is None else form.backoff
        conduct = Conduct(
            mode=form.mode,
            max=form.max or 0,
            retries=form.retries,
            backoff_ms=backoff_ms,
            backoff_most_ms=max(backoff_ms, PLAIN.backoff_most_ms) if form.backoff_max is None else form.backoff_max,
            on_interrupted=form.on_interrupted or OnInterrupted.LEAVE,
            expect=None if expect is None else Expect(expect.within if isinstance(expect, ExpectForm) else expect),
            confirm=None if form.confirm is None else self._confirm(form.confirm, place),
            on_timeout=None if form.on_timeout is None else OperationId(form.on_timeout),
        )
        return PLAIN if conduct == PLAIN else conduct

    def _check(self, form: OperationForm, place: Place, mqtt: bool) -> None:
        """Tell of what has no effect beside what else is there: nothing may look as if it acted."""
        if form.max is not None and form.mode not in _COUNTED:
            self._misfit(place, "max", f"mode {one_of(_COUNTED)} with 'max', found {form.mode}, which lets one be open")
        for key in ("backoff", "backoff_max"):
            if getattr(form, key) is not None and not form.retries and not _written(place, "retries"):
                self._misfit(place, key, f"retries with {key!r}, found none: nothing is tried again")
        if form.backoff is not None and form.backoff_max is not None and form.backoff > form.backoff_max:
            self._misfit(place, "backoff_max", f"a longest pause of at least the first, {form.backoff} ms, found a shorter one")
        waits = _written(place, "expect_result") or _written(place, "confirm")
        if form.on_timeout is not None and mqtt and not waits:
            self._misfit(place, "on_timeout", "expect_result or confirm with 'on_timeout', found neither: no message times out")

    def _misfit(self, place: Place, key: str, words: str) -> None:
        self._report.key(place.node, place.at(key), f"expected {words}")

    def _confirm(self, form: ConfirmForm, place: Place) -> Confirm | None:
        path = place.at("confirm")
        given = form.model_fields_set
        if (form.state is None) == (form.property is None):
            found = "neither" if form.state is None else "both; keep one of them"
            self._report.value(place.node, path, f"expected state, or property and value, in confirm, found {found}")
            return None
        if ("value" in given) != (form.property is not None):
            found = "none" if form.state is None else "it beside a state"
            self._report.value(place.node, path, f"expected the key 'value' with property, and only there, found {found}")
            return None
        if form.state is None:
            value = form.value
            return Confirm(
                within_ms=form.within, property=form.property, value=plain(value) if isinstance(value, Map | Seq) else value
            )
        state = self._states.find(form.state)
        if state is None:
            self._report.value(place.node, (*path, "state"), self._states.fault(form.state))
            return None
        return Confirm(within_ms=form.within, state=StateId(state.id))


class TimeoutCheck:
    """Whether what is run on a timeout exists, and whether that ever ends. Told of every class, then of every entity."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._of_classes: dict[str, Mapping[str, str]] = {}

    def of_known_class(self, known: Class) -> None:
        """A class that is right."""
        self._of_classes[known.id] = {each.id: then for each in known.operations if (then := each.conduct.on_timeout)}

    def of_class(self, class_id: str, operations: Collection[str], given: Collection[OnTimeout]) -> None:
        """A class, the ids of its operations, and what they run on a timeout."""
        if given:
            self._check(f"class {class_id}", operations, given, {each.operation: each.then for each in given})
            self._of_classes[class_id] = {each.operation: each.then for each in given}

    def of_entity(
        self, owner: str, class_id: str | None, operations: Collection[str], own: Collection[str], given: Collection[OnTimeout]
    ) -> None:
        """An entity with its class, the ids of all its operations and of its `own`, and what these run on a timeout."""
        if given:
            inherited = self._of_classes.get(class_id or "", {})
            kept = {operation: then for operation, then in inherited.items() if operation not in own}
            self._check(owner, operations, given, {**kept, **{each.operation: each.then for each in given}})

    def _check(self, owner: str, operations: Collection[str], given: Collection[OnTimeout], then: Mapping[str, str]) -> None:
        told: set[str] = set()
        for each in given:
            path = each.place.at("on_timeout")
            if each.then not in operations:
                known = f"expected an operation of {owner}, {one_of(operations)}, found {shown(each.then)}"
                self._report.value(each.place.node, path, known + nearest(each.then, operations))
                continue
            chain = list(_chain(each.operation, then))
            if chain[-1] == each.operation and each.operation not in told:
                message = f"expected operations that come to an end when each times out, found {' → '.join(chain)}"
                self._report.value(each.place.node, path, message)
                told.update(chain)


def _chain(first: str, then: Mapping[str, str]) -> Iterator[str]:
    """What follows an operation on timeouts, as far as it is new; at the end the one that is not, if it comes round."""
    seen: set[str] = set()
    operation: str | None = first
    while operation is not None:
        yield operation
        if operation in seen:
            return
        seen.add(operation)
        operation = then.get(operation)


def _written(place: Place, key: str) -> bool:
    """Whether something is there, right or wrong."""
    return bool(value_at(place.node, place.at(key)))


def on_timeout(form: OperationForm, place: Place) -> Iterator[OnTimeout]:
    """What an operation runs on a timeout, if it does; also of one that is wrong otherwise."""
    if form.on_timeout is not None:
        yield OnTimeout(form.id, form.on_timeout, place)
