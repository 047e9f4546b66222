"""How it is written when an operation runs by the clock, and what must be seen of it before it has succeeded."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, StrictStr

from pointsman.model.schedule import Missed
from pointsman.settings.fields import Form, Later, StateRef, Text, listed
from pointsman.settings.quantity import Duration


class ExpectForm(Form):
    """A job succeeds only when its device has answered."""

    within: Duration = Field(ge=1, description="How long it may take, from the broker's acknowledgement or the program's end on.")


class ConfirmForm(Form):
    """A job succeeds only when its effect is seen: the entity gets into a state, or a property gets a value."""

    state: StateRef | None = Field(default=None, description="The state that the entity must get into, by id or name.")
    property: Text | None = Field(default=None, description="The property that must get a value, of the entity or its class.")
    value: Any = Field(default=None, description="The value that the property must get.")
    within: Duration = Field(ge=1, description="How long it may take, from the broker's acknowledgement or the program's end on.")


class ScheduleForm(Form):
    """When an operation runs by the clock."""

    cron: StrictStr | None = Field(
        default=None, description="When, as cron has it: minute hour day-of-month month day-of-week; seconds may go first."
    )
    zone: Text | None = Field(default=None, description="The time zone that `cron` speaks of, as Europe/Berlin. Default: UTC.")
    every: Duration | None = Field(
        default=None, ge=1000, le=31_622_400_000, description="At the multiples of this since 1970 (UTC), instead of `cron`."
    )
    missed: Missed = Field(default=Missed.ONCE, description="When its time passed while no worker ran: skip, once or all.")
    latest: Duration | None = Field(default=None, description="How late a missed run may still be. Default: however late.")


Schedules = Annotated[list[Later[ScheduleForm]], BeforeValidator(listed)]
"""One alone may go without the brackets."""
