"""The tables of docs/configuration.md, made from the models of the settings and of the catalog: key, type, default, meaning.

A table stands between `<!-- table: NAME -->` and `<!-- end -->`; NAME is a model of `pointsman.settings`.
"""

from __future__ import annotations

import enum
import re
import types
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, PlainValidator, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from pointsman.settings import condition_forms, conduct_forms, forms, scenario_forms, schema
from pointsman.settings.quantity import parse_duration, parse_size

PLACES = (schema, forms, condition_forms, conduct_forms, scenario_forms)
"""Where models are."""
_MARKED = re.compile(r"(?<=<!-- table: )(?P<name>\w+)( -->\n).*?(?=<!-- end -->)", re.DOTALL)
_SAID_DEFAULT = re.compile(r" ?Default: ([^.]+(?:\.\w[^.]*)*)\.$")
_KINDS = {parse_duration: "duration", parse_size: "size", schema._split: "list", schema._migrate: "`auto`, `manual`"}
_NUMBERS = {int: "number", float: "number"}
_WORDS = {bool: "true or false", **_NUMBERS, str: "text", SecretStr: "text, secret", Path: "path", Any: "anything"}
_UNITS = {
    "duration": (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000)),
    "size": (("MiB", 2**20), ("KiB", 2**10)),
}


def with_tables(text: str) -> str:
    """The document with each table made anew."""
    return _MARKED.sub(lambda found: f"{found['name']}{found[2]}\n{table(found['name'])}\n\n", text)


def marked(text: str) -> list[str]:
    """The models whose tables the document has."""
    return [found["name"] for found in _MARKED.finditer(text)]


def model(name: str) -> type[BaseModel]:
    """The model of that name."""
    found: type[BaseModel] = next(getattr(each, name) for each in PLACES if hasattr(each, name))
    return found


def table(name: str) -> str:
    """The table of a model: of what it has beyond the one that it extends, if it extends one."""
    rows = list(_rows(model(name)))
    return "\n".join(f"| {' | '.join(row)} |" for row in [("key", "type", "default", "meaning"), *rows]).replace(
        "\n", f"\n{'|---' * 4}|\n", 1
    )


def _rows(of: type[BaseModel], before: str = "") -> Iterator[Sequence[str]]:
    for name, field in of.model_fields.items():
        if name not in of.__annotations__:
            continue
        key = before + (field.alias or name)
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, schema.Section):
            yield from _rows(inner, f"{key}.")
            continue
        description = field.description or ""
        said = _SAID_DEFAULT.search(description)
        kind = _kind(field)
        default = said[1] if said else _default(field, kind)
        yield f"`{key}`", kind + _bounds(field, kind), default, _SAID_DEFAULT.sub("", description).replace("|", r"\|")


def _kind(field: FieldInfo) -> str:
    return _by_validator(field.metadata) or _of_annotation(field.annotation)


def _by_validator(metadata: Sequence[Any]) -> str | None:
    """The kind of a value that goes through one of ours."""
    validators = [each.func for each in metadata if isinstance(each, BeforeValidator | PlainValidator)]
    return next((_KINDS[each] for each in validators if each in _KINDS), None)


def _is_union(annotation: Any) -> bool:
    return get_origin(annotation) in (Union, types.UnionType)


def _of_annotation(annotation: Any) -> str:
    if _is_union(annotation):
        arms = [arm for arm in get_args(annotation) if arm is not types.NoneType]
        return " or ".join(dict.fromkeys(_of_annotation(arm) for arm in arms))
    origin, arguments = get_origin(annotation), get_args(annotation)
    if hasattr(annotation, "__metadata__"):
        return _by_validator(annotation.__metadata__) or _of_annotation(arguments[0])
    if origin is Literal:
        return ", ".join(f"`{each}`" for each in dict.fromkeys(map(str, arguments)))
    if origin in (list, tuple):
        inner = _of_annotation(arguments[0])
        return f"list of {inner if inner.startswith('`') else _plural(inner)}"
    if origin is dict:
        return "mapping"
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        return ", ".join(f"`{each.value}`" for each in annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation.__name__.removesuffix("Form").lower()
    return _WORDS[annotation]


def _plural(word: str) -> str:
    return " ".join(
        each if each == "or" else f"{each.removesuffix('y')}{'ies' if each.endswith('y') else 's'}" for each in word.split()
    )


def _bounds(field: FieldInfo, kind: str) -> str:
    found = {name: value for each in field.metadata for name in ("ge", "le") if (value := getattr(each, name, None)) is not None}
    if not found or kind.startswith("size") or found == {"ge": 1}:
        return ""
    ends = [_quantity(found[name], kind) if name in found else "" for name in ("ge", "le")]
    return f", {ends[0]} to {ends[1]}" if all(ends) else f", {ends[0]} or more"


def _default(field: FieldInfo, kind: str) -> str:
    if field.is_required():
        return "*required*"
    value = field.default
    assert value is not PydanticUndefined
    if value is None or value == "":
        return "none"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, tuple | list | dict):
        return ", ".join(f"`{each}`" for each in value) or "none"
    return f"`{value.value if isinstance(value, enum.Enum) else _quantity(value, kind)}`"


def _quantity(value: Any, kind: str) -> str:
    """A number of ms or bytes as one writes it."""
    for unit, factor in _UNITS.get(kind, ()):
        if value % factor == 0 and value:
            return f"{value // factor}{unit}"
    return f"{value}ms" if kind == "duration" else str(value)
