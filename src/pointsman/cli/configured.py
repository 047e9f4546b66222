"""The configuration that a verb works with, and the store that it names. Loads what it needs when it is called."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pointsman.cli.verb import CONFIG
from pointsman.errors import NotFound

if TYPE_CHECKING:
    from pointsman.model.ids import EntityRef
    from pointsman.settings import Configuration
    from pointsman.store.reads.reader import Reader


def configuration_path() -> Path:
    """The file that `--config` names, or else the one that is found. Raises ConfigurationError when there is none."""
    from pointsman.settings import find_configuration

    return find_configuration(click.get_current_context().meta.get(CONFIG), os.environ)


def configuration() -> Configuration:
    """The configuration. Raises ConfigurationError, with every problem there is."""
    from pointsman.settings import load_configuration

    return load_configuration(configuration_path(), os.environ)


def entity_of(given: Configuration, id_: str) -> EntityRef:
    """The object or link of that id. Raises NotFound when the configuration declares none."""
    entity = given.catalog.find(id_)
    if entity is None:
        raise NotFound(f"expected the id of an object or link that the configuration declares, found {id_!r}")
    return entity


def store_url() -> str:
    """The URL of the store. Raises ConfigurationError."""
    return configuration().settings.store.url


@contextmanager
def reader() -> Iterator[Reader]:
    """The store, to be read beside a worker. Raises StoreUnavailable, ConfigurationError."""
    from pointsman.store.opening import open_reader

    with open_reader(store_url()) as store:
        yield store
