"""A definition's document as the tree that the file's checks read: its fields under the file's names, and marks that stand for
the way to them.

What only people and other systems use, and what clients send back that they were once given, is left out. It decides nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TypeAlias

from pydantic import BaseModel

from pointsman.model.definition import Kind
from pointsman.model.json import Json
from pointsman.settings.condition_forms import ConditionForm, NoDataForm
from pointsman.settings.faults import keys_of
from pointsman.settings.forms import (
    ClassForm,
    LinkForm,
    ObjectForm,
    OperationForm,
    ParametersForm,
    PayloadForm,
    PropertyForm,
    ScriptForm,
    StateForm,
    TriggerForm,
)
from pointsman.settings.kept import ACTED_ON
from pointsman.settings.problem import Origin
from pointsman.settings.tree import Map, Seq, Value

Shape: TypeAlias = Callable[[Json, str], Value]
"""Makes the tree of a value that stands at that way."""

SECTIONS: Mapping[Kind, str] = {
    Kind.STATE: "states",
    Kind.SCRIPT: "scripts",
    Kind.CLASS: "classes",
    Kind.OBJECT: "objects",
    Kind.LINK: "links",
}
"""In which section of the file each kind stands."""
_FORMS: Mapping[Kind, type[BaseModel]] = {
    Kind.STATE: StateForm,
    Kind.SCRIPT: ScriptForm,
    Kind.CLASS: ClassForm,
    Kind.OBJECT: ObjectForm,
    Kind.LINK: LinkForm,
}
_IN_DOCUMENTS = {"class": "class_id"}
"""What the reference calls otherwise than the file."""
_PLAIN_NAME = re.compile("[A-Za-z_][A-Za-z0-9_]*")


class DocumentMarks:
    """The ways into one document, numbered."""

    names = ()

    def __init__(self, name: str) -> None:
        self._name = name
        self._ways: list[str] = []

    def add(self, way: str) -> int:
        """The mark of a way; an empty one is the whole document."""
        self._ways.append(way)
        return len(self._ways) - 1

    def origin(self, mark: int) -> Origin:
        """The way itself."""
        return Origin(self._ways[mark] or self._name)

    def inside(self, mark: int, value: str, offset: int) -> int:
        """The text as a whole: it is short."""
        return mark


class DocumentTree:
    """Makes the tree of one document."""

    def __init__(self, kind: Kind, name: str) -> None:
        self.marks = DocumentMarks(name)
        self._kind = kind

    def of(self, document: Mapping[str, Json]) -> Map:
        """A tree as of a file that defines nothing else."""
        top = self.marks.add("")
        sections, items = Map(top), Seq(top)
        items.put(self._filled(document, "", _FORMS[self._kind], _SHAPES), top)
        sections.put(SECTIONS[self._kind], top, items, top)
        return sections

    def whole(self, value: Json, way: str) -> Value:
        """Any JSON as it is."""
        if isinstance(value, Mapping):
            made = Map(self.marks.add(way))
            for key, item in value.items():
                self._put(made, key, self.whole(item, inner := _step(way, key)), inner)
            return made
        if isinstance(value, Sequence) and not isinstance(value, str):
            return self._listed(value, way, self.whole)
        return value

    def _filled(self, value: Json, way: str, form: type[BaseModel], shapes: Mapping[str, _Fill]) -> Value:
        """Of a mapping that which a form has; null is as if it were not there."""
        if not isinstance(value, Mapping):
            return self.whole(value, way)
        made = Map(self.marks.add(way))
        for name in keys_of(form):
            key = _IN_DOCUMENTS.get(name, name)
            item, inner = value.get(key), _step(way, key)
            if item is not None:
                self._put(made, name, shapes[name](self, item, inner) if name in shapes else self.whole(item, inner), inner)
        return made

    def _listed(self, value: Json, way: str, shape: Shape) -> Value:
        if not isinstance(value, Sequence) or isinstance(value, str):
            return self.whole(value, way)
        made = Seq(self.marks.add(way))
        for index, item in enumerate(value):
            made.put(shape(item, inner := f"{way}[{index}]"), self.marks.add(inner))
        return made

    def _put(self, made: Map, key: str, value: Value, way: str) -> None:
        mark = self.marks.add(way)
        made.put(key, mark, value, mark)

    # What the parts of a document are made of

    def properties(self, value: Json, way: str) -> Value:
        """A list, or a mapping of names to values."""
        return self._listed(value, way, partial(self._filled, form=PropertyForm, shapes={}))

    def operations(self, value: Json, way: str) -> Value:
        """A list of operations."""
        return self._listed(value, way, partial(self._filled, form=OperationForm, shapes={"parameters": DocumentTree.parameters}))

    def parameters(self, value: Json, way: str) -> Value:
        """What an operation does."""
        return self._filled(value, way, ParametersForm, {})

    def triggers(self, value: Json, way: str) -> Value:
        """A list of state triggers."""
        return self._listed(value, way, self._trigger)

    def conditions(self, value: Json, way: str) -> Value:
        """A list of state conditions."""
        return self._listed(value, way, partial(self._filled, form=ConditionForm, shapes={}))

    def no_data(self, value: Json, way: str) -> Value:
        """When an entity is silent."""
        return self._filled(value, way, NoDataForm, {})

    def _trigger(self, value: Json, way: str) -> Value:
        """Of one that is not acted on nothing but its type counts; the others' fields for another type are left out."""
        type_ = value.get("type") if isinstance(value, Mapping) else None
        if isinstance(value, Mapping) and isinstance(type_, str) and type_ not in ACTED_ON:
            value = {key: value[key] for key in ("type", "operation", "command") if key in value}
        elif isinstance(value, Mapping):
            value = {key: item for key, item in value.items() if key != "periodicity" or not _is_none(item)}
        shapes = {"payload": DocumentTree._operation_payload if type_ == "operation" else DocumentTree._payload}
        return self._filled(value, way, TriggerForm, shapes)

    def _payload(self, value: Json, way: str) -> Value:
        return self._filled(value, way, PayloadForm, {})

    def _operation_payload(self, value: Json, way: str) -> Value:
        only = {"operation": value.get("operation")} if isinstance(value, Mapping) else value
        return self._payload(only, way)


_Fill: TypeAlias = Callable[[DocumentTree, Json, str], Value]

_SHAPES: Mapping[str, _Fill] = {
    "properties": DocumentTree.properties,
    "operations": DocumentTree.operations,
    "triggers": DocumentTree.triggers,
    "conditions": DocumentTree.conditions,
    "no_data": DocumentTree.no_data,
}


def _is_none(periodicity: Json) -> bool:
    """Whether a periodicity says that nothing is repeated."""
    return isinstance(periodicity, Mapping) and periodicity.get("value") in (None, 0)


def _step(way: str, key: str) -> str:
    if not _PLAIN_NAME.fullmatch(key):
        return f"{way}[{json.dumps(key, ensure_ascii=False)}]"
    return f"{way}.{key}" if way else key
