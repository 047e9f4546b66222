"""What is in force, for people: every setting with where it was given, and the JSON Schema of the file for editors."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import SecretStr

from pointsman.settings.checks import without_password
from pointsman.settings.forms import FileForm
from pointsman.settings.layers import setting_paths, variable_of
from pointsman.settings.load import Configuration
from pointsman.settings.problem import Origin

HIDDEN = "***"


class Shown(NamedTuple):
    """One setting in force."""

    name: str
    """As in the file: `mqtt.tls.ca_file`."""
    value: Any
    """As JSON has it: durations in ms, sizes in bytes; a secret is `***`."""
    origin: Origin
    variable: str
    """The environment variable that sets it."""


def effective(configuration: Configuration) -> Iterator[Shown]:
    """Every setting, in the order of the schema."""
    for path in setting_paths():
        value: Any = configuration.settings
        for step in path:
            value = getattr(value, step)
        origin = configuration.origins.get(path, Origin("default"))
        yield Shown(".".join(path), _as_json(value), origin, variable_of(path))


def _as_json(value: Any) -> Any:
    match value:
        case SecretStr():
            return HIDDEN
        case Path():
            return str(value)
        case tuple() | list():
            return [_as_json(item) for item in value]
        case str():
            return without_password(str(value)) if "://" in value else str(value)
    return value


def file_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a configuration file."""
    schema = FileForm.model_json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "Pointsman configuration"}
