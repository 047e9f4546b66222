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
_PLACEHOLDER = re.compile(r"<[a-z ]+>|\[[^\]]*\]|…")
_REDIRECTION = re.compile(r"\d?>>?(&\d| *\S+)|< *\S+|&$")


def command_lines(text: str) -> Iterator[str]:
    """The commands of a block: of one with prompts what is behind them, else every line; continued lines are joined."""
    lines = text.replace("\\\n", " ").splitlines()
    prompted = any(line.startswith("$ ") for line in lines)
    for line in lines:
        if line.startswith("$ ") or not prompted:
            yield line.removeprefix("$ ")


def ours(line: str) -> Iterator[tuple[str, list[str]]]:
    """What a line calls of ours: `pointsman` or `make`, and the words behind it."""
    for part in re.split(r"\|\|?|&&|;|\$\(|\)\"?", _REDIRECTION.sub("", _PLACEHOLDER.sub("WORD", line))):
        try:
            words = shlex.split(part, comments=True)
        except ValueError:  # a quote that closes elsewhere
            words = part.split()
        for position, word in enumerate(words):
            rest = words[position + 1 :]
            if (word == "make" and position == 0) or (word.rsplit("/", 1)[-1] == "pointsman" and _is_program(words, position)):
                yield word.rsplit("/", 1)[-1], rest


def _is_program(words: Sequence[str], position: int) -> bool:
    """Whether `pointsman` is run here. Behind an option it is the name of a user or a container, and before `pointsman` too."""
    before, behind = words[position - 1] if position else "", words[position + 1 : position + 2]
    return not before.startswith("-") and all(word != "pointsman" and _is_verb(word) for word in behind) and bool(behind)


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
    while isinstance(command, click.Group):
        while words and words[0].startswith("-"):
            del words[: 2 if words[0] == "--config" else 1]
        if not words:
            return
        name = words.pop(0)
        inner = command.get_command(click.Context(command), name)
        if inner is None:
            raise click.UsageError(f"there is no {name!r}")
        command = inner
    if complete:
        command.make_context(name, words)
    options = {option for parameter in command.params for option in parameter.opts}
    for word in words:
        if word.startswith("--") and word.split("=")[0] not in {*options, "--help"}:
            raise click.NoSuchOption(word)
