"""`pointsman healthcheck`: for service managers and containers. Reads the file that the worker writes; connects to nothing."""

from __future__ import annotations

import os
import time

import click

from pointsman.cli.configured import configuration
from pointsman.cli.output import pairs, print_json, wants_json
from pointsman.cli.verb import verb
from pointsman.errors import PointsmanError, WorkerUnavailable


@verb("healthcheck")
@click.option("--ready", is_flag=True, help="Demand also that broker and store can be reached.")
def command(ready: bool) -> None:
    """Ask whether the worker with this configuration on this machine is alive.

    Exit code 0: it is; 1: it makes no progress or, with --ready, is not ready; 69: there is none.
    """
    from pointsman.observe.health import health_file, in_words, read_health

    settings = configuration().settings
    path = health_file(settings.node.health_file, settings.node.id, settings.store.url, os.environ)
    health = read_health(path, time.time())
    if health is None:
        raise WorkerUnavailable(f"expected a worker that writes its health to {path}, found none: is `pointsman run` running?")
    if not health["alive"]:
        raise PointsmanError(f"the worker makes no progress: {in_words(health)}")
    if ready and not health["ready"]:
        raise PointsmanError(f"the worker is not ready: {in_words(health)}")
    if wants_json():
        print_json(health)
        return
    said = [
        ("alive", "yes"),
        ("ready", "yes" if health["ready"] else "no"),
        ("problems", "; ".join(health["problems"]) or "none"),
    ]
    said += [("waiting", str(health["queue"])), ("memory", f"{health['memory_bytes'] / 2**20:.1f} MiB")]
    click.echo("\n".join(pairs(said)))
