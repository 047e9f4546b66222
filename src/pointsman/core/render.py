"""Fills in macros: template × context → text. Knows no operation, and nothing of what the text is for."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pydantic_core import from_json, to_json

from pointsman.model.ids import EntityRef, JobId, UserId
from pointsman.model.json import Json
from pointsman.model.state import UNKNOWN, State
from pointsman.model.template import Macro, Quoting, Template


class MissingName(LookupError):
    """A macro names something that is not there. The message names the path."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """All that a macro can name (reference: *Macros*)."""

    entity: EntityRef
    name: str
    properties: Mapping[str, Json]
    user: UserId
    login: str
    args: Mapping[str, Json]
    job: JobId
    state: State | None
    """The entity's state, or the one it changes to; None before its first report."""
    previous: State | None
    timestamp: int
    payload: bytes | None
    """The message that reported the state; None when no message did."""


def render(template: Template, context: Context, check: Callable[[Macro, str], None] | None = None) -> str:
    """The template's text. `check` sees each value before it goes in, and may raise.

    Raises MissingName when a macro names something that is not there.
    """
    text: list[str] = []
    for part in template.parts:
        if isinstance(part, str):
            text.append(part)
            continue
        value = value_of(part, context)
        if check is not None:
            check(part, value)
        text.append(value if part.quoting is Quoting.PLAIN else _quoted(part.quoting, value))
    return "".join(text)


def value_of(macro: Macro, context: Context) -> str:
    """What stands in a macro's place, as text and not quoted yet."""
    match macro.root, macro.name:
        case "id", _:
            return context.entity.id
        case "name", _:
            return context.name
        case "job", _:
            return context.job
        case "timestamp", _:
            return str(context.timestamp)
        case "user", name:
            return context.user if name == "id" else context.login
        case "state", name:
            return _of_state(context.state, name)
        case "previous", name:
            return _of_state(context.previous, name)
        case "properties", _:
            return _text(_named(context.properties, macro, f"{context.entity} has no such property"))
        case "args", _:
            return _text(_named(context.args, macro, "the request gave no such argument"))
        case _:
            return _of_payload(context.payload, macro)


def payload_value(payload: bytes) -> Json:
    """A payload as JSON where it is JSON, else as text."""
    try:
        value: Json = from_json(payload, allow_inf_nan=False)
    except ValueError:
        return payload.decode("utf-8", "replace")
    return value


def _of_state(state: State | None, name: str) -> str:
    if state is None:
        return UNKNOWN
    return state.id if name == "id" else state.name


def _named(values: Mapping[str, Json], macro: Macro, fault: str) -> Json:
    try:
        return values[macro.name]
    except KeyError:
        raise _missing(macro, fault) from None


def _of_payload(payload: bytes | None, macro: Macro) -> str:
    if payload is None:
        raise _missing(macro, "no message reported the state")
    if not macro.name:
        return payload.decode("utf-8", "replace")
    value = payload_value(payload)
    for step in macro.name.split("."):
        if isinstance(value, Mapping) and step in value:
            value = value[step]
        elif isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        else:
            raise _missing(macro, "the payload has nothing there")
    return _text(value)


def _missing(macro: Macro, fault: str) -> MissingName:
    return MissingName(f"expected something to put in place of {{{{{macro}}}}}, but {fault}")


def _text(value: Json) -> str:
    return value if isinstance(value, str) else to_json(value).decode()


def _quoted(quoting: Quoting, text: str) -> str:
    match quoting:
        case Quoting.JSON_STRING:
            return json.dumps(text, ensure_ascii=False)[1:-1]
        case Quoting.JSON_VALUE:
            return text if _is_json(text) else json.dumps(text, ensure_ascii=False)
        case Quoting.PLAIN | Quoting.SHELL:
            return text


def _is_json(text: str) -> bool:
    try:
        from_json(text, allow_inf_nan=False)
    except ValueError:
        return False
    return True
