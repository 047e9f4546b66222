"""Commands in documents: which of them are ours, and whether there is such a thing.

Knows the command line and the Makefile. Runs nothing.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence

import click

from documents.markdown import ROOT
from pointsman.cli.main import root

TARGETS = frozenset(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
_PLACEHOLDER = re.compile(r"<[^>]*>|\[[^\]]*\]|…")


def command_lines(text: str) -> Iterator[str]:
    """The commands of a block: of one with prompts what is behind them, else every line; continued lines are joined."""
    lines = text.replace("\\\n", " ").splitlines()
    prompted = any(line.startswith("$ ") for line in lines)
    for line in lines:
        if line.startswith("$ ") or not prompted:
            yield line.removeprefix("$ ")


def ours(line: str) -> Iterator[tuple[str, list[str]]]:
    """What a line calls of ours: `pointsman` or `make`, and the words behind it."""
    for part in re.split(r"\|\|?|&&|;|\$\(|\)\"?", _PLACEHOLDER.sub("WORD", line)):
        try:
            words = shlex.split(part, comments=True)
        except ValueError:  # a quote that closes elsewhere
            words = part.split()
        for position, word in enumerate(words):
            name, rest = word.rsplit("/", 1)[-1], words[position + 1 :]
            before = words[position - 1] if position else ""
            if name == "make" and position == 0:
                yield name, rest
            # Behind an option it is the name of a user or a container; `-u pointsman pointsman run` has both.
            elif name == "pointsman" and rest and not before.startswith("-") and rest[0] != "pointsman" and _is_verb(rest[0]):
                yield name, [each for each in rest if each not in ("&", ">", "2>&1")]


def _is_verb(word: str) -> bool:
    """Whether the word can be meant as one: a file or an address behind a user's name cannot."""
    return re.fullmatch(r"--?[a-z]+(=.*)?|[a-z]+", word) is not None


def fault(program: str, words: Sequence[str], *, complete: bool) -> str | None:
    """Why there is no such command, or None. `complete`: its arguments are all there, so they are read too."""
    if program == "make":
        wrong = [word for word in words if not (word in TARGETS or "=" in word or word.startswith("-") or word == "TARGET")]
        return f"the Makefile has no target {wrong[0]}" if wrong else None
    try:
        _parse(root(), "pointsman", list(words), complete)
    except click.exceptions.Exit:
        return None  # --help, --version
    except click.UsageError as error:
        return error.format_message()
    return None


def _parse(command: click.Command, name: str, words: list[str], complete: bool) -> None:
    """Read the words as the command line does. Raises click.UsageError."""
    if isinstance(command, click.Group):
        context = command.make_context(name, words, resilient_parsing=True)
        rest = [*context.protected_args, *context.args]
        if not rest:
            return
        found, inner, behind = command.resolve_command(context, rest)
        assert inner is not None
        _parse(inner, str(found), behind, complete)
    elif complete:
        command.make_context(name, words)
    else:
        options = {option for parameter in command.params for option in parameter.opts}
        for word in words:
            if word.startswith("--") and word.split("=")[0] not in {*options, "--help"}:
                raise click.NoSuchOption(word)
