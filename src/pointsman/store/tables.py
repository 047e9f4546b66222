"""The schema in one look, a sentence a table. It knows columns and indexes, and nothing of who reads or writes them.

Times are milliseconds since the Unix epoch. Ids of jobs, changes, results and audit entries are UUIDv7 in text, so their order is
that in which they were made: rows go in at the end of each table, and newest first is the primary key read backwards. On SQLite
the tables are clustered by it (WITHOUT ROWID). Keys compare byte by byte on every database, whatever its locale. JSON is kept as
text, since what was given has to come back as it was.

There are no foreign keys: a job outlives the entity, the operation and the state change that it names.

One file because a schema is understood only as a whole.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, MetaData, SmallInteger, Table, Text, text

metadata = MetaData()

NOT_SUCCEEDED = text("status <> 'succeeded'")
"""The condition of a partial index. A query has to repeat it, word for word, for SQLite to use the index."""

NOT_SYSTEM = text("user_id <> 'system'")
"""The same for jobs that no trigger ran."""
BY_TRIGGER = text("trigger_state IS NOT NULL")

Key = Text().with_variant(Text(collation="C"), "postgresql")

definitions = Table(
    "definitions",
    metadata,
    Column("kind", Key, primary_key=True),
    Column("id", Key, primary_key=True),
    Column("origin", Text, nullable=False),
    Column("document", Text, nullable=False),
    Column("changed", BigInteger, nullable=False),
    Column("version", Integer, nullable=False, server_default="1"),
    Column("created", BigInteger, nullable=False, server_default="0"),
    Column("created_by", Text),
    Column("alias", Key),
    Index("definitions_by_alias", "kind", "alias"),
    sqlite_with_rowid=False,
)
"""The catalog, users and groups, one document a definition; its origin is `file` (the configuration) or `store` (edited by
users). `alias` is what else it is found by: an object's discovery id, a user's login."""

entities = Table(
    "entities",
    metadata,
    Column("owner_type", SmallInteger, primary_key=True, autoincrement=False),
    Column("entity_id", Key, primary_key=True),
    Column("state_id", Text, nullable=False),
    Column("previous_id", Text),
    Column("since", BigInteger, nullable=False),
    Column("change_id", Text),
    Column("heard", BigInteger),
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
    Column("payload", LargeBinary),
    Column("reason", Text),
    Column("lineage", Text),
    # No id is both an object's and a link's, so the id alone finds an entity.
    Index("state_history_by_entity", "entity_id", "id"),
    Index("state_history_by_state", "state", "id"),
    sqlite_with_rowid=False,
)
"""Every change of an entity's state, as it was taken in; `trace` has the verdict on each trigger, `payload` the message."""

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
    Column("waits", Text),
    Column("acknowledged", BigInteger),
    Column("reason_code", SmallInteger),
    Column("answered", BigInteger),
    Column("confirmed", BigInteger),
    Column("lineage", Text),
    Column("changed", Key),
    Column("trigger_state", Key),
    Index("jobs_by_owner", "owner_id", "id"),
    Index("jobs_by_operation", "operation_id", "id"),
    Index("jobs_by_user", "user_id", "id", sqlite_where=NOT_SYSTEM, postgresql_where=NOT_SYSTEM),
    Index("jobs_by_trigger_state", "trigger_state", "id", sqlite_where=BY_TRIGGER, postgresql_where=BY_TRIGGER),
    # All but what nearly every job ends as: small, and it finds the open ones (the outbox) as well as the failed ones.
    Index("jobs_by_status", "status", "id", sqlite_where=NOT_SUCCEEDED, postgresql_where=NOT_SUCCEEDED),
    sqlite_with_rowid=False,
)
"""Every execution of an operation. `dispatch` is what carries it out, and null once it is final: the outbox. What `waits` is not
to be carried out now. `changed` is the id of its last entry in `job_events`; null while it is as it was made. `trigger_state` is
the state on whose entering a trigger ran it."""

job_events = Table(
    "job_events",
    metadata,
    Column("id", Key, primary_key=True),
    Column("job_id", Key, nullable=False),
    sqlite_with_rowid=False,
)
"""That a job changed, for those who follow jobs: its last entry is the one that `jobs.changed` names, all others are outdated.
Ids are in one order with those of jobs and of the state history. The oldest are deleted."""

timers = Table(
    "timers",
    metadata,
    Column("id", Key, primary_key=True),
    Column("due", BigInteger, nullable=False),
    Column("owner_type", SmallInteger, nullable=False),
    Column("entity_id", Key, nullable=False),
    Column("document", Text, nullable=False),
    Column("kind", Key, nullable=False, server_default="hold"),
    Index("timers_by_entity", "entity_id"),
    sqlite_with_rowid=False,
)
"""What waits for its time: holds and repetitions of triggers, tries and deadlines of jobs, schedules, manual states."""

manual_states = Table(
    "manual_states",
    metadata,
    Column("owner_type", SmallInteger, primary_key=True, autoincrement=False),
    Column("entity_id", Key, primary_key=True),
    Column("document", Text, nullable=False),
    sqlite_with_rowid=False,
)
"""States that were set by hand and have not been cleared yet."""

property_values = Table(
    "property_values",
    metadata,
    Column("owner_type", SmallInteger, primary_key=True, autoincrement=False),
    Column("entity_id", Key, primary_key=True),
    Column("name", Key, primary_key=True),
    Column("value", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("set_by", Text, nullable=False),
    sqlite_with_rowid=False,
)
"""Values of ReadWrite properties that were set while running; they go before those of the catalog."""

quarantines = Table(
    "quarantines",
    metadata,
    Column("owner_type", SmallInteger, primary_key=True, autoincrement=False),
    Column("entity_id", Key, primary_key=True),
    Column("operation_id", Key, primary_key=True),
    Column("until", BigInteger, nullable=False),
    Column("times", Integer, nullable=False),
    sqlite_with_rowid=False,
)
"""Operations of entities that triggers do not run for a while, since they ran in circles."""

verdicts = Table(
    "verdicts",
    metadata,
    Column("reason", Key, primary_key=True),
    Column("count", BigInteger, nullable=False),
    Column("examples", Text, nullable=False),
    sqlite_with_rowid=False,
)
"""How often triggers did not fire for each reason, and how often they did (`fired`), with the last examples of each."""

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

credentials = Table(
    "credentials",
    metadata,
    Column("user_id", Key, primary_key=True),
    Column("digest", Text, nullable=False),
    Column("changed", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""Passwords, as digests (scrypt)."""

access_keys = Table(
    "access_keys",
    metadata,
    Column("digest", Key, primary_key=True),
    Column("id", Key, nullable=False),
    Column("user_id", Key, nullable=False),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("expires", BigInteger),
    Index("access_keys_by_user", "user_id", "id"),
    sqlite_with_rowid=False,
)
"""Sessions and tokens, by the digests of their keys (SHA-256)."""

requests = Table(
    "requests",
    metadata,
    Column("user_id", Key, primary_key=True),
    Column("key", Key, primary_key=True),
    Column("digest", LargeBinary, nullable=False),
    Column("job_id", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Index("requests_by_time", "at"),
    sqlite_with_rowid=False,
)
"""Requests that were made under a key of the user's own (`Idempotency-Key`), of the last day."""

meta = Table(
    "meta",
    metadata,
    Column("key", Key, primary_key=True),
    Column("value", Text, nullable=False),
    sqlite_with_rowid=False,
)
"""Small facts about the store itself, by name."""
