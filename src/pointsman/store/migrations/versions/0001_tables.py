"""The first tables.

Why: a store has to begin somewhere. What each table is for stands in `store/tables.py`.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

Key = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
ROWS = {"sqlite_with_rowid": False}


def upgrade() -> None:
    _catalog_and_states()
    _triggers()
    _jobs()
    _session()
    _records()


def _catalog_and_states() -> None:
    op.create_table(
        "definitions",
        sa.Column("kind", Key, primary_key=True),
        sa.Column("id", Key, primary_key=True),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("changed", sa.BigInteger, nullable=False),
        **ROWS,
    )
    op.create_table(
        "entities",
        sa.Column("owner_type", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("entity_id", Key, primary_key=True),
        sa.Column("state_id", sa.Text, nullable=False),
        sa.Column("previous_id", sa.Text),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("change_id", sa.Text),
        **ROWS,
    )
    op.create_table(
        "state_history",
        sa.Column("id", Key, primary_key=True),
        sa.Column("owner_type", sa.SmallInteger, nullable=False),
        sa.Column("entity_id", Key, nullable=False),
        sa.Column("previous", sa.Text),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("reported", sa.BigInteger),
        sa.Column("offline", sa.Boolean, nullable=False),
        sa.Column("topic", sa.Text),
        sa.Column("trace", sa.Text),
        **ROWS,
    )
    op.create_index("state_history_by_entity", "state_history", ["entity_id", "id"])


def _triggers() -> None:
    op.create_table(
        "timers",
        sa.Column("id", Key, primary_key=True),
        sa.Column("due", sa.BigInteger, nullable=False),
        sa.Column("owner_type", sa.SmallInteger, nullable=False),
        sa.Column("entity_id", Key, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        **ROWS,
    )
    op.create_index("timers_by_entity", "timers", ["entity_id"])
    op.create_table(
        "trigger_marks",
        sa.Column("owner_type", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("entity_id", Key, primary_key=True),
        sa.Column("trigger_id", Key, primary_key=True),
        sa.Column("fired", sa.BigInteger, nullable=False),
        **ROWS,
    )


def _jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", Key, primary_key=True),
        sa.Column("operation_id", sa.Text, nullable=False),
        sa.Column("owner_type", sa.SmallInteger, nullable=False),
        sa.Column("owner_id", Key, nullable=False),
        sa.Column("user_id", sa.Text),
        sa.Column("timestamp", sa.BigInteger, nullable=False),
        sa.Column("status", Key, nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("process_meta", sa.Text),
        sa.Column("change_id", sa.Text),
        sa.Column("args", sa.Text),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("finished", sa.BigInteger),
        sa.Column("error", sa.Text),
        sa.Column("dispatch", sa.Text),
        **ROWS,
    )
    op.create_index("jobs_by_owner", "jobs", ["owner_id", "id"])
    unusual = sa.text("status <> 'succeeded'")
    op.create_index("jobs_by_status", "jobs", ["status", "id"], sqlite_where=unusual, postgresql_where=unusual)
    op.create_table(
        "job_results",
        sa.Column("job_id", Key, primary_key=True),
        sa.Column("id", Key, primary_key=True),
        sa.Column("payload", sa.Text, nullable=False),
        sa.Column("added_by", sa.Text, nullable=False),
        sa.Column("timestamp", sa.BigInteger, nullable=False),
        **ROWS,
    )


def _session() -> None:
    op.create_table(
        "inbox",
        sa.Column("session", Key, primary_key=True),
        sa.Column("n", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("packet_id", sa.Integer, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        **ROWS,
    )
    op.create_table(
        "subscriptions",
        sa.Column("session", Key, primary_key=True),
        sa.Column("n", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("topic_filter", sa.Text, nullable=False),
        **ROWS,
    )


def _records() -> None:
    op.create_table(
        "rejects",
        sa.Column("reason", Key, primary_key=True),
        sa.Column("topic", Key, primary_key=True),
        sa.Column("count", sa.BigInteger, nullable=False),
        sa.Column("first_at", sa.BigInteger, nullable=False),
        sa.Column("last_at", sa.BigInteger, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("payload", sa.LargeBinary, nullable=False),
        **ROWS,
    )
    op.create_table(
        "audit",
        sa.Column("id", Key, primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("before", sa.Text),
        sa.Column("after", sa.Text),
        **ROWS,
    )
    op.create_table(
        "meta",
        sa.Column("key", Key, primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
        **ROWS,
    )
