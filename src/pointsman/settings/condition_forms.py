"""How state conditions, and what becomes of entities that fall silent, are written in a file."""

from __future__ import annotations

import math
from typing import Annotated, Any

from pydantic import Field, PlainValidator, StrictStr, WithJsonSchema

from pointsman.settings.fields import Form, StateRef, Text
from pointsman.settings.problem import shown
from pointsman.settings.quantity import Duration


def _number(value: Any) -> int | float:
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return value
    raise ValueError(f"expected a number, found {shown(value)}")


Number = Annotated[int | float, PlainValidator(_number), WithJsonSchema({"type": "number"})]


class CriteriaForm(Form):
    """What must be true of the values; nothing at all is always true."""

    when: StrictStr | None = Field(default=None, description="A condition that must be true: payload.temperature > 80.")
    until: StrictStr | None = Field(
        default=None, description="Once in the state, what must be true for it to be left. Default: that `when` is not true."
    )
    value: Text | None = Field(default=None, description="Instead of `when`: where a number is, as $.temperature.")
    above: Number | None = Field(default=None, description="The number must be above this.")
    below: Number | None = Field(default=None, description="The number must be below this.")
    hysteresis: Annotated[Number, Field(ge=0)] | None = Field(
        default=None, description="By how much the number must cross back for the state to be left. Default: 0."
    )


class ConditionForm(CriteriaForm):
    """The entity is in a state while its values say so. Of several the first that holds counts."""

    state: StateRef = Field(description="The id or name of the state.")
    condition: CriteriaForm | None = Field(default=None, description="The reference's form: all but `state`.")


class NoDataForm(Form):
    """The state of an entity of which nothing was heard for some time."""

    after: Duration = Field(ge=1000, description="For how long.")
    state: StateRef = Field(description="The id or name of the state.")
