"""Documents that are made from the code and kept in docs/: compared, or written anew where `POINTSMAN_UPDATE_DOCS` is set."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

import jsonschema_rs

from documents.markdown import ROOT

UPDATE = "POINTSMAN_UPDATE_DOCS"


def compare(name: str, made: Mapping[str, Any]) -> None:
    """The file in docs/ says what the code says."""
    path, text = ROOT / "docs" / name, json.dumps(made, indent=2, ensure_ascii=False) + "\n"
    if os.environ.get(UPDATE):
        path.write_text(text)
    assert path.read_text() == text, f'write it anew: {UPDATE}=1 make test ARGS="-k {path.stem}"'


def faults(document: Mapping[str, Any], schema: Mapping[str, Any], value: Any) -> list[str]:
    """What of a value is not as a schema of a document says; its `$ref` lead into the document."""
    needed: dict[str, Any] = {}
    waiting = references(schema)
    while waiting:
        if (name := waiting.pop().rsplit("/", 1)[1]) not in needed:
            needed[name] = document["components"]["schemas"][name]
            waiting += references(needed[name])
    whole = {"$schema": "https://json-schema.org/draft/2020-12/schema", "components": {"schemas": needed}, **schema}
    return [
        f"/{'/'.join(map(str, each.instance_path))}: {each.message}"
        for each in jsonschema_rs.validator_for(whole).iter_errors(value)
    ]


def references(value: Any) -> list[str]:
    """Every `$ref` in a document."""
    if isinstance(value, Mapping):
        own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        return own + [each for inner in value.values() for each in references(inner)]
    return [each for inner in value for each in references(inner)] if isinstance(value, list | tuple) else []


def resolve(document: Mapping[str, Any], reference: str) -> Any:
    """What a `$ref` of a document leads to. Raises KeyError."""
    found: Any = document
    for step in reference.removeprefix("#/").split("/"):
        found = found[step.replace("~1", "/").replace("~0", "~")]
    return found
