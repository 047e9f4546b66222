"""How tests of the rules are written in a file."""

from __future__ import annotations

from typing import Any

from pydantic import Field, StrictBool

from pointsman.model.job import JobStatus
from pointsman.settings.fields import Form, Id, Later, StateRef, Text
from pointsman.settings.quantity import Duration


class StepForm(Form):
    """A message of a test."""

    topic: Text = Field(description="The topic that it comes on.")
    message: Any = Field(description="Text as it is; any other value is sent as JSON.")
    retained: StrictBool = Field(default=False, description="Whether it comes on subscribing, kept by the broker.")
    after: Duration = Field(default=0, description="How long after what was before.")
    rejected: StrictBool = Field(default=False, description="Whether it is one that cannot be taken.")


class JobForm(Form):
    """A job that a test expects. What is left out may be anything."""

    operation: Id | None = Field(default=None, description="Its operation.")
    entity: Id | None = Field(default=None, description="Its object or link.")
    trigger: Id | None = Field(default=None, description="The id of the trigger that made it.")
    status: JobStatus | None = Field(default=None, description="How it stands at the end.")
    topic: Text | None = Field(default=None, description="What it publishes on.")
    message: Any = Field(default=None, description="What it publishes: text as it is; else its JSON, of a mapping a part.")
    command: list[Text] | None = Field(default=None, description="What it runs: program and arguments; of a script only these.")


class ScenarioForm(Form):
    """A test of the rules."""

    name: Text = Field(min_length=1, description="What it shows.")
    at: Text | None = Field(default=None, description="The time at the beginning. Default: 2026-01-01T12:00:00Z.")
    given: dict[str, StateRef] = Field(default={}, description="The states that objects and links are in before.")
    when: tuple[Later[StepForm], ...] = Field(default=(), description="What comes, in order.")
    wait: Duration = Field(default=0, description="How much time passes after that.")
    expect: tuple[Later[JobForm], ...] = Field(description="The jobs that come of it: all of them, in order.")
