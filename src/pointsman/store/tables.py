"""The schema in one look, a sentence a table. It knows columns and indexes, and nothing of who reads or writes them.

Times are milliseconds since the Unix epoch. Ids of jobs, changes, results and audit entries are UUIDv7 in text, so their order is
that in which they were made: rows go in at the end of each table, and newest first is the primary key read backwards. On SQLite
the tables are clustered by it (WITHOUT ROWID). Keys compare byte by byte on every database, whatever its locale. JSON is kept as
text, since what was given has to come back as it was.

There are no foreign keys: a job outlives the entity, the operation and the state change that it names.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, MetaData, SmallInteger, Table, Text, text

metadata = MetaData()

NOT_SUCCEEDED = text("status <> 'succeeded'")
"""The condition of a partial index. A query has to repeat it, word for word, for SQLite to use the index."""

Key = Text().with_variant(Text(collation="C"), "postgresql")

definitions = Table(
    "definitions",
    metadata,
    Column("kind", Key, primary_key=True),
    Column("id", Key, primary_key=True),
    Column("origin", Text, nullable=False),
    Column("document", Text, nullable=False),
    Column("changed", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""The catalog, one document a definition; its origin is `file` (the configuration) or `store` (edited by users)."""

entities = Table(
    "entities",
    metadata,
    Column("owner_type", SmallInteger, primary_key=True, autoincrement=False),
    Column("entity_id", Key, primary_key=True),
    Column("state_id", Text, nullable=False),
    Column("previous_id", Text),
    Column("since", BigInteger, nullable=False),
    Column("change_id", Text),
    sqlite_with_rowid=False,
)
"""The state that each entity which ever reported one is in."""

state_history = Table(
    "state_history",
    metadata,
    Column("id", Key, primary_key=True),
    Column("owner_type", SmallInteger, nullable=False),
    Column("entity_id", Key, nullable=False),
    Column("previous", Text),
    Column("state", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("reported", BigInteger),
    Column("offline", Boolean, nullable=False),
    Column("topic", Text),
    Column("trace", Text),
    # No id is both an object's and a link's, so the id alone finds an entity.
    Index("state_history_by_entity", "entity_id", "id"),
    sqlite_with_rowid=False,
)
"""Every change of an entity's state, as it was taken in; `trace` has the verdict on each trigger."""

jobs = Table(
    "jobs",
    metadata,
    Column("id", Key, primary_key=True),
    Column("operation_id", Text, nullable=False),
    Column("owner_type", SmallInteger, nullable=False),
    Column("owner_id", Key, nullable=False),
    Column("user_id", Text),
    Column("timestamp", BigInteger, nullable=False),
    Column("status", Key, nullable=False),
    Column("description", Text, nullable=False),
    Column("process_meta", Text),
    Column("change_id", Text),
    Column("args", Text),
    Column("attempts", Integer, nullable=False),
    Column("finished", BigInteger),
    Column("error", Text),
    Column("dispatch", Text),
    Index("jobs_by_owner", "owner_id", "id"),
    # All but what nearly every job ends as: small, and it finds the open ones (the outbox) as well as the failed ones.
    Index("jobs_by_status", "status", "id", sqlite_where=NOT_SUCCEEDED, postgresql_where=NOT_SUCCEEDED),
    sqlite_with_rowid=False,
)
"""Every execution of an operation. `dispatch` is what carries it out, and null once it is final: the outbox."""

timers = Table(
    "timers",
    metadata,
    Column("id", Key, primary_key=True),
    Column("due", BigInteger, nullable=False),
    Column("owner_type", SmallInteger, nullable=False),
    Column("entity_id", Key, nullable=False),
    Column("document", Text, nullable=False),
    Index("timers_by_entity", "entity_id"),
    sqlite_with_rowid=False,
)
"""Triggers that wait: for a state to have held for a while, or to run again while it holds."""

trigger_marks = Table(
    "trigger_marks",
    metadata,
    Column("owner_type", SmallInteger, primary_key=True, autoincrement=False),
    Column("entity_id", Key, primary_key=True),
    Column("trigger_id", Key, primary_key=True),
    Column("fired", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""When triggers that rest after they have fired did so last."""

job_results = Table(
    "job_results",
    metadata,
    Column("job_id", Key, primary_key=True),
    Column("id", Key, primary_key=True),
    Column("payload", Text, nullable=False),
    Column("added_by", Text, nullable=False),
    Column("timestamp", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""The custom results of jobs, those of one job in the order in which they were added."""

inbox = Table(
    "inbox",
    metadata,
    Column("session", Key, primary_key=True),
    Column("n", BigInteger, primary_key=True, autoincrement=False),
    Column("packet_id", Integer, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
"""The last deliveries of each MQTT session that were applied, to know a redelivery by."""

subscriptions = Table(
    "subscriptions",
    metadata,
    Column("session", Key, primary_key=True),
    Column("n", Integer, primary_key=True, autoincrement=False),
    Column("topic_filter", Text, nullable=False),
    sqlite_with_rowid=False,
)
"""The topic filters that the broker holds for each MQTT session."""

rejects = Table(
    "rejects",
    metadata,
    Column("reason", Key, primary_key=True),
    Column("topic", Key, primary_key=True),
    Column("count", BigInteger, nullable=False),
    Column("first_at", BigInteger, nullable=False),
    Column("last_at", BigInteger, nullable=False),
    Column("detail", Text, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
"""Messages that were not taken: how often for each reason and topic (its beginning), with the last example."""

audit = Table(
    "audit",
    metadata,
    Column("id", Key, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("before", Text),
    Column("after", Text),
    sqlite_with_rowid=False,
)
"""Who did what to what, and when. The database refuses to change or delete a row."""

meta = Table(
    "meta",
    metadata,
    Column("key", Key, primary_key=True),
    Column("value", Text, nullable=False),
    sqlite_with_rowid=False,
)
"""Small facts about the store itself, by name."""
