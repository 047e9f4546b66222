"""Kinds of parameters, as functions that click calls with what was typed. They load nothing but the standard library."""

from __future__ import annotations

import json
import re
import time as clock
from datetime import datetime
from typing import Any

import click

_UNITS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d|w)")
_TODAY = re.compile(r"[0-9]{1,2}:[0-9]{2}(:[0-9]{2})?")
_MILLISECONDS = re.compile(r"[0-9]{9,15}")
"""Fewer digits are a date: 20260131."""


def duration(text: str) -> int:
    """`500ms`, `30s`, `5m`, `2h`, `30d`, `1w`, in ms."""
    found = _DURATION.fullmatch(text.strip())
    if not found:
        raise click.BadParameter(f"expected a duration such as 500ms, 30s, 5m, 2h or 30d, found {text!r}")
    return round(float(found[1]) * _UNITS[found[2]])


def time(text: str) -> int:
    """A point in time, in ms since the Unix epoch: so written, or as a date, with a time (local unless it says), or as a time of
    today, or as an age."""
    if _MILLISECONDS.fullmatch(text):
        return int(text)
    if _DURATION.fullmatch(text):
        return round(clock.time() * 1000) - duration(text)
    if _TODAY.fullmatch(text):
        text = f"{datetime.now().astimezone():%Y-%m-%d}T{'0' if text[1] == ':' else ''}{text}"
    try:
        return round(datetime.fromisoformat(text).astimezone().timestamp() * 1000)
    except (ValueError, OverflowError):
        raise click.BadParameter(
            f"expected a time such as 2026-01-31, 2026-01-31T08:00, 08:00 (today), 1769846400000 or 2h (ago), found {text!r}"
        ) from None


def ahead(text: str) -> int:
    """A point in time to come, in ms since the Unix epoch: as `time` has it, but that a duration is how long it is until then."""
    return round(clock.time() * 1000) + duration(text) if _DURATION.fullmatch(text) else time(text)


def named_text(text: str) -> tuple[str, str]:
    """`NAME=TEXT`: the name, and the text behind the first `=`."""
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise click.BadParameter(f"expected NAME=VALUE, found {text!r}")
    return name, value


def named_json(text: str) -> tuple[str, Any]:
    """`NAME=JSON`: the name, and the value behind the first `=`."""
    name, value = named_text(text)
    return name, json_value(value)


def json_value(text: str | bytes) -> Any:
    """A JSON value; NaN and infinity are none."""
    try:
        return json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError) as fault:
        shown = repr(text if len(text) <= 60 else text[:60])
        raise click.BadParameter(f"expected JSON, found {shown}: {fault} (a text has quotes of its own: '\"text\"')") from None


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")
