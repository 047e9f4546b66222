"""`pointsman version`."""

from __future__ import annotations

import platform

import click

from pointsman import __version__
from pointsman.cli.output import print_json, wants_json
from pointsman.cli.verb import verb


@verb("version")
def command() -> None:
    """Print the version of Pointsman, and of the Python that runs it."""
    if wants_json():
        print_json({"version": __version__, "python": platform.python_version()})
    else:
        click.echo(f"pointsman {__version__} (Python {platform.python_version()})")
