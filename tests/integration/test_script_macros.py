"""Macros in scripts, run by the real shells of this machine: a value arrives as it is, and is never run, wherever it stands."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from pointsman.core.script import script_of
from pointsman.model.template import Quoting, parse_template
from unit.world import context

SHELLS = [shell for shell in ("/bin/sh", "/bin/bash", "/bin/dash", "/bin/zsh") if shutil.which(shell)]

PLACES = {
    "a word": "printf %s {{args.x}}",
    "part of a word": "printf %s a{{args.x}}b",
    "an assignment": 'v={{args.x}}; printf %s "$v"',
    "double quotes": 'printf %s "a {{args.x}} b"',
    "single quotes": "printf %s 'a {{args.x}} b'",
    "a comment": "# {{args.x}}\nprintf x",
    "behind a comment with an apostrophe": "# don't\nprintf %s {{args.x}}",
    "a here-document": "cat <<END\n{{args.x}}\nEND",
    "a quoted here-document": "cat <<'END'\n{{args.x}}\nEND",
    "a substitution": "printf %s $(printf %s {{args.x}})",
    "a substitution in quotes": 'printf %s "$(printf %s {{args.x}})"',
    "quotes in a substitution in quotes": 'printf %s "$(printf %s "{{args.x}}")"',
    "backquotes": "printf %s `printf %s {{args.x}}`",
    "a default": "printf %s ${nothing:-{{args.x}}}",
    "a default in quotes": 'printf %s "${nothing:-{{args.x}}}"',
    "behind a backslash": "printf %s \\{{args.x}}",
    "a condition": "if [ {{args.x}} = y ]; then :; fi",
}
VALUES = [
    "$(touch ran)",
    "`touch ran`",
    "'; touch ran; '",
    '"; touch ran; "',
    "\ntouch ran\n",
    "\nEND\ntouch ran\n",
    "'$(touch ran)'",
    '"$(touch ran)"',
    "\\$(touch ran)",
    "}; touch ran; {",
    ") ; touch ran ; (",
    "x\\",
]


def run(shell: str, source: str, value: str, place: Path) -> str:
    text, variables = script_of(parse_template(source, Quoting.SHELL), context(args={"x": value}))
    result = subprocess.run(
        [shell, "-c", text], cwd=place, env=variables, capture_output=True, text=True, timeout=20, check=False
    )
    return result.stdout


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("place", PLACES)
def test_a_value_is_never_run_wherever_it_stands(place: str, shell: str, tmp_path: Path) -> None:
    for value in VALUES:
        run(shell, f"PATH=/usr/bin:/bin\n{PLACES[place]}\n", value, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == []


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("source", "around"),
    [
        ("printf %s {{args.x}}", "{}"),
        ("printf %s a{{args.x}}b", "a{}b"),
        ('printf %s "a {{args.x}} b"', "a {} b"),
        ("printf %s 'a {{args.x}} b'", "a {} b"),
        ("# don't\nprintf %s {{args.x}}", "{}"),
        ('v={{args.x}}; printf %s "$v"', "{}"),
    ],
)
def test_a_value_arrives_as_it_is(source: str, around: str, shell: str, tmp_path: Path) -> None:
    for value in [*VALUES, "two  words", "*", "é", "-n", ""]:
        assert run(shell, source, value, tmp_path) == around.format(value)
