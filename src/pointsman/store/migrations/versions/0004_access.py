"""Users edit the catalog, log in, and follow jobs as they change.

Why: what is edited needs a version to be edited from; passwords, sessions and tokens have to be kept as digests; and who follows
jobs must be able to go on where they were, also after a restart of the worker.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    key = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    op.add_column("definitions", sa.Column("version", sa.Integer, nullable=False, server_default="1"))
    op.add_column("definitions", sa.Column("created", sa.BigInteger, nullable=False, server_default="0"))
    op.add_column("definitions", sa.Column("created_by", sa.Text))
    op.add_column("definitions", sa.Column("alias", key))
    op.create_index("definitions_by_alias", "definitions", ["kind", "alias"])
    op.execute("UPDATE definitions SET created = changed")
    op.add_column("jobs", sa.Column("changed", key))
    op.add_column("jobs", sa.Column("trigger_state", key))
    on_sqlite = op.get_context().dialect.name == "sqlite"
    state = "json_extract(process_meta, '$.state')" if on_sqlite else "process_meta::json ->> 'state'"
    op.execute(f"UPDATE jobs SET trigger_state = {state} WHERE process_meta IS NOT NULL")  # noqa: S608 ours
    _indexes()
    _tables(key)
    _note_how_far_ids_are_ahead()


def _note_how_far_ids_are_ahead() -> None:
    """Of what was written before that was noted it is not known: an hour, or what the newest job says."""
    newest = op.get_bind().execute(sa.text("SELECT id, timestamp FROM jobs ORDER BY id DESC LIMIT 1")).one_or_none()
    if newest is not None:
        ahead = max(3_600_000, 2 * (int(newest.id[:8] + newest.id[9:13], 16) - newest.timestamp))
        op.execute(f"INSERT INTO meta (key, value) VALUES ('ids.ahead', '{ahead}')")  # noqa: S608 ours


def _indexes() -> None:
    """One for each list that the API serves."""
    op.create_index("state_history_by_state", "state_history", ["state", "id"])
    op.create_index("jobs_by_operation", "jobs", ["operation_id", "id"])
    for name, columns, condition in (
        ("jobs_by_user", ["user_id", "id"], sa.text("user_id <> 'system'")),
        ("jobs_by_trigger_state", ["trigger_state", "id"], sa.text("trigger_state IS NOT NULL")),
    ):
        op.create_index(name, "jobs", columns, sqlite_where=condition, postgresql_where=condition)


def _tables(key: sa.types.TypeEngine[str]) -> None:
    op.create_table(
        "job_events",
        sa.Column("id", key, primary_key=True),
        sa.Column("job_id", key, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "credentials",
        sa.Column("user_id", key, primary_key=True),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("changed", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "access_keys",
        sa.Column("digest", key, primary_key=True),
        sa.Column("id", key, nullable=False),
        sa.Column("user_id", key, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("expires", sa.BigInteger),
        sqlite_with_rowid=False,
    )
    op.create_index("access_keys_by_user", "access_keys", ["user_id", "id"])
    op.create_table(
        "requests",
        sa.Column("user_id", key, primary_key=True),
        sa.Column("key", key, primary_key=True),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("job_id", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("requests_by_time", "requests", ["at"])
