"""What a definition's document says, whichever form it has: the file's (`settings/definitions.py`) or that of the API. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from pointsman.model.definition import Definition, Kind
from pointsman.model.ids import OwnerType
from pointsman.model.json import Json

Document: TypeAlias = Mapping[str, Json]

READ_WRITE = 3
"""The type of properties that users set while the worker runs (reference: *Entities, properties, users*)."""
SERVICE = 8
"""The type of properties that only those with `manage-service-properties` make, change and remove."""
INFO = 1
"""The type of a property whose document gives none."""

OWNER_TYPES: Mapping[Kind, int] = {Kind.OBJECT: 1, Kind.LINK: 2, Kind.CLASS: 4}
"""`owner_type` and `entityType` of the reference."""
OPERATION_FIELDS = frozenset(
    {
        "id",
        "name",
        "description",
        "type",
        "popupResult",
        "runOnReadWritePropertyModification",
        "parameters",
        "owner_id",
        "owner_type",
    }
)
"""The reference's fields of an operation; all others are told as the configuration file calls them."""
ENTITY_KINDS: Mapping[OwnerType, Kind] = {OwnerType.OBJECT: Kind.OBJECT, OwnerType.LINK: Kind.LINK}


@dataclass(frozen=True, slots=True, kw_only=True)
class Property:
    """A property, and who declares it."""

    id: str
    """That of the file's have none: there it is the name."""
    name: str
    value: Json
    type_id: int
    owner: Definition

    @property
    def writable(self) -> bool:
        """Whether its value is set while the worker runs, and runs operations."""
        return self.type_id == READ_WRITE


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnedOperation:
    """An operation's document, and who declares it."""

    document: Document
    owner: Definition

    @property
    def id(self) -> str:
        """Unique in its owner."""
        return str(self.document.get("id", ""))


def properties_of(owner: Definition) -> list[Property]:
    """Those that the document itself declares."""
    declared = owner.document.get("properties")
    if isinstance(declared, Mapping):
        writable = texts(owner.document.get("writable"))
        return [
            Property(id=name, name=name, value=value, type_id=READ_WRITE if name in writable else INFO, owner=owner)
            for name, value in declared.items()
        ]
    return [_property(each, owner) for each in mappings(declared)]


def _property(document: Document, owner: Definition) -> Property:
    name, type_id = str(document.get("name", "")), document.get("type_id")
    by_word = READ_WRITE if document.get("writable") is True else INFO
    return Property(
        id=str(document.get("id") or name),
        name=name,
        value=document.get("value"),
        type_id=type_id if isinstance(type_id, int) else by_word,
        owner=owner,
    )


def inherited_properties(own: Definition, parent: Definition | None) -> list[Property]:
    """Those of an entity, its class's first; its own of the same name goes before its class's."""
    found = {each.name: each for each in properties_of(parent)} if parent is not None else {}
    found.update({each.name: each for each in properties_of(own)})
    return list(found.values())


def operations_of(owner: Definition) -> list[OwnedOperation]:
    """Those that the document itself declares."""
    return [OwnedOperation(document=each, owner=owner) for each in mappings(owner.document.get("operations"))]


def inherited_operations(own: Definition, parent: Definition | None) -> list[OwnedOperation]:
    """Those of an entity, its class's first; its own of the same id goes before its class's."""
    found = {each.id: each for each in operations_of(parent)} if parent is not None else {}
    found.update({each.id: each for each in operations_of(own)})
    return list(found.values())


def brief(operation: OwnedOperation) -> dict[str, Json]:
    """What those are told of an operation who do not manage operations (reference: *Operation*)."""
    name, description = (operation.document.get(field) for field in ("name", "description"))
    return {
        "id": operation.id,
        "name": name if isinstance(name, str) else operation.id,
        "description": description if isinstance(description, str) else "",
    }


def list_of(owner: Definition, name: str) -> Sequence[Json] | None:
    """A list of the document, `triggers` or `conditions`; None when it was never set, which in the file an empty one is too."""
    value = owner.document.get(name)
    if not isinstance(value, Sequence) or isinstance(value, str):
        return None
    return value if value or not isinstance(owner.document.get("properties"), Mapping) else None


def class_of(owner: Definition) -> str | None:
    """The id of its class."""
    value = owner.document.get("class_id")
    return None if value is None else str(value)


def name_of(owner: Definition) -> str:
    """What people call it; its id where it has no name."""
    value = owner.document.get("name")
    return value if isinstance(value, str) and value else owner.id


def texts(value: Json) -> list[str]:
    """The texts in a list."""
    return [each for each in value if isinstance(each, str)] if isinstance(value, Sequence) and not isinstance(value, str) else []


def mappings(value: Json) -> list[Mapping[str, Json]]:
    """The objects in a list."""
    if not isinstance(value, Sequence) or isinstance(value, str):
        return []
    return [each for each in value if isinstance(each, Mapping)]


def without(document: Document, names: Iterable[str]) -> dict[str, Json]:
    """The document but for these fields."""
    left_out = set(names)
    return {name: value for name, value in document.items() if name not in left_out}
