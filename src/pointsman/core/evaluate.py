"""What a condition comes to: expression × what is known → a value. Pure; what cannot be computed is a fault, with words.

A name with nothing behind it is null. Null equals null and nothing else, and is neither less nor greater than anything. Values of
different kinds are never equal; to order them, or to compute with what is no number, is a fault.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pointsman.core.render import Context, payload_value
from pointsman.model.expression import Binary, Call, Expression, Listing, Literal, Name, Node, Unary
from pointsman.model.json import Json
from pointsman.model.state import State

SHOWN = 8
"""How many values of an expression are told, at most."""


class EvaluationFault(Exception):
    """An expression cannot be computed with these values. The message says why."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What an expression is about."""

    context: Context
    state_age: int | None
    """How long the entity has been in its state, in ms."""
    previous_age: int | None
    """How long it was in the one before, in ms."""
    offline: bool
    """Whether the change is one that was found out afterwards."""


def holds(expression: Expression, scene: Scene) -> bool:
    """Whether it is true. Raises EvaluationFault, also when it comes to something else than true, false or null."""
    value = _value(expression.root, scene)
    if value is None or isinstance(value, bool):
        return bool(value)
    raise EvaluationFault(f"expected {expression.source!r} to be true or false, found {_shown(value)}")


def values_seen(expression: Expression, scene: Scene) -> str:
    """The values behind the names in it, the first few: `payload.t is 12, previous.name is 'OK'`. Text has quotes."""
    names, payload = expression.names[:SHOWN], scene.context.payload
    # Read once, and only when it is named: it may be long.
    read = payload_value(payload) if payload is not None and any(name.root == "payload" for name in names) else None
    said = []
    for name in names:
        value = _walk(read, name.steps) if name.root == "payload" else _look_up(name.root, name.steps, scene)
        said.append(f"{name} is {repr(_shown(value)) if isinstance(value, str) else _shown(value)}")
    return ", ".join([*said, "…"] if len(expression.names) > SHOWN else said)


def _value(node: Node, scene: Scene) -> Json:
    match node:
        case Literal(value):
            return value
        case Name(root, steps):
            return _look_up(root, steps, scene)
        case Listing(items):
            return [_value(item, scene) for item in items]
        case Unary("not", operand):
            return not _truth(_value(operand, scene))
        case Unary(_, operand):
            return -_number(_value(operand, scene))
        case Binary("and", left, right):
            return _truth(_value(left, scene)) and _truth(_value(right, scene))
        case Binary("or", left, right):
            return _truth(_value(left, scene)) or _truth(_value(right, scene))
        case Binary(operator, left, right):
            return _OPERATORS[operator](_value(left, scene), _value(right, scene))
        case Call(function, arguments):
            return _FUNCTIONS[function]([_value(argument, scene) for argument in arguments])


def _look_up(root: str, steps: tuple[str | int, ...], scene: Scene) -> Json:
    context = scene.context
    match root:
        case "payload":
            return None if context.payload is None else _walk(payload_value(context.payload), steps)
        case "properties":
            return _walk(context.properties, steps)
        case "state":
            return _of_state(context.state, scene.state_age, str(steps[0]))
        case "previous":
            return _of_state(context.previous, scene.previous_age, str(steps[0]))
        case "id":
            return context.entity.id
        case "name":
            return context.name
        case "timestamp":
            return context.timestamp
        case _:
            return scene.offline


def _walk(value: Json, steps: Sequence[str | int]) -> Json:
    for step in steps:
        match value:
            case Mapping() if isinstance(step, str):
                value = value.get(step)
            case [*items] if isinstance(step, int) and step < len(items):
                value = items[step]
            case _:
                return None
    return value


def _of_state(state: State | None, age: int | None, field: str) -> Json:
    if field == "age":
        return age
    if state is None:
        return None
    known: Mapping[str, Json] = {"id": state.id, "name": state.name, "priority": state.priority}
    return known[field]


def _truth(value: Json) -> bool:
    if value is None or isinstance(value, bool):
        return bool(value)
    raise EvaluationFault(f"expected true or false, found {_shown(value)}")


def _number(value: Json) -> int | float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    raise EvaluationFault(f"expected a number, found {_shown(value)}")


def _equal(left: Json, right: Json) -> bool:
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    return left == right


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Json, Json], Json]:
    def ordered(left: Json, right: Json) -> Json:
        if left is None or right is None:
            return False
        if isinstance(left, str) and isinstance(right, str):
            return compare(left, right)
        return compare(_number(left), _number(right))

    return ordered


def _contains(item: Json, container: Json) -> Json:
    if isinstance(container, str) and isinstance(item, str):
        return item in container
    if isinstance(container, Mapping):
        return item in container
    if isinstance(container, Sequence) and not isinstance(container, str):
        return any(_equal(item, each) for each in container)
    raise EvaluationFault(f"expected a list, an object or text after in, found {_shown(container)}")


def _computed(compute: Callable[[Any, Any], Any]) -> Callable[[Json, Json], Json]:
    def computed(left: Json, right: Json) -> Json:
        try:
            result: int | float = compute(_number(left), _number(right))
        except (ArithmeticError, ValueError) as fault:
            raise EvaluationFault(f"cannot compute with {_shown(left)} and {_shown(right)}: {fault}") from None
        return result

    return computed


_OPERATORS: Mapping[str, Callable[[Json, Json], Json]] = {
    "==": _equal,
    "!=": lambda left, right: not _equal(left, right),
    "<": _ordered(lambda left, right: left < right),
    "<=": _ordered(lambda left, right: left <= right),
    ">": _ordered(lambda left, right: left > right),
    ">=": _ordered(lambda left, right: left >= right),
    "in": _contains,
    "+": _computed(lambda left, right: left + right),
    "-": _computed(lambda left, right: left - right),
    "*": _computed(lambda left, right: left * right),
    "/": _computed(lambda left, right: left / right),
    "%": _computed(lambda left, right: left % right),
}


def _to_number(values: Sequence[Json]) -> Json:
    [value] = values
    if isinstance(value, str):
        try:
            number = float(value)
        except ValueError:
            return None
        return number if math.isfinite(number) else None
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _text_of(value: Json) -> str:
    if isinstance(value, str):
        return value
    raise EvaluationFault(f"expected text, found {_shown(value)}")


_FUNCTIONS: Mapping[str, Callable[[Sequence[Json]], Json]] = {
    "exists": lambda values: values[0] is not None,
    "number": _to_number,
    "text": lambda values: values[0] if isinstance(values[0], str) else _shown(values[0]),
    "lower": lambda values: _text_of(values[0]).lower(),
    "abs": lambda values: abs(_number(values[0])),
    "min": lambda values: min(_number(value) for value in values),
    "max": lambda values: max(_number(value) for value in values),
}


def _shown(value: Json) -> str:
    text = str(value).lower() if isinstance(value, bool) else "null" if value is None else str(value)
    return text if len(text) <= 60 else text[:59] + "…"
