"""`pointsman demo`: the whole line on one screen, with nothing to set up and nothing left behind."""

from __future__ import annotations

import contextlib
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import NoReturn

import click

from pointsman.cli.verb import verb


@verb("demo")
@click.option("--seconds", type=click.FloatRange(min=0), help="End by itself after so many seconds; else Ctrl-C ends it.")
@click.option(
    "--broker",
    type=click.Choice(["mosquitto", "iotcore"]),
    help="Which broker to start. Else mosquitto where it is installed, else iotcore.",
)
def command(seconds: float | None, broker: str | None) -> None:
    """Start a private broker, a worker and a few simulated pumps, and show the jobs as they happen.

    Needs no configuration, no root and no network: all of it is on the loopback interface and in a temporary directory. With
    --json each change of a job is printed as JSON, one a line.
    """
    from pointsman.cli.demo_broker import Kind
    from pointsman.cli.demo_line import show

    with _ended_by_signals(), tempfile.TemporaryDirectory(prefix="pointsman-demo-") as directory:
        show(Path(directory), Kind(broker) if broker else None, seconds)


@contextlib.contextmanager
def _ended_by_signals() -> Iterator[None]:
    """SIGINT, SIGTERM and SIGHUP end the block, in order and without complaint; more of them do not disturb the cleaning up."""

    def end(_number: int, _frame: FrameType | None) -> NoReturn:
        for number in before:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    for number in before:
        signal.signal(number, end)
    try:
        with contextlib.suppress(KeyboardInterrupt):
            yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
