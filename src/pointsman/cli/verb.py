"""What all verbs have in common: `--config` and `--json`, and groups whose verbs are imported when they are used.

Knows click. Must not know any verb, nor import anything that is slow to load: every `--help` passes through here.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, TypeAlias, TypeVar

import click

CONFIG = "pointsman.config"
JSON = "pointsman.json"
"""Keys of click's `Context.meta`, which a command shares with those above and below it: the options may stand after each."""

HELP_NAMES = {"help_option_names": ["-h", "--help"]}
F = TypeVar("F", bound=Callable[..., Any])


def _remember(key: str) -> Callable[[click.Context, click.Parameter, Any], None]:
    def keep(context: click.Context, _parameter: click.Parameter, value: Any) -> None:
        if value:
            context.meta[key] = value

    return keep


def _everywhere() -> list[click.Parameter]:
    return [
        click.Option(
            ["--config"],
            metavar="FILE",
            expose_value=False,
            callback=_remember(CONFIG),
            help="The configuration. Else $POINTSMAN_CONFIG, ./pointsman.yaml, /etc/pointsman/pointsman.yaml.",
        ),
        click.Option(
            ["--json"], is_flag=True, expose_value=False, callback=_remember(JSON), help="Print JSON, for programs to read."
        ),
    ]


class Verb(click.Command):
    """A verb, with what every verb has."""

    def __init__(self, *arguments: Any, params: Sequence[click.Parameter] | None = None, **settings: Any) -> None:
        settings.setdefault("context_settings", HELP_NAMES)
        settings["params"] = [*(params or ()), *_everywhere()]
        super().__init__(*arguments, **settings)


def verb(name: str, **settings: Any) -> Callable[[Callable[..., Any]], click.Command]:
    """Make a function a verb: `click.command`, and what every verb has."""
    return click.command(name, cls=Verb, **settings)


@dataclass(frozen=True, slots=True)
class Lazy:
    """A verb that is not loaded yet."""

    module: str
    """Where it is: the attribute `command` of this module."""
    help: str
    """Its line in the list of verbs."""


@dataclass(frozen=True, slots=True)
class Family:
    """Verbs under a common first word."""

    verbs: Mapping[str, Lazy]
    help: str


Entry: TypeAlias = Lazy | Family


class LazyGroup(click.Group):
    """A group that knows its verbs by a table, and loads only the one that is used."""

    def __init__(self, name: str, table: Mapping[str, Entry], **settings: Any) -> None:
        settings.setdefault("context_settings", HELP_NAMES)
        super().__init__(name, params=[*settings.pop("params", ()), *_everywhere()], **settings)
        self._table = table

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The verbs, in the order of the table."""
        return list(self._table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The verb, loaded now."""
        match self._table.get(cmd_name):
            case Lazy(module):
                command: click.Command = importlib.import_module(module).command
                return command
            case Family(verbs, text):
                return LazyGroup(cmd_name, verbs, help=text)
        return None

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Without any word, help is what was wanted: wrong usage all the same, for a script that forgot the verb."""
        if not args and not ctx.resilient_parsing:
            click.echo(self.get_help(ctx), err=True)
            ctx.exit(2)
        return super().parse_args(ctx, args)

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        """The verb that the first word names. Raises click.UsageError, with the nearest name, when it names none."""
        if args and args[0] not in self._table and not ctx.resilient_parsing:
            near = get_close_matches(args[0], self._table, 1)
            hint = f"; did you mean {near[0]}?" if near else ""
            ctx.fail(f"expected one of {', '.join(self._table)}, found {args[0]!r}{hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of verbs, without loading one."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.help) for name, entry in self._table.items()])
