"""What a message would be read as whose text is not wholly known; where all is known, as what comes in is really read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import wraps

from pydantic_core import from_json, to_json

from pointsman.core.loops.outline import ANY, FRESH, VALUE, Depends, could_be, depends, is_open
from pointsman.model.catalog import Catalog
from pointsman.model.ids import StateId
from pointsman.model.json import Json
from pointsman.model.rule import IntakeRule

_BEGINS_JSON = frozenset('{["-0123456789tfn')


def read_by_rule(message: str, rule: IntakeRule) -> str | None:
    """The outline of the state that an intake rule finds; None when it surely finds none."""
    if rule.state is None:
        return None
    whole = not rule.state.steps and rule.reported is None
    return _scalar(_at(_parsed(message, whole=whole), rule.state.steps))


def read_as_report(message: str) -> str | None:
    """The outline of the state in a report on one of Pointsman's own topics: the whole, or what is at `state` in an object."""
    payload = _parsed(message, whole=True)
    return _scalar(_at(payload, ("state",)) if isinstance(payload, Mapping) else payload)


def may_be_request(message: str) -> bool:
    """Whether the message may be the arguments of a request: a JSON object, or nothing."""
    if not message.strip():
        return True
    payload = _parsed(message, whole=False)
    return payload == VALUE or isinstance(payload, Mapping)


def _or_depends(told: Callable[[str, str], bool]) -> Callable[[str, str], bool]:
    """True as well where it depends on the entity: for some it may be so."""

    @wraps(told)
    def may(message: str, name: str) -> bool:
        try:
            return told(message, name)
        except Depends:
            return True

    return may


@_or_depends
def may_give(message: str, name: str) -> bool:
    """Whether a request may give the argument."""
    args = _parsed(message, whole=False)
    return args == VALUE or (isinstance(args, Mapping) and (name in args or _may_be_overwritten(args, name)))


@_or_depends
def may_have(message: str, path: str) -> bool:
    """Whether a macro `{{payload.PATH}}` may find something in the message."""
    value = _parsed(message, whole=True)
    for step in path.split("."):
        if isinstance(value, str) and (value == VALUE or depends(value)):
            return True
        if isinstance(value, Mapping) and (step in value or _may_be_overwritten(value, step)):
            value = VALUE if _may_be_overwritten(value, step) else value[step]
        elif isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        else:
            return False
    return True


def states_of(outline: str, catalog: Catalog, names: Mapping[str, str]) -> frozenset[StateId]:
    """The states that a value may stand for. `names` says what a rule maps values to."""
    if not is_open(outline):
        state = catalog.state(names.get(outline, outline))
        return frozenset() if state is None else frozenset({state.id})
    return frozenset(_possible(outline, catalog, names))


def _possible(outline: str, catalog: Catalog, names: Mapping[str, str]) -> Iterator[StateId]:
    for value, name in names.items():
        state = catalog.state(name)
        if state is not None and could_be(outline, value):
            yield state.id
    for state in catalog.states.values():
        if any(each not in names and could_be(outline, each) for each in (state.id, state.name)):
            yield state.id


def _parsed(message: str, *, whole: bool) -> Json:
    """The message as JSON or, for `whole`, as text; VALUE when neither can be told, None when it is neither."""
    try:
        value: Json = from_json(message, allow_inf_nan=False)
    except ValueError:
        text = message.strip()
        if not is_open(text) or text == FRESH:
            return text if whole else None
        if depends(text):
            raise Depends from None
        # Once its holes are filled it may be JSON, unless it begins as none does.
        return text if whole and text[0] not in _BEGINS_JSON and not is_open(text[0]) else VALUE
    return value


def _at(value: Json, steps: Sequence[str | int]) -> Json:
    """The value at the path, as `JsonPath.find` has it; VALUE when it cannot be told."""
    for step in steps:
        if value == VALUE:
            return VALUE
        if isinstance(value, str) and depends(value):
            raise Depends  # A property may be an object, and then stands there as one.
        if isinstance(step, str) and isinstance(value, Mapping):
            if _may_be_overwritten(value, step):
                return VALUE
            value = value.get(step)
        elif isinstance(step, int) and isinstance(value, Sequence) and not isinstance(value, str):
            value = value[step] if -len(value) <= step < len(value) else None
        else:
            return None
    return value


def _may_be_overwritten(value: Mapping[str, Json], name: str) -> bool:
    """Whether a key that is not known may be `name`: of two keys that are the same the last one counts."""
    keys = list(value)
    behind = keys[keys.index(name) + 1 :] if name in value else keys
    found = [key for key in behind if is_open(key) and could_be(key, name)]
    if any(depends(key) for key in found):
        raise Depends
    return bool(found)


def _scalar(value: Json) -> str | None:
    """A value as the text that states are looked up by; None for what is none."""
    match value:
        case str():
            return ANY if value == VALUE else value or None
        case bool() | int() | float():
            return to_json(value).decode()
    return None
