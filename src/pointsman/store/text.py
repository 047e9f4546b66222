"""Text as databases hold it: JSON that comes back as it was given, and what no database takes."""

from __future__ import annotations

import json
import re

from pydantic_core import from_json, to_json

from pointsman.model.json import Json

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
"""PostgreSQL takes no NUL in text, and no database a lone surrogate."""


def json_text(value: Json) -> str:
    """The value as JSON text, from which `json_value` makes it again: integers of any size, any Unicode, NaN and infinities."""
    try:
        return to_json(value, fallback=dict).decode()
    except ValueError:  # a lone surrogate, or nested deeper than pydantic goes
        return json.dumps(value, default=dict, separators=(",", ":"))


def json_value(text: str) -> Json:
    """The value of a JSON text that `json_text` made."""
    try:
        value: Json = from_json(text)
    except ValueError:  # what only json.dumps could write, only json.loads can read
        value = json.loads(text)
    return value


def is_storable(key: str) -> bool:
    """Whether a row can have this key at all. To ask PostgreSQL for one that cannot is an error there."""
    return _UNSTORABLE.search(key) is None


def storable(text: str) -> str:
    """The text, with U+FFFD for what a database cannot hold."""
    return _UNSTORABLE.sub("\ufffd", text)


def storable_or_none(text: str | None) -> str | None:
    """The same, for what may be missing."""
    return None if text is None else _UNSTORABLE.sub("\ufffd", text)
