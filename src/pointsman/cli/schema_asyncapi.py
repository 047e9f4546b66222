"""`pointsman schema asyncapi`."""

from __future__ import annotations

import json

import click

from pointsman import __version__
from pointsman.cli.verb import verb


@verb("asyncapi")
def command() -> None:
    """Print the AsyncAPI 3.0 document of the MQTT side: topics, messages, answers. Always JSON.

    It is that of a worker with the default `mqtt.base_topic`. A worker serves its own at /api/asyncapi.json.
    """
    from pointsman.mqtt.asyncapi import asyncapi_document

    click.echo(json.dumps(asyncapi_document(__version__), indent=2, ensure_ascii=False))
