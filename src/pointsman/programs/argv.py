"""From a StartProgram to argv, environment and standard input, or the reason why not. Pure: values in, values out.

Knows: model, policy. Must not know: files (`paths.py`, `scripts.py`), processes. No shell ever sees any of it: each argument
reaches the program as it is, as one argument.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pointsman.model.effect import StartProgram
from pointsman.programs.policy import ProgramPolicy

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""The search path that every program gets, whatever the worker's own is."""

MAX_BYTES = 128 * 1024 - 1
"""Linux takes no single argument or variable of more (MAX_ARG_STRLEN, its final NUL left out): execve(2), E2BIG."""

TAKEN_OVER = frozenset({"BASH_ENV", "ENV", "IFS"})
TAKEN_OVER_PREFIXES = ("LD_", "PYTHON", "BASH_FUNC_")
"""Variables that make a program load or run something else than it says. No operation may set them."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """The program is not run. `reason` is a sentence: what was expected, what was found and what to do."""

    reason: str


@dataclass(frozen=True, slots=True)
class Executable:
    """A file that may be executed, and how its argv begins."""

    file: Path
    """Links resolved."""
    argv: tuple[str, ...]
    """The program as it was named, or an interpreter, its options and the script."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """All that one run needs."""

    file: Path
    argv: tuple[str, ...]
    environment: Mapping[str, str]
    """The whole of it: nothing is inherited from the worker."""
    stdin: bytes
    directory: Path
    """Where it runs: private, empty, gone afterwards."""
    timeout_ms: int
    output_limit: int
    """Bytes that are kept of standard output, and as many of standard error."""


def refusal_of(effect: StartProgram, policy: ProgramPolicy) -> Refusal | None:
    """Why `effect` must not be carried out, as far as that can be told without looking at files; None when it may."""
    if not policy.enabled:
        return Refusal("programs are switched off on this worker; set programs.enabled to true to run them")
    if (effect.path is None) == (effect.script is None):
        return Refusal("expected either a program or a script to run, found both or neither; correct the operation")
    faults = (
        _text_fault("the script", effect.script or ""),
        *(_argument_fault(number, argument, policy) for number, argument in enumerate(effect.arguments, 1)),
        *(_variable_fault(name, value) for name, value in effect.environment.items()),
    )
    return next((Refusal(fault) for fault in faults if fault), None)


def launch_of(effect: StartProgram, executable: Executable, directory: Path) -> Launch:
    """What to run for an effect that `refusal_of` lets pass. What the operation sets goes over what every program gets."""
    return Launch(
        file=executable.file,
        argv=(*executable.argv, *effect.arguments),
        environment={"PATH": PATH, "LANG": "C.UTF-8", "HOME": str(directory), **effect.environment},
        stdin=effect.stdin.encode("utf-8", "replace"),
        directory=directory,
        timeout_ms=effect.timeout_ms,
        output_limit=effect.output_limit,
    )


def _argument_fault(number: int, argument: str, policy: ProgramPolicy) -> str | None:
    what = f"argument {number}"
    if argument.startswith("-") and not policy.allow_option_like_arguments:
        return (
            f"expected {what} not to begin with -, found {argument[:40]!r}; "
            "set programs.allow_option_like_arguments to true if options are wanted"
        )
    return _text_fault(what, argument) or _size_fault(what, argument)


def _variable_fault(name: str, value: str) -> str | None:
    what = f"the variable {name!r}"
    if not name or "=" in name:
        return f"expected the name of an environment variable, found {name!r}; give it one without ="
    if name in TAKEN_OVER or name.startswith(TAKEN_OVER_PREFIXES):
        return f"expected no variable that changes what a program loads or runs, found {name}; leave it out"
    return _text_fault(what, name + value) or _size_fault(what, f"{name}={value}")


def _text_fault(what: str, text: str) -> str | None:
    """Why the text cannot be handed to a program; NUL ends a C string, and a lone surrogate has no UTF-8."""
    if "\0" in text:
        return f"expected text without NUL in {what}, found it at character {text.index(chr(0)) + 1}; take it out of the value"
    try:
        text.encode()
    except UnicodeEncodeError as error:
        return f"expected Unicode text in {what}, found a lone surrogate at character {error.start + 1}; correct the value"
    return None


def _size_fault(what: str, text: str) -> str | None:
    size = len(text.encode())
    if size > MAX_BYTES:
        return f"expected at most {MAX_BYTES} bytes in {what}, found {size}; read the value from standard input instead"
    return None
