"""The fields that bodies have, as types: liberal in what is taken (reference: *Types on the documented API*), one form in what is
kept. A value that cannot be meant is refused, with what was expected and what was found."""

from __future__ import annotations

import json
import math
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainValidator, WithJsonSchema

from pointsman.model.json import Json

INT64 = 1 << 63


def shown(value: object) -> str:
    """A value as messages show it."""
    text = repr(value)
    return text if len(text) <= 80 else text[:79] + "…"


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise ValueError(f"expected text, found {shown(value)}")


def _id(value: Any) -> str:
    text = _text(value)
    if not text:
        raise ValueError("expected an id, found an empty text")
    return text


def _id_or_none(value: Any) -> Any:
    return None if value == "" else value


def _state(value: Any) -> int | str:
    return value if isinstance(value, int) and not isinstance(value, bool) else _id(value)


def _whole(value: Any) -> int:
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 19:
        return int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and -INT64 <= value < INT64:
        return value
    raise ValueError(f"expected a whole number, found {shown(value)}")


def _number(value: Any) -> int | float:
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return value
    raise ValueError(f"expected a number, found {shown(value)}")


def _flag(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    raise ValueError(f"expected true or false, found {shown(value)}")


def _listed(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


def _json_text(value: Any) -> str:
    """A string of JSON; whatever is no text becomes one."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _json(value: Any) -> Json:
    found: Json = value
    return found


_TEXT_OR_INTEGER: Any = {"type": ["string", "integer"]}

Text = Annotated[str, BeforeValidator(_text), WithJsonSchema(_TEXT_OR_INTEGER)]
"""Text; a whole number is taken for its digits."""
Id = Annotated[str, BeforeValidator(_id), WithJsonSchema({**_TEXT_OR_INTEGER, "minLength": 1})]
"""What something is referred to by."""
IdOrNone = Annotated[Id | None, BeforeValidator(_id_or_none)]
"""The same, or nothing: null, or an empty text, which is what stands for nothing in answers."""
TextOrNone = Annotated[Text | None, BeforeValidator(_id_or_none)]
"""Text, or nothing."""
StateRef = Annotated[int | str, PlainValidator(_state), WithJsonSchema({**_TEXT_OR_INTEGER, "minLength": 1})]
"""A state's id or name; a whole number stays one."""
_WHOLE: Any = {
    "anyOf": [
        {"type": "integer", "minimum": -INT64, "maximum": INT64 - 1},
        {"type": "string", "pattern": "^[0-9]{1,18}$"},
    ]
}
Whole = Annotated[int, PlainValidator(_whole), WithJsonSchema(_WHOLE)]
"""A whole number of 64 bits; one may be written as text."""
Number = Annotated[float, PlainValidator(_number), WithJsonSchema({"type": "number"})]
Flag = Annotated[bool, PlainValidator(_flag), WithJsonSchema({"type": "boolean"})]
Ids = Annotated[list[Id], BeforeValidator(_listed)]
"""Ids; one alone may go without the brackets."""
States = Annotated[list[StateRef], BeforeValidator(_listed)]
"""States; one alone may go without the brackets."""
Anything = Annotated[Any, PlainValidator(_json), WithJsonSchema({})]
"""Any JSON, kept as it is."""
JsonText = Annotated[str, PlainValidator(_json_text), WithJsonSchema({})]
"""A string of JSON; other JSON is made one."""


class Body(BaseModel):
    """A body. Fields that it does not know are passed over: clients send back whatever they were given."""

    model_config = ConfigDict(extra="ignore", populate_by_name=True)

    def given(self) -> dict[str, Any]:
        """What was sent, under the names of the reference."""
        return self.model_dump(exclude_unset=True, by_alias=True)
