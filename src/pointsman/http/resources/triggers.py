"""State triggers and state conditions: whole lists in the document of their owner.

A list that cannot be honoured changes nothing, since the engine takes a document as a whole or not at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pointsman.http.resources.document import Document
from pointsman.http.resources.editing import rewrite
from pointsman.http.services import Services
from pointsman.model.access import Caller
from pointsman.model.definition import Definition, Kind
from pointsman.model.json import Json


async def put_triggers(
    services: Services,
    caller: Caller,
    kind: Kind,
    id_: str,
    triggers: Sequence[Mapping[str, Json]],
    *,
    expected: int | None = None,
) -> Definition:
    """The owner's state triggers are now these. Raises Refusal: 404, 409, 400 with what is wrong with which."""
    return await _put(services, caller, kind, id_, "triggers", [dict(each) for each in triggers], expected)


async def put_conditions(
    services: Services,
    caller: Caller,
    kind: Kind,
    id_: str,
    conditions: Sequence[Mapping[str, Json]],
    *,
    expected: int | None = None,
) -> Definition:
    """The owner's state conditions are now these. Raises Refusal: 404, 409, 400 with what is wrong with which."""
    return await _put(services, caller, kind, id_, "conditions", [dict(each) for each in conditions], expected)


async def _put(
    services: Services, caller: Caller, kind: Kind, id_: str, name: str, items: Sequence[Json], expected: int | None
) -> Definition:
    def edit(owner: Definition) -> Document:
        return {**owner.document, name: items}

    return await rewrite(services, caller, kind, id_, edit, expected=expected)
