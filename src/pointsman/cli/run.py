"""`pointsman run`: the worker, in the foreground. A service manager looks after the rest."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from pointsman.cli.configured import configuration
from pointsman.cli.output import wants_json
from pointsman.cli.verb import verb

if TYPE_CHECKING:
    from structlog.typing import FilteringBoundLogger

    from pointsman.settings import Configuration

LOOK = 10_000
"""At the start so many entities are looked at for loops one by one, which takes about a second; those of a class count as one."""
TOLD = 5
"""So many loops are told at the start."""


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
    log = make_log(given.settings.log.level, form)
    _warn_of_loops(given, log)
    raise click.exceptions.Exit(daemon.run(given, log, os.environ))


def _warn_of_loops(given: Configuration, log: FilteringBoundLogger) -> None:
    """Once, before anything is opened: the worker's limits end most loops, but whoever wrote one should know."""
    from pointsman.cli.check_loops import loops
    from pointsman.core.loops import TooMany, in_words

    try:
        found = loops(given, most=LOOK)
    except TooMany:
        log.info("not looked for loops, which would take a while here; `pointsman check` does")
        return
    for loop in found[:TOLD]:
        log.warning("operations may set each other off without end", loop=in_words(loop))
    if len(found) > TOLD:
        log.warning("there may be more loops; `pointsman check` lists them", more=len(found) - TOLD)
