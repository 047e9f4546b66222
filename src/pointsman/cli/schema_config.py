"""`pointsman schema config`."""

from __future__ import annotations

import json

import click

from pointsman.cli.verb import verb


@verb("config")
def command() -> None:
    """Print the JSON Schema of the configuration file, for editors: always JSON.

    An editor with the YAML language server takes it from a file: `# yaml-language-server: $schema=pointsman.schema.json`.
    """
    from pointsman.settings.show import file_schema

    click.echo(json.dumps(file_schema(), indent=2))
