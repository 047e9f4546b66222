"""`pointsman run`: the worker, in the foreground. A service manager looks after the rest."""

from __future__ import annotations

import os

import click

from pointsman.cli.configured import configuration
from pointsman.cli.output import wants_json
from pointsman.cli.verb import verb


@verb("run")
def command() -> None:
    """Run a worker until SIGTERM or SIGINT; a second one ends it at once.

    Logs to standard error: for people on a terminal, as JSON lines elsewhere and with --json. A configuration that is wrong ends
    it with exit code 78 before anything is opened.
    """
    given = configuration()

    from pointsman import daemon
    from pointsman.observe.logs import LogFormat, make_log

    form = LogFormat.JSON if wants_json() else LogFormat(given.settings.log.format)
    code = daemon.run(given, make_log(given.settings.log.level, form), os.environ)
    raise click.exceptions.Exit(code)
