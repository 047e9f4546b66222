"""`pointsman schema openapi`."""

from __future__ import annotations

import json

import click

from pointsman.cli.verb import verb


@verb("openapi")
def command() -> None:
    """Print the OpenAPI 3.1 document of the HTTP API: calls, bodies, answers. Always JSON.

    A worker serves the same at /api/openapi.json, and a page that shows it at /api/docs.
    """
    from pointsman.http.app import openapi_document

    click.echo(json.dumps(openapi_document(), indent=2, ensure_ascii=False))
