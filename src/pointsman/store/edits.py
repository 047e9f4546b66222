"""Writes of definitions, of passwords and of access keys: seldom, and each by itself, in their order."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Table, delete
from sqlalchemy.dialects import postgresql, sqlite

from pointsman.model.definition import Definition, Kind
from pointsman.model.edit import (
    DropKeys,
    Edit,
    ForgetEntity,
    RememberRequest,
    RemoveDefinition,
    SaveCredential,
    SaveDefinition,
    SaveKey,
)
from pointsman.store.tables import (
    access_keys,
    credentials,
    definitions,
    entities,
    manual_states,
    property_values,
    quarantines,
    requests,
    timers,
    trigger_marks,
)
from pointsman.store.text import json_text, storable, storable_or_none

REQUEST_KEPT = 86_400_000
"""How long a request is known again by its key, in ms."""
_OF_ENTITIES = (entities, manual_states, property_values, quarantines, timers, trigger_marks)
_ALIASES = {Kind.OBJECT: "discovery_id", Kind.USER: "login"}


def carry_out(connection: Connection, edit: Edit) -> None:
    """Carry out one of them."""
    match edit:
        case SaveDefinition(definition):
            _put(connection, definitions, definition_row(definition))
        case RemoveDefinition((kind, id_)):
            connection.execute(delete(definitions).where(definitions.c.kind == kind, definitions.c.id == id_))
        case ForgetEntity(entity):
            for table in _OF_ENTITIES:
                theirs = (table.c.owner_type == entity.kind, table.c.entity_id == entity.id)
                connection.execute(delete(table).where(*theirs))
        case SaveCredential(user, None, _):
            connection.execute(delete(credentials).where(credentials.c.user_id == user))
        case SaveCredential(user, digest, at):
            _put(connection, credentials, {"user_id": user, "digest": digest, "changed": at})
        case SaveKey(key):
            connection.execute(delete(access_keys).where(access_keys.c.expires <= key.created))
            names = {"digest": key.digest, "id": key.id, "user_id": key.user, "kind": key.kind.value, "name": storable(key.name)}
            _put(connection, access_keys, {**names, "created": key.created, "expires": key.expires})
        case DropKeys(user, ids):
            mine = access_keys.c.user_id == user
            connection.execute(delete(access_keys).where(mine if ids is None else mine & access_keys.c.id.in_(ids)))
        case RememberRequest():
            connection.execute(delete(requests).where(requests.c.at < edit.at - REQUEST_KEPT))
            asked: dict[str, Any] = {"user_id": edit.user, "key": storable(edit.key), "digest": edit.digest}
            _put(connection, requests, {**asked, "job_id": edit.job, "at": edit.at})


def definition_row(definition: Definition) -> dict[str, Any]:
    """A row of `definitions`."""
    alias = definition.document.get(_ALIASES.get(definition.kind, ""))
    return {
        "kind": definition.kind.value,
        "id": definition.id,
        "origin": definition.origin.value,
        "document": json_text(definition.document),
        "changed": definition.updated,
        "version": definition.version,
        "created": definition.created,
        "created_by": storable_or_none(definition.owner),
        "alias": storable(alias) if isinstance(alias, str) else None,
    }


def _put(connection: Connection, table: Table, row: dict[str, Any]) -> None:
    """Insert a row, or replace the one of the same key."""
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    rest = {name: value for name, value in row.items() if not table.c[name].primary_key}
    connection.execute(insert(table).values(row).on_conflict_do_update(index_elements=list(table.primary_key), set_=rest))
