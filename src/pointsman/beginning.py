"""How a worker's store begins: opened, brought up to date, and told what the file defines. Part of the composition root."""

from __future__ import annotations

from collections.abc import Sequence

from structlog.typing import FilteringBoundLogger

from pointsman.clock import Uuid7
from pointsman.engine.redelivery import REMEMBERED
from pointsman.first_admin import first_admin
from pointsman.model.write import STARTED, AddAudit
from pointsman.settings import Configuration
from pointsman.store import SqlStore, open_store


def open_worker_store(
    configuration: Configuration, log: FilteringBoundLogger, at: int
) -> tuple[SqlStore, Sequence[str], str | None]:
    """The store with what the file defines and who may log in, the filters that the broker holds, and the last id there is."""
    settings = configuration.settings
    url, client_id = settings.store.url, settings.mqtt.client_id
    store = open_store(url, session=client_id, migrate=settings.store.migrate, window=REMEMBERED)
    store.sync_definitions(configuration.definitions, at)
    with store.begin() as unit:
        filters, last_id = unit.filters(), unit.last_id()
        new_id = Uuid7(after=last_id)
        made = first_admin(configuration, log, new_id(at), at)
        started = new_id(at)
        unit.apply([*made, audited(STARTED, settings.node.id, started, at)])
    return store, filters, max(started, last_id or "")


def audited(action: str, node: str, id_: str, at: int) -> AddAudit:
    """What the audit says of a worker."""
    return AddAudit(id=id_, at=at, actor=node, action=action, subject=f"worker {node}")
