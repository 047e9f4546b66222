"""A state gets another name: documents that call it by the old one have its id from then on, and so mean what they meant."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from pointsman.core.in_use import names_state
from pointsman.model.catalog import Catalog
from pointsman.model.definition import DefinitionKey, Kind
from pointsman.model.entity import Class
from pointsman.model.ids import OwnerType, StateId
from pointsman.model.json import Json
from pointsman.model.state import State

Swap: TypeAlias = Callable[[Json], Json]

_IN_TRIGGERS = ("states", "to", "from", "not_from", "not_to")


def owners_naming(catalog: Catalog, state: StateId) -> list[DefinitionKey]:
    """The classes and entities that name a state, by its id or its name. Looks at all of them."""
    classes: list[Class] = [each for each in catalog.classes.values() if names_state(each, state) is not None]
    found: list[DefinitionKey] = [(Kind.CLASS, each.id) for each in classes]
    for each in catalog.entities:
        if names_state(each.entity, state) is not None:
            kind = Kind.OBJECT if each.entity.ref.kind is OwnerType.OBJECT else Kind.LINK
            found.append((kind, each.entity.ref.id))
    return found


def by_id(document: Mapping[str, Json], state: State) -> dict[str, Json]:
    """The document of a class or an entity, in which the state is named by its id wherever it was by its name."""

    def swap(value: Json) -> Json:
        return state.declared if value == state.name else value

    made = dict(document)
    if "triggers" in made:
        made["triggers"] = _each(made["triggers"], lambda trigger: _within(trigger, _IN_TRIGGERS, swap))
    if "conditions" in made:
        made["conditions"] = _each(made["conditions"], lambda condition: _within(condition, ("state",), swap))
    if "no_data" in made:
        made["no_data"] = _within(made["no_data"], ("state",), swap)
    if "operations" in made:
        confirmed = lambda value: _within(value, ("state",), swap)  # noqa: E731 short, and used once
        made["operations"] = _each(made["operations"], lambda operation: _within(operation, ("confirm",), confirmed))
    return made


def _within(value: Json, fields: Sequence[str], swap: Swap) -> Json:
    """The mapping with each of the fields swapped; of a list each item."""
    if not isinstance(value, Mapping):
        return value
    return {key: _each(item, swap) if key in fields else item for key, item in value.items()}


def _each(value: Json, swap: Swap) -> Json:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [swap(item) for item in value]
    return swap(value)
