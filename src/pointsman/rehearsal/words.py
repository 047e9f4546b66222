"""What a job would do, in words and as JSON."""

from __future__ import annotations

from pointsman.model.effect import Dispatch, Publish
from pointsman.model.json import Json


def of_dispatch(dispatch: Dispatch | None) -> str:
    """What carries a job out, in a line."""
    match dispatch:
        case None:
            return "nothing is carried out"
        case Publish():
            return f"publish {dispatch.topic} {dispatch.message}"
        case _:
            return f"run {[dispatch.path or '(script)', *dispatch.arguments]}"


def as_json(dispatch: Dispatch | None) -> dict[str, Json] | None:
    """The same for programs to read."""
    match dispatch:
        case None:
            return None
        case Publish():
            return {"topic": dispatch.topic, "message": dispatch.message, "qos": dispatch.qos, "retain": dispatch.retain}
        case _:
            return {"run": [dispatch.path or "(script)", *dispatch.arguments], "script": dispatch.script}
