"""What the engine asks for once, when it starts."""

from __future__ import annotations

from collections import defaultdict

from sqlalchemy import Connection, select

from pointsman.model.ids import EntityId, EntityRef, JobId, OperationId, OwnerType
from pointsman.model.job import OPEN, Waits
from pointsman.model.json import Json
from pointsman.model.remembered import OpenJob, Quarantine, Remembered
from pointsman.store.codec import manual_of
from pointsman.store.tables import NOT_SUCCEEDED, jobs, manual_states, property_values, quarantines
from pointsman.store.text import json_value


def remembered(connection: Connection) -> Remembered:
    """All that a worker has to remember of the time before it."""
    return Remembered(
        open=open_in_brief(connection),
        manual={_ref(row): manual_of(row.document) for row in connection.execute(select(manual_states))},
        properties=_properties(connection),
        quarantines={
            (_ref(row), OperationId(row.operation_id)): Quarantine(row.until, row.times)
            for row in connection.execute(select(quarantines))
        },
    )


def open_in_brief(connection: Connection) -> list[OpenJob]:
    """Every open job, in the order of their ids."""
    columns = jobs.c
    wanted = (columns.id, columns.owner_type, columns.owner_id, columns.operation_id, columns.waits)
    statuses = [status.value for status in sorted(OPEN)]
    rows = connection.execute(select(*wanted).where(NOT_SUCCEEDED, columns.status.in_(statuses)).order_by(columns.id))
    return [
        OpenJob(
            JobId(id_),
            EntityRef(OwnerType(kind), EntityId(owner)),
            OperationId(operation),
            None if waits is None else Waits(waits),
        )
        for id_, kind, owner, operation, waits in rows
    ]


def _properties(connection: Connection) -> dict[EntityRef, dict[str, Json]]:
    found: defaultdict[EntityRef, dict[str, Json]] = defaultdict(dict)
    for row in connection.execute(select(property_values)):
        found[_ref(row)][row.name] = json_value(row.value)
    return dict(found)


def _ref(row: object) -> EntityRef:
    return EntityRef(OwnerType(getattr(row, "owner_type")), EntityId(getattr(row, "entity_id")))  # noqa: B009 a row has no type
