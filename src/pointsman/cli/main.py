"""The entry point: the table of verbs, and what becomes of errors. Loads nothing but click until a verb is chosen.

An error is one message on standard error, and an exit code: 0 done · 1 a fault · 2 wrong usage · 69 store, broker or worker
unavailable · 78 configuration. With `--json` it is also an object on standard output: `{"error": {"message": …, "code": 69}}`.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import click

from pointsman import __version__
from pointsman.cli.output import print_json
from pointsman.cli.verb import Entry, Family, Lazy, LazyGroup
from pointsman.errors import PointsmanError

VERBS: Mapping[str, Entry] = {
    "run": Lazy("pointsman.cli.run", "Run a worker."),
    "demo": Lazy("pointsman.cli.demo", "Show it at work: a broker, a worker and a few simulated pumps."),
    "check": Lazy("pointsman.cli.check", "Check the configuration, without touching anything."),
    "execute": Lazy("pointsman.cli.execute", "Run an operation of an object or a link."),
    "manual-state": Lazy("pointsman.cli.manual_state", "Set the state of an object or a link by hand, or release it."),
    "jobs": Family(
        {
            "list": Lazy("pointsman.cli.jobs_list", "List jobs, newest first."),
            "show": Lazy("pointsman.cli.jobs_show", "Show all that is known of one job."),
            "tail": Lazy("pointsman.cli.jobs_tail", "Follow jobs as they come and change."),
            "export": Lazy("pointsman.cli.jobs_export", "Write jobs out, oldest first."),
            "cancel": Lazy("pointsman.cli.jobs_cancel", "Call a job off while it is open."),
        },
        "Read the record of what was executed, and call jobs off.",
    ),
    "result": Family({"add": Lazy("pointsman.cli.result_add", "Add a custom result to a job.")}, "Add to a job's results."),
    "property": Family(
        {
            "list": Lazy("pointsman.cli.property_list", "List the properties of an object or a link."),
            "set": Lazy("pointsman.cli.property_set", "Set a property of an object or a link."),
        },
        "Read and set properties.",
    ),
    "explain": Lazy("pointsman.cli.explain", "Say why something ran, or did not."),
    "simulate": Lazy("pointsman.cli.simulate", "Say what a message would do. Nothing is sent."),
    "reasons": Lazy("pointsman.cli.reasons", "Count why triggers fired, or did not."),
    "replay": Lazy("pointsman.cli.replay", "Say what would have been otherwise with this configuration. Nothing is sent."),
    "rejects": Lazy("pointsman.cli.rejects", "List the messages that could not be taken."),
    "db": Family(
        {
            "upgrade": Lazy("pointsman.cli.db_upgrade", "Bring the store to the version of this program."),
            "backup": Lazy("pointsman.cli.db_backup", "Copy the store to a file, also while a worker runs."),
            "restore": Lazy("pointsman.cli.db_restore", "Put a backup in the place of the store."),
            "prune": Lazy("pointsman.cli.db_prune", "Delete old finished jobs and history."),
        },
        "Look after the store.",
    ),
    "user": Family(
        {
            "add": Lazy("pointsman.cli.user_add", "Make a user."),
            "passwd": Lazy("pointsman.cli.user_passwd", "Set a user's password."),
            "token": Lazy("pointsman.cli.user_token", "Make a token for a user."),
            "list": Lazy("pointsman.cli.user_list", "List the users."),
        },
        "Look after who may use the HTTP API.",
    ),
    "healthcheck": Lazy("pointsman.cli.healthcheck", "Ask whether the worker on this machine is alive."),
    "config": Family({"show": Lazy("pointsman.cli.config_show", "Show the settings in force, secrets hidden.")}, "The settings."),
    "schema": Family(
        {
            "config": Lazy("pointsman.cli.schema_config", "The JSON Schema of the configuration."),
            "openapi": Lazy("pointsman.cli.schema_openapi", "The OpenAPI document of the HTTP API."),
            "asyncapi": Lazy("pointsman.cli.schema_asyncapi", "The AsyncAPI document of the MQTT side."),
        },
        "Schemas.",
    ),
    "version": Lazy("pointsman.cli.version", "Print the version."),
}

INTERRUPTED = 130
"""What a shell says of a program that Ctrl-C ended."""


def root() -> LazyGroup:
    """The command `pointsman`."""
    return LazyGroup(
        "pointsman",
        VERBS,
        params=[_version_option()],
        help="Pointsman watches signals, throws the switches and writes every move in the book.\n\n"
        "An event worker for MQTT: it follows the states of devices, runs operations, and records each as a job.",
        epilog="Exit codes: 0 done, 1 a fault, 2 wrong usage, 69 store, broker or worker unavailable, 78 configuration. "
        "Any setting can be given as POINTSMAN_<SECTION>__<NAME>.",
    )


def _version_option() -> click.Option:
    def show(context: click.Context, _parameter: click.Parameter, value: bool) -> None:
        if value and not context.resilient_parsing:
            click.echo(f"pointsman {__version__}")
            context.exit()

    return click.Option(
        ["--version"], is_flag=True, is_eager=True, expose_value=False, callback=show, help="Print the version and exit."
    )


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line, and exit with its code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # Not every terminal has every character; what it lacks is spelt out, and stops nothing.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        sys.exit(_run(words))
    except BrokenPipeError:
        # Whoever read our output has had enough: `pointsman jobs list | head`. Nothing more can be said, at exit neither.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


def _run(words: list[str]) -> int:
    as_json = "--json" in words
    try:
        code = root().main(words, prog_name="pointsman", standalone_mode=False)
        sys.stdout.flush()
    except PointsmanError as error:
        return _report(str(error), error.exit_code, as_json, getattr(error, "problems", ()))
    except click.UsageError as error:
        usage = f"{error.ctx.get_usage()}\n" if error.ctx is not None else ""
        return _report(error.format_message(), error.exit_code, as_json, before=usage)
    except click.ClickException as error:
        return _report(error.format_message(), error.exit_code, as_json)
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    return code if isinstance(code, int) else 0


def _report(message: str, code: int, as_json: bool, problems: Sequence[Any] = (), before: str = "") -> int:
    """Say what went wrong. Problems of a configuration stand one a line, `file:line:col` first, as editors look for it."""
    if as_json:
        error: dict[str, Any] = {"message": message, "code": code}
        if problems:
            error["problems"] = [
                {"file": each.file, "line": each.line, "column": each.column, "message": each.message} for each in problems
            ]
        print_json({"error": error})
    click.echo(f"{before}{'' if problems else 'pointsman: '}{message}", err=True)
    return code
