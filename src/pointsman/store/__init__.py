"""The only SQL. Knows the model and the engine's ports; knows no MQTT and no rule of the domain: it decides nothing.

Begin with `tables.py`, the schema in one look; then `unit.py`, one transaction of the engine.
"""

from pointsman.store.opening import open_reader, open_store
from pointsman.store.sql_store import SqlStore

__all__ = ["SqlStore", "open_reader", "open_store"]
