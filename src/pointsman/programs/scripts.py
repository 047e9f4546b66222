"""Scripts: which interpreter runs one, and the private file that it is run from.

Knows: policy, argv, paths. Must not know: jobs, processes. We read the first line ourselves and run the interpreter by argv, so
that it passes the same checks as any program, and scripts run where no file may be executed (a /tmp mounted noexec).
"""

from __future__ import annotations

import os
import shlex
import shutil
from pathlib import Path

from pointsman.programs.argv import PATH, Executable, Refusal
from pointsman.programs.paths import find_program
from pointsman.programs.policy import ProgramPolicy

_ENV = frozenset({"/usr/bin/env", "/bin/env"})


def interpreter_of(text: str, default: str) -> tuple[str, ...] | Refusal:
    """What runs the script and its options: an absolute path, or a bare name that is to be looked up on PATH.

    As execve(2) reads the first line: one interpreter, and all that follows it as one argument. `env` is seen through, so that
    what it would start is checked too: `env NAME`, and `env -S NAME OPTION…`.
    """
    if not text.startswith("#!"):
        return (default,)
    line = text[2:].partition("\n")[0].strip(" \t\r")
    path, _, argument = line.replace("\t", " ").partition(" ")
    argument = argument.strip()
    if not path.startswith("/"):
        return Refusal(
            f"expected an absolute path to an interpreter after #! in the script's first line, found {line!r}; "
            "write #!/bin/sh or #!/usr/bin/env NAME"
        )
    if path in _ENV:
        return _behind_env(line, argument)
    return (path, argument) if argument else (path,)


def _behind_env(line: str, argument: str) -> tuple[str, ...] | Refusal:
    words = [argument]
    if argument.startswith("-S"):
        try:
            words = shlex.split(argument[2:])
        except ValueError:
            words = []
    if not words or not words[0] or words[0].startswith("-") or "=" in words[0]:
        return Refusal(
            f"expected the name of an interpreter after env in the script's first line, found {line!r}; "
            "write #!/usr/bin/env NAME or #!/usr/bin/env -S NAME OPTION…"
        )
    return tuple(words)


def script_fault(text: str, policy: ProgramPolicy) -> str | None:
    """Why no interpreter for the script could run on this machine, as a sentence, or None when one could."""
    found = find_interpreter(text, policy)
    return found.reason if isinstance(found, Refusal) else None


def find_interpreter(text: str, policy: ProgramPolicy) -> Executable | Refusal:
    """The interpreter that the script asks for, allowed by the same rules as any program."""
    words = interpreter_of(text, policy.interpreter)
    if isinstance(words, Refusal):
        return words
    name, *options = words
    path = name if "/" in name else shutil.which(name, path=PATH)
    if path is None:
        return Refusal(
            f"expected an interpreter {name} on {PATH}, found none; install it or name another in the script's first line"
        )
    file = find_program(path, policy)
    if isinstance(file, Refusal):
        return Refusal(f"the script's interpreter: {file.reason}")
    return Executable(file, (path, *options))


def write_script(text: str, path: Path) -> None:
    """Write the script to a new file that only this user can read. Raises OSError, also when something is there already."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o700)
    with open(descriptor, "wb") as file:
        file.write(text.encode())
