"""Whether each trigger of an entity has an id of its own: rests and holds go by it, and jobs where it runs a program."""

from __future__ import annotations

from collections.abc import Collection

from pointsman.model.entity import Class
from pointsman.model.trigger import StateTrigger
from pointsman.settings.place import Place
from pointsman.settings.problem import shown
from pointsman.settings.report import Report


class TriggerIds:
    """Told of each trigger, then of its class or entity."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._found: list[tuple[str, Place]] = []

    def add(self, trigger: StateTrigger, place: Place) -> None:
        """A trigger, and where it stands."""
        self._found.append((trigger.id, place))

    def of_class(self) -> None:
        """The triggers that were added are a class's."""
        self._check({})

    def of_entity(self, parent: Class | None, own: Collection[str], place: Place) -> None:
        """The triggers that were added are an entity's, as are the operations with the ids `own`."""
        if parent is not None and (self._found or own):
            self._check({trigger.id: trigger.origin for trigger in parent.triggers})
            programs = {str(trigger.program.id): trigger.origin for trigger in parent.triggers if trigger.program is not None}
            for index, operation in enumerate(own):
                if operation in programs:
                    message = f"expected an id that {programs[operation]} does not run a program under, found {shown(operation)}"
                    self._report.value(place.node, place.at("operations", index, "id"), message)
        else:
            self._check({})

    def _check(self, taken: dict[str, str]) -> None:
        for id_, place in self._found:
            if id_ in taken:
                message = f"expected each trigger to have an id of its own, found {shown(id_)} again; it is that of {taken[id_]}"
                self._report.value(place.node, place.at("id"), message)
            taken.setdefault(id_, f"the one at {self._report.origin(place.node, place.path)}")
        self._found = []
