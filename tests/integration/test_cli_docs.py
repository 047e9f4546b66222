"""docs/cli.md and the command line say the same: every verb, every option, every example. The help is the measure."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from pointsman.cli.main import VERBS, root
from pointsman.cli.verb import Family, Lazy

DOCUMENT = (Path(__file__).resolve().parents[2] / "docs" / "cli.md").read_text()
SECTIONS: dict[str, str] = dict(re.findall(r"^## (.*)\n((?:(?!^## ).*\n)*)", DOCUMENT, re.MULTILINE))
LEAVES = [
    *[f"pointsman {name}" for name, entry in VERBS.items() if isinstance(entry, Lazy)],
    *[f"pointsman {name} {each}" for name, entry in VERBS.items() if isinstance(entry, Family) for each in entry.verbs],
]
EVERYWHERE = {"--config", "--json", "--help"}


def command_of(verb: str) -> click.Command:
    found: click.Command = root()
    for word in verb.split()[1:]:
        assert isinstance(found, click.Group)
        below = found.get_command(click.Context(found), word)
        assert below is not None
        found = below
    return found


def options_of(verb: str) -> set[str]:
    return {name for each in command_of(verb).params if isinstance(each, click.Option) for name in each.opts} - EVERYWHERE


def test_every_verb_has_a_section_and_every_section_a_verb() -> None:
    assert sorted(SECTIONS) == sorted(LEAVES)


@pytest.mark.parametrize("verb", LEAVES)
def test_a_verb_s_options_are_those_of_its_table(verb: str) -> None:
    cells = re.findall(r"^\| (`--.*?) \|", SECTIONS[verb], re.MULTILINE)
    assert {name for cell in cells for name in re.findall(r"--[a-z-]+", cell)} == options_of(verb)


@pytest.mark.parametrize("verb", LEAVES)
def test_a_verb_s_examples_are_read_as_they_stand(verb: str) -> None:
    lines = re.findall(r"^\$ (.*)$", SECTIONS[verb], re.MULTILINE)
    assert lines
    for line in lines:
        words = shlex.split(re.sub(r"^.*?\| |>.*$", "", line))
        named = verb.split()
        assert words[: len(named)] == named
        command_of(verb).make_context(verb, words[len(named) :])


@pytest.mark.parametrize("verb", LEAVES)
def test_a_verb_is_introduced_in_the_words_of_its_help(verb: str) -> None:
    first, *_ = (command_of(verb).help or "").split("\n\n")
    introduction, *_ = SECTIONS[verb].strip().split("\n\n")
    assert introduction.replace("\n", " ") == first.replace("\n", " ")


def test_the_statuses_defaults_and_exit_codes_are_those_of_the_help() -> None:
    for option in command_of("pointsman jobs list").params:
        if option.name == "statuses":
            assert isinstance(option.type, click.Choice)
            assert all(f"`{status}`" in SECTIONS["pointsman jobs list"] for status in option.type.choices)
        if option.name == "limit":
            assert f"{option.default} by default" in SECTIONS["pointsman jobs list"]
    assert set(re.findall(r"(\d+) ", root().epilog or "")) <= set(re.findall(r"^\| (\d+) \|", DOCUMENT, re.MULTILINE))
