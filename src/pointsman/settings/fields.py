"""What forms are made of: the base of all of them, and the kinds of values that definitions have."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainValidator, SkipValidation, WithJsonSchema

from pointsman.settings.problem import shown


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    hint = "; put it in quotes if it is meant as text" if isinstance(value, bool | float) else ""
    raise ValueError(f"expected text, found {shown(value)}{hint}")


Text = Annotated[str, BeforeValidator(_text), WithJsonSchema({"type": ["string", "integer"]})]
"""Text; a whole number is taken for its digits."""
Id = Annotated[str, BeforeValidator(_text), WithJsonSchema({"type": ["string", "integer"], "minLength": 1, "maxLength": 128})]
"""What something is referred to by. `checks.id_fault` says which texts can be one."""


def _state(value: Any) -> int | str:
    return value if isinstance(value, int) and not isinstance(value, bool) else _text(value)


StateRef = Annotated[int | str, PlainValidator(_state), WithJsonSchema({"type": ["string", "integer"], "minLength": 1})]
"""A state's id or name; a whole number stays one."""


Kind = TypeVar("Kind")
Later = Annotated[Kind, SkipValidation()]
"""Checked one by one by `catalog.py`, so that a wrong operation doesn't hide what else is wrong with its class."""


class Form(BaseModel):
    """A mapping in the file. Unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def listed(value: Any) -> Any:
    """A list; one alone may go without the brackets."""
    return value if isinstance(value, list) else [value]


States = Annotated[list[StateRef], BeforeValidator(listed)]
"""Ids or names of states; one alone may go without the brackets."""
