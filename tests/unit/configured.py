"""Configurations of one file, for tests: loaded, or what is said of them and where."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pointsman.model.catalog import Resolved
from pointsman.model.ids import EntityId, EntityRef, OwnerType
from pointsman.settings import Configuration, InvalidConfiguration, load_configuration

Load = Callable[[str], Configuration]
SIGN = "►"
"""Where a problem must be told."""


def load(directory: Path, text: str) -> Configuration:
    """The configuration of a file `f.yaml` with this text."""
    path = directory / "f.yaml"
    path.write_text(text, encoding="utf-8")
    return load_configuration(path, {"POINTSMAN_NODE__ID": "node-1"})


def told(directory: Path, marked: str) -> list[str]:
    """What is said of a text: one thing for each sign in it, at the very place."""
    text = ""
    places = []
    for part in marked.split(SIGN)[:-1]:
        text += part
        places.append(f"f:{text.count(chr(10)) + 1}:{len(text) - text.rfind(chr(10))}")
    with pytest.raises(InvalidConfiguration) as caught:
        load(directory, marked.replace(SIGN, ""))
    found = [str(problem).replace(str(directory / "f.yaml"), "f") for problem in caught.value.problems]
    assert [line.split(": ")[0] for line in found] == places, found
    return found


def entity(loaded: Configuration, id_: str = "a") -> Resolved:
    """An object."""
    resolved = loaded.catalog.entity(EntityRef(OwnerType.OBJECT, EntityId(id_)))
    assert resolved is not None
    return resolved


def document(loaded: Configuration, kind: str, id_: str) -> dict[str, Any]:
    """A definition as the store keeps it."""
    found: dict[str, Any] = next(json.loads(text) for each, name, text in loaded.definitions if (each, name) == (kind, id_))
    return found
