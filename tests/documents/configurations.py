"""Samples of configurations in documents, made whole: whatever a fragment lacks comes from a small plant.

Knows the shape of a configuration file, not what is right in it: that is for `load_configuration` to say.
"""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

OPERATIONS = [
    {"id": "open-valve", "type": "mqtt", "topic": "plant/{{id}}/valve/set", "message": "open"},
    {"id": "diagnose", "type": "program", "command": ["/bin/echo", "{{name}}"]},
]
PLANT: Mapping[str, Any] = {
    "states": [{"id": "1", "name": "OK"}, {"id": "3", "name": "ALARM"}, {"id": "4", "name": "FAULT"}],
    "scripts": [{"id": "daily-report", "text": "#!/bin/sh\necho daily\n"}],
    "classes": [{"id": "pump", "operations": OPERATIONS}],
    "objects": [
        {"id": "pump-1", "class": "pump", "properties": {"Serial Number": "A-17"}},
        {"id": "pump-2", "class": "pump", "properties": {"Serial Number": "A-18"}},
    ],
}
"""What a fragment may take for granted."""

FILES = ("ca.crt", "client.crt", "client.key", "mqtt.password")
"""Files that a sample may name in /etc/pointsman."""


def candidates(text: str, directory: Path) -> Iterator[str]:
    """The configurations that a sample may stand for: itself, then with what it lacks.

    What it names in /etc/pointsman is in `directory` instead, so that it is there to be found.
    """
    for name in FILES:
        (directory / name).write_text("a sample\n")
    text = re.sub(r"/etc/pointsman/(?=[\w.]+\.(?:crt|key|password)\b)", f"{directory}/", text)
    value = YAML(typ="safe").load(text)
    if isinstance(value, list):
        yield from _list(text, value)
    elif set(value) <= {"operations", "triggers", "properties", "conditions", "no_data"}:
        yield _of_class(text, value)
    else:
        yield text
        yield _with_plant(text, value)


def _list(text: str, items: list[Any]) -> Iterator[str]:
    keys = set(items[0])
    if {"topic", "entity"} <= keys:
        yield _with_plant(f"intake:\n{_indented(text, 2)}", ["intake"])
    elif "states" in keys:
        yield _of_class(f"triggers:\n{_indented(text, 2)}", ["triggers"])
    else:
        yield _of_class(f"operations:\n{_indented(text, 2)}", ["operations"])


def _of_class(text: str, given: Any) -> str:
    """As part of the class that the plant's objects have."""
    text += "" if "operations" in given else f"operations: {json.dumps(OPERATIONS)}\n"
    return _with_plant(f"classes:\n  - id: pump\n{_indented(text, 4)}", ["classes"])


def _with_plant(text: str, given: Any) -> str:
    return text + "".join(f"\n{section}: {json.dumps(value)}" for section, value in PLANT.items() if section not in given)


def _indented(text: str, columns: int) -> str:
    return textwrap.indent(text, " " * columns)
