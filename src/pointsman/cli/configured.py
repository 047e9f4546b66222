"""The configuration that a verb works with, and the store that it names. Loads what it needs when it is called."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pointsman.cli.verb import CONFIG
from pointsman.errors import NotFound, PointsmanError

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


def with_definitions(given: Configuration) -> Configuration:
    """The configuration with what users have defined, as far as the store can be read from here."""
    from pointsman.defined import with_definitions_of
    from pointsman.store.opening import open_reader

    with contextlib.suppress(PointsmanError), open_reader(given.settings.store.url) as store:
        return with_definitions_of(store, given)
    return given


def entity_of(given: Configuration, id_: str) -> EntityRef:
    """The object or link of that id. Raises NotFound when neither the configuration nor the store defines one."""
    entity = given.catalog.find(id_)
    if entity is None:
        entity = with_definitions(given).catalog.find(id_)
    if entity is None:
        raise NotFound(f"expected the id of an object or link that the configuration or the store defines, found {id_!r}")
    return entity


def store_url() -> str:
    """The URL of the store. Raises ConfigurationError."""
    return configuration().settings.store.url


@contextlib.contextmanager
def reader() -> Iterator[Reader]:
    """The store, to be read beside a worker. Raises StoreUnavailable, ConfigurationError."""
    from pointsman.store.opening import open_reader

    with open_reader(store_url()) as store:
        yield store
