"""Pydantic's errors in our words: what was expected, what was found, the nearest valid name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from pointsman.settings.problem import nearest, one_of, shown

Path = tuple[str | int, ...]

PLANNED = {
    "ui": "colours of states",
    "users": "users, which are made over HTTP or by `pointsman user add`,",
    "tags": "tags",
    "parent_id": "a tree of objects",
    "discovery_id": "discovery",
}
"""Keys that the reference has or that people expect, with what they would do. Refused: nothing may look as if it acted."""
SECRET = frozenset({"password", "admin_password"})
"""Settings whose value no message shows."""


def faults(error: ValidationError, model: type[BaseModel]) -> Iterator[tuple[Path, bool, str]]:
    """For each error its path, whether it is about the key there (and not its value), and the message."""
    found: dict[Path, tuple[bool, str]] = {}
    for details in error.errors(include_url=False):
        path, around = _along(model, details["loc"])
        found.setdefault(path, _told(details, path, around))
    for path, (is_key, message) in found.items():
        # Of the arms of a union only the one counts that got furthest.
        if not any(len(other) > len(path) and other[: len(path)] == path for other in found):
            yield path, is_key, message


def _told(details: ErrorDetails, path: Path, around: type[BaseModel] | None) -> tuple[bool, str]:
    match details["type"]:
        case "extra_forbidden":
            return True, _unknown_key(str(path[-1]), around)
        case "missing":
            return False, f"expected the key {path[-1]!r}, found none"
    return False, _message(details, hidden=bool(SECRET.intersection(map(str, path))))


def keys_of(model: type[BaseModel]) -> list[str]:
    """The keys that a mapping of this kind may have."""
    return [field.alias or name for name, field in model.model_fields.items()]


def _unknown_key(key: str, model: type[BaseModel] | None) -> str:
    keys = keys_of(model) if model is not None else []
    if key in PLANNED:
        return f"expected {one_of(keys)}, found {key!r}: {PLANNED[key]} is not part of this version; take it out"
    return f"expected {one_of(keys)}, found {key!r}{nearest(key, keys)}"


def _along(model: type[BaseModel], location: Path) -> tuple[Path, type[BaseModel] | None]:
    """The part of a location that is in the file, and the model around its end. Pydantic puts the arms of unions in between."""
    path: list[str | int] = []
    around: type[BaseModel] | None = model
    arms: tuple[Any, ...] = (model,)
    in_arm = False
    for step in location:
        if len(arms) > 1 and not in_arm:
            in_arm = True
            continue
        in_arm = False
        form = next((arm for arm in arms if isinstance(arm, type) and issubclass(arm, BaseModel)), None)
        if isinstance(step, int):
            inner = _item_of(arms, (list, tuple), 0)
        elif form is not None:
            around = form
            inner = next((field.annotation for name, field in form.model_fields.items() if step in (field.alias, name)), None)
        elif (inner := _item_of(arms, (dict,), 1)) is None:
            continue  # what pydantic adds to say that a key is meant
        path.append(step)
        arms = _arms(inner)
    return tuple(path), around


def _arms(annotation: Any) -> tuple[Any, ...]:
    """The arms of a union; of what may be left out, what it is otherwise."""
    while True:
        origin = get_origin(annotation)
        if origin is Annotated:
            annotation = get_args(annotation)[0]
        elif origin in (Union, UnionType):
            arms = tuple([arm for arm in get_args(annotation) if arm is not NoneType])
            if len(arms) != 1:
                return arms
            annotation = arms[0]
        else:
            return (annotation,)


def _item_of(arms: tuple[Any, ...], kinds: tuple[type, ...], index: int) -> Any:
    arm = next((arm for arm in arms if get_origin(arm) in kinds), None)
    return get_args(arm)[index] if arm is not None else None


_EXPECTED = {
    "string": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "dict": "a mapping",
    "model": "a mapping",
    "mapping": "a mapping",
    "list": "a list",
    "tuple": "a list",
    "path": "a path",
}
_LIMITS: Mapping[str, tuple[str, str]] = {
    "greater_than_equal": ("ge", "{} or more"),
    "less_than_equal": ("le", "{} or less"),
    "string_too_long": ("max_length", "at most {} characters"),
    "string_too_short": ("min_length", "at least {} character"),
    "too_short": ("min_length", "a list of at least {}"),
}


def _message(details: ErrorDetails, hidden: bool) -> str:
    kind, context, value = details["type"], details.get("ctx", {}), details["input"]
    found = "a value that is not shown" if hidden else shown(value)
    if kind == "value_error":
        return str(context["error"])
    if kind in ("literal_error", "enum"):
        choices = list(dict.fromkeys(str(context["expected"]).replace("'", "").replace(" or ", ", ").split(", ")))
        return f"expected {one_of(choices)}, found {found}{nearest(str(value), choices)}"
    if kind in _LIMITS:
        key, words = _LIMITS[kind]
        return f"expected {words.format(context[key])}, found {found}"
    expected = _EXPECTED.get(kind.split("_", 1)[0])
    quotes = "; put it in quotes if it is meant as text" if expected == "text" and isinstance(value, int | float) else ""
    return (
        f"expected {expected}, found {found}{quotes}" if expected else f"expected something else: {details['msg']}, found {found}"
    )
