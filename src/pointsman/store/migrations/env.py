"""Runs the migrations on the connection that `store/schema.py` hands over, inside its transaction."""

from __future__ import annotations

from alembic import context

from pointsman.store.tables import metadata

# Both databases undo DDL with the transaction. Alembic does not expect it of SQLite, since the driver used to commit before DDL.
context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
