"""All that is defined: by the configuration file, and by users in the store. For the command line, which reads beside a worker.

Part of the composition root.
"""

from __future__ import annotations

from dataclasses import replace

from pointsman.engine.loading import with_stored
from pointsman.settings import Configuration
from pointsman.settings.define import define
from pointsman.store.reads.definitions import made_by_users
from pointsman.store.reads.reader import Reader


def with_definitions_of(store: Reader, given: Configuration) -> Configuration:
    """The configuration, its catalog with what users have defined, as a worker that starts now would have it. Raises
    StoreUnavailable."""
    catalog, _ = with_stored(given.catalog, made_by_users(store), define)
    return replace(given, catalog=catalog)
