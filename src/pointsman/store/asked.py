"""What the engine asks of definitions and of requests made under a key, within its transaction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Select, select

from pointsman.model.definition import Definition, DefinitionKey, Kind
from pointsman.model.ids import JobId, UserId
from pointsman.store.reads.definitions import AT_ONCE, definition_of, of_users
from pointsman.store.tables import definitions, requests
from pointsman.store.text import is_storable


def definitions_asked(
    connection: Connection, keys: Collection[DefinitionKey], kinds: Collection[Kind], aliases: Collection[tuple[Kind, str]]
) -> Mapping[DefinitionKey, Definition]:
    """These definitions, all of these kinds, and those that are found by these aliases, as far as there are such."""
    queries = [*_by(definitions.c.id, keys), *_by(definitions.c.alias, aliases)]
    if kinds:
        queries.append(select(definitions).where(definitions.c.kind.in_([kind.value for kind in kinds])))
    found = [definition_of(row) for query in queries for row in connection.execute(query)]
    return {each.key: each for each in found}


def made_by_users(connection: Connection) -> Sequence[Definition]:
    """The definitions of the catalog that the configuration file does not make, by kind and id."""
    return [definition_of(row) for row in connection.execute(of_users())]


def requested(connection: Connection, keys: Collection[tuple[UserId, str]]) -> Mapping[tuple[UserId, str], tuple[bytes, JobId]]:
    """The requests that were made under these keys of their users, with a digest of what was asked for, and the job."""
    found: dict[tuple[UserId, str], tuple[bytes, JobId]] = {}
    for user, key in keys:
        if is_storable(user) and is_storable(key):
            query = select(requests.c.digest, requests.c.job_id).where(requests.c.user_id == user, requests.c.key == key)
            for digest, job in connection.execute(query):
                found[user, key] = bytes(digest), JobId(job)
    return found


def _by(column: Any, wanted: Collection[tuple[Kind, str]]) -> Iterator[Select[Any]]:
    texts: defaultdict[Kind, list[str]] = defaultdict(list)
    for kind, text in wanted:
        if is_storable(text):
            texts[kind].append(text)
    for kind, of_kind in texts.items():
        for start in range(0, len(of_kind), AT_ONCE):
            some = of_kind[start : start + AT_ONCE]
            yield select(definitions).where(definitions.c.kind == kind.value, column.in_(some))
