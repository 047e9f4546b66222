"""Jobs wait, answer and are confirmed; the history can be replayed; manual states, property values and quarantines last.

Why: what a worker keeps in mind to decide rightly must survive it, and what a decision was made on must be there to repeat it.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    key = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    for table, columns in _columns().items():
        for column in columns:
            op.add_column(table, column)
    # The timers that there are belong to triggers, and a change of state voids them: that is what the column is asked for.
    op.add_column("timers", sa.Column("kind", key, nullable=False, server_default="hold"))
    for name, columns in _tables(key).items():
        owner = (sa.Column("owner_type", sa.SmallInteger, primary_key=True, autoincrement=False),)
        entity = (*owner, sa.Column("entity_id", key, primary_key=True)) if name != "verdicts" else ()
        op.create_table(name, *entity, *columns, sqlite_with_rowid=False)


def _columns() -> dict[str, tuple[sa.Column[Any], ...]]:
    return {
        "entities": (sa.Column("heard", sa.BigInteger),),
        "state_history": (
            sa.Column("payload", sa.LargeBinary),
            sa.Column("reason", sa.Text),
            sa.Column("lineage", sa.Text),
        ),
        "jobs": (
            sa.Column("waits", sa.Text),
            sa.Column("acknowledged", sa.BigInteger),
            sa.Column("reason_code", sa.SmallInteger),
            sa.Column("answered", sa.BigInteger),
            sa.Column("confirmed", sa.BigInteger),
            sa.Column("lineage", sa.Text),
        ),
    }


def _tables(key: sa.types.TypeEngine[str]) -> dict[str, tuple[sa.Column[Any], ...]]:
    return {
        "manual_states": (sa.Column("document", sa.Text, nullable=False),),
        "property_values": (
            sa.Column("name", key, primary_key=True),
            sa.Column("value", sa.Text, nullable=False),
            sa.Column("at", sa.BigInteger, nullable=False),
            sa.Column("set_by", sa.Text, nullable=False),
        ),
        "quarantines": (
            sa.Column("operation_id", key, primary_key=True),
            sa.Column("until", sa.BigInteger, nullable=False),
            sa.Column("times", sa.Integer, nullable=False),
        ),
        "verdicts": (
            sa.Column("reason", key, primary_key=True),
            sa.Column("count", sa.BigInteger, nullable=False),
            sa.Column("examples", sa.Text, nullable=False),
        ),
    }
