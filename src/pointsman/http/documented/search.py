"""What a search for objects asks: a body in one of several forms, to a filter and a test of what is told. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from pointsman.http.documented.answers import Listing
from pointsman.http.documented.shapes import ObjectShape
from pointsman.http.problems import Refusal
from pointsman.http.resources.fields import shown
from pointsman.http.resources.reading import EntityFilter
from pointsman.model.json import Json

_NAMES = frozenset(field.alias or name for name, field in ObjectShape.model_fields.items())
_LISTING = ("skip", "limit", "fields", "text")
_IDS = ("id", "ids")


@dataclass(frozen=True, slots=True)
class Search:
    """What is asked for."""

    filter: EntityFilter
    fields: Mapping[str, Json]
    """The values that fields must have."""
    listing: Listing

    def takes(self, told: Mapping[str, Any]) -> bool:
        """Whether an object, as it is told, has all these fields."""
        return all(_fits(told[name], value) for name, value in self.fields.items())


def read_search(body: Json) -> Search:
    """Raises Refusal (400) for a field that objects do not have: passing over it would find too many."""
    asked: Mapping[str, Json]
    if body is None:
        asked = {}
    elif isinstance(body, Mapping):
        asked = body
    elif isinstance(body, Sequence) and not isinstance(body, str):
        asked = {"ids": body}
    else:
        raise Refusal.content(f"expected an object of fields and values, or a list of ids, found {shown(body)}")
    unknown = next((name for name in asked if name not in {*_NAMES, *_LISTING, *_IDS}), None)
    if unknown is not None:
        raise Refusal.content(f"expected fields of objects ({', '.join(sorted(_NAMES))}), found {shown(unknown)}")
    named = [_ids(asked[name]) for name in _IDS if name in asked]
    fields = {name: value for name, value in asked.items() if name not in (*_LISTING, *_IDS)}
    listing = _listing(asked)
    ids = frozenset.intersection(*named) if named else None
    return Search(EntityFilter(ids=ids, text=listing.text), fields, listing)


def _ids(value: Json) -> frozenset[str]:
    return frozenset(str(each) for each in _listed(value))


def _listing(asked: Mapping[str, Json]) -> Listing:
    given = {name: asked[name] for name in _LISTING if asked.get(name) is not None}
    if "fields" in given:
        given["fields"] = ",".join(str(each) for each in _listed(given["fields"]))
    try:
        return Listing.model_validate(given)
    except ValidationError as fault:
        first = fault.errors()[0]
        raise Refusal.content(f"{first['loc'][0]}: {first['msg']}") from None


def _listed(value: Json) -> Sequence[Json]:
    return value if isinstance(value, Sequence) and not isinstance(value, str) else (value,)


def _fits(told: Any, value: Json) -> bool:
    return any(_is(told, each) for each in _listed(value))


def _is(told: Any, value: Json) -> bool:
    if isinstance(told, list):
        return any(_is(each, value) for each in told)
    if isinstance(told, Mapping) and isinstance(value, Mapping):
        return all(name in told and _is(told[name], each) for name, each in value.items())
    if (
        isinstance(told, int | str)
        and isinstance(value, int | str)
        and not isinstance(told, bool)
        and not isinstance(value, bool)
    ):
        return str(told) == str(value)
    return type(told) is type(value) and bool(told == value)
